//! The JSON Schema of the document, derived from the shape in which it is written.
//!
//! These types are the written shape and nothing else: with defaults and without what only reading can check
//! (references, bounds, what is named twice). A test holds them against the reader: what it accepts, they accept.

use std::collections::BTreeMap;

use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use schemars::{JsonSchema, Schema};

use super::ExternalId;
use crate::aws::arn::{PrincipalArn, RoleArn};
use crate::aws::pattern::{ActionPattern, ResourcePattern};
use crate::aws::region::Region;
use crate::azure::{AzureOperation, AzureResource, ClientId};
use crate::gcp::{GcpPermission, GcpResource, ServiceAccount};
use crate::identifier::{AgentId, CredentialId, CredentialType, Risk, TenantId};
use crate::seconds::Seconds;

/// The JSON Schema (draft 2020-12) of a scope document.
pub fn json_schema() -> Schema {
    // What may be left out is an `Option` here, whose default would be told as null, which no field takes.
    let without_null = RecursiveTransform(|schema: &mut Schema| {
        if schema.get("default").is_some_and(|default| default.is_null()) {
            schema.remove("default");
        }
    });
    SchemaSettings::draft2020_12()
        .with_transform(without_null)
        .into_generator()
        .into_root_schema_for::<ScopeDocument>()
}

