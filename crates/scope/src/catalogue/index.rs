//! An index into the text, and what is found by it.

use std::ops::Range;

use super::Catalogue;
use super::name::{Rest, fold};
use super::permission::Permission;
use super::service::Service;
use crate::Cloud;

/// A piece of the text.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Span {
    pub(super) start: u32,
    pub(super) end: u32,
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
    /// In [`Index::expanded`], as are names of types and ARN formats.
    pub(super) keys: Vec<Span>,
    pub(super) sets: Vec<Span>,
    pub(super) types: Vec<TypeEntry>,
    /// What the text has in short, in full.
    expanded: String,
}

/// A type of resource.
#[derive(Clone, Copy, Debug)]
pub(super) struct TypeEntry {
    pub(super) name: Span,
    /// The number of its set of keys; 0 without.
    pub(super) set: usize,
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
    pub(super) hash: u32,
    /// Which characters that name has, a bit for several of them: enough to see that two are far apart.
    pub(super) letters: u32,
    /// Where its group begins.
    pub(super) group: u32,
    pub(super) head: u32,
    pub(super) tail: u32,
    pub(super) verb: u32,
    pub(super) head_len: u16,
    pub(super) tail_len: u16,
    pub(super) verb_len: u16,
    /// The place of the type that is called as the noun begins; of none, where there is no such type.
    pub(super) own: u16,
}

impl Index {
    pub(super) fn new(body: usize) -> Self {
        Self { body, ..Self::default() }
    }

    /// Takes texts up that the text has in short, with tabs between them.
    pub(super) fn expand(&mut self, texts: impl IntoIterator<Item = String>) -> Span {
        let start = self.expanded.len() as u32;
        for (at, text) in texts.into_iter().enumerate() {
            if at > 0 {
                self.expanded.push('\t');
            }
            self.expanded.push_str(&text);
        }
        Span { start, end: self.expanded.len() as u32 }
    }
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

pub(super) fn slice(text: &str, span: Span) -> &str {
    text.get(span.start as usize..span.end as usize).unwrap_or_default()
}

pub(super) fn folded(cloud: Cloud, text: &str) -> impl Iterator<Item = u8> {
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
