//! From text to an index into it: nothing of the text is copied.

use std::ops::Range;

use super::Catalogue;
use super::access::Access;
use super::header::{Header, HeaderError};
use super::name::{Rest, fold};
use super::permission::Permission;
use super::service::Service;
use super::short;
use crate::Cloud;
use crate::sorted::sort_by;

/// A piece of the text.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Span {
    start: u32,
    end: u32,
}

/// Where things are in the text.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// Where the body begins.
    pub(super) body: usize,
    /// In the order of their folded names.
    pub(super) services: Vec<ServiceEntry>,
    /// Of one service after the other; within each in the order of their hashes.
    pub(super) entries: Vec<Entry>,
    /// In [`Index::expanded`].
    pub(super) keys: Vec<Span>,
    pub(super) sets: Vec<Span>,
    pub(super) types: Vec<TypeEntry>,
    /// What the text has in short, in full.
    expanded: String,
}

/// A type of resource.
#[derive(Clone, Copy, Debug)]
pub(super) struct TypeEntry {
    /// Its name and its set of keys.
    pub(super) line: Span,
    /// Its ARN formats, in [`Index::expanded`].
    pub(super) arns: Span,
}

#[derive(Debug, Default)]
pub(super) struct ServiceEntry {
    pub(super) name: Span,
    pub(super) entries: Range<usize>,
    pub(super) keys: Range<usize>,
    pub(super) sets: Range<usize>,
    pub(super) types: Range<usize>,
}

/// A permission.
#[derive(Debug)]
pub(super) struct Entry {
    /// Of the folded name after the service.
    hash: u32,
    /// Which characters that name has, a bit for several of them: enough to see that two are far apart.
    pub(super) letters: u32,
    /// Where its group begins.
    pub(super) group: u32,
    head: u32,
    tail: u32,
    verb: u32,
    head_len: u16,
    tail_len: u16,
    verb_len: u16,
}

impl Entry {
    pub(super) fn noun(&self) -> [Span; 2] {
        [(self.head, self.head_len), (self.tail, self.tail_len)]
            .map(|(start, len)| Span { start, end: start + u32::from(len) })
    }

    pub(super) fn verb(&self) -> Span {
        Span { start: self.verb, end: self.verb + u32::from(self.verb_len) }
    }
}

/// Why a text is not a catalogue.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CatalogueError {
    /// The lines before the body.
    #[error(transparent)]
    Header(#[from] HeaderError),
    /// A line of the body, counted from the first of the text.
    #[error("line {line} is not as the format has it")]
    Line {
        /// The line's number.
        line: usize,
    },
    /// Two services have one name.
    #[error("there are two services called {0}")]
    Twice(String),
    /// More than 4 GB.
    #[error("the text is too long")]
    Long,
}

pub(super) fn read(text: &str) -> Result<(Header, Index), CatalogueError> {
    u32::try_from(text.len()).map_err(|_| CatalogueError::Long)?;
    let header = Header::read(text.lines())?;
    let before = text.find("\n\n").ok_or(HeaderError::Format)?;
    let body = before + 2;
    let mut reader =
        Reader { cloud: header.cloud, index: Index { body, ..Index::default() }, service: "", head: (0, "") };
    let lines_before = text.get(..body).unwrap_or_default().lines().count();
    let mut at = body;
    for (number, line) in text.get(body..).unwrap_or_default().split_terminator('\n').enumerate() {
        reader.line(at, line).ok_or(CatalogueError::Line { line: lines_before + number + 1 })?;
        at += line.len() + 1;
    }
    Ok((header, reader.finish(text)?))
}

struct Reader<'t> {
    cloud: Cloud,
    index: Index,
    /// The present service, and the noun that nouns with a `+` begin with, with its place.
    service: &'t str,
    head: (usize, &'t str),
}

