//! What the catalogues know of permissions, told as findings: where it must be, and where it must not.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "what the tests share stands outside of test functions"
)]

use std::sync::LazyLock;

use deputize_scope::catalogue::{Catalogue, Catalogues, Permission};
use deputize_scope::finding::{Code, Finding, apply};
use deputize_scope::iam::PolicyKind;
use deputize_scope::{Cloud, Severity, check};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

static BUILT_IN: LazyLock<Catalogues> = LazyLock::new(Catalogues::built_in);

/// The codes that need a catalogue.
const OF_CATALOGUE: [Code; 10] = [
    Code::UnknownService,
    Code::UnknownPermission,
    Code::UnmatchedWildcard,
    Code::PermissionCase,
    Code::TakesNoResource,
    Code::ResourceMismatch,
    Code::UnusedResource,
    Code::ArnFormat,
    Code::UnknownConditionKey,
    Code::UnsupportedConditionKey,
];

fn scope(text: &str) -> String {
    format!("version: 1\ntenant: acme\nagents: {{ ops: {{ scopes: [{{ {text} }}] }} }}\n")
}

fn told<'t>(text: &'t str, findings: &[Finding]) -> Vec<(Code, &'t str)> {
    let at = |one: &Finding| one.span.map_or("", |span| &text[span.start..span.end]);
    findings.iter().map(|one| (one.code, at(one))).collect()
}

fn in_scope(text: &str) -> Vec<(Code, String)> {
    let text = scope(text);
    let findings = check::document(&text, &BUILT_IN).findings;
    told(&text, &findings).into_iter().map(|(code, at)| (code, at.to_owned())).collect()
}

