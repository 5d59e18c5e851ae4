//! Privilege escalation is found where the calls can be made together, and nowhere else.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what the tests share stands outside of test functions"
)]

mod escalation_model;

use deputize_scope::aws::authority::{Authority, Certainty, Statement};
use deputize_scope::aws::region::Regions;
use deputize_scope::azure::AzureOperation;
use deputize_scope::catalogue::Catalogues;
use deputize_scope::escalation::{AzureGrant, GcpGrant, Held, find};
use deputize_scope::finding::Code;
use deputize_scope::gcp::GcpPermission;
use deputize_scope::{Finding, ScopeDocument, Severity};
use escalation_model::{allow, deny, ids, paths, policy};
use serde_json::{Value, json};

fn check(text: &str) -> Vec<Finding> {
    deputize_scope::check::document(text, &Catalogues::default()).findings
}

#[test]
fn resources_must_fit_together() {
    let role = "arn:aws:iam::111111111111:role/app/*";
    let function = |account: &str, name: &str| format!("arn:aws:lambda:eu-west-1:{account}:function:{name}");
    let of = |create: &str, invoke: &str| {
        json!([
            allow("iam:PassRole", role),
            allow("lambda:CreateFunction", create),
            allow("lambda:InvokeFunction", invoke)
        ])
    };
    let found = paths(&of(&function("111111111111", "a-*"), &function("111111111111", "*-b")));
    let calls: Vec<String> = found[0].permissions.iter().map(ToString::to_string).collect();
    assert_eq!(
        calls,
        [
            "iam:PassRole on arn:aws:iam::111111111111:role/app/example",
            "lambda:CreateFunction on arn:aws:lambda:eu-west-1:111111111111:function:a-b",
            "lambda:InvokeFunction on arn:aws:lambda:eu-west-1:111111111111:function:a-b",
        ]
    );
    assert!(found[0].any_target);
    // The function that may be made is not the one that may be invoked.
    assert_eq!(ids(&of(&function("111111111111", "a-*"), &function("111111111111", "b-*"))), [""; 0]);
    // The role is another account's.
    assert_eq!(ids(&of(&function("222222222222", "*"), &function("222222222222", "*"))), [""; 0]);
    // What may be made in one region is invoked in another.
    let elsewhere = "arn:aws:lambda:eu-north-1:111111111111:function:*";
    assert_eq!(ids(&of(&function("111111111111", "*"), elsewhere)), [""; 0]);
}

#[test]
fn a_role_that_is_named_is_told_from_any_role() {
    let with = |role: &str| {
        let statements = json!([allow("iam:PassRole", role), allow("glue:CreateDevEndpoint", "*")]);
        paths(&statements).remove(0)
    };
    assert!(!with("arn:aws:iam::111111111111:role/glue").any_target);
    assert!(with("arn:aws:iam::111111111111:role/glue-*").any_target);
    assert!(with("*").depends_on_target.unwrap().contains("role"));
}

#[test]
fn a_denial_of_part_leaves_the_rest() {
    let of = |denied: &str| {
        json!([allow("iam:CreateAccessKey", "arn:aws:iam::111111111111:user/a*"), deny("iam:*", denied)])
    };
    assert_eq!(ids(&of("arn:aws:iam::111111111111:user/ab*")), ["create-access-key"]);
    assert_eq!(ids(&of("arn:aws:iam::111111111111:user/*")), [""; 0]);
    assert_eq!(ids(&of("arn:aws:iam::222222222222:user/*")), ["create-access-key"]);
    // All but what is denied.
    let all_but = json!([allow("iam:CreateAccessKey", "*"), { "Effect": "Deny", "Action": "iam:*", "NotResource": "arn:aws:iam::*:group/*" }]);
    assert_eq!(ids(&all_but), [""; 0]);
}