impl<'t> Reader<'t> {
    /// Takes a line that begins at a place of the text, unless it is not as it should be.
    fn line(&mut self, at: usize, line: &'t str) -> Option<()> {
        // The text is shorter than 4 GB.
        let span = |from: usize| Span { start: (at + from) as u32, end: (at + line.len()) as u32 };
        let index = &mut self.index;
        if let Some(service) = line.strip_prefix('@') {
            self.close();
            (self.service, self.head) = (service, (0, ""));
            let next = ServiceEntry {
                name: span(1),
                entries: self.index.entries.len()..self.index.entries.len(),
                keys: self.index.keys.len()..self.index.keys.len(),
                sets: self.index.sets.len()..self.index.sets.len(),
                types: self.index.types.len()..self.index.types.len(),
            };
            self.index.services.push(next);
            return (!service.is_empty()).then_some(());
        }
        // Everything else is of a service.
        index.services.last()?;
        match line.as_bytes().first()? {
            b'#' => {
                let key = expanded(&mut index.expanded, [short::key(self.service, line.get(1..)?)]);
                index.keys.push(key);
            }
            b'=' => index.sets.push(span(1)),
            b'.' => {
                let mut parts = line.get(1..)?.split('\t');
                let name = parts.next().unwrap_or_default();
                let arns = parts.skip(1).filter(|arn| !arn.is_empty());
                let arns = arns.map(|arn| short::arn(self.service, name, arn));
                let arns = expanded(&mut index.expanded, arns);
                index.types.push(TypeEntry { line: span(1), arns });
            }
            _ => return self.noun(at, line),
        }
        Some(())
    }

    fn noun(&mut self, at: usize, line: &'t str) -> Option<()> {
        let (written, groups) = line.split_once('\t')?;
        let ((head_at, head), (tail_at, tail)) = match written.strip_prefix('+') {
            Some(tail) => (self.head, (at + 1, tail)),
            None => {
                self.head = (at, written);
                ((at, ""), self.head)
            }
        };
        let (head_len, tail_len) = (u16::try_from(head.len()).ok()?, u16::try_from(tail.len()).ok()?);
        let mut from = at + written.len() + 1;
        for group in groups.split('\t') {
            let (signature, verbs) = group.split_once(':')?;
            Access::of_letter(signature.chars().next()?)?;
            let mut verb_at = from + signature.len() + 1;
            for verb in verbs.split(',') {
                let (hash, letters) = digest(self.cloud, Rest::new(self.cloud, [head, tail], verb));
                self.index.entries.push(Entry {
                    hash,
                    letters,
                    group: from as u32,
                    head: head_at as u32,
                    tail: tail_at as u32,
                    verb: verb_at as u32,
                    head_len,
                    tail_len,
                    verb_len: u16::try_from(verb.len()).ok().filter(|len| *len > 0)?,
                });
                verb_at += verb.len() + 1;
            }
            from += group.len() + 1;
        }
        Some(())
    }

    /// Ends the last service where the lists now end.
    fn close(&mut self) {
        let index = &mut self.index;
        if let Some(service) = index.services.last_mut() {
            service.entries.end = index.entries.len();
            service.keys.end = index.keys.len();
            service.sets.end = index.sets.len();
            service.types.end = index.types.len();
            if let Some(entries) = index.entries.get_mut(service.entries.clone()) {
                entries.sort_unstable_by_key(|entry| entry.hash);
            }
        }
    }

    fn finish(mut self, text: &str) -> Result<Index, CatalogueError> {
        self.close();
        let name = |service: &ServiceEntry| slice(text, service.name);
        sort_by(&mut self.index.services, |a, b| {
            folded(self.cloud, name(a)).cmp(folded(self.cloud, name(b)))
        });
        let twice =
            self.index.services.array_windows().find(|[a, b]| Rest::of(name(a)).equals(self.cloud, name(b)));
        match twice {
            Some([service, _]) => Err(CatalogueError::Twice(name(service).to_owned())),
            None => Ok(self.index),
        }
    }
}

impl Catalogue {
    pub(super) fn slice(&self, span: Span) -> &str {
        slice(&self.text, span)
    }

    pub(super) fn expanded(&self, span: Span) -> &str {
        slice(&self.index.expanded, span)
    }

    pub(super) fn service_entry(&self, name: &str) -> Option<&ServiceEntry> {
        self.index.services.get(self.service_position(name)?)
    }

    pub(super) fn service_position(&self, name: &str) -> Option<usize> {
        let cloud = self.cloud();
        let by_name =
            |service: &ServiceEntry| folded(cloud, self.slice(service.name)).cmp(folded(cloud, name));
        self.index.services.binary_search_by(by_name).ok()
    }

    pub(super) fn permissions_of<'a>(
        &'a self,
        service: &'a ServiceEntry,
    ) -> impl Iterator<Item = Permission<'a>> {
        let service = Service { catalogue: self, service };
        self.entries_of(service.service).iter().map(move |entry| Permission { service, entry })
    }

    pub(super) fn entries_of(&self, service: &ServiceEntry) -> &[Entry] {
        self.index.entries.get(service.entries.clone()).unwrap_or_default()
    }

    /// A permission of a service by the rest of its name.
    pub(super) fn find_in<'a>(&'a self, service: &'a ServiceEntry, rest: &str) -> Option<Permission<'a>> {
        let (hash, _) = digest(self.cloud(), Rest::of(rest));
        let entries = self.entries_of(service);
        let first = entries.partition_point(|entry| entry.hash < hash);
        let service = Service { catalogue: self, service };
        let alike = entries.get(first..)?.iter().take_while(|entry| entry.hash == hash);
        alike
            .map(|entry| Permission { service, entry })
            .find(|permission| permission.rest().equals(self.cloud(), rest))
    }
}

