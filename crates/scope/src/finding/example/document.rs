//! What scope documents share with all YAML, and their own shape.

use super::{Example, Frame};
use crate::finding::Code;

use Frame::{Agent, Credential, Document, Scope};

const EMPTY: &str = "version: 1\ntenant: acme\nagents: {}\n";

#[rustfmt::skip]
pub(super) const EXAMPLES: &[Example] = &[
    Example::new(Code::TooLarge, Document, "version: 1\ntenant: acme\nagents: {}\n# …", EMPTY).grown("x", 300_000),
    Example::new(Code::TooDeep, Document, "version: …", EMPTY).grown("[", 40),
    Example::new(Code::TooManyFindings, Scope, "cloud: aws, permissions: [s3:GetObject, …]", "cloud: aws, permissions: [s3:GetObject]").grown("s3:GetObject, ", 300),
    Example::new(Code::EmptyDocument, Document, "# agents will follow\n", EMPTY),
    Example::new(Code::SeveralDocuments, Document, "version: 1\ntenant: acme\nagents: {}\n---\nversion: 1\n", EMPTY),
    Example::new(Code::Malformed, Document, "version: 1\ntenant: acme: dev\n", "version: 1\ntenant: acme-dev\nagents: {}\n"),
    Example::new(Code::TabIndentation, Document, "version: 1\ntenant: acme\nagents:\n\tops: {}\n", "version: 1\ntenant: acme\nagents:\n  ops: {}\n"),
    Example::new(Code::UnquotedAsterisk, Scope, "cloud: aws, permissions: [s3:GetObject], resources: [*]", "cloud: aws, permissions: [s3:GetObject], resources: [\"*\"]"),
    Example::new(Code::UnsupportedYaml, Document, "version: 1\ntenant: acme\nagents: &all {}\n", EMPTY),
    Example::new(Code::DuplicateKey, Document, "version: 1\ntenant: acme\ntenant: other\nagents: {}\n", EMPTY),
    Example::new(Code::UnknownField, Scope, "cloud: aws, permissions: [s3:GetObject], resource: [\"*\"]", "cloud: aws, permissions: [s3:GetObject], resources: [\"*\"]"),
    Example::new(Code::MissingField, Scope, "cloud: aws", "cloud: aws, permissions: [s3:GetObject]"),
    Example::new(Code::WrongType, Document, "version: 1\ntenant: 2024\nagents: {}\n", "version: 1\ntenant: \"2024\"\nagents: {}\n"),
    Example::new(Code::EmptyList, Scope, "cloud: aws, permissions: []", "cloud: aws, permissions: [s3:GetObject]"),
    Example::new(Code::UnsupportedVersion, Document, "version: 2\ntenant: acme\nagents: {}\n", EMPTY),
    Example::new(Code::ForeignField, Scope, "cloud: gcp, permissions: [storage.objects.get], regions: [us-east-1]", "cloud: gcp, permissions: [storage.objects.get]"),
    Example::new(Code::InvalidIdentifier, Document, "version: 1\ntenant: Acme_Corp\nagents: {}\n", "version: 1\ntenant: acme-corp\nagents: {}\n"),
    Example::new(Code::UnknownValue, Scope, "cloud: gpc, permissions: [storage.objects.get]", "cloud: gcp, permissions: [storage.objects.get]"),
    Example::new(Code::InvalidPermission, Scope, "cloud: aws, permissions: [GetObject]", "cloud: aws, permissions: [s3:GetObject]"),
    Example::new(Code::StsPivot, Scope, "cloud: aws, permissions: [sts:AssumeRole]", "cloud: aws, permissions: [sts:GetCallerIdentity]"),
    Example::new(Code::InvalidResource, Scope, "cloud: aws, permissions: [s3:GetObject], resources: [acme-data]", "cloud: aws, permissions: [s3:GetObject], resources: [\"arn:aws:s3:::acme-data/*\"]"),
    Example::new(Code::InvalidArn, Scope, "cloud: aws, role: agent-ops, permissions: [s3:GetObject]", "cloud: aws, role: arn:aws:iam::123456789012:role/agent-ops, permissions: [s3:GetObject]"),
    Example::new(Code::InvalidRegion, Scope, "cloud: aws, permissions: [s3:GetObject], regions: [frankfurt]", "cloud: aws, permissions: [s3:GetObject], regions: [eu-central-1]"),
    Example::new(Code::InvalidExternalId, Scope, "cloud: aws, permissions: [s3:GetObject], external_id: x", "cloud: aws, permissions: [s3:GetObject], external_id: acme-7"),
    Example::new(Code::InvalidServiceAccount, Scope, "cloud: gcp, permissions: [storage.objects.get], service_account: ops@example.com", "cloud: gcp, permissions: [storage.objects.get], service_account: agent-ops@acme-prod.iam.gserviceaccount.com"),
    Example::new(Code::InvalidClientId, Scope, "cloud: azure, permissions: [Microsoft.Compute/virtualMachines/read], client_id: agent-ops", "cloud: azure, permissions: [Microsoft.Compute/virtualMachines/read], client_id: 00000000-0000-4000-8000-000000000001"),
    Example::new(Code::InvalidIssuer, Agent, "identities: [{ oidc: { issuer: token.example.com, subject: ops } }]", "identities: [{ oidc: { issuer: https://token.example.com, subject: ops } }]"),
    Example::new(Code::InvalidSubject, Agent, "identities: [{ oidc: { issuer: https://token.example.com, subject: \"\" } }]", "identities: [{ oidc: { issuer: https://token.example.com, subject: ops } }]"),
    Example::new(Code::InvalidConnector, Credential, "id: github, type: api_key, agent: ops, rotate: { every: 7d, connector: ../github.yaml }", "id: github, type: api_key, agent: ops, rotate: { every: 7d, connector: connectors/github.yaml }"),
    Example::new(Code::InvalidDuration, Scope, "cloud: aws, permissions: [s3:GetObject], max_duration: 1 hour", "cloud: aws, permissions: [s3:GetObject], max_duration: 1h"),
    Example::new(Code::DurationOutOfBounds, Scope, "cloud: aws, permissions: [s3:GetObject], max_duration: 5m", "cloud: aws, permissions: [s3:GetObject], max_duration: 15m"),
    Example::new(Code::NumberOutOfBounds, Agent, "budget: { live_leases: 0 }", "budget: { live_leases: 1 }"),
    Example::new(Code::DuplicateValue, Scope, "cloud: aws, permissions: [s3:GetObject, s3:getobject]", "cloud: aws, permissions: [s3:GetObject]"),
    Example::new(Code::DuplicateCredential, Document, "version: 1\ntenant: acme\nagents: { ops: {} }\ncredentials:\n  - { id: deploy, type: aws_access_key, agent: ops }\n  - { id: deploy, type: aws_access_key, agent: ops }\n", "version: 1\ntenant: acme\nagents: { ops: {} }\ncredentials:\n  - { id: deploy, type: aws_access_key, agent: ops }\n"),
    Example::new(Code::DuplicateIdentity, Document, "version: 1\ntenant: acme\nagents:\n  ops: { identities: [{ aws: arn:aws:iam::111122223333:role/runtime }] }\n  web: { identities: [{ aws: arn:aws:iam::111122223333:role/runtime }] }\n", "version: 1\ntenant: acme\nagents:\n  ops: { identities: [{ aws: arn:aws:iam::111122223333:role/ops-runtime }] }\n  web: { identities: [{ aws: arn:aws:iam::111122223333:role/web-runtime }] }\n"),
    Example::new(Code::UnknownAgent, Credential, "id: deploy, type: aws_access_key, agent: opps", "id: deploy, type: aws_access_key, agent: ops"),
];
