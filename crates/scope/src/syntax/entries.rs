//! The entries of a mapping while it is read, no key of them twice.

use super::Entry;
use crate::sorted::SortedMap;

/// So many keys are compared one by one: most mappings have no more.
const FEW: usize = 16;

#[derive(Default)]
pub(super) struct Entries {
    list: Vec<Entry>,
    /// The lines of the keys beyond the first few.
    lines: SortedMap<String, usize>,
}

impl Entries {
    /// The line of a key that is there already.
    pub(super) fn line_of(&self, name: &str) -> Option<usize> {
        let known = self.list.iter().take(FEW).find(|entry| entry.name == name);
        known.map(|entry| entry.key.span.line).or_else(|| self.lines.get(name).copied())
    }

    pub(super) fn push(&mut self, entry: Entry) {
        if self.list.len() >= FEW {
            self.lines.insert(entry.name.clone(), entry.key.span.line);
        }
        self.list.push(entry);
    }

    pub(super) fn into_list(self) -> Vec<Entry> {
        self.list
    }
}
