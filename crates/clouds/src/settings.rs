//! The settings, as they are written, and what has to hold of them.

use std::fmt::Display;
use std::path::PathBuf;
use std::str::FromStr;

use deputize_azure::EXCHANGE;
use deputize_broker::issuer::{IssuerSettings, IssuerUrl, Schedule, Subject};
use deputize_broker::{AwsSettings, AzureSettings, GcpSettings};
use deputize_gcp::PoolProvider;
use deputize_http::Url;
use deputize_scope::TenantId;
use deputize_scope::aws::arn::RoleArn;
use deputize_scope::azure::ClientId;
use deputize_scope::gcp::ServiceAccount;
use serde::{Deserialize, Deserializer, de};
use thiserror::Error;

use crate::audit::AuditSettings;
use crate::rotation::RotationSettings;

/// What templates are tried with: a name that an agent may have, and a number that an account may have.
const AGENT: (&str, &str) = ("{agent}", "agent");
const ACCOUNT: (&str, &str) = ("{account}", "123456789012");

/// Which clouds a deployment mints at. AWS is always there; the others are where they are named.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CloudSettings {
    /// How the broker proves to Google and Microsoft who it is.
    pub identity: IdentitySource,
    /// AWS.
    pub aws: AwsCloud,
    /// Google Cloud.
    pub gcp: Option<GcpCloud>,
    /// Azure.
    pub azure: Option<AzureCloud>,
    /// How stored keys are rotated.
    pub rotation: RotationSettings,
    /// How the ledger is kept.
    pub audit: AuditSettings,
}

/// Who says who the broker is, where nothing is stored that would prove it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IdentitySource {
    /// AWS does, for the role that the broker runs as (STS GetWebIdentityToken): `"aws"`.
    #[default]
    Aws,
    /// A file does that something else keeps fresh, such as Kubernetes: `{ token_file = "PATH" }`.
    TokenFile(PathBuf),
    /// It does itself, by an issuer of its own: `{ issuer = { url = "https://broker.example.com" } }`.
    Issuer(IssuerSource),
}

/// The broker as its own issuer.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IssuerSource {
    /// Where clouds find its documents.
    #[serde(deserialize_with = "required")]
    pub url: IssuerUrl,
    /// What its tokens name in `sub`, where it is not `deputize:TENANT`.
    #[serde(default, deserialize_with = "parsed")]
    pub subject: Option<Subject>,
    /// The keys at KMS that sign, each `KEY` or `KEY@TIME`; without any, those in a file of the state directory.
    #[serde(default)]
    pub keys: Vec<String>,
}

impl IssuerSource {
    /// The settings of the issuer of a tenant.
    pub fn settings(&self, tenant: &TenantId) -> IssuerSettings {
        let subject = self.subject.clone().unwrap_or_else(|| Subject::of(tenant));
        IssuerSettings { url: self.url.clone(), subject, schedule: Schedule::default() }
    }
}

/// AWS.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AwsCloud {
    /// The role of an agent whose scope names none: an ARN with `{agent}` in it.
    #[serde(alias = "role_template")]
    pub role: Option<String>,
    /// The region whose STS is asked, where it is not the broker's own.
    pub region: Option<String>,
    /// The role that the broker itself gets at AWS by an identity token, where it runs elsewhere and has no credentials
    /// of AWS's.
    #[serde(deserialize_with = "parsed")]
    pub broker_role: Option<RoleArn>,
    /// The role by which the access keys of an account's users are rotated: an ARN with `{account}` in it. Without it,
    /// the broker rotates those of its own account, as itself.
    pub rotation_role: Option<String>,
}

/// Google Cloud.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GcpCloud {
    /// The service account of an agent whose scope names none: an address with `{agent}` in it.
    pub service_account: Option<String>,
    /// Whether the organisation allows tokens of up to twelve hours
    /// (`iam.allowServiceAccountCredentialLifetimeExtension`).
    pub extended_lifetime: bool,
    /// The provider of a workload identity pool that trusts the broker's [`IdentitySource`]. With it,
    /// `gcp_workload_identity` is minted.
    #[serde(deserialize_with = "parsed")]
    pub provider: Option<PoolProvider>,
    /// The audience that the provider was told to expect, where it is not its own name.
    pub audience: Option<String>,
    /// Whether `gcp_service_account` is minted from what this machine has: a key file, a gcloud login, the metadata
    /// server.
    pub ambient: bool,
    /// A stand-in for Google's token services.
    #[serde(deserialize_with = "parsed")]
    pub endpoint: Option<Url>,
    /// A metadata server that is elsewhere than on Google's machines: a host, with a port and a path.
    pub metadata_host: Option<String>,
}

