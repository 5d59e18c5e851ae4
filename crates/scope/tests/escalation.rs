//! Privilege escalation: the rules hold what is known, and fire where the calls can be made, and nowhere else.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what the tests share stands outside of test functions"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path as File;

use deputize_scope::aws::authority::{Authority, Certainty, Statement};
use deputize_scope::aws::evaluate::{Call, Verdict, evaluate};
use deputize_scope::aws::policy::PolicyDocument;
use deputize_scope::aws::region::Regions;
use deputize_scope::azure::AzureOperation;
use deputize_scope::escalation::{AzureGrant, GcpGrant, Held, Path, Rule, check, find, rules};
use deputize_scope::finding::Code;
use deputize_scope::gcp::GcpPermission;
use deputize_scope::{Cloud, ScopeDocument, Severity};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};

fn policy(statements: &Value) -> PolicyDocument {
    json!({ "Version": "2012-10-17", "Statement": statements }).to_string().parse().unwrap()
}

fn allow(action: &str, resource: &str) -> Value {
    json!({ "Effect": "Allow", "Action": action, "Resource": resource })
}

fn deny(action: &str, resource: &str) -> Value {
    json!({ "Effect": "Deny", "Action": action, "Resource": resource })
}

fn paths(statements: &Value) -> Vec<Path> {
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
fn is_allowed(document: &PolicyDocument, witness: &deputize_scope::escalation::Witness) -> bool {
    let mut context: BTreeMap<String, Vec<String>> =
        witness.conditions.iter().map(|(key, value)| (key.clone(), vec![value.clone()])).collect();
    if let Some(region) = &witness.region {
        context.entry("aws:requestedregion".to_owned()).or_insert(vec![region.to_string()]);
    }
    let call = Call {
        action: witness.permission.clone(),
        resource: witness.resource.clone().unwrap_or("*".to_owned()),
        context,
    };
    matches!(evaluate(&[document], &call), Verdict::Allowed { .. })
}

fn ids(statements: &Value) -> Vec<String> {
    paths(statements).into_iter().map(|path| path.rule.id.clone()).collect()
}

fn held_of_row(cloud: &str, permissions: &[&str]) -> Vec<Path> {
    match cloud {
        "aws" => {
            let document = policy(&permissions.iter().map(|action| allow(action, "*")).collect());
            find(&Held::Policies(&[&document]))
        }
        "gcp" => {
            let permissions: Vec<GcpPermission> =
                permissions.iter().map(|one| one.parse().unwrap()).collect();
            find(&Held::Gcp(&[GcpGrant { permissions: &permissions, resources: &[] }]))
        }
        _ => {
            let operations: Vec<AzureOperation> =
                permissions.iter().map(|one| one.parse().unwrap()).collect();
            find(&Held::Azure(&[AzureGrant { operations: &operations, ..AzureGrant::default() }]))
        }
    }
}

/// What others count as escalation and we do not, with the reason.
const LEFT_OUT: &[(&str, &[&str])] = &[
    ("the action does not exist any more", &["codestar:CreateProjectFromTemplate"]),
    (
        "it needs iam.serviceAccounts.actAs, with which it is a rule",
        &["cloudfunctions.functions.create", "cloudfunctions.functions.update", "compute.instances.create"],
    ),
    (
        "it reads, writes or destroys data, which is what it says",
        &[
            "Microsoft.MachineLearningServices/workspaces/data/delete + Microsoft.MachineLearningServices/workspaces/data/versions/write + Microsoft.MachineLearningServices/workspaces/data/write + Microsoft.MachineLearningServices/workspaces/datasets/registered/write",
            "Microsoft.ServiceBus/namespaces/messages/receive/action",
            "Microsoft.ServiceBus/namespaces/messages/send/action",
            "Microsoft.Sql/servers/databases/dataMaskingPolicies/write",
            "Microsoft.Storage/storageAccounts/blobServices/containers/immutabilityPolicies/delete",
            "Microsoft.Storage/storageAccounts/blobServices/containers/immutabilityPolicies/write",
            "Microsoft.Storage/storageAccounts/fileServices/shares/restore/action",
            "Microsoft.Storage/storageAccounts/queueServices/queues/messages/add/action",
            "Microsoft.Storage/storageAccounts/queueServices/queues/messages/process/action",
            "Microsoft.Storage/storageAccounts/queueServices/queues/messages/read",
            "Microsoft.Storage/storageAccounts/queueServices/queues/messages/write",
            "Microsoft.Storage/storageAccounts/queueServices/queues/write",
            "Microsoft.Storage/storageAccounts/restoreBlobRanges/action",
            "aiplatform.datasets.export",
            "aiplatform.datasets.import",
            "aiplatform.models.export",
            "appengine.versions.getFileContents + appengine.versions.update",
            "artifactregistry.packages.delete + artifactregistry.tags.delete + artifactregistry.versions.delete",
            "artifactregistry.repositories.delete",
            "artifactregistry.repositories.downloadArtifacts",
            "bigquery.datasets.delete + bigquery.models.delete + bigquery.tables.delete",
            "cloudkms.cryptoKeyVersions.useToDecrypt",
            "cloudkms.cryptoKeyVersions.useToDecryptViaDelegation",
            "pubsub.snapshots.create",
            "pubsub.subscriptions.consume",
            "pubsub.subscriptions.create",
            "pubsub.subscriptions.update",
            "source.repos.get",
            "storage.objects.create + storage.objects.delete",
            "storage.objects.create + storage.objects.get + storage.objects.update",
            "storage.objects.get",
        ],
    ),
    (
        "it opens a network, on which whatever is reached asks for credentials still",
        &[
            "Microsoft.ApiManagement/service/applynetworkconfigurationupdates/action",
            "Microsoft.DocumentDB/mongoClusters/firewallRules/write",
            "Microsoft.ServiceBus/namespaces/write",
            "Microsoft.Sql/servers/firewallRules/write",
            "Microsoft.Sql/servers/ipv6FirewallRules/write",
            "compute.backendBuckets.addSignedUrlKey",
            "compute.backendBuckets.setSecurityPolicy",
            "compute.backendBuckets.update",
            "compute.backendServices.addSignedUrlKey",
            "compute.backendServices.setSecurityPolicy",
            "compute.backendServices.update",
            "compute.instances.addAccessConfig",
            "compute.instances.updateAccessConfig",
            "compute.instances.updateNetworkInterface",
            "compute.instances.use",
            "compute.instances.useReadOnly",
        ],
    ),
    (
        "it takes a guard or a service away, or turns one on, and gives no authority",
        &[
            "Microsoft.Authorization/locks/delete",
            "Microsoft.Authorization/policyAssignments/delete",
            "Microsoft.ContainerInstance/containerGroups/restart/action",
            "microsoft.directory/servicePrincipals/disable",
            "serviceusage.services.enable + serviceusage.services.use",
        ],
    ),
    (
        "it reads or writes descriptions and settings without a credential in them",
        &[
            "artifactregistry.repositories.update",
            "bigquery.connections.get",
            "bigquery.datasets.updateTag",
            "bigquery.tables.updateTag",
            "cloudbuild.connections.fetchLinkableRepositories",
            "container.clusters.get",
            "pubsub.topics.updateTag",
            "source.repos.updateProjectConfig",
        ],
    ),
];

#[test]
fn what_is_known_is_a_rule_or_is_left_out_for_a_reason() {
    let file = File::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/privesc.tsv");
    let rows = std::fs::read_to_string(file).unwrap();
    let mut left_out: BTreeSet<&str> = LEFT_OUT.iter().flat_map(|(_, rows)| *rows).copied().collect();
    let (mut known, mut missing) = (0, Vec::new());
    for row in rows.lines().skip(1) {
        let fields: Vec<&str> = row.split('\t').collect();
        let (cloud, permissions, kind) = (fields[0], fields[2], fields[3]);
        if ["sensitive(single-source)", "building-block"].contains(&kind) {
            continue;
        }
        known += 1;
        let all: Vec<&str> = permissions.split(" + ").collect();
        if held_of_row(cloud, &all).is_empty() && !left_out.remove(permissions) {
            missing.push(permissions);
        }
    }
    assert_eq!(missing, [""; 0]);
    assert_eq!(left_out, BTreeSet::new(), "a rule has it after all, or it is not known");
    assert!(known > 450, "{known}");
}

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
    let findings = check(text).findings.into_iter().map(|finding| {
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
    let found = check(&together).findings;
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
    assert_eq!(check(&document("arn:aws:iam::111111111111:role/two")).findings, []);
    // What is wrong with the document is told as ever, and nothing is guessed about the rest.
    assert_eq!(check("version: 1\n").findings, ScopeDocument::parse("version: 1\n").findings);
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
