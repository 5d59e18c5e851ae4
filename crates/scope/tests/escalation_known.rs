//! The rules of escalation hold what is known of it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what the tests share stands outside of test functions"
)]

mod escalation_model;

use std::collections::BTreeSet;
use std::path::Path as File;

use deputize_scope::azure::AzureOperation;
use deputize_scope::escalation::{AzureGrant, GcpGrant, Held, Path, find};
use deputize_scope::gcp::GcpPermission;
use escalation_model::{allow, policy};

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
