//! Every rule of AWS fires on what it needs, and on nothing that falls short of it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what the tests share stands outside of test functions"
)]

mod escalation_model;

use deputize_scope::Cloud;
use deputize_scope::escalation::{Rule, rules};
use escalation_model::{allow, deny, ids, paths};
use serde_json::{Value, json};

/// Each way of each rule of AWS, as the actions that it needs.
fn combinations() -> Vec<(&'static str, Vec<&'static str>)> {
    let named = |rule: &'static Rule| rule.combinations().into_iter().map(|set| (rule.id.as_str(), set));
    rules(Cloud::Aws).iter().flat_map(named).collect()
}

fn allow_all(actions: &[&str]) -> Vec<Value> {
    actions.iter().map(|action| allow(action, "*")).collect()
}

fn has(statements: Vec<Value>, id: &str) -> bool {
    ids(&Value::Array(statements)).iter().any(|found| found == id)
}

#[test]
fn every_rule_fires_on_its_permissions() {
    for (id, actions) in combinations() {
        assert!(has(allow_all(&actions), id), "{id}");
        // In one statement, with other spelling, and under conditions that can be met.
        let one = json!({ "Effect": "Allow", "Action": actions.iter().map(|action| action.to_lowercase()).collect::<Vec<_>>(), "Resource": "*",
            "Condition": { "Bool": { "aws:MultiFactorAuthPresent": "true" }, "StringEquals": { "aws:PrincipalTag/team": "ops" } } });
        assert!(has(vec![one], id), "{id}");
        // In what is not left out.
        let but =
            json!({ "Effect": "Allow", "NotAction": "budgets:*", "NotResource": "arn:aws:s3:::private/*" });
        assert!(has(vec![but], id), "{id}");
    }
}

#[test]
fn no_rule_fires_without_one_of_its_permissions() {
    for (id, actions) in combinations() {
        for index in 0..actions.len() {
            let mut fewer = actions.clone();
            fewer.remove(index);
            assert!(!has(allow_all(&fewer), id), "{id} without {}", actions[index]);
        }
    }
}

#[test]
fn no_rule_fires_past_a_denial() {
    for (id, actions) in combinations() {
        for action in &actions {
            let service = action.split(':').next().unwrap();
            for denial in [
                deny(action, "*"),
                deny(&format!("{service}:*"), "*"),
                deny(&action.to_uppercase(), "arn:*:*:*:*:*"),
                json!({ "Effect": "Deny", "NotAction": "logs:*", "NotResource": "arn:aws:logs:*:*:*" }),
                json!({ "Effect": "Deny", "Action": action, "Resource": "*", "Condition": { "StringNotLike": { "aws:PrincipalArn": "*" } } }),
            ] {
                let conditional = denial.get("Condition").is_some();
                let without_resource = denial["Resource"] == "arn:*:*:*:*:*" && has_no_resource(id, action);
                let statements = [allow_all(&actions), vec![denial.clone()]].concat();
                // A denial that never applies takes nothing away; one of resources nothing of calls without one.
                assert_eq!(has(statements, id), conditional || without_resource, "{id} past {denial}");
            }
        }
    }
}

/// Whether the path of all the actions uses this one without a resource.
fn has_no_resource(id: &str, action: &str) -> bool {
    let (_, actions) =
        combinations().into_iter().find(|(one, actions)| *one == id && actions.contains(&action)).unwrap();
    let path = paths(&Value::Array(allow_all(&actions))).into_iter().find(|path| path.rule.id == id).unwrap();
    let mut uses = path.permissions.iter().filter(|witness| witness.permission == action);
    uses.all(|witness| witness.resource.is_none())
}

#[test]
fn no_rule_fires_on_resources_of_another_type() {
    for (id, actions) in combinations() {
        for index in 0..actions.len() {
            let mut statements = allow_all(&actions);
            statements[index] = allow(actions[index], "arn:aws:s3:::some-bucket/*");
            assert!(!has(statements, id), "{id} with {} on objects", actions[index]);
        }
    }
}

#[test]
fn no_rule_fires_under_a_condition_that_cannot_hold() {
    for (id, actions) in combinations() {
        for index in 0..actions.len() {
            for condition in [
                json!({ "Null": { "aws:PrincipalArn": "true" } }),
                json!({ "StringEquals": { "aws:PrincipalTag/a": "x" }, "StringNotEquals": { "aws:PrincipalTag/a": "x" } }),
                json!({ "Bool": { "aws:ViaAWSService": "true" } }),
                json!({ "StringEquals": { "kms:ViaService": "s3.us-east-1.amazonaws.com" } }),
            ] {
                let mut statements = allow_all(&actions);
                statements[index]["Condition"] = condition.clone();
                assert!(!has(statements, id), "{id} with {} under {condition}", actions[index]);
            }
        }
    }
}

#[test]
fn a_role_is_passed_only_to_the_service_of_the_rule() {
    for (id, actions) in combinations().into_iter().filter(|(_, actions)| actions[0] == "iam:PassRole") {
        let to = |service: &str| {
            let mut statements = allow_all(&actions);
            statements[0]["Condition"] = json!({ "StringEquals": { "iam:PassedToService": service } });
            statements
        };
        assert!(!has(to("monitoring.rds.amazonaws.com"), id), "{id}");
        let path = paths(&Value::Array(to("*"))).into_iter().find(|path| path.rule.id == id);
        assert!(path.is_none(), "{id}: StringEquals knows no wildcard");
        let mut like = allow_all(&actions);
        like[0]["Condition"] = json!({ "StringLike": { "iam:PassedToService": "*.amazonaws.com" } });
        assert!(has(like, id), "{id}");
    }
}
