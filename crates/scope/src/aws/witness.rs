//! The call that shows that a request goes too far, in words that a person recognises.

use serde::Serialize;

use super::authority::{Authority, Statement};
use super::containment::{Gap, pivots};
use super::global::is_global;
use super::pattern::{ActionPattern, ResourcePattern};
use super::region::Region;
use crate::proof::Certainty;

/// One concrete call that a request allows and a grant does not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Witness {
    /// `service:Name`.
    pub action: String,
    /// The resource's ARN; `*` where the call that has no resource of its own is the one that is not granted.
    pub resource: String,
    /// The region; none where the grant does not allow the call in any.
    pub region: Option<Region>,
    /// Whether the call is known to be outside the grant.
    pub certainty: Certainty,
}

impl std::fmt::Display for Witness {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} on {}", self.action, self.resource)?;
        self.region.as_ref().map_or(Ok(()), |region| write!(f, " in {region}"))
    }
}

impl Witness {
    /// The call of a gap, with the wildcards of the request filled in with something plausible where that shows
    /// as much as the shortest filling does.
    pub(super) fn of(gap: Gap<'_>, grant: &Authority) -> Self {
        let outside = |action: &str, resource: &str| {
            let granted = |one: &Statement| match &gap.region {
                Some(region) => one.regions.contains(region.as_str()),
                None => true,
            };
            is_global(action) == is_global(&gap.action)
                && pivots().iter().all(|pivot| !pivot.matches(action))
                && !grant.allows_where(action, resource, granted)
        };
        let actions = fillings_of_action(gap.action_pattern);
        let region = gap.region.as_ref().map_or("us-east-1", Region::as_str);
        let found = actions.iter().chain([&gap.action]).find_map(|action| {
            let fillings = fillings_of_resource(gap.resource_pattern, action, region);
            let mut resources = fillings.into_iter().chain([gap.resource.clone()]);
            let resource = resources.find(|resource| outside(action, resource))?;
            Some((action.clone(), resource))
        });
        let (action, resource) = found.unwrap_or((gap.action, gap.resource));
        Self { action, resource, region: gap.region, certainty: Certainty::Shown }
    }

    /// A call of a pattern of pivots, which no grant ever allows.
    pub(super) fn of_pivot(pivot: &ActionPattern, resource: Option<&ResourcePattern>) -> Self {
        let role = "arn:aws:iam::123456789012:role/example".to_owned();
        let mut actions = ["sts:AssumeRole".to_owned()].into_iter().chain(fillings_of_action(pivot));
        let fillings = resource.map(|pattern| fillings_of_resource(pattern, "iam:PassRole", "us-east-1"));
        let mut resources = [role.clone()].into_iter().chain(fillings.into_iter().flatten());
        Self {
            action: actions.find(|action| pivot.matches(action)).unwrap_or_else(|| pivot.to_string()),
            resource: resources.find(|one| resource.is_none_or(|asked| asked.matches(one))).unwrap_or(role),
            region: None,
            certainty: Certainty::Shown,
        }
    }

    /// Some call of a statement of which nothing could be shown.
    pub(super) fn undecided(request: &Statement) -> Self {
        let mut actions = request.actions.iter().flat_map(fillings_of_action);
        let action = actions.find(|action| pivots().iter().all(|pivot| !pivot.matches(action)));
        // Where nothing plausible comes to mind, the pattern has to do: what is undecided is refused in any case.
        let action = action.or_else(|| request.actions.first().map(ToString::to_string)).unwrap_or_default();
        let region = request.regions.named().next().cloned();
        let name = region.as_ref().map_or("us-east-1", Region::as_str);
        let mut resources =
            request.resources.iter().flat_map(|pattern| fillings_of_resource(pattern, &action, name));
        let resource = resources.next().unwrap_or_else(|| plausible_resource(&action, name));
        Self { action, resource, region, certainty: Certainty::Undecided }
    }
}

/// Actions that the pattern matches, the more plausible first.
fn fillings_of_action(pattern: &ActionPattern) -> Vec<String> {
    if pattern.service().is_none() {
        return ["iam:CreateUser", "s3:DeleteBucket", "ec2:RunInstances"].map(str::to_owned).to_vec();
    }
    let canonical = pattern.canonical();
    let filled = |filling: &str| canonical.as_str().replace('?', "A").replace('*', filling);
    let candidates = ["Object", "Item", "Example", "", "A"].map(filled);
    candidates.into_iter().filter(|action| pattern.matches(action)).collect()
}

/// Resources that the pattern matches, the more plausible first.
pub(super) fn fillings_of_resource(pattern: &ResourcePattern, action: &str, region: &str) -> Vec<String> {
    if pattern.is_any() {
        return vec![plausible_resource(action, region), "arn:aws:s3:::example".to_owned()];
    }
    let canonical = pattern.canonical();
    let service = action.split_once(':').map_or("s3", |(service, _)| service);
    let filled = |last: &str| {
        let fillings = ["", "aws", service, region, "123456789012", last];
        let parts =
            canonical.as_str().splitn(6, ':').zip(fillings).enumerate().map(|(index, (part, filling))| {
                let one = if index == 4 { "1" } else { "a" };
                part.replace('?', one).replace('*', filling)
            });
        parts.collect::<Vec<_>>().join(":")
    };
    ["example", "other", "", "a"].into_iter().map(filled).collect()
}

fn plausible_resource(action: &str, region: &str) -> String {
    match action.split_once(':') {
        None | Some(("s3", _)) => "arn:aws:s3:::example".to_owned(),
        Some((service, _)) if is_global(action) => format!("arn:aws:{service}::123456789012:example"),
        Some((service, _)) => format!("arn:aws:{service}:{region}:123456789012:example"),
    }
}