#[test]
fn conditions_decide() {
    let under = |action: &str, condition: Value| {
        let statement =
            json!({ "Effect": "Allow", "Action": action, "Resource": "*", "Condition": condition });
        ids(&json!([statement]))
    };
    // A boundary bounds whatever is attached; a list of harmless policies likewise.
    assert_eq!(
        under(
            "iam:PutRolePolicy",
            json!({ "StringEquals": { "iam:PermissionsBoundary": "arn:aws:iam::111111111111:policy/b" } })
        ),
        [""; 0]
    );
    assert_eq!(
        under(
            "iam:AttachRolePolicy",
            json!({ "ArnEquals": { "iam:PolicyARN": "arn:aws:iam::aws:policy/ReadOnlyAccess" } })
        ),
        [""; 0]
    );
    assert_eq!(
        under("iam:AttachRolePolicy", json!({ "ArnLike": { "iam:PolicyARN": "arn:aws:iam::aws:policy/*" } })),
        ["attach-role-policy"]
    );
    assert_eq!(
        under(
            "iam:AttachRolePolicy",
            json!({ "ArnNotEquals": { "iam:PolicyARN": "arn:aws:iam::aws:policy/AdministratorAccess" } })
        ),
        ["attach-role-policy"]
    );
    // IAM is called in one region; what is regional in any.
    assert_eq!(
        under("iam:PutUserPolicy", json!({ "StringEquals": { "aws:RequestedRegion": "eu-west-1" } })),
        [""; 0]
    );
    assert_eq!(
        under(
            "iam:PutUserPolicy",
            json!({ "StringEquals": { "aws:RequestedRegion": ["eu-west-1", "us-east-1"] } })
        ),
        ["put-user-policy"]
    );
    assert_eq!(
        under("lambda:UpdateFunctionCode", json!({ "StringEquals": { "aws:RequestedRegion": "eu-west-1" } })),
        ["update-function-code"]
    );
    // A caller chooses the external id.
    let assume = json!([
        allow("iam:DeleteRolePermissionsBoundary", "*"),
        { "Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*", "Condition": { "StringEquals": { "sts:ExternalId": "secret" } } }
    ]);
    assert_eq!(ids(&assume), ["delete-role-boundary"]);
}

#[test]
fn a_conditional_denial_counts_where_it_cannot_be_escaped() {
    let past = |condition: Value| {
        let denial = json!({ "Effect": "Deny", "Action": "*", "Resource": "*", "Condition": condition });
        ids(&json!([
            allow("lambda:UpdateFunctionCode", "arn:aws:lambda:eu-west-1:111111111111:function:f"),
            denial
        ]))
    };
    assert_eq!(past(json!({ "StringNotEquals": { "aws:RequestedRegion": "us-east-1" } })), [""; 0]);
    assert_eq!(
        past(json!({ "StringNotEquals": { "aws:RequestedRegion": ["us-east-1", "eu-west-1"] } })),
        ["update-function-code"]
    );
    assert_eq!(
        past(json!({ "BoolIfExists": { "aws:MultiFactorAuthPresent": "false" } })),
        ["update-function-code"]
    );
    assert_eq!(past(json!({ "Bool": { "aws:SecureTransport": "false" } })), ["update-function-code"]);
    assert_eq!(past(json!({ "StringEquals": { "aws:PrincipalAccount": "111111111111" } })), [""; 0]);
    assert_eq!(past(json!({ "StringLike": { "aws:PrincipalArn": "*" } })), [""; 0]);
}

#[test]
fn everything_is_one_path() {
    let document = policy(&json!([allow("*", "*")]));
    let found = find(&Held::Policies(&[&document]));
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].rule.id, "everything");
    assert!(ids(&json!([allow("*", "*"), deny("s3:*", "*")])).len() > 60);
    assert!(ids(&json!([allow("iam:*", "*")])).len() >= 14);
}

fn session(actions: &[&str], resources: &[&str], role: Option<&str>) -> Vec<String> {
    let statement = Statement {
        actions: actions.iter().map(|one| one.parse().unwrap()).collect(),
        resources: resources.iter().map(|one| one.parse().unwrap()).collect(),
        regions: Regions::All,
    };
    let (authority, role) = (Authority::new(vec![statement]), role.map(|role| role.parse().unwrap()));
    let found = find(&Held::Session { authority: &authority, role: role.as_ref() });
    found.into_iter().map(|path| path.rule.id.clone()).collect()
}

