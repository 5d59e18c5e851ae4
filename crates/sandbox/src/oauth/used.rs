//! What may not happen twice.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

#[derive(Debug, Default)]
pub(super) struct Used(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// Codes, by the family that each was to begin.
    codes: BTreeSet<String>,
    /// The number of each family's newest refresh token.
    newest: BTreeMap<String, u32>,
    /// Families, and single access tokens.
    revoked: BTreeSet<String>,
}

/// It was used before, or was revoked: with it, all of its family is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reused;

impl Used {
    /// Uses a code, which ends everything that came of it where it was used before.
    pub(super) fn code(&self, family: &str) -> Result<(), Reused> {
        let mut state = self.lock();
        if state.codes.insert(family.to_owned()) {
            return Ok(());
        }
        state.revoked.insert(family.to_owned());
        Err(Reused)
    }

    /// Uses a refresh token, and gives the number of the one that takes its place. Only the newest one works: an older
    /// one was stolen, by whoever brings it or from them.
    pub(super) fn refresh(&self, family: &str, number: u32) -> Result<u32, Reused> {
        let mut state = self.lock();
        if state.revoked.contains(family) {
            return Err(Reused);
        }
        let newest = state.newest.entry(family.to_owned()).or_insert(number);
        if *newest == number {
            *newest = number.saturating_add(1);
            return Ok(*newest);
        }
        state.revoked.insert(family.to_owned());
        Err(Reused)
    }

    pub(super) fn revoke(&self, id: &str) {
        self.lock().revoked.insert(id.to_owned());
    }

    pub(super) fn is_revoked(&self, id: &str) -> bool {
        self.lock().revoked.contains(id)
    }

    /// Whether this is the family's newest refresh token, as far as is known.
    pub(super) fn is_newest(&self, family: &str, number: u32) -> bool {
        self.lock().newest.get(family).is_none_or(|newest| *newest == number)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Each change is one step: a state left by a thread that panicked is as good as any.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_refresh_token_ends_its_family() {
        let used = Used::default();
        assert_eq!(used.refresh("f", 0), Ok(1));
        assert_eq!(used.refresh("f", 1), Ok(2));
        assert_eq!(used.refresh("f", 1), Err(Reused));
        assert_eq!(used.refresh("f", 2), Err(Reused));
        assert_eq!(used.refresh("g", 7), Ok(8));
    }

    #[test]
    fn a_code_that_is_used_twice_ends_what_came_of_it() {
        let used = Used::default();
        assert_eq!(used.code("f"), Ok(()));
        assert!(!used.is_revoked("f"));
        assert_eq!(used.code("f"), Err(Reused));
        assert!(used.is_revoked("f"));
    }
}
