use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use jiff::Timestamp;

use super::passwords::Password;
use crate::{IssuerKeys, Key};

/// How the sandbox's tenant is set up.
#[derive(Clone, Debug)]
pub struct Config {
    /// Everything secret is derived from this: with the same key, tokens survive a restart.
    pub key: Key,
    /// Where the router is served, without a slash at the end.
    pub url: String,
    /// The tenant's id.
    pub tenant: String,
    /// The applications.
    pub apps: Apps,
    /// The passwords of applications, by client id.
    pub passwords: BTreeMap<String, Vec<Password>>,
    /// How long it takes until a password that was added works, and until one that was removed no longer does.
    pub propagation: Duration,
    /// How long after that a new password works at every other request only: some of Entra's machines know it, and others
    /// do not yet.
    pub flapping: Duration,
    /// Where the keys of an issuer come from, for those that are not discovered.
    pub issuer_keys: BTreeMap<String, IssuerKeys>,
    /// The managed identities of the machine that asks. With [`Apps::Any`], any client id is one.
    pub identities: Vec<Identity>,
    /// What App Service's identity endpoint wants in `X-IDENTITY-HEADER`.
    pub identity_header: String,
    /// How App Service's identity endpoint writes the end of a token.
    pub expires_on: ExpiresOn,
    /// The key vaults, by name.
    pub vaults: BTreeMap<String, Vault>,
}

impl Config {
    /// The tenant of `examples/mission.yaml`: every application exists and may do anything. Nobody's assertions are
    /// accepted yet, and there is no vault.
    pub fn new(key: Key, url: impl Into<String>) -> Self {
        Self {
            key,
            url: url.into(),
            tenant: "00000000-0000-4000-8000-0000000000ff".to_owned(),
            apps: Apps::Any { issuers: Vec::new() },
            passwords: BTreeMap::new(),
            propagation: Duration::ZERO,
            flapping: Duration::ZERO,
            issuer_keys: BTreeMap::new(),
            identities: Vec::new(),
            identity_header: "sandbox".to_owned(),
            expires_on: ExpiresOn::Text,
            vaults: BTreeMap::new(),
        }
    }
}

/// The applications.
#[derive(Clone, Debug)]
pub enum Apps {
    /// Any application. It may do anything, its object id is its client id, and every subject of these issuers is a
    /// federated credential of it.
    Any {
        /// Whose assertions are accepted.
        issuers: Vec<String>,
    },
    /// These, by their client ids.
    Listed(BTreeMap<String, App>),
}

/// One application, and its service principal.
#[derive(Clone, Debug, Default)]
pub struct App {
    /// The id of the application object, by which Graph knows it.
    pub object_id: String,
    /// Whose assertions it accepts: 20 at the most at Microsoft.
    pub federated: Vec<FederatedCredential>,
    /// What its service principal may do.
    pub roles: Vec<RoleAssignment>,
    /// Application permissions of Graph: `Application.ReadWrite.All`, `Application.ReadWrite.OwnedBy`.
    pub graph_permissions: Vec<String>,
    /// The client ids of those that own it.
    pub owners: Vec<String>,
}

/// Whose assertions an application accepts: all three to the letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FederatedCredential {
    /// What the assertion says in `iss`.
    pub issuer: String,
    /// What the assertion says in `sub`.
    pub subject: String,
    /// What the assertion says in `aud`.
    pub audience: String,
    /// When it was made, where it is to be found only after [`Config::propagation`].
    pub created_at: Option<Timestamp>,
}

impl FederatedCredential {
    /// The audience that Microsoft recommends.
    pub const AUDIENCE: &str = "api://AzureADTokenExchange";

    /// A credential for a subject of an issuer, long there.
    pub fn new(issuer: impl Into<String>, subject: impl Into<String>) -> Self {
        let audience = Self::AUDIENCE.to_owned();
        Self { issuer: issuer.into(), subject: subject.into(), audience, created_at: None }
    }
}

/// A role assignment, in short.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleAssignment {
    /// Operations, in any case; `*` stands for any characters.
    pub operations: Vec<String>,
    /// The scope that they are allowed on, and everything below. `/`: everywhere.
    pub scope: String,
}

/// A managed identity.
#[derive(Clone, Debug)]
pub struct Identity {
    /// By which it is asked for.
    pub client_id: String,
    /// Whether it is the machine's own, used where no client id is named.
    pub system_assigned: bool,
    /// What it may do.
    pub roles: Vec<RoleAssignment>,
}

/// How the end of a token is written. Services have done it in each of these ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExpiresOn {
    /// Seconds since 1970, as a number.
    Number,
    /// Seconds since 1970, as text.
    Text,
    /// A date as in `11/23/2026 07:00:00 AM +00:00`, as text.
    Date,
}

/// A key vault with role-based access control.
#[derive(Clone, Debug)]
pub struct Vault {
    /// Where it is served, without a slash at the end: secrets have their identifiers by it.
    pub url: String,
    /// `/subscriptions/…/providers/Microsoft.KeyVault/vaults/NAME`: the scope of role assignments.
    pub resource_id: String,
    /// The secrets, by name.
    pub secrets: BTreeMap<String, Secret>,
}

/// A secret: its versions, the newest last.
#[derive(Clone, Debug, Default)]
pub struct Secret {
    /// Never empty.
    pub versions: Vec<SecretVersion>,
}

/// One version of a secret.
#[derive(Clone)]
pub struct SecretVersion {
    /// 32 hexadecimal digits.
    pub version: String,
    /// What is secret.
    pub value: String,
    /// A disabled one is not given out.
    pub enabled: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends. Key Vault tells, and gives it out all the same.
    pub expires_at: Option<Timestamp>,
}

impl fmt::Debug for SecretVersion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("SecretVersion").field("version", &self.version).finish_non_exhaustive()
    }
}
