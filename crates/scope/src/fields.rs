//! The fields of a mapping: which there are, which must be, and which are not known.

use crate::finding::{Code, Finding, Span, shown};
use crate::sorted::SortedSet;
use crate::syntax::{Entry, Kind, Node};

/// The fields of a mapping while they are read. A field is known from having been asked for.
pub(crate) struct Fields<'a> {
    what: &'static str,
    at: Span,
    entries: &'a [Entry],
    known: Vec<&'static str>,
}

impl<'a> Fields<'a> {
    /// The fields of a node, which is `what` (`a scope`). What concerns the whole of it is told at `at`, or at its
    /// first field.
    pub(crate) fn of(
        node: &'a Node,
        what: &'static str,
        at: Option<Span>,
        findings: &mut Vec<Finding>,
    ) -> Option<Self> {
        match &node.kind {
            Kind::Mapping(entries) => {
                let first = || entries.first().map_or(node.span, |entry| entry.key.span);
                Some(Self { what, at: at.unwrap_or_else(first), entries, known: Vec::with_capacity(8) })
            }
            Kind::Refused => None,
            _ => {
                let message = format!("{what} is a mapping, not {}", node.describe());
                let finding = Finding::error(Code::WrongType, message).at(at_or_before(node, at));
                findings.push(finding.help("write its fields there, each as `name: value`"));
                None
            }
        }
    }

    /// What the whole is: `a scope`.
    pub(crate) fn what(&self) -> &'static str {
        self.what
    }

    /// Where to tell what concerns the whole.
    pub(crate) fn at(&self) -> Span {
        self.at
    }

    /// The value of a field, if it is there.
    pub(crate) fn take(&mut self, name: &'static str) -> Option<&'a Node> {
        self.known.push(name);
        self.entries.iter().find(|entry| entry.name == name).map(|entry| &entry.value)
    }

    /// The value of a field that must be there.
    pub(crate) fn require(&mut self, name: &'static str, findings: &mut Vec<Finding>) -> Option<&'a Node> {
        let value = self.take(name);
        if value.is_none() {
            let message = format!("{} has no `{name}`", self.what);
            findings
                .push(Finding::error(Code::MissingField, message).at(self.at).help(format!("add `{name}:`")));
        }
        value
    }

    /// The fields that nobody asked for.
    pub(crate) fn rest(&self) -> impl Iterator<Item = &'a Entry> {
        self.entries.iter().filter(|entry| !self.known.contains(&entry.name.as_str()))
    }

    /// Tells every field that nobody asked for.
    pub(crate) fn finish(self, findings: &mut Vec<Finding>) {
        self.finish_with(|_| None, findings);
    }

    /// Tells every field that nobody asked for; where `better` has a finding for it, that one.
    pub(crate) fn finish_with(self, better: impl Fn(&Entry) -> Option<Finding>, findings: &mut Vec<Finding>) {
        if self.rest().next().is_none() {
            return;
        }
        let taken: SortedSet<&str> = self.entries.iter().map(|entry| entry.name.as_str()).collect();
        let free: Vec<&str> = self.known.iter().copied().filter(|name| !taken.contains(name)).collect();
        for entry in self.rest() {
            findings.push(better(entry).unwrap_or_else(|| self.unknown(entry, &free)));
        }
    }

    /// The finding for a field that is not known; it may be meant to be one of those that are free.
    fn unknown(&self, entry: &Entry, free: &[&str]) -> Finding {
        let message = format!("`{}` is not a field of {}", shown(&entry.name), self.what);
        let finding = Finding::error(Code::UnknownField, message).at(entry.key.span);
        match nearest(&entry.name, free.iter().copied()) {
            Some(name) => finding
                .help(format!("did you mean `{name}`?"))
                .fix(entry.key.rewrite(name, format!("write `{name}`"))),
            None => finding.help(format!("its fields are {}", self.known.join(", "))),
        }
    }
}

/// Where a node of the wrong type is told: at itself, unless there is nothing there to point at.
fn at_or_before(node: &Node, at: Option<Span>) -> Span {
    if matches!(node.kind, Kind::Null) { at.unwrap_or(node.span) } else { node.span }
}

/// The name that a misspelt one was probably meant to be: the nearest within a third of its length.
pub(crate) fn nearest<'n>(written: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    // Longer than any name with as many slips; comparing would cost its length.
    if written.len() > 64 {
        return None;
    }
    let folded = written.to_ascii_lowercase();
    names
        .map(|name| (strsim::osa_distance(&folded, name), name))
        .filter(|(distance, name)| *distance <= (name.len() / 3).max(1))
        .min()
        .map(|(_, name)| name)
}
