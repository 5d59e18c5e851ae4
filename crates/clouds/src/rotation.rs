//! Where stored keys are made and revoked, put together from settings that are valid.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_types::SdkConfig;
use deputize_aws::{AccessKeys, AccessKeysSettings};
use deputize_azure::{ApplicationPasswords, Entra, Graph, PasswordSettings};
use deputize_broker::ports::rotation::{KeyProvider, Windows};
use deputize_scope::identifier::CredentialType;
use jiff::SignedDuration;
use serde::Deserialize;

use crate::minters::{NotMade, Surroundings, client};
use crate::settings::{AwsCloud, AzureCloud, CloudSettings, InvalidSettings};

/// How rotation goes. Times are those of all providers, where they are not to be as each says itself; written as `30s`,
/// `5m` or `1h`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RotationSettings {
    /// How many calls with a new key must succeed in a row before agents are told of it.
    pub probes: Option<u8>,
    /// The time between them.
    pub between_probes: Option<SignedDuration>,
    /// How long after it was made a key may still fail, at most.
    pub settling: Option<SignedDuration>,
    /// How long the agents have to adopt a new version.
    pub adoption: Option<SignedDuration>,
    /// The time between disabling a key and deleting it.
    pub soak: Option<SignedDuration>,
    /// Whether declared connectors may go to addresses of this machine and of private networks. They may not by default,
    /// so that nobody who may change one reaches what only the broker can.
    pub private_addresses: bool,
}

impl RotationSettings {
    /// What a provider says, but for what is set here.
    pub fn over(&self, windows: Windows) -> Windows {
        Windows {
            probes: self.probes.unwrap_or(windows.probes),
            between_probes: self.between_probes.unwrap_or(windows.between_probes),
            settling: self.settling.unwrap_or(windows.settling),
            adoption: self.adoption.unwrap_or(windows.adoption),
            soak: self.soak.unwrap_or(windows.soak),
            evidence: windows.evidence,
        }
    }

    pub(crate) fn validate(&self) -> Result<(), InvalidSettings> {
        // A key that nobody tried may not work, and a version that nobody has time for is rolled back at once.
        if self.probes == Some(0) {
            return Err(InvalidSettings::Window { field: "rotation.probes", must: "be at least 1" });
        }
        if self.adoption.is_some_and(|adoption| !adoption.is_positive()) {
            return Err(InvalidSettings::Window { field: "rotation.adoption", must: "take some time" });
        }
        let not_negative = [
            ("rotation.between_probes", self.between_probes),
            ("rotation.settling", self.settling),
            ("rotation.soak", self.soak),
        ];
        match not_negative.into_iter().find(|(_, time)| time.is_some_and(|time| time.is_negative())) {
            Some((field, _)) => Err(InvalidSettings::Window { field, must: "not be negative" }),
            None => Ok(()),
        }
    }
}

/// Where the keys of a type are made and revoked: `aws_access_key` with what the broker is at AWS, and
/// `azure_service_principal` where it is minted. Nothing is connected to before it is first asked.
pub fn key_providers(
    settings: &CloudSettings,
    surroundings: &Surroundings,
    aws: &SdkConfig,
) -> Result<BTreeMap<CredentialType, Arc<dyn KeyProvider>>, NotMade> {
    let access_keys = access_keys(&settings.aws, aws);
    let mut providers: BTreeMap<_, Arc<dyn KeyProvider>> =
        BTreeMap::from([(CredentialType::AwsAccessKey, Arc::new(access_keys) as _)]);
    if let Some(azure) = settings.azure.as_ref().filter(|azure| azure.tenant.is_some()) {
        let passwords = passwords(azure, surroundings)?;
        providers.insert(CredentialType::AzureServicePrincipal, Arc::new(passwords));
    }
    Ok(providers)
}