/// Azure.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AzureCloud {
    /// The directory, by its id or one of its domains. With it, `azure_service_principal` is minted.
    pub tenant: Option<String>,
    /// The identity of agents whose scopes name none.
    #[serde(deserialize_with = "parsed")]
    pub client_id: Option<ClientId>,
    /// The audience that the applications' federated credentials were given, where it is not Entra's own.
    pub audience: Option<String>,
    /// Whether `azure_managed_identity` is minted from the machine that the broker runs on.
    pub managed_identity: bool,
    /// A vault with client secrets, for when the tokens of the broker's identity cannot be had.
    pub key_vault: Option<KeyVaultSource>,
    /// Another authority than that of the public cloud.
    #[serde(deserialize_with = "parsed")]
    pub authority: Option<Url>,
    /// A metadata service that is elsewhere than on Azure's machines.
    #[serde(deserialize_with = "parsed")]
    pub imds: Option<Url>,
    /// Another Graph than the one that belongs to the authority.
    #[serde(deserialize_with = "parsed")]
    pub graph: Option<Url>,
    /// The application that rotates the client secrets of those that it owns, proved by the broker's [`IdentitySource`].
    /// Without it, each application rotates its own.
    #[serde(deserialize_with = "parsed")]
    pub rotation_client_id: Option<ClientId>,
}

/// Client secrets in a key vault.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyVaultSource {
    /// The vault: `https://NAME.vault.azure.net`.
    #[serde(deserialize_with = "required")]
    pub url: Url,
    /// What the secret of an agent is called, with `{agent}` in it.
    pub secret: String,
    /// The managed identity that may read the secrets.
    #[serde(deserialize_with = "required")]
    pub reader: ClientId,
}

/// Settings that are written as they should be, and could not work.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum InvalidSettings {
    /// A section that mints nothing.
    #[error("{section} mints nothing: give it {one} or {other}")]
    MintsNothing {
        /// The section.
        section: &'static str,
        /// A field that would do.
        one: &'static str,
        /// Another.
        other: &'static str,
    },
    /// A template that names nothing, whatever is put into it.
    #[error("{field} is {value:?}, which names no {kind}, whatever {stands_for} stands for")]
    Template {
        /// The field.
        field: &'static str,
        /// What it holds.
        value: String,
        /// What it should give.
        kind: &'static str,
        /// What is put into it.
        stands_for: &'static str,
    },
    /// A number or a time with which nothing could be rotated.
    #[error("{field} must {must}")]
    Window {
        /// The field.
        field: &'static str,
        /// What it must do.
        must: &'static str,
    },
    /// An address to which tokens would go in the clear.
    #[error("{field} is {value}: it takes an https address, or one of this machine")]
    InTheClear {
        /// The field.
        field: &'static str,
        /// The address.
        value: String,
    },
    /// A field that means nothing without another.
    #[error("{field} means nothing without {needs}")]
    Needs {
        /// The field.
        field: &'static str,
        /// What it needs.
        needs: &'static str,
    },
}

impl CloudSettings {
    /// What can be told from the settings alone.
    pub fn validate(&self) -> Result<(), InvalidSettings> {
        template::<RoleArn>("aws.role", "role", AGENT, self.aws.role.as_ref())?;
        template::<RoleArn>("aws.rotation_role", "role", ACCOUNT, self.aws.rotation_role.as_ref())?;
        self.rotation.validate()?;
        // AWS takes no identity token of its own.
        let is_elsewhere = self.identity != IdentitySource::Aws;
        needs(
            "aws.broker_role",
            self.aws.broker_role.is_some(),
            "identity.issuer or identity.token_file",
            is_elsewhere,
        )?;
        self.gcp.as_ref().map_or(Ok(()), GcpCloud::validate)?;
        self.azure.as_ref().map_or(Ok(()), AzureCloud::validate)
    }

