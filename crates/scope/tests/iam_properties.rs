//! What must hold for every policy: a judge that shares no code with the checks says whether they are right.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "what the tests share stands outside of test functions"
)]

use deputize_scope::SortedMap;
use deputize_scope::aws::evaluate::{Call, Verdict, evaluate};
use deputize_scope::aws::policy::PolicyDocument;
use deputize_scope::finding::{Code, apply};
use deputize_scope::iam::{PolicyKind, check};
use proptest::prelude::*;
use serde_json::{Value, json};

const ACTIONS: [&str; 6] = ["*", "s3:*", "s3:Get*", "s3:GetObject", "s3:*Object", "sts:AssumeRole"];
const RESOURCES: [&str; 5] =
    ["*", "arn:aws:s3:::*", "arn:aws:s3:::a*", "arn:aws:s3:::a/b", "arn:aws:s3:::?/*"];
const CALLED: [&str; 5] = ["s3:GetObject", "s3:GetBucket", "s3:PutObject", "sts:AssumeRole", "iam:GetRole"];
const CALLED_ON: [&str; 4] =
    ["arn:aws:s3:::a/b", "arn:aws:s3:::ab", "arn:aws:s3:::c/d", "arn:aws:iam::1:role/x"];

fn statement() -> impl Strategy<Value = Value> {
    let some = |texts: &'static [&'static str]| prop::sample::subsequence(texts, 1..=2);
    (any::<bool>(), any::<bool>(), some(&ACTIONS), any::<bool>(), some(&RESOURCES), 0..3_u8).prop_map(
        |(allow, not_action, actions, not_resource, resources, condition)| {
            let mut one = json!({
                "Effect": if allow { "Allow" } else { "Deny" },
                if not_action { "NotAction" } else { "Action" }: actions,
                if not_resource { "NotResource" } else { "Resource" }: resources,
            });
            if condition > 0 {
                let user = if condition == 1 { "ada" } else { "eve" };
                one["Condition"] = json!({ "StringEquals": { "aws:username": user } });
            }
            one
        },
    )
}

/// What a policy says to each of the calls, by each caller.
fn verdicts(policy: &Value) -> Vec<bool> {
    let document: PolicyDocument = policy.to_string().parse().unwrap();
    let mut verdicts = Vec::new();
    for action in CALLED {
        for resource in CALLED_ON {
            for user in ["ada", "eve"] {
                let context = SortedMap::from([("aws:username".to_owned(), vec![user.to_owned()])]);
                let call = Call { action: action.to_owned(), resource: resource.to_owned(), context };
                verdicts.push(matches!(evaluate(&[&document], &call), Verdict::Allowed { .. }));
            }
        }
    }
    verdicts
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn a_statement_that_is_told_to_change_nothing_changes_nothing(statements in prop::collection::vec(statement(), 1..5)) {
        let policy = json!({ "Version": "2012-10-17", "Statement": statements });
        let text = policy.to_string();
        let checked = check(&text, PolicyKind::Identity);
        let places: Vec<usize> = checked.policy.unwrap().statements.iter().map(|one| one.at.start).collect();
        let before = verdicts(&policy);
        for finding in checked.findings {
            if !matches!(finding.code, Code::RedundantStatement | Code::SwallowedByDeny | Code::DeadStatement) {
                continue;
            }
            let index = places.iter().position(|at| *at == finding.span.unwrap().start).unwrap();
            let mut rest = statements.clone();
            rest.remove(index);
            prop_assert_eq!(&before, &verdicts(&json!({ "Version": "2012-10-17", "Statement": rest })), "{}\n{:?}", text, finding);
        }
    }

    #[test]
    fn all_fixes_together_leave_the_meaning_as_it_is(statements in prop::collection::vec(statement(), 1..5)) {
        let policy = json!({ "Version": "2012-10-17", "Statement": statements });
        let mut text = policy.to_string();
        let before = verdicts(&policy);
        for _ in 0..50 {
            let findings = check(&text, PolicyKind::Identity).findings;
            let Some((edited, _)) = apply(&text, findings.iter().filter_map(|one| one.fix.as_ref())) else { break };
            text = edited;
            prop_assert_eq!(&before, &verdicts(&serde_json::from_str(&text).unwrap()), "{}", text);
        }
        let findings = check(&text, PolicyKind::Identity).findings;
        prop_assert!(findings.iter().all(|one| one.fix.is_none()), "{}", text);
    }

    #[test]
    fn any_text_gets_an_answer(text in any::<String>(), policy in r#"[{}\[\]":,a-zA-Z*?$0-9 ]{0,200}"#) {
        for kind in PolicyKind::ALL {
            check(&text, kind);
            for finding in check(&policy, kind).findings {
                if let Some(span) = finding.span {
                    prop_assert!(policy.get(span.start..span.end).is_some());
                }
            }
        }
    }
}
