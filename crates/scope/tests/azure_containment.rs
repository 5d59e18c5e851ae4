//! Containment, restriction and normal form at Azure against enumeration over a small world.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "strategies stand outside of test functions"
)]

mod azure_model;

use azure_model::{allows, authority, calls};
use deputize_scope::aws::authority::{Certainty, TooComplex};
use deputize_scope::azure::authority::{Authority, Statement};
use deputize_scope::azure::{AzureOperation, AzureResource, ClientId};
use proptest::prelude::*;

/// A request that is likely to lie within the grant: parts of it, and sometimes something else.
fn grant_and_request() -> impl Strategy<Value = (Authority, Authority)> {
    (authority(3), authority(1), any::<u64>()).prop_map(|(grant, other, choice)| {
        let mut bits = (0..).map(|bit| choice >> (bit % 64) & 1 == 1);
        let mut statements: Vec<Statement> = grant.statements().to_vec();
        for statement in &mut statements {
            statement.operations.retain(|_| bits.next().unwrap());
            statement.resources.retain(|_| bits.next().unwrap());
            if bits.next().unwrap() {
                statement.client_id = None;
            }
        }
        if choice % 3 == 0 {
            statements.extend(other.statements().to_vec());
        }
        (grant, Authority::new(statements))
    })
}

fn check_containment(grant: &Authority, request: &Authority) -> Result<(), TestCaseError> {
    match grant.contains(request) {
        Ok(()) => {
            for statement in request.statements() {
                let asked = Authority::new(vec![statement.clone()]);
                let client = statement.client_id.as_ref().map(ClientId::as_str);
                for (operation, resource) in calls() {
                    if allows(&asked, &operation, &resource, None) {
                        let granted = allows(grant, &operation, &resource, client);
                        prop_assert!(granted, "overlooked: {operation} on {resource}");
                    }
                }
            }
        }
        Err(witness) => {
            prop_assert_eq!(witness.certainty, Certainty::Shown);
            let client = witness.client_id.as_ref().map(ClientId::as_str);
            let in_request = allows(request, &witness.operation, &witness.resource, client);
            prop_assert!(in_request, "not asked for: {}", &witness);
            let in_grant = allows(grant, &witness.operation, &witness.resource, client);
            prop_assert!(!in_grant, "granted: {}", &witness);
        }
    }
    Ok(())
}

