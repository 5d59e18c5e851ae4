//! Paths at Azure.

use super::rule::{Call, Need, Way, family, ways};
use super::{Path, Witness, everything};
use crate::azure::AzureOperation;
use crate::identifier::Cloud;
use crate::sorted::SortedSet;

/// Operations of an identity on resources, as a role definition and its assignment grant them.
#[derive(Clone, Copy, Debug, Default)]
pub struct AzureGrant<'a> {
    /// The operations: `actions` and `dataActions`.
    pub operations: &'a [AzureOperation],
    /// The operations that this grant leaves out: `notActions` and `notDataActions`. They deny nothing: another
    /// grant may have them.
    pub but: &'a [AzureOperation],
    /// The resources by their ids, or `*`; none means all.
    pub resources: &'a [String],
}

/// The paths of one identity.
pub(super) fn paths(grants: &[AzureGrant<'_>]) -> Vec<Path> {
    let grants: Vec<Folded<'_>> = grants.iter().map(Folded::of).collect();
    if grants.iter().any(Folded::is_everything) {
        return everything(Cloud::Azure, "*");
    }
    let operations = || grants.iter().flat_map(|grant| grant.operations.all());
    let families = || operations().map(|operation| family(Cloud::Azure, operation));
    let is_of_any = families().any(|family| family == "*");
    let mut found = Vec::new();
    for Way { rule, needs } in ways(Cloud::Azure, (!is_of_any).then(families)) {
        let met: Option<Vec<Witness>> = needs.iter().map(|need| met(need, &grants)).collect();
        let Some(permissions) = met else { continue };
        let any = permissions.first().is_some_and(|first| first.resource.is_none());
        found.push(Path::of(rule, permissions, rule.target.as_deref(), any));
    }
    found
}

fn met(need: &Need, grants: &[Folded<'_>]) -> Option<Witness> {
    need.0.iter().find_map(|call| {
        let resource = grants.iter().filter(|grant| grant.has(call)).find_map(|grant| grant.within(call))?;
        let permission = call.permission.clone();
        Some(Witness { permission, resource, region: None, conditions: Vec::new() })
    })
}

/// A grant with its operations in lower case.
struct Folded<'a> {
    operations: Patterns<'a>,
    but: Patterns<'a>,
    resources: &'a [String],
}

/// Most operations are literal, and are looked up.
#[derive(Default)]
struct Patterns<'a> {
    literal: SortedSet<&'a str>,
    wild: Vec<&'a str>,
}

impl<'a> Patterns<'a> {
    fn of(operations: &'a [AzureOperation]) -> Self {
        let folded = operations.iter().map(AzureOperation::folded);
        let (wild, literal): (_, Vec<&str>) = folded.partition(|operation| operation.contains('*'));
        Self { literal: literal.into_iter().collect(), wild }
    }

    fn all(&self) -> impl Iterator<Item = &'a str> {
        self.literal.iter().chain(&self.wild).copied()
    }

    fn has(&self, operation: &str) -> bool {
        self.literal.contains(operation) || self.wild.iter().any(|pattern| matches(pattern, operation))
    }
}

impl<'a> Folded<'a> {
    fn of(grant: &AzureGrant<'a>) -> Self {
        Self {
            operations: Patterns::of(grant.operations),
            but: Patterns::of(grant.but),
            resources: grant.resources,
        }
    }

    fn is_everything(&self) -> bool {
        self.but.literal.is_empty()
            && self.but.wild.is_empty()
            && self.operations.wild.contains(&"*")
            && (self.resources.is_empty() || self.resources.iter().any(|resource| resource == "*"))
    }

    fn has(&self, call: &Call) -> bool {
        self.operations.has(&call.folded) && !self.but.has(&call.folded)
    }

    /// Where the operation has an effect: everywhere, on one of the resources (named), or nowhere.
    fn within(&self, call: &Call) -> Option<Option<String>> {
        if self.resources.is_empty() || self.resources.iter().any(|resource| resource == "*") {
            return Some(None);
        }
        let provider = call.folded.split('/').next().unwrap_or_default();
        // Authorisation is a matter of every resource. The directory is no resource at all.
        let anywhere = ["microsoft.authorization", "microsoft.directory"].contains(&provider);
        let reached = |resource: &&String| {
            let folded = resource.to_ascii_lowercase();
            let owner = folded.rsplit_once("/providers/").map(|(_, rest)| rest.split('/').next());
            anywhere
                || owner.is_none_or(|owner| owner == Some(provider) || owner == Some("microsoft.management"))
        };
        self.resources.iter().find(reached).map(|resource| Some(resource.clone()))
    }
}

/// Whether the operation, which may be a pattern, has another in it.
pub(super) fn covers(operation: &AzureOperation, other: &str) -> bool {
    matches(operation.folded(), &other.to_ascii_lowercase())
}

/// Whether a pattern matches an operation, both in lower case. A `*` stands for one segment or more.
/// <https://learn.microsoft.com/azure/role-based-access-control/role-definitions#operations-format>
pub(super) fn matches(pattern: &str, operation: &str) -> bool {
    // The directory has operations of its own, which no wildcard of a resource provider means.
    if pattern.starts_with('*') && operation.starts_with("microsoft.directory/") {
        return false;
    }
    let Some((begin, _)) = pattern.split_once('*') else { return pattern == operation };
    // Most patterns begin with something else.
    if !operation.starts_with(begin) {
        return false;
    }
    let segments: Vec<&str> = operation.split('/').collect();
    // `reached[n]`: whether the pattern so far matches the first n segments.
    let mut reached = vec![false; segments.len() + 1];
    if let Some(first) = reached.first_mut() {
        *first = true;
    }
    for wanted in pattern.split('/') {
        let mut next = vec![false; reached.len()];
        let mut running = false;
        for ((before, segment), after) in reached.iter().zip(&segments).zip(next.iter_mut().skip(1)) {
            running = *before || (running && wanted == "*");
            *after = running && (wanted == "*" || wanted == *segment);
            running = *after;
        }
        reached = next;
    }
    reached.last().copied().unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_segments() {
        for (pattern, operation, expected) in [
            ("*", "a/b/c", true),
            ("a/*", "a/b/c", true),
            ("a/*", "a", false),
            ("a/*/c", "a/b/c", true),
            ("a/*/c", "a/b/b/c", true),
            ("a/*/c", "a/c", false),
            ("*/c", "a/b/c", true),
            ("*/c", "a/b/d", false),
            ("a/b/c", "a/b/c", true),
            ("a/b", "a/b/c", false),
            ("*/c/*", "a/c/c", true),
            ("*", "microsoft.directory/users/password/update", false),
            ("microsoft.directory/*", "microsoft.directory/users/password/update", true),
        ] {
            assert_eq!(matches(pattern, operation), expected, "{pattern} on {operation}");
        }
    }
}
