//! Containment for policies that are not authorities: the STS pivots are actions like all others, and which
//! region a call is made in is a matter of conditions.

use super::authority::{Statement, TooComplex};
use super::containment::{Union, is_action_within, is_resource_within};
use super::pattern::{ActionPattern, ResourcePattern};
use crate::sorted::SortedSet;

pub(crate) use crate::glob::automaton::Effort;

/// Whether all of these calls are among the others together, whatever their regions.
pub(crate) fn are_within(
    calls: &Statement,
    others: &[Statement],
    effort: &Effort,
) -> Result<bool, TooComplex> {
    let patterns: usize = others.iter().map(|other| other.actions.len() + other.resources.len()).sum();
    effort.spend(patterns.saturating_mul(calls.actions.len()))?;
    Ok(Union::with_pivots(others).gap(calls, effort)?.is_none())
}

/// A pattern that can be compared with others of its sort.
pub(crate) trait Covered: Ord + Clone {
    /// Whether others together match all that this one matches, as far as that can be shown.
    fn is_within(&self, others: &[&Self], effort: &Effort) -> bool;

    /// Whether the pattern stands for one text only.
    fn is_one(&self) -> bool;

    /// The pattern as it was written.
    fn text(&self) -> &str;

    /// Whether it can be seen from their literal ends that nothing is matched by both.
    fn is_apart_from(&self, other: &Self) -> bool;
}

impl Covered for ActionPattern {
    fn is_within(&self, others: &[&Self], effort: &Effort) -> bool {
        is_action_within(self, others.iter().copied(), effort)
    }

    fn is_one(&self) -> bool {
        self.is_literal()
    }

    fn text(&self) -> &str {
        self.as_str()
    }

    fn is_apart_from(&self, other: &Self) -> bool {
        self.glob().is_apart_from(other.glob())
    }
}

impl Covered for ResourcePattern {
    fn is_within(&self, others: &[&Self], effort: &Effort) -> bool {
        is_resource_within(self, others.iter().copied(), effort)
    }

    fn is_one(&self) -> bool {
        self.is_literal()
    }

    fn text(&self) -> &str {
        self.as_str()
    }

    fn is_apart_from(&self, other: &Self) -> bool {
        !self.is_any() && !other.is_any() && self.glob().is_apart_from(other.glob())
    }
}

/// A pattern that the rest of its list makes needless.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Redundant {
    /// Which of the list.
    pub(crate) index: usize,
    /// Whether the same pattern stands before it.
    pub(crate) again: bool,
}

/// For each pattern of a list, whether the rest of the list covers it. Of two that mean the same, the later one
/// is told. Work is bounded by the effort: a list that exhausts it has none told any more.
pub(crate) fn redundant<P: Covered>(patterns: &[P], effort: &Effort) -> Result<Vec<Redundant>, TooComplex> {
    let wide: Vec<(usize, &P)> = patterns.iter().enumerate().filter(|(_, one)| !one.is_one()).collect();
    let mut gone = vec![false; patterns.len()];
    let mut seen = SortedSet::new();
    let mut found = Vec::new();
    for (index, one) in patterns.iter().enumerate() {
        effort.spend(wide.len() + 1)?;
        let again = !seen.insert(one);
        let near = wide.iter().filter(|(other, wider)| {
            *other != index
                && !gone.get(*other).copied().unwrap_or(true)
                && !wider.is_apart_from(one)
                && *wider != one
        });
        let near: Vec<&P> = near.map(|(_, wider)| *wider).collect();
        if again || (!near.is_empty() && one.is_within(&near, effort)) {
            if let Some(gone) = gone.get_mut(index) {
                *gone = true;
            }
            found.push(Redundant { index, again });
        }
    }
    Ok(found)
}
