//! What a catalogue says of a permission as it is written.

use std::cell::{Cell, OnceCell, RefCell};
use std::rc::Rc;

use super::written::Written;
use crate::aws::arn_format::ArnFormat;
use crate::aws::coverage::Effort;
use crate::catalogue::{Catalogue, Likeness, Permission, ResourceType};
use crate::finding::shown;
use crate::finding::{Code, Finding};
use crate::identifier::Cloud;
use crate::sorted::SortedMap;

/// How many unknown permissions of a text are compared with all others: each costs a tenth of a millisecond.
const SUGGESTIONS: usize = 20;

/// How many permissions the wildcards of a text are compared with: in a browser, a second for a million. An honest text is
/// far from it.
const COMPARISONS: usize = 900_000;

/// A catalogue, and how much more may be asked of it about one text.
#[derive(Debug)]
pub(super) struct Lookup<'a> {
    pub(super) catalogue: &'a Catalogue,
    /// For patterns of ARNs.
    pub(super) effort: Effort,
    suggestions: Cell<usize>,
    comparisons: Cell<usize>,
    is_told: Cell<bool>,
    /// By what stands in their third part.
    formats: OnceCell<SortedMap<&'a str, Vec<&'a str>>>,
    parsed: RefCell<SortedMap<&'a str, Option<Rc<ArnFormat>>>>,
}

/// What a permission, or a pattern of them, stands for.
#[derive(Debug)]
pub(super) enum Meaning<'a> {
    /// All that there is.
    Everything,
    /// These; at least one.
    These(Vec<Permission<'a>>),
    /// That is not known: it may be newer than the catalogue, or is not written as permissions are.
    Unknown,
}

impl<'a> Lookup<'a> {
    pub(super) fn new(catalogue: &'a Catalogue) -> Self {
        Self {
            catalogue,
            effort: Effort::generous(),
            suggestions: Cell::new(SUGGESTIONS),
            comparisons: Cell::new(COMPARISONS),
            is_told: Cell::new(false),
            formats: OnceCell::new(),
            parsed: RefCell::default(),
        }
    }

