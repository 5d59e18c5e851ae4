//! A document that was read before is told what its text is told, beyond how it is written.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use deputize_scope::catalogue::Catalogues;
use deputize_scope::finding::{Code, Example, Frame};
use deputize_scope::{Finding, check};

const MISSION: &str = include_str!("../../../examples/mission.yaml");

/// What comes from the scopes themselves, not from their text and not from a catalogue.
const TYPED: [Code; 10] = [
    Code::AllAuthority,
    Code::BoundarySize,
    Code::BroadOauthScope,
    Code::Escalation,
    Code::EscalationByTarget,
    Code::NoOauthScope,
    Code::PolicySize,
    Code::RedundantScope,
    Code::RedundantValue,
    Code::SeveralAudiences,
];

/// What is told of a text's document again once it is typed; none where the text holds none.
fn told_again(text: &str) -> Option<Vec<Finding>> {
    let checked = check::document(text, &Catalogues::default());
    let typed = check::typed(&checked.document?);
    assert!(typed.iter().all(|finding| finding.span.is_none() && finding.fix.is_none()), "{typed:#?}");
    let messages = |findings: &[Finding]| {
        let typed = findings.iter().filter(|finding| TYPED.contains(&finding.code));
        let mut messages: Vec<_> =
            typed.map(|finding| (finding.code.as_str(), finding.severity, finding.message.clone())).collect();
        messages.sort();
        messages
    };
    assert_eq!(messages(&typed), messages(&checked.findings), "{text}");
    assert_eq!(typed.len(), messages(&typed).len(), "{typed:#?}");
    Some(typed)
}

#[test]
fn the_example_is_told_the_same() {
    let told = told_again(MISSION).unwrap();
    assert!(told.iter().any(|finding| finding.code == Code::AllAuthority));
    assert!(told.iter().any(|finding| finding.code == Code::BroadOauthScope));
}

#[test]
fn each_of_these_findings_is_told_of_its_example() {
    let documents = |example: &Example| {
        let fields = example.written_out();
        let scopes = match example.frame {
            Frame::Document => return fields,
            Frame::Agent => fields,
            _ => format!("scopes: [{{ {fields} }}]"),
        };
        format!("version: 1\ntenant: acme\nagents:\n  ops: {{ {scopes} }}\n")
    };
    for code in TYPED {
        let ours =
            |example: &&Example| matches!(example.frame, Frame::Document | Frame::Agent | Frame::Scope);
        let told = Example::of(code).filter(ours).filter_map(|example| told_again(&documents(example)));
        assert!(told.flatten().any(|finding| finding.code == code), "{code:?}");
    }
}

#[test]
fn a_scope_that_would_make_the_rest_fit_is_numbered_where_it_has_no_line() {
    let long = |name: &str| format!("\"arn:aws:s3:::acme-{name}-{}/*\"", "x".repeat(1_200));
    let scope =
        |name: &str| format!("{{ cloud: aws, permissions: [s3:Get{name}], resources: [{}] }}", long(name));
    let text = format!(
        "version: 1\ntenant: acme\nagents:\n  ops:\n    scopes:\n      - {}\n      - {}\n",
        scope("One"),
        scope("Two")
    );
    let told = told_again(&text).unwrap();
    let finding = told.iter().find(|finding| finding.code == Code::PolicySize).unwrap();
    assert!(
        finding.help.as_deref().unwrap().starts_with("without the scope 0, counted from 0"),
        "{finding:?}"
    );
}
