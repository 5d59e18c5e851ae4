//! Whether one set of calls lies within another.
//!
//! A statement is a box: actions × resources × regions. A request's box lies within a union of boxes if for each
//! action, on each side of every pattern of the union, the statements that match the action together match all of
//! the request's resources, in each region. Actions that the same statements match behave alike, so that it is
//! enough to look at one action for each *minimal* set of statements ([`signatures`]).

use std::sync::LazyLock;

use super::authority::{Statement, TooComplex};
use super::global::{Parts, Regional};
use super::pattern::{ActionPattern, PIVOTS, ResourcePattern};
use super::region::{Region, Regions};
use crate::glob::Glob;
use crate::glob::automaton::{Effort, Signature, signatures, uncovered};
use crate::sorted::{SortedMap, SortedSet};

/// The boxes that a request is held against.
#[derive(Debug)]
pub(super) struct Union<'a> {
    statements: Vec<&'a Statement>,
    actions: Vec<(usize, &'a Glob)>,
    pivots: &'static [ActionPattern],
}

/// A call of a request that is not in a union of boxes.
#[derive(Debug)]
pub(super) struct Gap<'r> {
    /// The pattern of the request that the action was found in.
    pub(super) action_pattern: &'r ActionPattern,
    pub(super) action: String,
    /// The pattern of the request that the resource was found in.
    pub(super) resource_pattern: &'r ResourcePattern,
    pub(super) resource: String,
    /// The region; none where the call is in the union in no region at all.
    pub(super) region: Option<Region>,
}

impl<'a> Union<'a> {
    pub(super) fn new(statements: impl IntoIterator<Item = &'a Statement>) -> Self {
        let statements: Vec<&Statement> = statements.into_iter().collect();
        let actions = statements.iter().enumerate().flat_map(|(owner, statement)| {
            statement.actions.iter().map(move |action| (owner, action.glob()))
        });
        Self { actions: actions.collect(), statements, pivots: pivots() }
    }

    /// The same for boxes in which the STS pivots are actions like all others.
    pub(super) fn with_pivots(statements: impl IntoIterator<Item = &'a Statement>) -> Self {
        Self { pivots: &[], ..Self::new(statements) }
    }

    /// A call of `request` that is not in the union.
    pub(super) fn gap<'r>(
        &self,
        request: &'r Statement,
        effort: &Effort,
    ) -> Result<Option<Gap<'r>>, TooComplex> {
        let mut resources = Resources { union: self, asked: &request.resources, known: SortedMap::new() };
        for action_pattern in &request.actions {
            for kind in self.kinds(action_pattern, effort)? {
                let signature = &kind.signature;
                let gap = |(resource_pattern, resource), region| Gap {
                    action_pattern,
                    action: signature.word.clone(),
                    resource_pattern,
                    resource,
                    region,
                };
                if kind.global {
                    if let Some(missing) = resources.missing(&signature.owners, effort)? {
                        return Ok(Some(gap(missing, None)));
                    }
                    continue;
                }
                if request.regions.is_empty() {
                    continue;
                }
                if let Some(missing) = resources.missing(&self.somewhere(&signature.owners), effort)? {
                    return Ok(Some(gap(missing, first(&request.regions))));
                }
                for region in self.telling_regions(&request.regions) {
                    let owners = self.within(&signature.owners, region.as_str());
                    if let Some(missing) = resources.missing(&owners, effort)? {
                        return Ok(Some(gap(missing, Some(region))));
                    }
                }
            }
        }
        Ok(None)
    }

    /// The kinds of actions that a pattern matches, without the pivots.
    fn kinds(&self, pattern: &ActionPattern, effort: &Effort) -> Result<Vec<Kind>, TooComplex> {
        let parts = Parts::of(pattern);
        let pivots: Vec<&Glob> = self.pivots.iter().map(ActionPattern::glob).collect();
        let mut kinds = Vec::new();
        if let Some(Regional { pattern, but }) = &parts.regional {
            let but = but.iter().map(ActionPattern::glob);
            let excluded: Vec<&Glob> = pivots.iter().copied().chain(but).collect();
            let found = signatures(pattern.glob(), &self.actions, &excluded, effort)?;
            kinds.extend(found.into_iter().map(|signature| Kind { global: false, signature }));
        }
        for pattern in &parts.global {
            let found = signatures(pattern.glob(), &self.actions, &pivots, effort)?;
            kinds.extend(found.into_iter().map(|signature| Kind { global: true, signature }));
        }
        Ok(kinds)
    }

    fn select(&self, owners: &[usize], keep: impl Fn(&Statement) -> bool) -> Vec<usize> {
        let kept = |owner: &&usize| self.statements.get(**owner).is_some_and(|one| keep(one));
        owners.iter().filter(kept).copied().collect()
    }

    fn somewhere(&self, owners: &[usize]) -> Vec<usize> {
        self.select(owners, |statement| !statement.regions.is_empty())
    }

    fn within(&self, owners: &[usize], region: &str) -> Vec<usize> {
        self.select(owners, |statement| statement.regions.contains(region))
    }

    /// Regions of a request such that what holds in each of them holds in all: where it asks for every region,
    /// those that the union names, and one that it does not.
    fn telling_regions(&self, asked: &Regions) -> Vec<Region> {
        match asked {
            Regions::Only(regions) => regions.iter().cloned().collect(),
            Regions::All => {
                let named: SortedSet<&Region> =
                    self.statements.iter().flat_map(|statement| statement.regions.named()).collect();
                let unnamed = unnamed_region(&named);
                named.into_iter().cloned().chain(unnamed).collect()
            }
        }
    }
}

