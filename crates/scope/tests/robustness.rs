//! Hostile documents get an answer or a clear error. The searches count their steps, so that nothing here depends
//! on how fast a machine is: a search without a bound would never end.

#![allow(clippy::indexing_slicing, reason = "a test fails by panicking")]

use deputize_scope::ScopeDocument;
use deputize_scope::finding::{Code, Finding};
use deputize_scope::iam::{PolicyKind, check};

fn codes(findings: &[Finding]) -> Vec<Code> {
    let mut codes: Vec<Code> = findings.iter().map(|finding| finding.code).collect();
    codes.sort();
    codes.dedup();
    codes
}

fn scopes(permissions: &str) -> String {
    format!(
        "version: 1\ntenant: acme\nagents: {{ ops: {{ scopes: [{{ cloud: aws, permissions: [{permissions}] }}] }} }}\n"
    )
}

fn policy(actions: &str) -> String {
    format!(
        r#"{{"Version": "2012-10-17", "Statement": {{"Effect": "Allow", "Action": [{actions}], "Resource": "arn:aws:s3:::b/*"}}}}"#
    )
}

#[test]
fn a_megabyte_is_refused_in_a_sentence() {
    let text = scopes(&"s3:GetObject, ".repeat(80_000));
    assert!(text.len() > 1_000_000);
    assert_eq!(codes(&ScopeDocument::parse(&text).findings), [Code::TooLarge]);
    for kind in PolicyKind::ALL {
        assert_eq!(
            codes(&check(&policy(&"\"s3:GetObject\", ".repeat(80_000)), kind).findings),
            [Code::TooLarge]
        );
    }
}

#[test]
fn ten_thousand_permissions_are_read() {
    let each = |index: usize| format!("s3:A{index}");
    let plain: Vec<String> = (0..10_000).map(each).collect();
    let parsed = ScopeDocument::parse(&scopes(&plain.join(", ")));
    assert_eq!(codes(&parsed.findings), [Code::PolicySize], "ten thousand names fit no session");
    assert!(parsed.document.is_some());
    let quoted: Vec<String> = plain.iter().map(|one| format!("\"{one}\"")).collect();
    let checked = check(&policy(&quoted.join(", ")), PolicyKind::Managed);
    assert_eq!(codes(&checked.findings), [Code::PolicySize]);
    assert_eq!(checked.policy.map(|policy| policy.statements[0].actions.listed().len()), Some(10_000));
}

#[test]
fn ten_thousand_wildcards_are_given_up_on_and_told() {
    let wild: Vec<String> = (0..10_000).map(|index| format!("\"s3:*{index}*\"")).collect();
    let wild = wild.join(", ");
    assert!(codes(&ScopeDocument::parse(&scopes(&wild)).findings).contains(&Code::TooComplex));
    assert!(codes(&check(&policy(&wild), PolicyKind::Identity).findings).contains(&Code::TooComplex));
}

#[test]
fn nested_wildcards_end() {
    let nested = |letter: &str, times: usize| format!("\"s3:{}\"", format!("*{letter}?").repeat(times));
    let all: Vec<String> = ["a", "b", "ab", "ba", "aab", "abb"].iter().map(|one| nested(one, 80)).collect();
    let text = all.join(", ");
    ScopeDocument::parse(&scopes(&text));
    let statements: Vec<String> = (0..40)
        .map(|index| {
            let resource = format!("arn:aws:s3:::{}{index}*", "*a?*b".repeat(60));
            format!(r#"{{"Effect": "Allow", "Action": [{text}], "Resource": "{resource}"}}"#)
        })
        .collect();
    let text = format!(r#"{{"Version": "2012-10-17", "Statement": [{}]}}"#, statements.join(", "));
    let checked = check(&text, PolicyKind::Identity);
    assert!(checked.policy.is_some());
}

#[test]
fn anchors_and_aliases_never_multiply() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..10 {
        let aliases = vec![format!("*a{}", level - 1); 9].join(", ");
        text += &format!("a{level}: &a{level} [{aliases}]\n");
    }
    let found = codes(&ScopeDocument::parse(&text).findings);
    assert!(found.contains(&Code::UnsupportedYaml), "{found:?}");
}

#[test]
fn depth_is_bounded() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let deep = format!("{}1{}", open.repeat(20_000), close.repeat(20_000));
        assert_eq!(codes(&ScopeDocument::parse(&deep).findings), [Code::TooDeep]);
        assert_eq!(codes(&check(&deep, PolicyKind::Trust).findings), [Code::TooDeep]);
    }
    let indented: String = (0..400).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect();
    assert_eq!(codes(&ScopeDocument::parse(&indented).findings), [Code::TooDeep]);
}

#[test]
fn many_agents_with_large_scopes_are_reviewed() {
    let agents: String = (0..60)
        .map(|index| {
            let resources: Vec<String> =
                (0..50).map(|one| format!("\"arn:aws:s3:::acme-{index}-{one}-{}/*\"", "x".repeat(30))).collect();
            format!(
                "  agent-{index}:\n    scopes:\n      - {{ cloud: aws, permissions: [s3:GetObject], resources: [{}] }}\n",
                resources.join(", ")
            )
        })
        .collect();
    let parsed = ScopeDocument::parse(&format!("version: 1\ntenant: acme\nagents:\n{agents}"));
    assert!(parsed.document.is_some());
    assert_eq!(codes(&parsed.findings), [Code::PolicySize]);
}
