//! What the tests of escalation share: policies in few words, and the evaluator as a witness of every path.

#![allow(dead_code, unreachable_pub, reason = "each of the tests uses a part")]

use deputize_scope::SortedMap;
use deputize_scope::aws::evaluate::{Call, Verdict, evaluate};
use deputize_scope::aws::policy::PolicyDocument;
use deputize_scope::escalation::{Held, Path, Witness, find};
use serde_json::{Value, json};

pub fn policy(statements: &Value) -> PolicyDocument {
    json!({ "Version": "2012-10-17", "Statement": statements }).to_string().parse().unwrap()
}

pub fn allow(action: &str, resource: &str) -> Value {
    json!({ "Effect": "Allow", "Action": action, "Resource": resource })
}

pub fn deny(action: &str, resource: &str) -> Value {
    json!({ "Effect": "Deny", "Action": action, "Resource": resource })
}

pub fn paths(statements: &Value) -> Vec<Path> {
    let document = policy(statements);
    let found = find(&Held::Policies(&[&document]));
    for path in found.iter().filter(|path| path.rule.id != "everything") {
        for witness in &path.permissions {
            assert!(is_allowed(&document, witness), "{witness} of {}", path.rule.id);
        }
    }
    found
}

/// Whether the evaluator, which shares nothing with the rules, allows the call of a witness.
pub fn is_allowed(document: &PolicyDocument, witness: &Witness) -> bool {
    let mut context: SortedMap<String, Vec<String>> =
        witness.conditions.iter().map(|(key, value)| (key.clone(), vec![value.clone()])).collect();
    if let Some(region) = &witness.region {
        let key = "aws:requestedregion";
        if !context.contains_key(key) {
            context.insert(key.to_owned(), vec![region.to_string()]);
        }
    }
    let call = Call {
        action: witness.permission.clone(),
        resource: witness.resource.clone().unwrap_or("*".to_owned()),
        context,
    };
    matches!(evaluate(&[document], &call), Verdict::Allowed { .. })
}

pub fn ids(statements: &Value) -> Vec<String> {
    paths(statements).into_iter().map(|path| path.rule.id.clone()).collect()
}
