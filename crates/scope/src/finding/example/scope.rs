//! Scopes that are well-formed, and say more, less or something else than they seem to.

use super::{Example, Frame};
use crate::finding::Code;

use Frame::{Agent, Credential, Scope};

#[rustfmt::skip]
pub(super) const EXAMPLES: &[Example] = &[
    Example::new(Code::RedundantValue, Scope, "cloud: aws, permissions: [\"s3:Get*\", s3:GetObject]", "cloud: aws, permissions: [\"s3:Get*\"]"),
    Example::new(Code::RedundantScope, Agent, "scopes: [{ cloud: aws, permissions: [\"s3:*\"] }, { cloud: aws, permissions: [s3:GetObject], resources: [\"arn:aws:s3:::acme-data/*\"] }]", "scopes: [{ cloud: aws, permissions: [s3:GetObject], resources: [\"arn:aws:s3:::acme-data/*\"] }]"),
    Example::new(Code::RegionOnGlobalService, Scope, "cloud: aws, permissions: [iam:GetRole], regions: [eu-central-1]", "cloud: aws, permissions: [iam:GetRole]"),
    Example::new(Code::MissingRotation, Credential, "id: github, type: api_key, agent: ops", "id: github, type: api_key, agent: ops, rotate: { every: 7d, connector: connectors/github.yaml }"),
    Example::new(Code::MissingConnector, Credential, "id: github, type: api_key, agent: ops, rotate: { every: 7d }", "id: github, type: api_key, agent: ops, rotate: { every: 7d, connector: connectors/github.yaml }"),
    Example::new(Code::NothingStored, Credential, "id: deploy, type: aws_iam_role, agent: ops", "id: deploy, type: aws_access_key, agent: ops"),
    Example::new(Code::MixedPlanes, Scope, "cloud: azure, permissions: [Microsoft.Storage/storageAccounts/read, Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read]", "cloud: azure, permissions: [Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read]"),
    Example::new(Code::SeveralAudiences, Agent, "scopes: [{ cloud: azure, permissions: [Microsoft.Compute/virtualMachines/read] }, { cloud: azure, permissions: [Microsoft.KeyVault/vaults/secrets/getSecret/action] }]", "scopes: [{ cloud: azure, permissions: [Microsoft.Compute/virtualMachines/read] }]"),
    Example::new(Code::BroadOauthScope, Scope, "cloud: gcp, permissions: [cloudbuild.builds.get, storage.objects.get]", "cloud: gcp, permissions: [storage.objects.get]"),
    Example::new(Code::NoOauthScope, Scope, "cloud: gcp, permissions: [cloudonefs.isiloncloud.com/clusters.get]", "cloud: gcp, permissions: [storage.objects.get]"),
    Example::new(Code::BoundarySize, Scope, "cloud: gcp, permissions: [storage.objects.get], resources: [//storage.googleapis.com/projects/_/buckets/acme-data/objects/…*]", "cloud: gcp, permissions: [storage.objects.get], resources: [//storage.googleapis.com/projects/_/buckets/acme-data]").grown("x", 1_900),
    Example::new(Code::OperationShape, Scope, "cloud: azure, permissions: [Microsoft.Compute/virtualMachines/start]", "cloud: azure, permissions: [Microsoft.Compute/virtualMachines/start/action]"),
    Example::new(Code::InvalidPermission, Scope, "cloud: aws, permissions: [S3:GetObject]", "cloud: aws, permissions: [s3:GetObject]"),
    Example::new(Code::InvalidPermission, Scope, "cloud: gcp, permissions: [roles/storage.objectViewer]", "cloud: gcp, permissions: [storage.objects.get]"),
    Example::new(Code::InvalidRegion, Scope, "cloud: aws, permissions: [s3:GetObject], regions: [EU-Central-1]", "cloud: aws, permissions: [s3:GetObject], regions: [eu-central-1]"),
    Example::new(Code::AllAuthority, Scope, "cloud: aws, permissions: [\"*\"]", "cloud: aws, permissions: [s3:GetObject]"),
    Example::new(Code::Escalation, Scope, "cloud: gcp, permissions: [resourcemanager.projects.setIamPolicy]", "cloud: gcp, permissions: [resourcemanager.projects.getIamPolicy]"),
    Example::new(Code::EscalationByTarget, Scope, "cloud: aws, permissions: [lambda:UpdateFunctionCode, lambda:InvokeFunction], resources: [\"arn:aws:lambda:us-east-1:123456789012:function:report\"]", "cloud: aws, permissions: [lambda:InvokeFunction], resources: [\"arn:aws:lambda:us-east-1:123456789012:function:report\"]"),
    Example::new(Code::PolicySize, Agent, "scopes: [{ cloud: aws, permissions: [s3:GetObject], resources: [\"arn:aws:s3:::acme-data-…/*\"] }]", "scopes: [{ cloud: aws, permissions: [s3:GetObject], resources: [\"arn:aws:s3:::acme-data-*/*\"] }]").grown("x", 1_990),
];