    /// What the broker has to know of AWS.
    pub fn aws_settings(&self) -> AwsSettings {
        AwsSettings { role_template: self.aws.role.clone() }
    }

    /// What the broker has to know of Google Cloud.
    pub fn gcp_settings(&self) -> GcpSettings {
        self.gcp.as_ref().map_or_else(GcpSettings::default, |gcp| GcpSettings {
            service_account_template: gcp.service_account.clone(),
            extended_lifetime: gcp.extended_lifetime,
        })
    }

    /// What the broker has to know of Azure.
    pub fn azure_settings(&self) -> AzureSettings {
        AzureSettings { client_id: self.azure.as_ref().and_then(|azure| azure.client_id.clone()) }
    }

    /// Whether anything asks for the broker's identity tokens.
    pub fn is_federated(&self) -> bool {
        self.an_audience().is_some()
    }

    /// One of the audiences that identity tokens are asked for.
    pub fn an_audience(&self) -> Option<String> {
        let gcp = self.gcp.as_ref().and_then(|gcp| {
            let provider = gcp.provider.as_ref()?;
            Some(gcp.audience.clone().unwrap_or_else(|| provider.default_audience()))
        });
        let azure = self.azure.as_ref().filter(|azure| azure.tenant.is_some());
        gcp.or_else(|| azure.map(|azure| azure.audience.clone().unwrap_or_else(|| EXCHANGE.to_owned())))
    }
}

impl GcpCloud {
    fn validate(&self) -> Result<(), InvalidSettings> {
        if self.provider.is_none() && !self.ambient {
            let (one, other) = ("provider", "ambient = true");
            return Err(InvalidSettings::MintsNothing { section: "gcp", one, other });
        }
        needs("gcp.audience", self.audience.is_some(), "gcp.provider", self.provider.is_some())?;
        needs("gcp.metadata_host", self.metadata_host.is_some(), "gcp.ambient", self.ambient)?;
        in_secret("gcp.endpoint", self.endpoint.as_ref())?;
        let service_account = self.service_account.as_ref();
        template::<ServiceAccount>("gcp.service_account", "service account", AGENT, service_account)
    }
}

impl AzureCloud {
    fn validate(&self) -> Result<(), InvalidSettings> {
        let has_tenant = self.tenant.is_some();
        if !has_tenant && !self.managed_identity {
            let (one, other) = ("tenant", "managed_identity = true");
            return Err(InvalidSettings::MintsNothing { section: "azure", one, other });
        }
        needs("azure.audience", self.audience.is_some(), "azure.tenant", has_tenant)?;
        needs("azure.key_vault", self.key_vault.is_some(), "azure.tenant", has_tenant)?;
        let has_manager = self.rotation_client_id.is_some();
        needs("azure.rotation_client_id", has_manager, "azure.tenant", has_tenant)?;
        needs("azure.graph", self.graph.is_some(), "azure.tenant", has_tenant)?;
        in_secret("azure.graph", self.graph.as_ref())?;
        in_secret("azure.authority", self.authority.as_ref())?;
        in_secret("azure.key_vault.url", self.key_vault.as_ref().map(|vault| &vault.url))
    }
}

fn needs(
    field: &'static str,
    is_there: bool,
    needs: &'static str,
    is_met: bool,
) -> Result<(), InvalidSettings> {
    if is_there && !is_met { Err(InvalidSettings::Needs { field, needs }) } else { Ok(()) }
}

fn in_secret(field: &'static str, url: Option<&Url>) -> Result<(), InvalidSettings> {
    let is_open = |url: &&Url| url.scheme() != "https" && !deputize_http::is_local(url);
    match url.filter(is_open) {
        Some(url) => Err(InvalidSettings::InTheClear { field, value: url.to_string() }),
        None => Ok(()),
    }
}