#[test]
fn a_session_cannot_pivot_and_gains_nothing_from_its_own_role() {
    assert_eq!(session(&["iam:DeleteRolePermissionsBoundary", "sts:*"], &["*"], None), [""; 0]);
    let role = "arn:aws:iam::111111111111:role/agent";
    assert_eq!(session(&["iam:PutRolePolicy"], &[role], Some(role)), [""; 0]);
    assert_eq!(
        session(&["iam:PutRolePolicy"], &["arn:aws:iam::111111111111:role/*"], Some(role)),
        ["put-role-policy"]
    );
    // It works in its role's account.
    assert_eq!(session(&["iam:PutRolePolicy"], &["arn:aws:iam::222222222222:role/*"], Some(role)), [""; 0]);
    assert_eq!(session(&["*"], &["*"], Some(role)), ["everything"]);
}

#[test]
fn a_session_works_in_its_regions() {
    let of = |region: &str, regions: &str| {
        let statement = Statement {
            actions: vec!["lambda:UpdateFunctionCode".parse().unwrap()],
            resources: vec![format!("arn:aws:lambda:{region}:111111111111:function:*").parse().unwrap()],
            regions: Regions::from_iter([regions.parse().unwrap()]),
        };
        find(&Held::Session { authority: &Authority::new(vec![statement]), role: None }).len()
    };
    assert_eq!(of("eu-west-1", "eu-west-1"), 1);
    assert_eq!(of("*", "eu-west-1"), 1);
    assert_eq!(of("eu-north-1", "eu-west-1"), 0);
}

fn gcp(permissions: &[&str], resources: &[&str]) -> Vec<String> {
    let permissions: Vec<GcpPermission> = permissions.iter().map(|one| one.parse().unwrap()).collect();
    let resources: Vec<String> = resources.iter().map(ToString::to_string).collect();
    let found = find(&Held::Gcp(&[GcpGrant { permissions: &permissions, resources: &resources }]));
    found.into_iter().map(|path| path.rule.id.clone()).collect()
}

#[test]
fn permissions_of_google_reach_resources_of_their_service() {
    let token = ["iam.serviceAccounts.getAccessToken"];
    let account = "//iam.googleapis.com/projects/p/serviceAccounts/s@p.iam.gserviceaccount.com";
    assert_eq!(gcp(&token, &[]), ["mint-token"]);
    assert_eq!(gcp(&token, &[account]), ["mint-token"]);
    assert_eq!(gcp(&token, &["//cloudresourcemanager.googleapis.com/projects/p"]), ["mint-token"]);
    assert_eq!(gcp(&token, &["//storage.googleapis.com/projects/_/buckets/b"]), [""; 0]);
    assert_eq!(gcp(&["iam.serviceAccounts.actAs"], &[]), [""; 0]);
    assert_eq!(
        gcp(&["iam.serviceAccounts.actAs", "run.jobs.create", "run.jobs.run"], &[]),
        ["attach-to-run-job"]
    );
    assert_eq!(gcp(&["iam.serviceAccounts.actAs", "run.jobs.create", "run.jobs.run"], &[account]), [""; 0]);
    assert_eq!(gcp(&["run.jobs.create", "run.jobs.run"], &[]), [""; 0]);
}

fn azure(operations: &[&str], but: &[&str], resources: &[&str]) -> Vec<String> {
    let parsed =
        |texts: &[&str]| texts.iter().map(|one| one.parse().unwrap()).collect::<Vec<AzureOperation>>();
    let (operations, but) = (parsed(operations), parsed(but));
    let resources: Vec<String> = resources.iter().map(ToString::to_string).collect();
    let found =
        find(&Held::Azure(&[AzureGrant { operations: &operations, but: &but, resources: &resources }]));
    found.into_iter().map(|path| path.rule.id.clone()).collect()
}