/// Actions that the same statements match, and that heed regions alike.
struct Kind {
    global: bool,
    signature: Signature,
}

/// What has been found out about the resources of one request.
struct Resources<'u, 'r> {
    union: &'u Union<'u>,
    asked: &'r [ResourcePattern],
    known: SortedMap<Vec<usize>, Option<(&'r ResourcePattern, String)>>,
}

impl<'r> Resources<'_, 'r> {
    /// A resource asked for that none of the statements of `owners` has.
    fn missing(
        &mut self,
        owners: &[usize],
        effort: &Effort,
    ) -> Result<Option<(&'r ResourcePattern, String)>, TooComplex> {
        if let Some(known) = self.known.get(owners) {
            return Ok(known.clone());
        }
        let statements = owners.iter().filter_map(|owner| self.union.statements.get(*owner));
        let granted: Vec<&ResourcePattern> = statements.flat_map(|statement| &statement.resources).collect();
        let mut missing = None;
        for pattern in self.asked {
            if let Some(resource) = missing_resource(pattern, &granted, effort)? {
                missing = Some((pattern, resource));
                break;
            }
        }
        self.known.insert(owners.to_vec(), missing.clone());
        Ok(missing)
    }
}

/// A resource of `asked` that none of `granted` matches.
fn missing_resource(
    asked: &ResourcePattern,
    granted: &[&ResourcePattern],
    effort: &Effort,
) -> Result<Option<String>, TooComplex> {
    if granted.iter().any(|one| one.is_any()) {
        return Ok(None);
    }
    let globs: Vec<&Glob> = granted.iter().map(|one| one.glob()).collect();
    let missing = uncovered(asked.glob(), &globs, effort)?;
    // Patterns of every ARN still leave the calls that have no resource of their own.
    Ok(missing.or_else(|| asked.is_any().then(|| "*".to_owned())))
}

/// Whether all the actions of `one` are matched by `others`, as far as that can be shown.
pub(super) fn is_action_within<'a>(
    one: &ActionPattern,
    others: impl IntoIterator<Item = &'a ActionPattern>,
    effort: &Effort,
) -> bool {
    let globs: Vec<&Glob> = others.into_iter().map(ActionPattern::glob).collect();
    uncovered(one.glob(), &globs, effort).is_ok_and(|word| word.is_none())
}

/// Whether all the resources of `one` are matched by `others`, as far as that can be shown.
pub(super) fn is_resource_within<'a>(
    one: &ResourcePattern,
    others: impl IntoIterator<Item = &'a ResourcePattern>,
    effort: &Effort,
) -> bool {
    let granted: Vec<&ResourcePattern> = others.into_iter().collect();
    missing_resource(one, &granted, effort).is_ok_and(|word| word.is_none())
}

pub(super) fn pivots() -> &'static [ActionPattern] {
    static PARSED: LazyLock<Vec<ActionPattern>> =
        LazyLock::new(|| PIVOTS.iter().filter_map(|pivot| pivot.parse().ok()).collect());
    &PARSED
}

fn first(regions: &Regions) -> Option<Region> {
    regions.named().next().cloned()
}

/// A region that is not among `named`, preferably one that exists.
fn unnamed_region(named: &SortedSet<&Region>) -> Option<Region> {
    let real = ["us-east-1", "eu-central-1", "ap-southeast-2", "us-west-2", "sa-east-1", "ca-central-1"];
    let made_up = (1..=named.len() + 1).map(|length| format!("us-{}-1", "x".repeat(length)));
    let mut regions = real.into_iter().map(str::to_owned).chain(made_up).filter_map(|name| name.parse().ok());
    regions.find(|region| !named.contains(region))
}
