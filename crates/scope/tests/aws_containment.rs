//! Containment, intersection and normal form against enumeration over a small world.

#![allow(clippy::unwrap_used, reason = "strategies stand outside of test functions")]

mod aws_model;

use aws_model::{REGIONS, WORLD, action, allows, authority, resource};
use deputize_scope::aws::authority::{Authority, Certainty, Statement};
use deputize_scope::aws::evaluate::{Call, Verdict, evaluate};
use deputize_scope::aws::pattern::{ActionPattern, PIVOTS, ResourcePattern};
use deputize_scope::aws::policy::{
    Condition, Effect, Element, Operator, PolicyDocument, PolicyStatement, Version,
};
use deputize_scope::aws::region::{Regions, is_global};
use proptest::prelude::*;

fn is_subset(small: &[Vec<u64>], large: &[Vec<u64>]) -> bool {
    small.concat().iter().zip(large.concat()).all(|(small, large)| small & !large == 0)
}

/// A request that is likely to lie within the grant: parts of it, pattern by pattern, and something else.
fn grant_and_request() -> impl Strategy<Value = (Authority, Authority)> {
    (authority(3), authority(1), any::<u64>()).prop_map(|(grant, other, choice)| {
        let mut bits = (0..).map(|bit| choice >> (bit % 64) & 1 == 1);
        let mut statements: Vec<Statement> = grant.statements().to_vec();
        for statement in &mut statements {
            statement.actions.retain(|_| bits.next().unwrap());
            statement.resources.retain(|_| bits.next().unwrap());
        }
        if choice % 3 == 0 {
            statements.extend(other.statements().to_vec());
        }
        (grant, Authority::new(statements))
    })
}

/// The policy that says of calls of one action what an authority does, for the evaluator: global actions heed no
/// region.
fn policy(authority: &Authority, action: &str) -> PolicyDocument {
    let texts = |texts: Vec<&str>| Element::Only(texts.into_iter().map(str::to_owned).collect());
    let statement = |effect, actions, resources, conditions| PolicyStatement {
        sid: None,
        effect,
        actions: texts(actions),
        resources: texts(resources),
        conditions,
    };
    let allowed = authority.statements().iter().map(|one| {
        let names = match &one.regions {
            Regions::All => Vec::new(),
            Regions::Only(names) => names.iter().map(ToString::to_string).collect(),
        };
        let bound = one.regions != Regions::All && !is_global(action);
        let condition = Condition {
            operator: Operator::StringEquals,
            if_exists: false,
            key: "aws:RequestedRegion".to_owned(),
            values: names,
        };
        let conditions = bound.then_some(condition).into_iter().collect();
        let actions = one.actions.iter().map(ActionPattern::as_str).collect();
        let resources = one.resources.iter().map(ResourcePattern::as_str).collect();
        statement(Effect::Allow, actions, resources, conditions)
    });
    let denied = statement(Effect::Deny, PIVOTS.to_vec(), vec!["*"], Vec::new());
    PolicyDocument { version: Version::V2012, statements: allowed.chain([denied]).collect() }
}

fn check_containment(grant: &Authority, request: &Authority) -> Result<(), TestCaseError> {
    match grant.contains(request) {
        Ok(()) => {
            let world = &*WORLD;
            prop_assert!(is_subset(&world.calls(request), &world.calls(grant)), "a call was overlooked");
        }
        Err(witness) => {
            prop_assert_eq!(witness.certainty, Certainty::Shown);
            let (grant, request) =
                ((grant, policy(grant, &witness.action)), (request, policy(request, &witness.action)));
            let call = |(authority, policy): &(&Authority, PolicyDocument), region: &str| {
                let call = Call::in_region(&witness.action, &witness.resource, region);
                let evaluated = matches!(evaluate(&[policy], &call), Verdict::Allowed { .. });
                let allowed = allows(authority, &witness.action, &witness.resource, region);
                assert_eq!(evaluated, allowed, "{witness} in {region}: {authority:#?}");
                allowed
            };
            match &witness.region {
                Some(region) => {
                    prop_assert!(call(&request, region.as_str()), "not asked for: {}", &witness);
                    prop_assert!(!call(&grant, region.as_str()), "granted: {}", &witness);
                }
                None => {
                    prop_assert!(
                        REGIONS.iter().any(|one| call(&request, one)),
                        "not asked for: {}",
                        &witness
                    );
                    prop_assert!(REGIONS.iter().all(|one| !call(&grant, one)), "granted: {}", &witness);
                }
            }
        }
    }
    Ok(())
}

