//! What several patterns have in common with several others.

use super::authority::TooComplex;
use super::containment::{is_action_within, is_resource_within};
use super::pattern::{ActionPattern, ResourcePattern};
use crate::glob::automaton::Effort;
use crate::glob::intersection::intersection;
use crate::sorted::SortedSet;

/// More patterns than this cannot be meant: a session policy has no room for a tenth of them.
const PATTERNS_LIMIT: usize = 4096;

/// Patterns of the actions that one of `held` and one of `asked` matches.
pub(super) fn common_actions(
    held: &[ActionPattern],
    asked: &[ActionPattern],
    effort: &Effort,
) -> Result<Vec<ActionPattern>, TooComplex> {
    common(
        held,
        asked,
        |one, others| is_action_within(one, others, effort),
        |one, other| {
            let globs = intersection(one.glob(), other.glob(), effort)?;
            Ok(globs.into_iter().map(ActionPattern::from_glob).collect())
        },
    )
}

/// Patterns of the resources that one of `held` and one of `asked` matches.
pub(super) fn common_resources(
    held: &[ResourcePattern],
    asked: &[ResourcePattern],
    effort: &Effort,
) -> Result<Vec<ResourcePattern>, TooComplex> {
    common(
        held,
        asked,
        |one, others| is_resource_within(one, others, effort),
        |one, other| {
            let globs = intersection(one.glob(), other.glob(), effort)?;
            Ok(globs.into_iter().map(ResourcePattern::from_glob).collect())
        },
    )
}

/// A pattern that lies within the other side is its own share of it; only what overlaps in part is intersected,
/// pattern by pattern.
fn common<P: Ord + Clone>(
    held: &[P],
    asked: &[P],
    is_within: impl Fn(&P, &[P]) -> bool,
    meet: impl Fn(&P, &P) -> Result<Vec<P>, TooComplex>,
) -> Result<Vec<P>, TooComplex> {
    let (asked_within, asked_beyond): (Vec<&P>, Vec<&P>) = asked.iter().partition(|one| is_within(one, held));
    let (held_within, held_beyond): (Vec<&P>, Vec<&P>) = held.iter().partition(|one| is_within(one, asked));
    let mut found: SortedSet<P> = held_within.into_iter().chain(asked_within).cloned().collect();
    for one in held_beyond {
        for other in &asked_beyond {
            found.extend(meet(one, other)?);
            if found.len() > PATTERNS_LIMIT {
                return Err(TooComplex);
            }
        }
    }
    Ok(found.into_iter().collect())
}