/// Tries a template with something that fits wherever its like does.
fn template<T: FromStr>(
    field: &'static str,
    kind: &'static str,
    (stands_for, sample): (&'static str, &str),
    template: Option<&String>,
) -> Result<(), InvalidSettings> {
    match template {
        Some(value) if value.replace(stands_for, sample).parse::<T>().is_err() => {
            Err(InvalidSettings::Template { field, value: value.clone(), kind, stands_for })
        }
        _ => Ok(()),
    }
}

fn required<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: Display>,
{
    String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
}

fn parsed<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: Display>,
{
    required(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: &str = r#"
        identity = { token_file = "/var/run/secrets/tokens/deputize" }
        [aws]
        role = "arn:aws:iam::123456789012:role/agent-{agent}"
        region = "eu-west-1"
        rotation_role = "arn:aws:iam::{account}:role/rotation"
        [rotation]
        adoption = "10m"
        [gcp]
        service_account = "agent-{agent}@acme-prod.iam.gserviceaccount.com"
        provider = "projects/123456789012/locations/global/workloadIdentityPools/agents/providers/deputize"
        ambient = true
        [azure]
        tenant = "contoso.onmicrosoft.com"
        client_id = "00000000-0000-4000-8000-000000000001"
        managed_identity = true
        rotation_client_id = "00000000-0000-4000-8000-000000000003"
        [azure.key_vault]
        url = "https://acme.vault.azure.net"
        secret = "agent-{agent}-credential"
        reader = "00000000-0000-4000-8000-000000000002"
    "#;

    fn read(text: &str) -> CloudSettings {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn settings_are_the_same_in_a_file_and_in_a_variable() {
        let settings = read(ALL);
        assert_eq!(settings.validate(), Ok(()));
        assert!(settings.is_federated());
        let value: serde_json::Value = toml::from_str(ALL).unwrap();
        assert_eq!(serde_json::from_value::<CloudSettings>(value).unwrap(), settings);
        assert_eq!(read(""), CloudSettings::default());
        assert_eq!(read("identity = 'aws'"), CloudSettings::default());
    }

    #[test]
    fn the_broker_may_be_its_own_issuer() {
        let told = r#"identity = { issuer = { url = "https://broker.example.com", keys = ["alias/a", "alias/b@2026-12-01T00:00:00Z"] } }"#;
        let IdentitySource::Issuer(source) = read(told).identity else { panic!("{told}") };
        let settings = source.settings(&"acme".parse().unwrap());
        assert_eq!(
            (settings.url.as_str(), settings.subject.as_str()),
            ("https://broker.example.com", "deputize:acme")
        );
        assert_eq!(source.keys.len(), 2);
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for text in [
            "[gcp]\nkey = 'x'",
            "[gcp]\nprovider = 'agents'",
            "[azure]\nclient_id = 'me'",
            "[azure]\nauthority = 'entra'",
            "[azure.key_vault]\nurl = 'https://acme.vault.azure.net'",
            "identity = 'gcp'",
            "[identity.issuer]\nurl = 'http://broker.example.com'",
            "[identity.issuer]\nurl = 'https://broker.example.com'\nkey = 'x'",
            "[oracle]",
        ] {
            assert!(toml::from_str::<CloudSettings>(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_could_not_work_is_told_before_anything_is_tried() {
        for (text, told) in [
            ("[gcp]", "gcp mints nothing: give it provider or ambient = true"),
            ("[azure]\nclient_id = '00000000-0000-4000-8000-000000000001'", "azure mints nothing"),
            ("[gcp]\nambient = true\naudience = 'x'", "gcp.audience means nothing without gcp.provider"),
            ("[gcp]\nambient = true\nendpoint = 'http://10.0.0.1'", "gcp.endpoint is http://10.0.0.1/"),
            ("[azure]\ntenant = 'x'\nauthority = 'http://login.example.com'", "azure.authority is"),
            (
                "[aws]\nbroker_role = 'arn:aws:iam::123456789012:role/deputize'",
                "aws.broker_role means nothing without",
            ),
            ("[aws]\nrole = 'agent-{agent}'", "aws.role is \"agent-{agent}\""),
            ("[aws]\nrotation_role = 'arn:aws:iam::{agent}:role/r'", "aws.rotation_role is"),
            ("[rotation]\nprobes = 0", "rotation.probes must"),
            (
                "[azure]\nmanaged_identity = true\ngraph = 'https://graph.example.com'",
                "azure.graph means nothing without azure.tenant",
            ),
            ("[gcp]\nambient = true\nservice_account = '{agent}'", "gcp.service_account is"),
        ] {
            let error = read(text).validate().unwrap_err().to_string();
            assert!(error.starts_with(told), "{error}");
        }
    }
}
