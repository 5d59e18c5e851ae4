//! Containment, restriction and normal form at Google Cloud against enumeration over a small world.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "strategies stand outside of test functions"
)]

mod gcp_model;

use deputize_scope::aws::authority::Certainty;
use deputize_scope::gcp::authority::{Authority, Statement};
use deputize_scope::gcp::{GcpPermission, GcpResource, ServiceAccount};
use gcp_model::{allows, authority, calls};
use proptest::prelude::*;

/// A request that is likely to lie within the grant: parts of it, and sometimes something else.
fn grant_and_request() -> impl Strategy<Value = (Authority, Authority)> {
    (authority(3), authority(1), any::<u64>()).prop_map(|(grant, other, choice)| {
        let mut bits = (0..).map(|bit| choice >> (bit % 64) & 1 == 1);
        let mut statements: Vec<Statement> = grant.statements().to_vec();
        for statement in &mut statements {
            statement.permissions.retain(|_| bits.next().unwrap());
            statement.resources.retain(|_| bits.next().unwrap());
            if bits.next().unwrap() {
                statement.service_account = None;
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
                let account = statement.service_account.as_ref().map(ServiceAccount::as_str);
                for (permission, resource) in calls() {
                    if allows(&asked, permission, &resource, None) {
                        let granted = allows(grant, permission, &resource, account);
                        prop_assert!(granted, "overlooked: {permission} on {resource}");
                    }
                }
            }
        }
        Err(witness) => {
            prop_assert_eq!(witness.certainty, Certainty::Shown);
            let account = witness.service_account.as_ref().map(ServiceAccount::as_str);
            let in_request = allows(request, &witness.permission, &witness.resource, account);
            prop_assert!(in_request, "not asked for: {}", &witness);
            let in_grant = allows(grant, &witness.permission, &witness.resource, account);
            prop_assert!(!in_grant, "granted: {}", &witness);
        }
    }
    Ok(())
}

/// Whether two authorities allow the same in the world, for each identity.
fn are_equal(one: &Authority, other: &Authority) -> Result<(), TestCaseError> {
    let ids =
        one.statements().iter().chain(other.statements()).map(|statement| statement.service_account.clone());
    for id in ids {
        let of = |authority: &Authority| {
            let own = authority.statements().iter().filter(|statement| statement.service_account == id);
            Authority::new(own.cloned().collect())
        };
        let (one, other) = (of(one), of(other));
        for (permission, resource) in calls() {
            let answers = [&one, &other].map(|authority| allows(authority, permission, &resource, None));
            prop_assert_eq!(answers[0], answers[1], "{} on {}", permission, resource);
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
        let (permission, resource) = at.get(&calls);
        prop_assert_eq!(one.allows(permission, resource, None), allows(&one, permission, resource, None));
    }

    #[test]
    fn what_is_restricted_is_what_both_allow(held in authority(2), asked in authority(1)) {
        let statement = asked.statements().first().cloned();
        let (permissions, resources) = match &statement {
            Some(statement) => (Some(statement.permissions.as_slice()), Some(statement.resources.as_slice())),
            None => (None, None),
        };
        let restricted = held.restrict(permissions, resources).unwrap();
        let asked = Authority::new(statement.clone().into_iter().collect());
        for (permission, resource) in calls() {
            let both = allows(&held, permission, &resource, None)
                && (statement.is_none() || allows(&asked, permission, &resource, None));
            let got = allows(&restricted, permission, &resource, None);
            prop_assert_eq!(got, both, "{} on {}", permission, resource);
        }
        prop_assert_eq!(held.contains(&restricted), Ok(()));
    }

    #[test]
    fn what_is_covered_is_had_on_each_resource(held in authority(2), asked in authority(1)) {
        let Some(statement) = asked.statements().first() else { return Ok(()) };
        let (permissions, resources) = (&statement.permissions, &statement.resources);
        let request = |resources: &[GcpResource]| Authority::new(vec![Statement {
            service_account: None,
            permissions: permissions.clone(),
            resources: resources.to_vec(),
        }]);
        prop_assert_eq!(held.covers(permissions, Some(resources)), held.contains(&request(resources)));
        let each = |permission: &GcpPermission| {
            calls().iter().any(|(call, on)| *call == permission.as_str() && allows(&held, call, on, None))
        };
        prop_assert_eq!(held.covers(permissions, None).is_ok(), permissions.iter().all(each));
    }
}

#[test]
fn a_request_that_names_an_account_is_granted_that_one_only() {
    let scope = |account: Option<&str>| {
        Authority::new(vec![Statement {
            service_account: account.map(|account| account.parse().unwrap()),
            permissions: vec!["storage.objects.get".parse().unwrap()],
            resources: vec![GcpResource::any()],
        }])
    };
    let one = "agent-one@acme-prod.iam.gserviceaccount.com";
    let two = "agent-two@acme-prod.iam.gserviceaccount.com";
    assert_eq!(scope(Some(one)).contains(&scope(Some(one))), Ok(()));
    assert_eq!(scope(Some(one)).contains(&scope(None)), Ok(()));
    let witness = scope(Some(one)).contains(&scope(Some(two))).unwrap_err();
    assert_eq!(
        witness.to_string(),
        format!("storage.objects.get on //storage.googleapis.com/projects/_/buckets/example as {two}")
    );
    assert!(scope(None).contains(&scope(Some(one))).is_err());
}
