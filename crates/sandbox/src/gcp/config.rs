use std::collections::BTreeMap;

use crate::{IssuerKeys, Key};

/// How the sandbox's project is set up.
#[derive(Clone, Debug)]
pub struct Config {
    /// Everything secret is derived from this: with the same key, tokens survive a restart.
    pub key: Key,
    /// Where the router is served, without a slash at the end: the issuer of identity tokens.
    pub url: String,
    /// The project's name.
    pub project: String,
    /// The project's number, by which workload identity pools are named.
    pub project_number: u64,
    /// The providers of workload identity pools: whose tokens are exchanged.
    pub providers: Vec<Provider>,
    /// The service accounts.
    pub accounts: Accounts,
    /// Whose identity the machine has that asks the metadata server. `None`: there is no such machine.
    pub ambient: Option<String>,
    /// The objects of Cloud Storage, by bucket and name.
    pub objects: BTreeMap<(String, String), Vec<u8>>,
}

impl Config {
    /// The project of `examples/mission.yaml`, in which every service account exists and may do anything, and the
    /// machine runs as `broker@acme-prod.iam.gserviceaccount.com`. No issuer is trusted yet.
    pub fn new(key: Key, url: impl Into<String>) -> Self {
        Self {
            key,
            url: url.into(),
            project: "acme-prod".to_owned(),
            project_number: 123_456_789_012,
            providers: Vec::new(),
            accounts: Accounts::Any,
            ambient: Some("broker@acme-prod.iam.gserviceaccount.com".to_owned()),
            objects: BTreeMap::new(),
        }
    }

    /// `//iam.googleapis.com/projects/N/locations/global/workloadIdentityPools/P/providers/V`.
    pub fn audience(&self, provider: &Provider) -> String {
        let Provider { pool, name, .. } = provider;
        format!("//iam.googleapis.com/{}/providers/{name}", self.pool(pool))
    }

    /// `projects/N/locations/global/workloadIdentityPools/P`.
    pub(super) fn pool(&self, pool: &str) -> String {
        format!("projects/{}/locations/global/workloadIdentityPools/{pool}", self.project_number)
    }
}

/// An issuer whose tokens are exchanged. `google.subject` is the token's `sub`.
#[derive(Clone, Debug)]
pub struct Provider {
    /// The workload identity pool.
    pub pool: String,
    /// The provider's id within its pool.
    pub name: String,
    /// The issuer: what tokens say in `iss`, to the letter.
    pub issuer: String,
    /// Where the issuer's keys come from.
    pub keys: IssuerKeys,
    /// What tokens may say in `aud`. Where it is empty, the provider's own name with `https:` or without.
    pub allowed_audiences: Vec<String>,
    /// Subjects that are let in. Where it is empty, all: the attribute condition of the provider.
    pub subjects: Vec<String>,
}

impl Provider {
    /// The provider `deputize` of the pool `agents`, for tokens of this issuer.
    pub fn new(issuer: impl Into<String>) -> Self {
        Self {
            pool: "agents".to_owned(),
            name: "deputize".to_owned(),
            issuer: issuer.into(),
            keys: IssuerKeys::Discovered,
            allowed_audiences: Vec::new(),
            subjects: Vec::new(),
        }
    }
}

/// The service accounts.
#[derive(Clone, Debug)]
pub enum Accounts {
    /// Any service account, of any project. Everybody may impersonate it, and it may do anything.
    Any,
    /// These, by their addresses.
    Listed(BTreeMap<String, ServiceAccount>),
}

/// One service account.
#[derive(Clone, Debug, Default)]
pub struct ServiceAccount {
    /// Who has `iam.serviceAccounts.getAccessToken` on it: `serviceAccount:EMAIL`,
    /// `principal://iam.googleapis.com/POOL/subject/SUBJECT` or `principalSet://iam.googleapis.com/POOL/*`.
    pub impersonators: Vec<String>,
    /// What it may do.
    pub grants: Vec<Grant>,
    /// A disabled account gets no tokens, and those that it has are refused.
    pub disabled: bool,
    /// Whether the organisation lets its tokens live for twelve hours
    /// (`constraints/iam.allowServiceAccountCredentialLifetimeExtension`).
    pub long_lived: bool,
}

/// A role binding, in short.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// A permission, or a role that the sandbox knows (`roles/storage.objectViewer`).
    pub permissions: Vec<String>,
    /// The full name of the resource that the role is bound on: it holds for everything below. `*`: everywhere.
    pub resource: String,
}
