//! What a function's environment says: the same for all of them.

use deputize_broker::Settings;
use deputize_scope::Identity;
use deputize_scope::aws::arn::{ArnError, PrincipalArn};
use deputize_scope::identifier::IdentifierError;
use serde::Deserialize;
use thiserror::Error;

use crate::audit::AuditSettings;
use crate::rotation::RotationSettings;
use crate::settings::{AwsCloud, AzureCloud, CloudSettings, GcpCloud, IdentitySource, InvalidSettings};

const TABLE: &str = "DEPUTIZE_TABLE";
const KMS_KEY: &str = "DEPUTIZE_KMS_KEY";
const SETTINGS: &str = "DEPUTIZE_SETTINGS";

/// The function's settings.
#[derive(Debug)]
pub struct Environment {
    /// The table's name.
    pub table: String,
    /// The ARN, or alias, of the key that wraps data keys.
    pub kms_key: String,
    /// Which clouds credentials are minted at.
    pub clouds: CloudSettings,
    /// The broker's.
    pub settings: Settings,
}

/// Why the function does not start.
#[derive(Debug, Error)]
pub enum EnvironmentError {
    /// A variable is missing.
    #[error("the environment variable {0} is missing")]
    Missing(&'static str),
    /// The settings are not JSON of the form.
    #[error("{SETTINGS} is not the JSON that it should be: {0}")]
    Malformed(#[from] serde_json::Error),
    /// The tenant's name is none.
    #[error("{SETTINGS}: the tenant's name")]
    Tenant(#[from] IdentifierError),
    /// An admin or auditor is none.
    #[error("{SETTINGS}: {text:?} is no principal")]
    Principal {
        /// What stands there.
        text: String,
        /// What is wrong with it.
        source: ArnError,
    },
    /// The clouds' settings contradict themselves.
    #[error("{SETTINGS}: {0}")]
    Clouds(#[from] InvalidSettings),
    /// A role that only a broker outside AWS takes.
    #[error("{SETTINGS}: aws.broker_role is for a broker outside AWS: a function has a role")]
    BrokerRole,
}

/// The form of the variable: JSON text.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    tenant: String,
    #[serde(default)]
    admins: Vec<WrittenIdentity>,
    #[serde(default)]
    auditors: Vec<WrittenIdentity>,
    #[serde(default)]
    identity: IdentitySource,
    #[serde(default)]
    aws: AwsCloud,
    #[serde(default)]
    gcp: Option<GcpCloud>,
    #[serde(default)]
    azure: Option<AzureCloud>,
    #[serde(default)]
    rotation: RotationSettings,
    #[serde(default)]
    audit: AuditSettings,
}

/// As in a scope document: `{"aws": ARN}` or `{"oidc": {"issuer": …, "subject": …}}`.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum WrittenIdentity {
    Aws(String),
    Oidc(WrittenSubject),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenSubject {
    issuer: String,
    subject: String,
}

impl Environment {
    /// Reads the variables; `variable` looks one up.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, EnvironmentError> {
        let required =
            |name| variable(name).filter(|text| !text.is_empty()).ok_or(EnvironmentError::Missing(name));
        let written: Written = serde_json::from_str(&required(SETTINGS)?)?;
        let Written { tenant, admins, auditors, identity, aws, gcp, azure, rotation, audit } = written;
        let clouds = CloudSettings { identity, aws, gcp, azure, rotation, audit };
        clouds.validate()?;
        if clouds.aws.broker_role.is_some() {
            return Err(EnvironmentError::BrokerRole);
        }
        let settings = Settings {
            tenant: tenant.parse()?,
            admins: identities(admins)?,
            auditors: identities(auditors)?,
            aws: clouds.aws_settings(),
            gcp: clouds.gcp_settings(),
            azure: clouds.azure_settings(),
        };
        Ok(Self { table: required(TABLE)?, kms_key: required(KMS_KEY)?, clouds, settings })
    }
}

fn identities(written: Vec<WrittenIdentity>) -> Result<Vec<Identity>, EnvironmentError> {
    let identity = |written| match written {
        WrittenIdentity::Aws(text) => match text.parse::<PrincipalArn>() {
            Ok(arn) => Ok(Identity::Aws(arn)),
            Err(source) => Err(EnvironmentError::Principal { text, source }),
        },
        WrittenIdentity::Oidc(WrittenSubject { issuer, subject }) => Ok(Identity::Oidc { issuer, subject }),
    };
    written.into_iter().map(identity).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(settings: &str) -> Result<Environment, EnvironmentError> {
        Environment::read(|name| {
            Some(match name {
                SETTINGS => settings.to_owned(),
                other => other.to_lowercase(),
            })
        })
    }

    #[test]
    fn settings_are_read_as_they_are_written() {
        let environment = read(
            r#"{"tenant":"acme","admins":[{"aws":"arn:aws:iam::111122223333:role/ops"}],
                "auditors":[{"oidc":{"issuer":"https://token.example.com","subject":"audit"}}],
                "aws":{"role_template":"arn:aws:iam::123456789012:role/agent-{agent}","region":"eu-west-1"}}"#,
        )
        .unwrap();
        assert_eq!(environment.table, "deputize_table");
        assert_eq!(environment.settings.admins.len(), 1);
        assert_eq!(environment.settings.auditors.len(), 1);
        assert_eq!(environment.clouds.aws.region.as_deref(), Some("eu-west-1"));
        assert!(environment.settings.aws.role_template.is_some());
    }

    #[test]
    fn a_setting_that_is_not_understood_stops_the_start() {
        for text in [
            "{}",
            "settings.json",
            r#"{"tenant":"acme","admin":[]}"#,
            r#"{"tenant":"Not A Tenant"}"#,
            r#"{"tenant":"acme","admins":[{"aws":"everybody"}]}"#,
            r#"{"tenant":"acme","aws":{"role":"x"}}"#,
            r#"{"tenant":"acme","aws":{"cloud":"sandbox"}}"#,
            r#"{"tenant":"acme","gcp":{}}"#,
            r#"{"tenant":"acme","identity":{"token_file":"/t"},"aws":{"broker_role":"arn:aws:iam::123456789012:role/a"}}"#,
            r#"{"tenant":"acme","azure":{"tenant":"contoso","key":"x"}}"#,
        ] {
            assert!(read(text).is_err(), "{text}");
        }
        assert!(matches!(Environment::read(|_| None), Err(EnvironmentError::Missing(SETTINGS))));
    }
}