    /// What a permission stands for, without a word about it.
    pub(super) fn meaning(&self, written: &Written<'a>, findings: &mut Vec<Finding>) -> Option<Meaning<'a>> {
        let text = written.text;
        if !self.is_wild(text) {
            return self.catalogue.find(text).map(|one| Meaning::These(vec![one]));
        }
        if text.bytes().all(|byte| byte == b'*') {
            return Some(Meaning::Everything);
        }
        let service = self.catalogue.service_in(text).and_then(|name| self.catalogue.service(name));
        let cost = match (service, self.catalogue.cloud()) {
            (Some(service), _) => service.len(),
            // There, whole names are compared, of which none can be told apart by its service.
            (None, Cloud::Azure) => self.catalogue.len().saturating_mul(8),
            (None, _) => self.catalogue.len(),
        };
        if !self.may(&self.comparisons, cost) {
            self.too_complex(written, findings);
            return Some(Meaning::Unknown);
        }
        let matched: Vec<Permission<'a>> = self.catalogue.matching(text).collect();
        (!matched.is_empty()).then_some(Meaning::These(matched))
    }

    /// What a permission stands for; tells where that is nothing, less than it seems, or is written otherwise.
    pub(super) fn judged(&self, written: &Written<'a>, findings: &mut Vec<Finding>) -> Meaning<'a> {
        match self.meaning(written, findings) {
            None => {
                findings.push(self.unknown(written).at(written.span));
                Meaning::Unknown
            }
            Some(meaning) => {
                if let Meaning::These(matched) = &meaning {
                    findings.extend(self.spelling(written, matched));
                }
                meaning
            }
        }
    }

    /// Tells once that not everything was looked at.
    pub(super) fn too_complex(&self, written: &Written<'_>, findings: &mut Vec<Finding>) {
        if !self.is_told.replace(true) {
            let message = "there are too many wildcards to compare all of them with the catalogue";
            findings.push(
                Finding::info(Code::TooComplex, message).at(written.span).help("name what is meant instead"),
            );
        }
    }

    /// Whether one of the questions that cost much may still be asked.
    pub(super) fn may_suggest(&self) -> bool {
        self.may(&self.suggestions, 1)
    }

    /// Takes a number of comparisons from those that are left.
    pub(super) fn may_compare(&self, number: usize) -> bool {
        self.may(&self.comparisons, number)
    }

    fn may(&self, left: &Cell<usize>, cost: usize) -> bool {
        let rest = left.get().checked_sub(cost);
        left.set(rest.unwrap_or(0));
        rest.is_some()
    }

    /// The formats of ARNs whose third part is this, whichever service they are of.
    pub(super) fn formats(&self, service: &str) -> &[&'a str] {
        let formats = self.formats.get_or_init(|| {
            let mut formats: SortedMap<&'a str, Vec<&'a str>> = SortedMap::new();
            let types = self.catalogue.services().flat_map(|service| service.resource_types());
            for format in types.flat_map(ResourceType::arn_formats) {
                if let Some(service) = format.split(':').nth(2) {
                    formats.update(service, |all| all.push(format));
                }
            }
            formats
        });
        formats.get(service).map(Vec::as_slice).unwrap_or_default()
    }

    /// A format of ARNs, read once. None where it has not the parts of an ARN.
    pub(super) fn format(&self, text: &'a str) -> Option<Rc<ArnFormat>> {
        let mut parsed = self.parsed.borrow_mut();
        if let Some(format) = parsed.get(text) {
            return format.clone();
        }
        let format = ArnFormat::new(text).map(Rc::new);
        parsed.insert(text, format.clone());
        format
    }

    fn is_wild(&self, text: &str) -> bool {
        match self.catalogue.cloud() {
            Cloud::Aws => text.contains(['*', '?']),
            Cloud::Azure => text.contains('*'),
            Cloud::Gcp => false,
        }
    }

    fn unknown(&self, written: &Written<'_>) -> Finding {
        let (catalogue, text) = (self.catalogue, written.text);
        let (cloud, date) = (catalogue.cloud(), catalogue.date());
        let (service, wild) = (catalogue.service_in(text).unwrap_or(text), self.is_wild(text));
        let (code, message) = if !self.is_wild(service) && !catalogue.has_service(service) {
            (
                Code::UnknownService,
                format!("`{}` is no service of {} known here", shown(service), name(cloud)),
            )
        } else if wild {
            (Code::UnmatchedWildcard, format!("`{}` matches no {} known here", shown(text), noun(cloud)))
        } else {
            (Code::UnknownPermission, format!("`{}` is no {} known here", shown(text), noun(cloud)))
        };
        let mended = if self.may_suggest() { self.suggestion(text, service, wild) } else { None };
        let mut help =
            mended.as_ref().map_or(String::new(), |(meant, _)| format!("did you mean `{meant}`? "));
        if catalogue.is_core() {
            // What is most used is known of the cloud, so that what is not known is seldom a mistake.
            help += &format!(
                "only what is used most is built in: `deputize catalogue pull --cloud {cloud}` gets the rest"
            );
            return Finding::info(code, message).help(help);
        }
        help +=
            &format!("the catalogue is of {date}: `deputize catalogue pull --cloud {cloud}` gets the newest");
        let fix = mended.filter(|(_, is_only)| *is_only).and_then(|(meant, _)| written.rewritten(&meant));
        Finding::warning(code, message).help(help).fix(fix)
    }

    /// What was probably meant, and whether nothing else may have been.
    fn suggestion(&self, text: &str, service: &str, wild: bool) -> Option<(String, bool)> {
        if !wild {
            let near = self.catalogue.nearest(text)?;
            // What is alike in name only is a guess where not even the service is known.
            let is_guess = near.likeness == Likeness::Elsewhere && !self.catalogue.has_service(service);
            return (!is_guess).then_some((near.name, near.likeness == Likeness::Only));
        }
        if self.is_wild(service) || self.catalogue.has_service(service) {
            return None;
        }
        let meant = self.catalogue.nearest_service(service)?;
        let rest = text.get(service.len()..)?;
        Some((format!("{meant}{rest}"), true))
    }

    /// The finding for what is known by another spelling.
    fn spelling(&self, written: &Written<'_>, matched: &[Permission<'_>]) -> Option<Finding> {
        let [first, rest @ ..] = matched else { return None };
        let cloud = self.catalogue.cloud();
        let wild = self.is_wild(written.text);
        let vendor = first.name();
        let plain = written.text.split(['*', '?']).next().unwrap_or_default();
        let after = written.text.get(plain.len()..).unwrap_or_default();
        if wild && rest.is_empty() && !self.catalogue.is_core() && !plain.ends_with([':', '/']) {
            let message = format!("`{}` matches one {} only", shown(written.text), noun(cloud));
            let finding = Finding::info(Code::NeedlessWildcard, message).at(written.span);
            return Some(finding.help(format!("write `{vendor}`")).fix(written.rewritten(&vendor)));
        }
        if after.chars().any(|c| c != '*' && c != '?') {
            return None;
        }
        let meant = vendor.get(..plain.len())?;
        let agree = || rest.iter().all(|one| one.name().get(..plain.len()) == Some(meant));
        if meant == plain || !misspells(cloud, plain, meant) || !agree() {
            return None;
        }
        let meant = format!("{meant}{after}");
        let message = format!("{} writes `{}` with other capitals", name(cloud), shown(written.text));
        let finding = Finding::info(Code::PermissionCase, message).at(written.span);
        Some(finding.help(format!("write `{meant}`")).fix(written.rewritten(&meant)))
    }
}

/// Whether a spelling is worse than the vendor's. Azure's own lists have capitals where its documents have none,
/// and none where they have some: only those that are missing count.
fn misspells(cloud: Cloud, text: &str, vendor: &str) -> bool {
    let mut differing = text.bytes().zip(vendor.bytes()).filter(|(one, other)| one != other);
    cloud != Cloud::Azure || differing.all(|(_, other)| other.is_ascii_uppercase())
}

/// What a cloud calls its permissions.
pub(super) fn noun(cloud: Cloud) -> &'static str {
    match cloud {
        Cloud::Aws => "action",
        Cloud::Gcp => "permission",
        Cloud::Azure => "operation",
    }
}

fn name(cloud: Cloud) -> &'static str {
    match cloud {
        Cloud::Aws => "AWS",
        Cloud::Gcp => "Google Cloud",
        Cloud::Azure => "Azure",
    }
}

/// A few texts in a sentence.
pub(super) fn some(texts: &[String]) -> String {
    let shown: Vec<String> = texts.iter().take(3).map(|text| format!("`{text}`")).collect();
    let more = if texts.len() > shown.len() { " or another" } else { "" };
    format!("{}{more}", shown.join(" or "))
}
