//! IAM policies, each with the findings that it must give: their codes, and the text that they point at.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what the tests share stands outside of test functions"
)]

use deputize_scope::finding::{Code, Finding, Severity, apply};
use deputize_scope::iam::PolicyKind::{Identity, Managed, Session, Trust};
use deputize_scope::iam::{PolicyKind, check, check_bytes};

fn policy(statements: &str) -> String {
    format!(r#"{{"Version": "2012-10-17", "Statement": [{statements}]}}"#)
}

fn with_condition(condition: &str) -> String {
    policy(&format!(
        r#"{{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*", "Condition": {condition}}}"#
    ))
}

fn with_resource(resource: &str) -> String {
    policy(&format!(r#"{{"Effect": "Allow", "Action": "s3:GetObject", "Resource": {resource}}}"#))
}

fn with_action(action: &str) -> String {
    policy(&format!(r#"{{"Effect": "Allow", "Action": {action}, "Resource": "arn:aws:s3:::b/*"}}"#))
}

fn trusting(rest: &str) -> String {
    policy(&format!(r#"{{"Effect": "Allow", {rest}}}"#))
}

fn told<'t>(text: &'t str, findings: &[Finding]) -> Vec<(Code, &'t str)> {
    let at = |one: &Finding| one.span.map_or("", |span| &text[span.start..span.end]);
    findings.iter().map(|one| (one.code, at(one))).collect()
}

#[track_caller]
fn gives(kind: PolicyKind, text: &str, expected: &[(Code, &str)]) {
    let findings = check(text, kind).findings;
    assert_eq!(told(text, &findings), expected, "{text}\n{findings:#?}");
    for finding in &findings {
        assert!(finding.help.is_some(), "{finding:#?}");
    }
}

#[test]
fn a_sound_policy_of_each_kind_has_no_findings() {
    gives(Identity, &with_resource(r#"["arn:aws:s3:::b/*", "arn:aws:s3:::c/${aws:username}/*"]"#), &[]);
    gives(Session, &with_action(r#"["s3:Get*", "s3:ListBucket"]"#), &[]);
    gives(Managed, &with_condition(r#"{"DateLessThan": {"aws:CurrentTime": "2030-01-01T00:00:00Z"}}"#), &[]);
    gives(
        Trust,
        &trusting(
            r#""Action": ["sts:AssumeRole", "sts:TagSession"], "Principal": {"Service": "ecs-tasks.amazonaws.com"}"#,
        ),
        &[],
    );
}

#[test]
fn what_is_not_json_is_told_where_it_ends_to_be() {
    gives(Identity, "{\"Version\": 'x'}", &[(Code::Malformed, "'")]);
    gives(Identity, "", &[(Code::EmptyDocument, "")]);
    gives(Identity, "Version: 2012-10-17", &[(Code::Malformed, "V")]);
    gives(Identity, "[]", &[(Code::WrongType, "[]")]);
    let deep = format!("{}1{}", "[".repeat(500), "]".repeat(500));
    assert_eq!(check(&deep, Identity).findings[0].code, Code::TooDeep);
    assert_eq!(check_bytes(b"{\"Version\": \"\xff\"}", Identity).findings[0].code, Code::NotUtf8);
}

#[test]
fn elements_that_are_missing_unknown_or_of_another_kind_of_policy() {
    gives(
        Identity,
        r#"{"version": "2012-10-17", "Statement": {}}"#,
        &[
            (Code::PolicyVersion, "\"version\""),
            (Code::UnknownField, "\"version\""),
            (Code::MissingField, "{}"),
            (Code::MissingField, "{}"),
            (Code::MissingField, "{}"),
        ],
    );
    gives(
        Identity,
        r#"{"Version": "2012-10-18", "Statement": []}"#,
        &[(Code::PolicyVersion, "\"2012-10-18\""), (Code::EmptyList, "[]")],
    );
    gives(
        Trust,
        &trusting(r#""Action": "sts:AssumeRole", "Principal": {"AWS": "123456789012"}, "Resource": "*""#),
        &[(Code::UnsupportedElement, "\"*\"")],
    );
    gives(
        Trust,
        &trusting(r#""Action": "sts:AssumeRole", "NotPrincipal": {"AWS": "123456789012"}"#),
        &[(Code::UnsupportedElement, r#"{"AWS": "123456789012"}"#)],
    );
    gives(
        Session,
        &policy(r#"{"Effect": "Deny", "Action": 7, "Resource": [], "NotResource": "*"}"#),
        &[(Code::WrongType, "7"), (Code::EmptyList, "[]"), (Code::ConflictingElements, "\"*\"")],
    );
}

#[test]
fn actions_that_are_not_written_as_aws_writes_them() {
    gives(Identity, &with_action("\"s3:Get Object\""), &[(Code::InvalidAction, "\"s3:Get Object\"")]);
    gives(Identity, &with_action("\" s3:GetObject\""), &[(Code::InvalidAction, "\" s3:GetObject\"")]);
    gives(Identity, &with_action("\"${aws:x}:Get\""), &[(Code::InvalidVariable, "\"${aws:x}:Get\"")]);
    gives(Identity, &with_action("\"*:*\""), &[(Code::ServiceWildcard, "\"*:*\"")]);
    gives(Identity, &with_action("\"s3:*?\""), &[(Code::NeedlessWildcard, "\"s3:*?\"")]);
    gives(
        Identity,
        &with_action(r#"["s3:Get*", "s3:GetObject*", "S3:getobject*"]"#),
        &[
            (Code::RedundantValue, "\"s3:GetObject*\""),
            (Code::PatternCase, "\"S3:getobject*\""),
            (Code::DuplicateValue, "\"S3:getobject*\""),
        ],
    );
    gives(
        Trust,
        &trusting(r#""Action": ["sts:assumeRoles", "sts:*Session"], "Principal": {"AWS": "123456789012"}"#),
        &[(Code::UnsupportedAction, "\"sts:assumeRoles\""), (Code::NeedlessWildcard, "\"sts:*Session\"")],
    );
}

#[test]
fn arns_whose_parts_are_not_what_they_must_be() {
    for (resource, code) in [
        ("\"bucket\"", Code::InvalidArn),
        ("\"arn:aws:s3\"", Code::InvalidArn),
        ("\"ARN:aws:s3:::b\"", Code::InvalidArn),
        ("\"arn:aws:s3:::\"", Code::InvalidArn),
        ("\"arn:aws::::b\"", Code::InvalidArn),
        ("\"arn:was:s3:::b\"", Code::UnknownPartition),
        ("\"arn:aws:S3:::b\"", Code::PatternCase),
        ("\"arn:aws:iam:us-east-1:123456789012:role/x\"", Code::InvalidArnRegion),
        ("\"arn:aws:lambda::123456789012:function:x\"", Code::InvalidArnRegion),
        ("\"arn:aws:lambda:mars:123456789012:function:x\"", Code::InvalidArnRegion),
        ("\"arn:aws:lambda:us-east-1:1234:function:x\"", Code::InvalidArnAccount),
        ("\"arn:aws:s3::123456789012:b\"", Code::InvalidArnAccount),
        ("\"arn:aws:s3:::b/**\"", Code::NeedlessWildcard),
        ("\"arn:aws:s3:::${aws:username\"", Code::InvalidVariable),
    ] {
        gives(Identity, &with_resource(resource), &[(code, resource)]);
    }
    for sound in [
        "\"*\"",
        "\"arn:aws:iam::aws:policy/ReadOnlyAccess\"",
        "\"arn:aws:s3:us-east-1:123456789012:accesspoint/x\"",
        "\"arn:*:lambda:*:*:function:x\"",
        "\"arn:aws-us-gov:sqs:us-gov-west-1:123456789012:q\"",
    ] {
        gives(Identity, &with_resource(sound), &[]);
    }
}

#[test]
fn conditions_that_aws_refuses_or_that_never_hold() {
    for (condition, code, at) in [
        (r#"{}"#, Code::EmptyList, "{}"),
        (r#"{"StringEquals": {"aws:username": []}}"#, Code::EmptyList, "[]"),
        (r#"{"stringequals": {"aws:username": "ada"}}"#, Code::UnknownOperator, "\"stringequals\""),
        (r#"{"Equals": {"aws:username": "ada"}}"#, Code::UnknownOperator, "\"Equals\""),
        (r#"{"ForAnyValue:Null": {"aws:TagKeys": "true"}}"#, Code::NeedlessQualifier, "\"ForAnyValue:Null\""),
        (r#"{"StringEquals": {"username": "ada"}}"#, Code::InvalidConditionKey, "\"username\""),
        (r#"{"StringEquals": {"aws:usrname": "ada"}}"#, Code::UnknownGlobalKey, "\"aws:usrname\""),
        (r#"{"NumericLessThan": {"s3:max-keys": "ten"}}"#, Code::InvalidConditionValue, "\"ten\""),
        (
            r#"{"DateLessThan": {"aws:CurrentTime": "2026-02-30"}}"#,
            Code::InvalidConditionValue,
            "\"2026-02-30\"",
        ),
        (
            r#"{"IpAddress": {"aws:SourceIp": "203.0.113.0/33"}}"#,
            Code::InvalidConditionValue,
            "\"203.0.113.0/33\"",
        ),
        (r#"{"ArnLike": {"aws:SourceArn": "role/x"}}"#, Code::InvalidConditionValue, "\"role/x\""),
        (r#"{"StringEquals": {"aws:SecureTransport": "true"}}"#, Code::OperatorMismatch, "\"StringEquals\""),
        (r#"{"StringEquals": {"aws:username": ["ada", "ada"]}}"#, Code::DuplicateValue, "\"ada\""),
        (r#"{"StringLike": {"aws:username": "${aws:x y}"}}"#, Code::InvalidVariable, "\"${aws:x y}\""),
        (
            r#"{"Bool": {"aws:SecureTransport": "true"}, "BoolIfExists": {"aws:SecureTransport": false}}"#,
            Code::UnsatisfiableCondition,
            "\"aws:SecureTransport\"",
        ),
        (
            r#"{"Null": {"aws:username": true}, "StringLike": {"aws:username": "a*"}}"#,
            Code::UnsatisfiableCondition,
            "\"aws:username\"",
        ),
        (
            r#"{"NumericLessThan": {"s3:max-keys": 5}, "NumericGreaterThanEquals": {"s3:max-keys": [7, 5]}}"#,
            Code::UnsatisfiableCondition,
            "\"s3:max-keys\"",
        ),
        (
            r#"{"DateGreaterThan": {"aws:CurrentTime": "2027-01-01"}, "DateLessThan": {"aws:CurrentTime": "2026-01-01"}}"#,
            Code::UnsatisfiableCondition,
            "\"aws:CurrentTime\"",
        ),
        (
            r#"{"StringEquals": {"aws:username": "ada"}, "StringNotLike": {"aws:username": "a*"}}"#,
            Code::UnsatisfiableCondition,
            "\"aws:username\"",
        ),
        (r#"{"Null": {"aws:username": ["true", "false"]}}"#, Code::VacuousCondition, "\"aws:username\""),
    ] {
        gives(Identity, &with_condition(condition), &[(code, at)]);
    }
    for sound in [
        r#"{"StringEquals": {"aws:username": ["ada", "eve"]}, "StringNotEquals": {"aws:username": "ada"}}"#,
        r#"{"StringEqualsIfExists": {"aws:username": "ada"}, "StringLikeIfExists": {"aws:username": "e*"}}"#,
        r#"{"NumericLessThanEquals": {"s3:max-keys": 5}, "NumericGreaterThanEquals": {"s3:max-keys": 5}}"#,
        r#"{"ForAnyValue:StringEquals": {"aws:TagKeys": ["a", "b"]}}"#,
        r#"{"StringEquals": {"kms:EncryptionContext:deputize:tenant": "acme"}}"#,
    ] {
        gives(Identity, &with_condition(sound), &[]);
    }
}

#[test]
fn principals_that_cannot_or_should_not_assume_a_role() {
    let by = |principal: &str| trusting(&format!(r#""Action": "sts:AssumeRole", "Principal": {principal}"#));
    for (principal, code, at) in [
        ("\"123456789012\"", Code::InvalidPrincipal, "\"123456789012\""),
        (r#"{"Aws": "123456789012"}"#, Code::UnknownField, "\"Aws\""),
        (r#"{"AWS": "role/x"}"#, Code::InvalidPrincipal, "\"role/x\""),
        (r#"{"Service": "lambda"}"#, Code::InvalidPrincipal, "\"lambda\""),
        (r#"{"CanonicalUser": "79a5"}"#, Code::InvalidPrincipal, "\"79a5\""),
        (
            r#"{"Federated": "https://token.example.com"}"#,
            Code::InvalidPrincipal,
            "\"https://token.example.com\"",
        ),
        (r#"{"AWS": ["123456789012", "123456789012"]}"#, Code::DuplicateValue, "\"123456789012\""),
        ("\"*\"", Code::OpenTrust, "\"*\""),
        (
            r#"{"Service": "rolesanywhere.amazonaws.com"}"#,
            Code::MismatchedAction,
            "\"rolesanywhere.amazonaws.com\"",
        ),
    ] {
        gives(Trust, &by(principal), &[(code, at)]);
    }
    let github = |subject: &str| {
        trusting(&format!(
            r#""Action": "sts:AssumeRoleWithWebIdentity",
            "Principal": {{"Federated": "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"}},
            "Condition": {{"StringLike": {{"token.actions.githubusercontent.com:sub": "{subject}"}}}}"#
        ))
    };
    gives(Trust, &github("repo:acme/*"), &[(Code::UnboundFederation, "\"repo:acme/*\"")]);
    gives(Trust, &github("repo:acme/site:*"), &[]);
}

#[test]
fn a_statement_is_dead_only_where_the_others_make_it_so() {
    let allow = |action: &str, resource: &str, rest: &str| {
        format!(r#"{{"Effect": "Allow", "Action": "{action}", "Resource": "{resource}"{rest}}}"#)
    };
    let deny = |action: &str, rest: &str| {
        format!(r#"{{"Effect": "Deny", "Action": "{action}", "Resource": "arn:aws:s3:::b*"{rest}}}"#)
    };
    let region = r#", "Condition": {"StringEquals": {"aws:RequestedRegion": "us-east-1"}}"#;
    let both = |one: String, two: String| policy(&format!("{one}, {two}"));
    let codes =
        |text: String| -> Vec<Code> { check(&text, Identity).findings.iter().map(|one| one.code).collect() };

    let object = || allow("s3:GetObject", "arn:aws:s3:::b/*", "");
    assert_eq!(codes(both(object(), allow("s3:Get*", "arn:aws:s3:::*", ""))), [Code::RedundantStatement]);
    assert_eq!(codes(both(object(), object())), [Code::RedundantStatement]);
    // Under a condition the wider one does not always apply.
    assert_eq!(codes(both(object(), allow("s3:Get*", "arn:aws:s3:::*", region))), []);
    assert_eq!(
        codes(both(
            allow("s3:GetObject", "arn:aws:s3:::b/*", region),
            allow("s3:Get*", "arn:aws:s3:::*", region)
        )),
        [Code::RedundantStatement]
    );
    // The STS calls are actions like all others here.
    assert_eq!(codes(both(allow("sts:AssumeRole", "arn:aws:iam::123456789012:role/x", ""), object())), []);
    // A variable may stand for anything, so it is covered by all, and covers nothing.
    assert_eq!(
        codes(both(allow("s3:GetObject", "arn:aws:s3:::b/${aws:username}", ""), object())),
        [Code::RedundantStatement]
    );
    assert_eq!(
        codes(both(
            allow("s3:GetObject", "arn:aws:s3:::b/${aws:username}", ""),
            allow("s3:GetObject", "arn:aws:s3:::b/ada", "")
        )),
        []
    );

    assert_eq!(codes(both(object(), deny("s3:*", ""))), [Code::SwallowedByDeny]);
    assert_eq!(codes(both(object(), deny("s3:*", region))), []);
    assert_eq!(codes(both(object(), deny("s3:Put*", ""))), []);
    let all_but = r#"{"Effect": "Deny", "NotAction": "iam:*", "Resource": "*"}"#;
    assert_eq!(codes(both(object(), all_but.to_owned())), [Code::SwallowedByDeny]);
    assert_eq!(codes(both(allow("iam:GetRole", "*", ""), all_but.to_owned())), []);
}

#[test]
fn a_policy_that_is_too_long_is_told_what_would_make_it_fit() {
    let only = |text: &str, kind| {
        let findings = check(text, kind).findings;
        let one =
            findings.into_iter().find(|one| matches!(one.code, Code::PolicySize | Code::NearPolicySize));
        one.unwrap()
    };
    let statement = |name: String| with_resource(&format!("\"arn:aws:s3:::{name}\""));
    let exact = 2_048 - statement(String::new()).len();
    assert!(check(&statement("x".repeat(exact)), Session).findings.is_empty());
    let over = only(&statement("x".repeat(exact + 20)), Session);
    assert!(over.message.contains("has 2068 characters"), "{over:?}");
    assert!(over.help.unwrap().starts_with("without white space it has"), "white space is counted by STS");

    // IAM does not count white space.
    let spaced = with_resource(&format!("\"arn:aws:s3:::b\"{}", " ".repeat(9_000)));
    assert!(check(&spaced, Managed).findings.is_empty());
    let trust = trusting(&format!(
        r#""Action": "sts:AssumeRole", "Sid": "{}", "Principal": {{"AWS": "123456789012"}}"#,
        "a".repeat(2_100)
    ));
    let near = only(&trust, Trust);
    assert_eq!((near.code, near.severity), (Code::NearPolicySize, Severity::Warning));
    assert!(near.help.unwrap().contains("Sids"), "the Sid is what is too long");
}

#[test]
fn fixes_lead_to_a_policy_without_what_they_mend() {
    let mut text = r#"{
      "Statement": [
        {"Sid": "a b", "Effect": "allow", "Action": ["s3:GetObject", "S3:Get*", "s3:Get*"], "Resource": ["arn:aws:s3:us-east-1::b/*"]},
        {"Effect": "Allow", "Action": "s3:Get**", "Resource": "arn:aws:s3:::*"}
      ]
    }"#
    .to_owned();
    for _ in 0..10 {
        let findings = check(&text, Identity).findings;
        let fixes: Vec<_> = findings.iter().filter_map(|one| one.fix.as_ref()).collect();
        let Some((edited, _)) = apply(&text, fixes) else { break };
        text = edited;
    }
    assert_eq!(check(&text, Identity).findings, [], "{text}");
    assert!(text.contains(r#""Action": "s3:Get*""#) && !text.contains("a b"), "{text}");
}