macro_rules! shapes {
    ($($(#[$meta:meta])* $item:ident $name:ident $body:tt)+) => {
        $(
            #[derive(JsonSchema)]
            #[schemars(deny_unknown_fields)]
            $(#[$meta])*
            #[expect(dead_code, reason = "only the shape is used")]
            $item $name $body
        )+
    };
}

shapes! {
    /// What each agent of a tenant may be given.
    struct ScopeDocument {
        /// The schema that the document follows, for editors.
        #[schemars(rename = "$schema", default, with = "String")]
        schema: Option<String>,
        /// The version of the format.
        #[schemars(with = "Version")]
        version: u32,
        /// The tenant that the agents belong to.
        tenant: TenantId,
        /// What holds for every scope that does not say otherwise.
        #[schemars(default, with = "Defaults")]
        defaults: Option<Defaults>,
        /// The agents by name.
        agents: BTreeMap<AgentId, Agent>,
        /// Long-lived secrets that are kept sealed and rotated.
        #[schemars(default)]
        credentials: Vec<Credential>,
    }

    /// What holds for every scope that does not say otherwise.
    struct Defaults {
        /// The longest that a credential may live; 1h where nothing is said.
        #[schemars(default, with = "Seconds")]
        max_duration: Option<Seconds>,
        /// How much an agent may ask for.
        #[schemars(default, with = "Budget")]
        budget: Option<Budget>,
        /// The AWS regions in which calls may be made.
        #[schemars(default, with = "Regions")]
        regions: Option<Regions>,
        /// What holds at AWS.
        #[schemars(default, with = "AwsDefaults")]
        aws: Option<AwsDefaults>,
        /// What holds at Google Cloud.
        #[schemars(default, with = "GcpDefaults")]
        gcp: Option<GcpDefaults>,
        /// What holds at Azure.
        #[schemars(default, with = "AzureDefaults")]
        azure: Option<AzureDefaults>,
    }

    /// What holds for every scope at AWS.
    struct AwsDefaults {
        /// The role's ARN; {agent} stands for the agent's name.
        #[schemars(default, with = "String")]
        role: Option<String>,
        /// The AWS regions in which calls may be made.
        #[schemars(default, with = "Regions")]
        regions: Option<Regions>,
        /// The external id that the role's trust policy asks for.
        #[schemars(default, with = "ExternalId")]
        external_id: Option<ExternalId>,
    }

    /// What holds for every scope at Google Cloud.
    struct GcpDefaults {
        /// The service account's e-mail address; {agent} stands for the agent's name.
        #[schemars(default, with = "String")]
        service_account: Option<String>,
    }

    /// What holds for every scope at Azure.
    struct AzureDefaults {
        /// The client id of the application or managed identity.
        #[schemars(default, with = "ClientId")]
        client_id: Option<ClientId>,
    }

    /// An agent.
    struct Agent {
        /// The callers that are this agent.
        #[schemars(default)]
        identities: Vec<Identity>,
        /// How much the agent may ask for.
        #[schemars(default, with = "Budget")]
        budget: Option<Budget>,
        /// What the agent may be given. What it is granted at a cloud is the union of that cloud's scopes.
        #[schemars(default)]
        scopes: Vec<Scope>,
    }

    /// How much an agent may ask for.
    struct Budget {
        /// How many leases may be live at once; 20 where nothing is said.
        #[schemars(default, with = "u32", range(min = 1, max = 1_000_000))]
        live_leases: Option<u32>,
        /// How many leases may be issued within a minute; 30 where nothing is said.
        #[schemars(default, with = "u32", range(min = 1, max = 1_000_000))]
        per_minute: Option<u32>,
    }

    /// A caller that is the agent.
    #[schemars(rename_all = "lowercase")]
    enum Identity {
        /// An IAM principal. A role stands for all its sessions.
        Aws(PrincipalArn),
        /// A subject of an OpenID Connect issuer.
        Oidc(Oidc),
    }

    /// A subject of an OpenID Connect issuer.
    struct Oidc {
        /// The issuer's URL, exactly as it stands in its tokens.
        #[schemars(regex(pattern = r"^https://[A-Za-z0-9\[][!-~]*$"))]
        issuer: String,
        /// The subject, exactly as it stands in the issuer's tokens.
        #[schemars(length(min = 1, max = 255))]
        subject: String,
    }

    /// What an agent may be given at one cloud.
    #[schemars(tag = "cloud", rename_all = "lowercase")]
    enum Scope {
        /// Sessions of an AWS role.
        Aws {
            /// The role whose sessions are minted.
            #[schemars(default, with = "RoleArn")]
            role: Option<RoleArn>,
            /// The external id that the role's trust policy asks for.
            #[schemars(default, with = "ExternalId")]
            external_id: Option<ExternalId>,
            /// The regions in which calls may be made.
            #[schemars(default, with = "Regions")]
            regions: Option<Regions>,
            /// The actions, such as s3:GetObject; * and ? stand for any characters of a name.
            #[schemars(length(min = 1))]
            permissions: Vec<ActionPattern>,
            /// The ARNs that the actions may be used on; every one where nothing is said.
            #[schemars(default, with = "Vec<ResourcePattern>", length(min = 1))]
            resources: Option<Vec<ResourcePattern>>,
            /// The longest that a session may live: 15m to 12h.
            #[schemars(default, with = "Seconds")]
            max_duration: Option<Seconds>,
        },
        /// Access tokens of a service account of Google Cloud.
        Gcp {
            /// The service account whose tokens are minted.
            #[schemars(default, with = "ServiceAccount")]
            service_account: Option<ServiceAccount>,
            /// The permissions, such as storage.objects.get.
            #[schemars(length(min = 1))]
            permissions: Vec<GcpPermission>,
            /// The full names of the resources that the permissions are meant for, each with what is below it; a *
            /// at the end stands for any rest.
            #[schemars(default, with = "Vec<GcpResource>", length(min = 1))]
            resources: Option<Vec<GcpResource>>,
            /// The longest that a token may live: at most 12h.
            #[schemars(default, with = "Seconds")]
            max_duration: Option<Seconds>,
        },
        /// Tokens of an Azure identity.
        Azure {
            /// The client id of the application or managed identity whose tokens are minted.
            #[schemars(default, with = "ClientId")]
            client_id: Option<ClientId>,
            /// The operations, such as Microsoft.Storage/storageAccounts/read; * stands for whole segments.
            #[schemars(length(min = 1))]
            permissions: Vec<AzureOperation>,
            /// The ids of the resources that the operations are meant for, each with what is below it.
            #[schemars(default, with = "Vec<AzureResource>", length(min = 1))]
            resources: Option<Vec<AzureResource>>,
            /// The longest that a token may live.
            #[schemars(default, with = "Seconds")]
            max_duration: Option<Seconds>,
        },
    }

    /// A long-lived secret that is kept sealed and rotated.
    struct Credential {
        /// Its name, once in a tenant.
        id: CredentialId,
        /// What kind of secret it is.
        #[schemars(rename = "type")]
        kind: CredentialType,
        /// The agent that owns it, and uses it where nothing else is said.
        agent: AgentId,
        /// The agents that use it, where that is not its owner alone; each has to adopt what it is rotated to. An empty
        /// list: nobody but the broker uses it, on the owner's behalf.
        #[schemars(default, with = "Vec<AgentId>")]
        consumers: Option<Vec<AgentId>>,
        /// How it is rotated, where that is not its type's own way.
        #[schemars(default, with = "Rotate")]
        rotate: Option<Rotate>,
        /// How much harm it could do; medium where nothing is said.
        #[schemars(default, with = "Risk")]
        risk: Option<Risk>,
    }

    /// How a credential is rotated.
    struct Rotate {
        /// How often; at least 5m.
        every: Seconds,
        /// The file that declares the connector to the provider's API, below the document's directory.
        #[schemars(default, with = "String")]
        connector: Option<String>,
    }
}

/// The only version of the format.
struct Version;

impl JsonSchema for Version {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Version".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> Schema {
        schemars::json_schema!({ "const": super::VERSION })
    }
}

/// AWS regions by name, or "*" for all.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "only the shape is used")]
enum Regions {
    /// Every region.
    Every(#[schemars(regex(pattern = r"^\*$"))] String),
    /// These regions only.
    Only(#[schemars(length(min = 1))] Vec<Region>),
}