#[test]
fn operations_of_azure_are_read_with_wildcards_and_what_they_leave_out() {
    assert_eq!(azure(&["*"], &[], &[]), ["everything"]);
    assert_eq!(azure(&["microsoft.keyvault/vaults/WRITE"], &[], &[]), ["open-vault"]);
    assert_eq!(azure(&["Microsoft.Compute/*/runCommand/action"], &[], &[]), ["run-on-machine"; 2]);
    assert_eq!(azure(&["*/read"], &[], &[]), ["list-keys"; 2], "tokens and files of functions");
    assert_eq!(
        azure(
            &["Microsoft.Authorization/*"],
            &["Microsoft.Authorization/*/write", "Microsoft.Authorization/elevateAccess/action"],
            &[]
        ),
        [""; 0]
    );
    let vault = "/subscriptions/s/resourceGroups/g/providers/Microsoft.KeyVault/vaults/v";
    assert_eq!(azure(&["Microsoft.KeyVault/vaults/write"], &[], &[vault]), ["open-vault"]);
    assert_eq!(azure(&["Microsoft.Compute/virtualMachines/runCommand/action"], &[], &[vault]), [""; 0]);
    assert_eq!(azure(&["Microsoft.Authorization/roleAssignments/write"], &[], &[vault]), ["assign-role"]);
    // What one assignment leaves out, another may grant.
    let one: Vec<AzureOperation> = vec!["Microsoft.KeyVault/*".parse().unwrap()];
    let two: Vec<AzureOperation> = vec!["Microsoft.KeyVault/vaults/write".parse().unwrap()];
    let grants = [
        AzureGrant { operations: &one, but: &two, resources: &[] },
        AzureGrant { operations: &two, ..AzureGrant::default() },
    ];
    assert_eq!(find(&Held::Azure(&grants[..1])).len(), 1);
    assert_eq!(find(&Held::Azure(&grants)).len(), 2);
}

/// Findings of a document: severity, code, line, and the message up to the comma after the title.
fn told(text: &str) -> Vec<(Severity, Code, usize, String)> {
    let findings = check(text).into_iter().map(|finding| {
        let title = finding.message.split(", which gives").next().unwrap().to_owned();
        (finding.severity, finding.code, finding.span.unwrap().line, title)
    });
    findings.collect()
}

#[test]
fn the_example_has_the_findings_that_are_true() {
    let example = include_str!("../../../examples/mission.yaml");
    let found: Vec<(Severity, Code, &str, String)> = told(example)
        .into_iter()
        .filter(|(_, code, ..)| *code != Code::BroadOauthScope)
        .map(|(severity, code, line, title)| {
            (severity, code, example.lines().nth(line - 1).unwrap().trim(), title)
        })
        .collect();
    let found: Vec<_> =
        found.iter().map(|(severity, code, line, title)| (*severity, *code, *line, title.as_str())).collect();
    let target = (Severity::Info, Code::EscalationByTarget);
    let all = (Severity::Warning, Code::AllAuthority);
    let of = |(severity, code): (Severity, Code), line: &'static str, title: &'static str| {
        (severity, code, line, title)
    };
    assert_eq!(
        found,
        [
            // What runs in a cluster may take the service accounts and the node that are there.
            of(
                target,
                "- container.deployments.create",
                "devops-agent: pods of the caller's choice run in a cluster"
            ),
            of(
                target,
                "- container.deployments.update",
                "devops-agent: pods of the caller's choice run in a cluster"
            ),
            // A build runs under Cloud Build's own service account, without asking for iam.serviceAccounts.actAs.
            of(
                target,
                "- cloudbuild.builds.create",
                "devops-agent: code of the caller's choice runs under a service account that was attached by others"
            ),
            of(
                target,
                "- Microsoft.ContainerService/managedClusters/listClusterUserCredential/action",
                "devops-agent: a cluster gives out the credentials of its users"
            ),
            of(
                all,
                "permissions: [\"*\"]                # a value that begins with an asterisk needs quotes",
                "cto-agent: every action is allowed on every resource"
            ),
            of(
                target,
                "- cloudbuild.builds.create",
                "cto-agent: code of the caller's choice runs under a service account that was attached by others"
            ),
            of(
                target,
                "- container.deployments.create",
                "cto-agent: pods of the caller's choice run in a cluster"
            ),
            of(
                target,
                "- container.deployments.update",
                "cto-agent: pods of the caller's choice run in a cluster"
            ),
            of(all, "permissions: [\"*\"]", "cto-agent: every operation is allowed"),
        ]
    );
}