/// Takes texts up, with tabs between them.
fn expanded(all: &mut String, texts: impl IntoIterator<Item = String>) -> Span {
    let start = all.len() as u32;
    for (at, text) in texts.into_iter().enumerate() {
        if at > 0 {
            all.push('\t');
        }
        all.push_str(&text);
    }
    Span { start, end: all.len() as u32 }
}

fn slice(text: &str, span: Span) -> &str {
    text.get(span.start as usize..span.end as usize).unwrap_or_default()
}

fn folded(cloud: Cloud, text: &str) -> impl Iterator<Item = u8> {
    text.bytes().map(move |byte| fold(cloud, byte))
}

/// FNV-1a of a folded name, and its letters: <https://www.rfc-editor.org/rfc/rfc9923>.
pub(super) fn digest(cloud: Cloud, name: Rest<'_>) -> (u32, u32) {
    let (mut hash, mut letters) = (0x811c_9dc5_u32, 0_u32);
    for part in name.parts() {
        for byte in part.bytes() {
            let byte = fold(cloud, byte);
            hash = (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
            letters |= 1 << (byte.to_ascii_lowercase() & 31);
        }
    }
    (hash, letters)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::{Plane, Planes};

    fn parsed(cloud: &str, body: &str) -> Result<Catalogue, CatalogueError> {
        let sha256 = "0".repeat(64);
        let header = format!(
            "deputize-catalogue 1\ncloud {cloud}\ndate 2026-11-01\nextent core\nsource a test\nsha256 {sha256}\n\n"
        );
        Catalogue::parse(header + body)
    }

    #[test]
    fn names_of_google_cloud_are_exact_and_those_of_azure_are_not() {
        let gcp = parsed("gcp", "@storage\nobjects\tL:list\tR:get\n@a.example.com\nbs\tR:get\n").unwrap();
        assert_eq!(gcp.find("storage.objects.get").unwrap().access(), Access::Read);
        assert!(gcp.find("storage.objects.Get").is_none());
        assert_eq!(gcp.find("a.example.com/bs.get").unwrap().name(), "a.example.com/bs.get");
        assert_eq!(gcp.matching("storage.objects.*").count(), 0);
        assert_eq!(
            gcp.nearest("storage.object.get").map(|near| near.name).as_deref(),
            Some("storage.objects.get")
        );

        let azure =
            parsed("azure", "@Microsoft.Web\n\tW:register/action\nsites\tR:read\tRd:peek/action\n").unwrap();
        assert_eq!(azure.find("microsoft.web/SITES/Read").unwrap().name(), "Microsoft.Web/sites/read");
        assert_eq!(azure.find("Microsoft.Web/register/action").unwrap().access(), Access::Write);
        assert_eq!(azure.find("Microsoft.Web/sites/peek/action").unwrap().planes(), Planes::One(Plane::Data));
        assert_eq!(azure.matching("*/action").count(), 2);
        assert_eq!(azure.matching("microsoft.web/*/read").count(), 1);
    }

    #[test]
    fn a_text_that_is_not_in_the_format_is_refused_with_its_line() {
        for (body, line) in [
            ("objects\tR:get\n", 8),
            ("@storage\nobjects\n", 9),
            ("@storage\nobjects\tX:get\n", 9),
            ("@storage\nobjects\tR:get\n\n", 10),
            ("@storage\nobjects\tR:get,\n", 9),
            ("@\n", 8),
        ] {
            assert_eq!(parsed("gcp", body).unwrap_err(), CatalogueError::Line { line }, "{body:?}");
        }
        assert_eq!(parsed("gcp", "@a\n@a\n").unwrap_err(), CatalogueError::Twice("a".into()));
        assert_eq!(Catalogue::parse("").unwrap_err(), CatalogueError::Header(HeaderError::Format));
        assert_eq!(parsed("moon", "").unwrap_err(), CatalogueError::Header(HeaderError::Lacks("cloud")));
    }

    #[test]
    fn a_catalogue_without_permissions_is_empty() {
        assert!(parsed("gcp", "").unwrap().is_empty());
    }
}
