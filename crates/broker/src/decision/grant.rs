//! What the decisions of all clouds have in common: which identity of the grant is acted as, what of its authority the
//! request gets, and for how long.

use std::fmt::Display;
use std::str::FromStr;

use deputize_scope::proof::TooComplex;
use deputize_scope::{Cloud, Seconds};

use super::{InvalidRequest, Refusal, Witness};
use crate::lease::LeaseScope;
use crate::request::CredentialRequest;

/// A set of calls at one cloud.
pub(super) trait Calls: Sized {
    /// How the cloud writes a permission, or a pattern of them.
    type Permission: FromStr<Err: Display>;
    /// How the cloud writes a resource, or a pattern of them.
    type Resource: FromStr<Err: Display>;

    /// All that is in any of the sets.
    fn union<'a>(sets: impl Iterator<Item = &'a Self>) -> Self
    where
        Self: 'a;

    /// Whether there is no call.
    fn is_empty(&self) -> bool;

    /// Proves that each permission may be used on each resource; with `None`, on at least one.
    fn covers(
        &self,
        permissions: &[Self::Permission],
        resources: Option<&[Self::Resource]>,
    ) -> Result<(), Witness>;

    /// Proves that something may be done on all of the resources.
    fn covers_resources(&self, resources: &[Self::Resource]) -> Result<(), Witness>;

    /// The calls that are also asked for.
    fn restrict(&self, asked: &Asked<Self>) -> Result<Self, TooComplex>;

    /// What is granted, as it is kept and told.
    fn told(&self, target: String) -> LeaseScope;
}

/// What of a grant a request asks for; `None` is all of it.
pub(super) struct Asked<C: Calls> {
    pub(super) permissions: Option<Vec<C::Permission>>,
    pub(super) resources: Option<Vec<C::Resource>>,
}

/// The scopes of a grant that share an identity: what one credential can have.
pub(super) struct Target<I, C> {
    /// The role, service account or application.
    pub(super) identity: I,
    /// What each of the scopes allows, and for how long at most.
    pub(super) scopes: Vec<(C, Seconds)>,
}

impl<I: PartialEq, C> Target<I, C> {
    /// Adds a scope to the target of its identity, in the order of the document.
    pub(super) fn add(targets: &mut Vec<Self>, identity: I, calls: C, max_duration: Seconds) {
        match targets.iter_mut().find(|target| target.identity == identity) {
            Some(target) => target.scopes.push((calls, max_duration)),
            None => targets.push(Self { identity, scopes: vec![(calls, max_duration)] }),
        }
    }
}

/// What a request gets.
pub(super) struct Got<I, C> {
    pub(super) identity: I,
    pub(super) calls: C,
    pub(super) duration: Seconds,
}

/// The bounds of the lives that a cloud gives its credentials.
#[derive(Clone, Copy)]
pub(super) struct Lives {
    pub(super) cloud: Cloud,
    pub(super) least: Seconds,
    pub(super) most: Seconds,
}

/// What a request gets of these targets.
pub(super) fn grant<I: Display, C: Calls>(
    request: &CredentialRequest,
    mut targets: Vec<Target<I, C>>,
    lives: Lives,
) -> Result<Got<I, C>, Refusal> {
    let asked = Asked {
        permissions: parsed("permissions", request.permissions.as_deref())?,
        resources: parsed("resources", request.resources.as_deref())?,
    };
    let Lives { cloud, least, most } = lives;
    if let Some(asked) = request.duration.filter(|asked| !(least..=most).contains(asked)) {
        return Err(InvalidRequest::Duration { cloud, asked, least, most }.into());
    }
    if let Some(wanted) = &request.target {
        targets.retain(|target| target.identity.to_string() == *wanted);
        if targets.is_empty() {
            let problem = "not one of the grant".to_owned();
            return Err(InvalidRequest::Field { field: "target", value: wanted.clone(), problem }.into());
        }
    }
    let target = choose(targets, &asked, cloud)?;
    let mut allowed = most;
    let mut parts = Vec::new();
    for (calls, max_duration) in &target.scopes {
        let part = calls.restrict(&asked).map_err(|TooComplex| InvalidRequest::TooComplex)?;
        if !part.is_empty() {
            allowed = allowed.min(*max_duration);
            parts.push(part);
        }
    }
    let duration = request.duration.unwrap_or(allowed);
    if duration > allowed {
        return Err(Refusal::TooLong { asked: duration, allowed });
    }
    if duration < least {
        return Err(InvalidRequest::Duration { cloud, asked: duration, least, most }.into());
    }
    Ok(Got { identity: target.identity, calls: C::union(parts.iter()), duration })
}

/// A credential that is there, of which part is asked for.
pub(super) struct Parent<'a, C> {
    /// What is asked for.
    pub(super) request: &'a CredentialRequest,
    /// What the credential may do.
    pub(super) calls: C,
    /// How long it still lives.
    pub(super) left: Seconds,
}

/// What a request gets of a credential that is there: at most what that has, for no longer than that lives.
pub(super) fn grant_from<I: Display, C: Calls>(
    parent: Parent<'_, C>,
    identity: I,
    lives: Lives,
) -> Result<Got<I, C>, Refusal> {
    let Parent { request, calls, left } = parent;
    grant(request, vec![Target { identity, scopes: vec![(calls, left)] }], lives)
}

/// The one target that allows the request. A request for a whole grant must say which, where there are several.
fn choose<I: Display, C: Calls>(
    mut targets: Vec<Target<I, C>>,
    asked: &Asked<C>,
    cloud: Cloud,
) -> Result<Target<I, C>, Refusal> {
    let calls = |target: &Target<I, C>| C::union(target.scopes.iter().map(|(calls, _)| calls));
    let outside = |witness| Refusal::OutsideGrant(Box::new(witness));
    let Some(permissions) = &asked.permissions else {
        if targets.len() > 1 {
            let names = targets.iter().map(|target| target.identity.to_string()).collect();
            return Err(InvalidRequest::SeveralTargets(names).into());
        }
        let target = targets.pop().ok_or(Refusal::NoGrant(cloud))?;
        // Asked for resources alone, an agent gets all that it may do on them; each must be inside some scope.
        if let Some(resources) = &asked.resources {
            calls(&target).covers_resources(resources).map_err(outside)?;
        }
        return Ok(target);
    };
    let mut first_gap = None;
    for target in targets {
        match calls(&target).covers(permissions, asked.resources.as_deref()) {
            Ok(()) => return Ok(target),
            Err(witness) => first_gap = first_gap.or(Some(witness)),
        }
    }
    Err(first_gap.map_or(Refusal::NoGrant(cloud), outside))
}

/// What a request says in a field, read as the cloud writes it.
fn parsed<P: FromStr<Err: Display>>(
    field: &'static str,
    texts: Option<&[String]>,
) -> Result<Option<Vec<P>>, InvalidRequest> {
    let Some(texts) = texts else { return Ok(None) };
    if texts.is_empty() {
        return Err(InvalidRequest::EmptyList(field));
    }
    let parsed = texts.iter().map(|text| {
        let invalid =
            |error: P::Err| InvalidRequest::Field { field, value: text.clone(), problem: error.to_string() };
        text.parse().map_err(invalid)
    });
    parsed.collect::<Result<_, _>>().map(Some)
}

/// Names in order, without repetition.
pub(super) fn names<T: ToString>(all: impl Iterator<Item = T>) -> Vec<String> {
    let mut names: Vec<String> = all.map(|one| one.to_string()).collect();
    names.sort();
    names.dedup();
    names
}