#[test]
fn scopes_count_together_where_they_share_a_role() {
    let document = |second: &str| {
        format!(
            "version: 1\ntenant: acme\nagents:\n  ops:\n    scopes:\n      - cloud: aws\n        role: arn:aws:iam::111111111111:role/one\n        permissions: [\"glue:CreateDev*\"]\n      - cloud: aws\n        role: {second}\n        permissions: [logs:PutLogEvents, iam:PassRole]\n        resources: [\"arn:aws:iam::111111111111:role/glue\"]\n"
        )
    };
    let together = document("arn:aws:iam::111111111111:role/one");
    let found = check(&together);
    assert_eq!(found.len(), 1);
    let span = found[0].span.unwrap();
    assert_eq!(&together[span.start..span.end], "iam:PassRole");
    // The role is named: whether it may do more, AWS knows.
    assert_eq!((found[0].severity, found[0].code), (Severity::Info, Code::EscalationByTarget));
    assert!(
        found[0].message.contains("iam:PassRole on arn:aws:iam::111111111111:role/glue"),
        "{}",
        found[0].message
    );
    assert_eq!(check(&document("arn:aws:iam::111111111111:role/two")), []);
    // What is wrong with the document is told as ever, and nothing is guessed about the rest.
    assert_eq!(check("version: 1\n"), ScopeDocument::parse("version: 1\n").findings);
}

#[test]
fn ten_thousand_permissions_are_looked_through() {
    let named = |index: usize| format!("arn:aws:iam::{}:role/r{index}", 111_111_111_111 + index % 3);
    let roles: Vec<String> = (0..10_000).map(named).collect();
    let mut statements: Vec<Value> = roles.iter().map(|role| allow("iam:PassRole", role)).collect();
    statements.extend((0..10_000).map(|index| deny(&format!("iam:Get{index}*"), "*")));
    statements.push(json!({ "Effect": "Allow", "Action": "glue:*", "Resource": "*" }));
    let found = ids(&Value::Array(statements));
    assert!(found.contains(&"pass-role-to-glue-job".to_owned()), "{found:?}");
    // One action on ten thousand resources and past as many denials, none of which leaves a way.
    let denials = roles.iter().map(|role| deny("iam:PassRole", role));
    let mut statements: Vec<Value> =
        roles.iter().map(|role| allow("iam:PassRole", role)).chain(denials).collect();
    statements.push(allow("glue:CreateDevEndpoint", "*"));
    let document = policy(&Value::Array(statements));
    let found = find(&Held::Policies(&[&document]));
    // Either it is shown that there is none, or it is said that nothing was shown.
    assert!(found.iter().all(|path| path.certainty == Certainty::Undecided));
}

#[test]
fn a_flood_of_conditions_is_answered() {
    let tag = |effect: &str, operator: &str, index: usize| {
        let condition = json!({ operator: { format!("aws:PrincipalTag/t{index}"): "v" } });
        json!({ "Effect": effect, "Action": "*", "Resource": "*", "Condition": condition })
    };
    let flood = |count: usize| -> Vec<Value> {
        let pair = |index| [tag("Allow", "StringEquals", index), tag("Deny", "StringNotEquals", index)];
        (0..count).flat_map(pair).collect()
    };
    // A principal with all the tags escapes all the denials.
    assert!(ids(&Value::Array(flood(20))).contains(&"put-role-policy".to_owned()));
    let document = policy(&Value::Array(flood(2_000)));
    assert!(find(&Held::Policies(&[&document])).iter().any(|path| path.rule.id == "put-role-policy"));
}