fn access_keys(settings: &AwsCloud, aws: &SdkConfig) -> AccessKeys {
    let (role_template, region) = (settings.rotation_role.clone(), settings.region.clone());
    AccessKeys::new(aws, AccessKeysSettings { role_template, region, ..AccessKeysSettings::default() })
}

fn passwords(settings: &AzureCloud, surroundings: &Surroundings) -> Result<ApplicationPasswords, NotMade> {
    let authority = match &settings.authority {
        Some(authority) => authority.clone(),
        None => Entra::PUBLIC.parse().map_err(NotMade::Address)?,
    };
    let graph = Graph::new(client(Some(&authority))?, authority, settings.graph.clone())?;
    let settings = PasswordSettings {
        manager: settings.rotation_client_id.clone(),
        audience: settings.audience.clone(),
        ..PasswordSettings::default()
    };
    let Surroundings { clock, random, identity, .. } = surroundings.clone();
    Ok(ApplicationPasswords::new(graph, identity, settings, clock, random))
}

#[cfg(test)]
mod tests {
    use deputize_host::{OsRandom, SystemClock, TokenFile};

    use super::*;

    fn providers(text: &str) -> Result<Vec<CredentialType>, String> {
        let clock = Arc::new(SystemClock::start());
        let surroundings = Surroundings {
            clock: clock.clone(),
            random: Arc::new(OsRandom),
            identity: Arc::new(TokenFile::new("token".into(), clock)),
            secrets: None,
        };
        let settings: CloudSettings = toml::from_str(text).unwrap();
        settings.validate().unwrap();
        let providers = key_providers(&settings, &surroundings, &SdkConfig::builder().build());
        providers.map(|providers| providers.into_keys().collect()).map_err(|error| error.to_string())
    }

    #[test]
    fn keys_are_rotated_where_they_are_used() {
        let (aws, azure) = (CredentialType::AwsAccessKey, CredentialType::AzureServicePrincipal);
        assert_eq!(providers(""), Ok(vec![aws]));
        assert_eq!(providers("[azure]\nmanaged_identity = true"), Ok(vec![aws]));
        assert_eq!(providers("[azure]\ntenant = 'acme.example.com'"), Ok(vec![aws, azure]));
        let elsewhere = "[azure]\ntenant = 'acme.example.com'\nauthority = 'https://login.example.com'";
        assert_eq!(providers(elsewhere), Err("azure.graph has to say where Graph is".to_owned()));
        let graph = format!("{elsewhere}\ngraph = 'https://graph.example.com'");
        assert_eq!(providers(&graph), Ok(vec![aws, azure]));
    }

    fn read(text: &str) -> RotationSettings {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn what_is_set_counts_and_the_rest_is_as_the_provider_says() {
        let theirs = ApplicationPasswords::WINDOWS;
        assert_eq!(read("").over(theirs), theirs);
        let set = "probes = 1\nbetween_probes = '100ms'\nsettling = '10s'\nadoption = '30s'\nsoak = '0s'";
        let expected = Windows {
            probes: 1,
            between_probes: SignedDuration::from_millis(100),
            settling: SignedDuration::from_secs(10),
            adoption: SignedDuration::from_secs(30),
            soak: SignedDuration::ZERO,
            evidence: AccessKeys::WINDOWS.evidence,
        };
        assert_eq!(read(set).over(AccessKeys::WINDOWS), expected);
        assert_eq!(read("soak = '1h 30m'").over(theirs).soak, SignedDuration::from_mins(90));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for (text, told) in [
            ("probes = 0", "rotation.probes must be at least 1"),
            ("adoption = '0s'", "rotation.adoption must take some time"),
            ("soak = '-1s'", "rotation.soak must not be negative"),
        ] {
            assert_eq!(read(text).validate().unwrap_err().to_string(), told);
        }
        for text in ["soak = 'soon'", "soak = 5", "probe = 1", "probes = -1"] {
            assert!(toml::from_str::<RotationSettings>(text).is_err(), "{text}");
        }
    }
}
