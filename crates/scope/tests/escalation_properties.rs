//! Escalation over any policies: more permissions never have fewer paths, and a denial takes its path away.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what the tests share stands outside of test functions"
)]

mod escalation_model;

use std::collections::BTreeSet;

use deputize_scope::escalation::Path;
use escalation_model::{deny, ids, paths};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn more_permissions_have_no_fewer_paths(
        statements in vec(statement(), 1..6),
        more in statement(),
    ) {
        let before: BTreeSet<String> = ids(&Value::Array(statements.clone())).into_iter().collect();
        let mut wider = statements;
        wider.push(more);
        let after: BTreeSet<String> = ids(&Value::Array(wider)).into_iter().collect();
        prop_assert!(after.contains("everything") || before.is_subset(&after), "{before:?} and then {after:?}");
    }

    #[test]
    fn a_denial_of_a_call_takes_its_path_away(statements in vec(statement(), 1..6), which in any::<Index>()) {
        let statements = Value::Array(statements);
        let found: Vec<Path> = paths(&statements).into_iter().filter(|path| path.rule.id != "everything").collect();
        if !found.is_empty() {
            let path = &found[which.index(found.len())];
            let witness = &path.permissions[which.index(path.permissions.len())];
            let mut denied = statements.as_array().unwrap().clone();
            denied.push(deny(&witness.permission, "*"));
            let left = paths(&Value::Array(denied));
            // Another way to the same end has to do without the permission.
            let used = left.iter().flat_map(|other| &other.permissions).map(|used| &used.permission);
            prop_assert_eq!(used.filter(|used| **used == witness.permission).count(), 0);
            // Adding a denial opens no path.
            let known: BTreeSet<&str> = found.iter().map(|path| path.rule.id.as_str()).collect();
            prop_assert!(left.iter().all(|other| known.contains(other.rule.id.as_str())));
        }
    }
}

/// Statements in which the rules' own actions and resources meet.
fn statement() -> impl Strategy<Value = Value> {
    let action = prop_oneof![
        Just("iam:PassRole"),
        Just("iam:Put*"),
        Just("iam:*"),
        Just("lambda:*"),
        Just("lambda:CreateFunction"),
        Just("lambda:Invoke*"),
        Just("ec2:RunInstances"),
        Just("glue:*"),
        Just("*"),
        Just("states:*Execution"),
        Just("states:UpdateStateMachine"),
        Just("iam:AttachRolePolicy"),
        Just("sts:AssumeRole"),
    ];
    let resource = prop_oneof![
        Just("*"),
        Just("arn:aws:iam::111111111111:role/*"),
        Just("arn:aws:iam::111111111111:role/a"),
        Just("arn:aws:iam::*:user/a*"),
        Just("arn:aws:lambda:*:111111111111:function:f*"),
        Just("arn:aws:lambda:eu-west-1:*:function:*g"),
        Just("arn:aws:states:us-east-1:111111111111:stateMachine:*"),
        Just("arn:aws:ec2:*:*:*"),
        Just("arn:aws:ec2:*:*:instance/*"),
    ];
    let condition = prop_oneof![
        3 => Just(Value::Null),
        1 => Just(json!({ "StringEquals": { "aws:RequestedRegion": "eu-west-1" } })),
        1 => Just(json!({ "StringEquals": { "iam:PassedToService": "lambda.amazonaws.com" } })),
        1 => Just(json!({ "StringNotEquals": { "aws:PrincipalTag/team": "ops" } })),
        1 => Just(json!({ "Bool": { "aws:MultiFactorAuthPresent": "true" } })),
    ];
    (vec(action, 1..3), vec(resource, 1..3), condition, 0..8_u8).prop_map(
        |(actions, resources, condition, negated)| {
            let action = if negated == 0 { "NotAction" } else { "Action" };
            let resource = if negated == 1 { "NotResource" } else { "Resource" };
            let mut statement = json!({ "Effect": "Allow", action: actions, resource: resources });
            if condition != Value::Null {
                statement["Condition"] = condition;
            }
            statement
        },
    )
}
