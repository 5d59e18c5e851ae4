//! Paths at AWS.

use super::rule::{Call, Need, Rule, Way, ways};
use super::{Path, Witness, everything};
use crate::aws::arn::RoleArn;
use crate::aws::authority::{Authority, Certainty, TooComplex};
use crate::aws::pattern::ResourcePattern;
use crate::aws::policy::PolicyDocument;
use crate::aws::reach::{Demand, Reach, Reached};
use crate::aws::region::is_global;
use crate::identifier::Cloud;

/// The paths of a session.
pub(super) fn session_paths(authority: &Authority, role: Option<&RoleArn>) -> Vec<Path> {
    // What a session does to its own role changes nothing for it: the session policy still bounds it.
    let own: Vec<ResourcePattern> = role.and_then(|role| role.as_str().parse().ok()).into_iter().collect();
    paths(Reach::of_session(authority, role), |rule| match &rule.session {
        Some(target) => (Some(target), &own),
        None => (rule.target.as_deref(), &[]),
    })
}

/// The paths of a principal to which the documents are attached.
pub(super) fn policy_paths(documents: &[&PolicyDocument]) -> Vec<Path> {
    paths(Reach::of_policies(documents), |rule| (rule.target.as_deref(), &[]))
}

/// The paths of a principal; `terms` says of a rule what it depends on, and which resources do not count.
fn paths<'o>(
    mut reach: Reach,
    terms: impl Fn(&'static Rule) -> (Option<&'static str>, &'o [ResourcePattern]),
) -> Vec<Path> {
    if reach.is_everything() {
        return everything(Cloud::Aws, "*");
    }
    let mut found = Vec::new();
    for Way { rule, needs } in ways(Cloud::Aws, reach.services()) {
        if !needs.iter().all(|need| need.0.iter().any(|call| reach.mentions(&call.permission))) {
            continue;
        }
        let (target, but) = terms(rule);
        match first_way(&mut reach, needs, but) {
            Ok(Some((permissions, any))) => found.push(Path::of(rule, permissions, target, any)),
            Ok(None) => {}
            Err(TooComplex) => {
                let permissions = needs.iter().filter_map(|need| need.0.first()).map(named).collect();
                let path = Path::of(rule, permissions, target, true);
                found.push(Path { certainty: Certainty::Undecided, ..path });
            }
        }
    }
    found
}

/// The calls of the first choice of alternatives that can be made together, and whether the first of them is
/// possible on other resources as well.
fn first_way(
    reach: &mut Reach,
    needs: &'static [Need],
    but: &[ResourcePattern],
) -> Result<Option<(Vec<Witness>, bool)>, TooComplex> {
    let choices: usize = needs.iter().map(|need| need.0.len()).product();
    for number in 0..choices {
        let calls = choice(needs, number);
        if !calls.iter().all(|call| reach.mentions(&call.permission)) {
            continue;
        }
        let demands: Vec<Demand<'_>> = calls.iter().flat_map(|call| demands(call)).collect();
        if let Some(reached) = reach.together(&demands, but)? {
            let any = reached.first().is_some_and(|first| first.open);
            let witnesses =
                demands.iter().zip(reached).map(|(demand, reached)| witness(demand.action, reached));
            return Ok(Some((witnesses.collect(), any)));
        }
    }
    Ok(None)
}

/// One call for each need; `number` counts through all choices.
fn choice(needs: &'static [Need], mut number: usize) -> Vec<&'static Call> {
    let one = |need: &'static Need| {
        let count = need.0.len().max(1);
        let call = need.0.get(number % count);
        number /= count;
        call
    };
    needs.iter().filter_map(one).collect()
}

/// A call with several resources must be allowed on each of them.
fn demands(call: &Call) -> impl Iterator<Item = Demand<'_>> {
    let alone = call.on.is_empty().then_some(None);
    let kinds = alone.into_iter().chain(call.on.iter().map(Some));
    kinds.map(|on| Demand { action: &call.permission, on, context: &call.context })
}

fn witness(action: &str, reached: Reached) -> Witness {
    let region = if is_global(action) { None } else { reached.region.parse().ok() };
    let conditions =
        reached.context.into_iter().filter_map(|(key, values)| Some((key, values.into_iter().next()?)));
    Witness {
        permission: action.to_owned(),
        resource: reached.resource,
        region,
        conditions: conditions.collect(),
    }
}

fn named(call: &Call) -> Witness {
    Witness { permission: call.permission.clone(), resource: None, region: None, conditions: Vec::new() }
}