fn statement(text: &str) -> String {
    format!(r#"{{"Version": "2012-10-17", "Statement": [{{{text}}}]}}"#)
}

fn in_statement(text: &str) -> Vec<(Code, String)> {
    let text = statement(text);
    let findings = check::policy(&text, PolicyKind::Identity, &BUILT_IN).findings;
    told(&text, &findings).into_iter().map(|(code, at)| (code, at.to_owned())).collect()
}

#[test]
fn the_example_has_nothing_that_the_catalogues_object_to() {
    let text = std::fs::read_to_string(format!("{ROOT}/examples/mission.yaml")).unwrap();
    let found = check::document(&text, &BUILT_IN).findings;
    assert!(found.iter().all(|one| !OF_CATALOGUE.contains(&one.code)), "{found:#?}");
    // The rest is as it is without catalogues.
    assert_eq!(found, check::document(&text, &Catalogues::default()).findings);
}

#[test]
fn every_action_of_aws_is_known_and_written_as_aws_writes_it() {
    let catalogue = BUILT_IN.aws.as_ref().unwrap();
    let names: Vec<String> =
        catalogue.services().flat_map(|service| service.permissions()).map(Permission::name).collect();
    assert_eq!(names.len(), 22_091);
    for part in names.chunks(2_500) {
        let parsed =
            check::document(&scope(&format!("cloud: aws, permissions: [{}]", part.join(", "))), &BUILT_IN);
        let about_names =
            |one: &&Finding| OF_CATALOGUE.contains(&one.code) || one.code == Code::InvalidPermission;
        assert!(parsed.findings.iter().find(about_names).is_none(), "{:#?}", parsed.findings);
        let text = statement(&format!(r#""Effect": "Deny", "Action": {part:?}, "Resource": "*""#));
        let checked = check::policy(&text, PolicyKind::Managed, &BUILT_IN);
        let wrong = |one: &&Finding| one.code != Code::PolicySize;
        assert_eq!(checked.findings.iter().find(wrong), None);
    }
}

#[test]
fn every_permission_of_the_cores_is_known() {
    for cloud in [Cloud::Gcp, Cloud::Azure] {
        let catalogue = BUILT_IN.of(cloud).unwrap();
        for service in catalogue.services() {
            let names: Vec<String> = service.permissions().map(Permission::name).collect();
            let text = scope(&format!("cloud: {cloud}, permissions: [{}]", names.join(", ")));
            let found = check::document(&text, &BUILT_IN).findings;
            let about_names = |one: &&Finding| {
                OF_CATALOGUE.contains(&one.code)
                    || matches!(one.code, Code::InvalidPermission | Code::OperationShape)
            };
            assert_eq!(found.iter().find(about_names), None);
        }
    }
}

#[test]
fn what_is_not_known_is_told_with_what_was_meant() {
    for (permission, code, meant) in [
        ("s3:GetObjekt", Code::UnknownPermission, Some("s3:GetObject")),
        ("dynamdb:GetItem", Code::UnknownService, Some("dynamodb:GetItem")),
        ("dynamdb:Get*", Code::UnknownService, Some("dynamodb:Get*")),
        ("s3:Fetch*", Code::UnmatchedWildcard, None),
        ("ec2:GetObject", Code::UnknownPermission, None),
        ("frobnicate:Now", Code::UnknownService, None),
    ] {
        let text = scope(&format!("cloud: aws, permissions: [\"{permission}\"]"));
        let found = check::document(&text, &BUILT_IN);
        let [finding] = found.findings.as_slice() else { panic!("{:#?}", found.findings) };
        assert_eq!((finding.code, finding.severity), (code, Severity::Warning), "{permission}");
        assert!(finding.help.as_ref().unwrap().contains("2026-09-26"), "{finding:?}");
        let mended = apply(&text, finding.fix.as_ref()).map(|(mended, _)| mended);
        assert_eq!(mended, meant.map(|meant| text.replace(permission, meant)), "{permission}");
        assert!(found.document.is_some());
    }
}

#[test]
fn what_the_core_does_not_know_is_a_note_that_names_the_pull_and_changes_nothing() {
    for (cloud, permission) in [
        ("gcp", "storage.object.get"),
        ("gcp", "frobnicate.things.get"),
        ("azure", "Microsoft.Compute/virtualMachine/read"),
        ("azure", "Microsoft.Frobnication/*"),
    ] {
        let text = scope(&format!("cloud: {cloud}, permissions: [\"{permission}\"]"));
        let mut found = check::document(&text, &BUILT_IN).findings;
        // That no token is known for a service is another matter.
        found.retain(|finding| finding.code != Code::NoOauthScope);
        let [finding] = found.as_slice() else { panic!("{found:#?}") };
        assert_eq!(finding.severity, Severity::Info);
        assert!(finding.help.as_ref().unwrap().contains(&format!("catalogue pull --cloud {cloud}")));
        assert_eq!(finding.fix, None);
    }
}

#[test]
fn a_whole_catalogue_of_google_cloud_warns_and_mends() {
    let header = "deputize-catalogue 1\ncloud gcp\ndate 2026-11-01\nextent whole\nsource a test\nsha256 ";
    let text = format!("{header}{}\n\n@storage\nobjects\tR:get\tL:list\n", "0".repeat(64));
    let mut catalogues = Catalogues::default();
    catalogues.insert(Catalogue::parse(text).unwrap());
    let text = scope("cloud: gcp, permissions: [storage.objects.Get]");
    let found = check::document(&text, &catalogues).findings;
    assert_eq!(told(&text, &found), [(Code::UnknownPermission, "storage.objects.Get")]);
    assert_eq!(found[0].severity, Severity::Warning);
    assert_eq!(apply(&text, found[0].fix.as_ref()).unwrap().0, text.replace("Get", "get"));
}

#[test]
fn wildcards_and_spelling_are_told_only_where_something_is_gained() {
    let of = |permission: &str| {
        in_scope(&format!("cloud: aws, permissions: [\"{permission}\"]")).into_iter().map(|(code, _)| code)
    };
    for (permission, code) in [
        ("lambda:InvokeFunctionU*", Some(Code::NeedlessWildcard)),
        ("s3:getObject", Some(Code::PermissionCase)),
        ("s3:get*", Some(Code::PermissionCase)),
        ("s3:Get*", None),
        ("s3:*Object", None),
        ("s3:*", None),
        // It has one action now, and may have more tomorrow.
        ("cur:*", None),
    ] {
        assert_eq!(of(permission).next(), code, "{permission}");
    }
    assert_eq!(in_scope("cloud: azure, permissions: [Microsoft.App/containerApps/read]"), []);
    let found = in_scope("cloud: azure, permissions: [microsoft.compute/virtualmachines/read]");
    assert_eq!(found[0].0, Code::PermissionCase);
}

#[test]
fn actions_that_the_resources_leave_out_are_told() {
    for (permissions, resources, expected) in [
        ("s3:ListBucket", "arn:aws:s3:::b/*", vec![(Code::ResourceMismatch, "s3:ListBucket")]),
        ("s3:GetObject", "arn:aws:s3:::b", vec![(Code::ResourceMismatch, "s3:GetObject")]),
        ("ec2:DescribeInstances", "arn:aws:s3:::b", vec![(Code::TakesNoResource, "ec2:DescribeInstances")]),
        ("logs:Put*", "arn:aws:ecs:us-east-1:1:service/a/b", vec![(Code::ResourceMismatch, "\"logs:Put*\"")]),
        // Sound: each works on one of them.
        ("s3:GetObject, s3:ListBucket", "arn:aws:s3:::b\", \"arn:aws:s3:::b/*", vec![]),
        ("s3:*", "arn:aws:s3:::b", vec![]),
        ("s3:Get*", "arn:aws:s3:::b*", vec![]),
        ("s3:GetObject, s3:ListAllMyBuckets", "*", vec![]),
        ("logs:PutLogEvents", "arn:aws:logs:*:1:log-group:/prod/*", vec![]),
        ("ec2:RunInstances", "arn:aws:ec2:us-east-1::image/ami-1", vec![]),
        // What is not known may work on anything.
        ("s3:Frobnicate", "arn:aws:s3:::b", vec![(Code::UnknownPermission, "s3:Frobnicate")]),
        ("*", "arn:aws:s3:::b", vec![]),
    ] {
        let quoted = permissions
            .split(", ")
            .map(|one| if one.contains('*') { format!("\"{one}\"") } else { one.to_owned() });
        let quoted: Vec<String> = quoted.collect();
        let found = in_scope(&format!(
            "cloud: aws, permissions: [{}], resources: [\"{resources}\"]",
            quoted.join(", ")
        ));
        let found: Vec<(Code, &str)> = found
            .iter()
            .filter(|(code, _)| OF_CATALOGUE.contains(code))
            .map(|(code, at)| (*code, at.as_str()))
            .collect();
        assert_eq!(found, expected, "{permissions} on {resources}");
    }
}

#[test]
fn statements_with_not_and_variables_raise_no_alarm() {
    for sound in [
        r#""Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::home/${aws:username}/*""#,
        r#""Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::${aws:PrincipalTag/bucket}/*""#,
        r#""Effect": "Deny", "NotAction": ["s3:GetObject", "cloudwatch:GetMetricData"], "Resource": "arn:aws:s3:::b/*""#,
        r#""Effect": "Deny", "Action": "s3:ListAllMyBuckets", "NotResource": "arn:aws:s3:::b/*""#,
        r#""Effect": "Allow", "Action": "iam:PassRole", "Resource": "arn:aws:iam::*:role/app-*", "Condition": {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}"#,
        r#""Effect": "Allow", "Action": "ec2:Start*", "Resource": "*", "Condition": {"StringEquals": {"ec2:ResourceTag/team": "data", "aws:ResourceTag/team": "data"}}"#,
        r#""Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::b", "Condition": {"StringLike": {"S3:Prefix": "a/*"}, "ArnLike": {"lambda:SourceFunctionArn": "arn:aws:lambda:*:*:function:x"}}"#,
    ] {
        assert_eq!(in_statement(sound), [], "{sound}");
    }
}

#[test]
fn arns_and_keys_that_nothing_has_are_told_in_policies() {
    let allow = r#""Effect": "Allow", "Action": "s3:ListBucket", "Resource": "#;
    for (rest, code, at) in [
        (r#"["arn:aws:s3:::b", "arn:aws:s3:::b/*"]"#, Code::UnusedResource, r#""arn:aws:s3:::b/*""#),
        (r#"["arn:aws:s3:::b", "arn:aws:sqss:*:*:q"]"#, Code::UnknownService, r#""arn:aws:sqss:*:*:q""#),
        (r#"["arn:aws:s3:::b", "arn:aws:lambda:*:*:q"]"#, Code::ArnFormat, r#""arn:aws:lambda:*:*:q""#),
        (
            r#""arn:aws:s3:::b", "Condition": {"StringLike": {"s3:prefixes": "a"}}"#,
            Code::UnknownConditionKey,
            r#""s3:prefixes""#,
        ),
        (
            r#""arn:aws:s3:::b", "Condition": {"StringLike": {"ec2:Owner": "a"}}"#,
            Code::UnsupportedConditionKey,
            r#""ec2:Owner""#,
        ),
        (
            r#""arn:aws:s3:::b", "Condition": {"StringLike": {"s3s:prefix": "a"}}"#,
            Code::UnknownConditionKey,
            r#""s3s:prefix""#,
        ),
    ] {
        assert_eq!(in_statement(&format!("{allow}{rest}")), [(code, at.to_owned())], "{rest}");
    }
}

#[test]
fn planes_of_azure_are_those_of_the_catalogue() {
    let mixed = "cloud: azure, permissions: [Microsoft.ContainerService/managedClusters/read, Microsoft.ContainerService/managedClusters/pods/read]";
    // The form of the operation does not tell that it is on data; the catalogue does.
    assert!(check::document(&scope(mixed), &Catalogues::default()).findings.is_empty());
    assert_eq!(in_scope(mixed)[0].0, Code::MixedPlanes);
}

#[test]
fn a_flood_of_patterns_is_answered() {
    let hostile: Vec<String> = (0..1_500).map(|number| format!("\"ec2:*{number}*a*e*\"")).collect();
    let text = scope(&format!("cloud: aws, permissions: [{}]", hostile.join(", ")));
    let found = check::document(&text, &BUILT_IN).findings;
    assert_eq!(found.len(), 201);
    assert!(found.iter().any(|one| one.code == Code::UnmatchedWildcard));
}