/// Whether two authorities allow the same in the world, for each identity.
fn are_equal(one: &Authority, other: &Authority) -> Result<(), TestCaseError> {
    let ids = one.statements().iter().chain(other.statements()).map(|statement| statement.client_id.clone());
    for id in ids {
        let of = |authority: &Authority| {
            let own = authority.statements().iter().filter(|statement| statement.client_id == id);
            Authority::new(own.cloned().collect())
        };
        let (one, other) = (of(one), of(other));
        for (operation, resource) in calls() {
            let answers = [&one, &other].map(|authority| allows(authority, &operation, &resource, None));
            prop_assert_eq!(answers[0], answers[1], "{} on {}", operation, resource);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

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

    #[test]
    fn an_authority_contains_itself_and_its_normal_form(one in authority(3)) {
        let normal = one.clone().normalized();
        prop_assert_eq!(one.contains(&one), Ok(()));
        prop_assert_eq!(one.contains(&normal), Ok(()));
        prop_assert_eq!(normal.contains(&one), Ok(()));
        are_equal(&one, &normal)?;
        prop_assert_eq!(normal.clone().normalized(), normal);
    }

    #[test]
    fn one_call_is_judged_as_the_model_judges_it(one in authority(3), at in any::<prop::sample::Index>()) {
        let calls = calls();
        let (operation, resource) = at.get(&calls);
        prop_assert_eq!(one.allows(operation, resource, None), allows(&one, operation, resource, None));
    }

    #[test]
    fn what_is_restricted_is_what_both_allow(held in authority(2), asked in authority(1)) {
        let statement = asked.statements().first().cloned();
        let (operations, resources) = match &statement {
            Some(statement) => (Some(statement.operations.as_slice()), Some(statement.resources.as_slice())),
            None => (None, None),
        };
        let restricted = held.restrict(operations, resources).unwrap();
        let asked = Authority::new(statement.clone().into_iter().collect());
        for (operation, resource) in calls() {
            let both = allows(&held, &operation, &resource, None)
                && (statement.is_none() || allows(&asked, &operation, &resource, None));
            let got = allows(&restricted, &operation, &resource, None);
            prop_assert_eq!(got, both, "{} on {}", operation, resource);
        }
        prop_assert_eq!(held.contains(&restricted), Ok(()));
    }

    #[test]
    fn what_is_covered_is_had_on_each_resource(held in authority(2), asked in authority(1)) {
        let Some(statement) = asked.statements().first() else { return Ok(()) };
        let (operations, resources) = (&statement.operations, &statement.resources);
        let request = |resources: &[AzureResource]| Authority::new(vec![Statement {
            client_id: None,
            operations: operations.clone(),
            resources: resources.to_vec(),
        }]);
        prop_assert_eq!(held.covers(operations, Some(resources)), held.contains(&request(resources)));
        let each = |operation: &AzureOperation| {
            calls().iter().all(|(call, _)| {
                !operation.matches(call)
                    || calls().iter().any(|(other, on)| other == call && allows(&held, call, on, None))
            })
        };
        if held.covers(operations, None).is_ok() {
            prop_assert!(operations.iter().all(each));
        }
    }
}

#[test]
fn nothing_is_contained_in_everything_and_everything_in_nothing_but_itself() {
    let everything = Authority::new(vec![Statement {
        client_id: None,
        operations: vec!["*".parse().unwrap()],
        resources: vec![AzureResource::any()],
    }]);
    let nothing = Authority::default();
    assert_eq!(everything.contains(&nothing), Ok(()));
    let witness = nothing.contains(&everything).unwrap_err();
    assert_eq!(witness.operation, "Microsoft.Authorization/roleAssignments/write");
    assert!(everything.allows(&witness.operation, &witness.resource, None));
}

#[test]
fn a_request_that_names_an_identity_is_granted_that_one_only() {
    let scope = |id: Option<&str>| {
        Authority::new(vec![Statement {
            client_id: id.map(|id| id.parse().unwrap()),
            operations: vec!["Microsoft.Compute/virtualMachines/read".parse().unwrap()],
            resources: vec!["/subscriptions/1".parse().unwrap()],
        }])
    };
    let (one, two) = ("00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002");
    assert_eq!(scope(Some(one)).contains(&scope(Some(one))), Ok(()));
    assert_eq!(scope(Some(one)).contains(&scope(None)), Ok(()));
    let witness = scope(Some(one)).contains(&scope(Some(two))).unwrap_err();
    assert_eq!(
        witness.to_string(),
        format!("Microsoft.Compute/virtualMachines/read on /subscriptions/1 as {two}")
    );
    assert!(scope(None).contains(&scope(Some(one))).is_err());
}

#[test]
fn patterns_beyond_reason_are_given_up() {
    let stars = |segment: &str| format!("x/{}", [segment, "*"].repeat(60).join("/"));
    let held: Vec<String> =
        (0..60).map(|index| format!("x/{}*/y{index}/*", "*/z/".repeat(index % 7))).collect();
    let of = |operations: Vec<String>| {
        Authority::new(vec![Statement {
            client_id: None,
            operations: operations.iter().map(|text| text.parse().unwrap()).collect(),
            resources: vec![AzureResource::any()],
        }])
    };
    let request = of(vec![stars("*")]);
    // Either answer will do; what counts is that there is one, soon.
    let answer = of(held).contains(&request);
    assert!(answer.is_err());
    assert_eq!(request.restrict(Some(&["x/*/y/*/z/*".parse().unwrap()]), None), Err(TooComplex));
}