/// How many cases of containment are tried: `DEPUTIZE_CONTAINMENT_CASES`, of which a million take some minutes in a
/// release build.
fn cases() -> u32 {
    let wanted = std::env::var("DEPUTIZE_CONTAINMENT_CASES").ok();
    wanted.and_then(|wanted| wanted.parse().ok()).unwrap_or(400)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases()))]

    #[test]
    fn containment_agrees_with_enumeration_for_unrelated_authorities(
        grant in authority(3),
        request in authority(2),
    ) {
        check_containment(&grant, &request)?;
    }

    #[test]
    fn containment_agrees_with_enumeration_for_parts_of_a_grant((grant, request) in grant_and_request()) {
        check_containment(&grant, &request)?;
    }

}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(80))]

    #[test]
    fn an_authority_contains_itself(one in authority(3)) {
        prop_assert_eq!(one.contains(&one), Ok(()));
    }

    #[test]
    fn the_library_matches_calls_as_the_model_does(one in authority(2)) {
        let world = &*WORLD;
        for action in world.actions.iter().step_by(3) {
            for resource in world.resources.iter().step_by(29) {
                for region in REGIONS {
                    prop_assert_eq!(
                        one.allows(action, resource, region),
                        allows(&one, action, resource, region),
                        "{} on {} in {}", action, resource, region
                    );
                }
            }
        }
    }

    #[test]
    fn normal_form_means_the_same_and_is_stable(one in authority(4)) {
        let world = &*WORLD;
        let normal = one.clone().normalized();
        prop_assert_eq!(world.calls(&one), world.calls(&normal));
        prop_assert_eq!(normal.contains(&one), Ok(()));
        prop_assert_eq!(one.contains(&normal), Ok(()));
        prop_assert_eq!(normal.clone().normalized(), normal);
    }

    #[test]
    fn restriction_is_the_intersection(
        one in authority(3),
        actions in proptest::collection::vec(action(), 1..3),
        resources in proptest::option::of(proptest::collection::vec(resource(), 1..3)),
    ) {
        let world = &*WORLD;
        let asked = Authority::new(vec![Statement {
            actions: actions.clone(),
            resources: resources.clone().unwrap_or_else(|| vec![ResourcePattern::any()]),
            regions: Regions::All,
        }]);
        let restricted = one.restrict(&actions, resources.as_deref()).unwrap();
        let both: Vec<Vec<u64>> = world
            .calls(&one)
            .iter()
            .zip(world.calls(&asked))
            .map(|(one, asked)| one.iter().zip(asked).map(|(one, asked)| one & asked).collect())
            .collect();
        prop_assert_eq!(both, world.calls(&restricted));
        prop_assert_eq!(one.contains(&restricted), Ok(()));
        prop_assert_eq!(asked.contains(&restricted), Ok(()));
    }

    #[test]
    fn what_is_covered_is_allowed_somewhere(
        grant in authority(3),
        actions in proptest::collection::vec(action(), 1..3),
        resources in proptest::option::of(proptest::collection::vec(resource(), 1..3)),
    ) {
        let world = &*WORLD;
        let asked = |action: &str| {
            actions.iter().any(|pattern| aws_model::action_matches(pattern.as_str(), action))
        };
        let wanted = |resource: &str| match &resources {
            Some(patterns) => patterns.iter().any(|one| aws_model::resource_matches(one.as_str(), resource)),
            None => true,
        };
        let in_some_region =
            |action: &str, resource: &str| REGIONS.iter().any(|region| allows(&grant, action, resource, region));
        match grant.covers(&actions, resources.as_deref()) {
            Ok(()) => {
                prop_assert!(!actions.iter().any(ActionPattern::is_pivot));
                for action in world.actions.iter().filter(|one| asked(one) && !aws_model::is_pivot(one)) {
                    let mut of_interest = world.resources.iter().filter(|one| wanted(one));
                    if resources.is_some() {
                        prop_assert!(of_interest.all(|one| in_some_region(action, one)), "{}", action);
                    } else {
                        // The pattern may need a longer resource than the world has.
                        let on_any = grant.statements().iter().any(|one| {
                            (is_global(action) || REGIONS.iter().any(|name| one.regions.contains(name)))
                                && one.actions.iter().any(|own| own.matches(action))
                        });
                        prop_assert!(on_any, "{}", action);
                    }
                }
            }
            Err(witness) => {
                prop_assert!(asked(&witness.action) && wanted(&witness.resource), "{}", &witness);
                prop_assert!(!in_some_region(&witness.action, &witness.resource), "{}", &witness);
            }
        }
    }
}
