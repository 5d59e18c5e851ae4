use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use deputize_scope::aws::policy::PolicyDocument;
use deputize_scope::aws::region::Region;

use super::access_keys::{KeyPropagation, UserKey};
use crate::{IssuerKeys, Key};

/// What a role's sessions last at most unless its configuration says otherwise: an hour, as for a new role at AWS.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_update-role-settings.html>
pub const DEFAULT_MAX_SESSION: Duration = Duration::from_secs(3_600);

/// How the sandbox's AWS account is set up.
#[derive(Clone, Debug)]
pub struct Config {
    /// Everything secret is derived from this: with the same key, credentials survive a restart.
    pub key: Key,
    /// The account that the sandbox's own principal and the listed roles belong to.
    pub account: AccountId,
    /// The roles that may be assumed.
    pub roles: Roles,
    /// The IAM users, whose access keys may be made and deleted.
    pub users: Users,
    /// The access keys of users, by the users' names.
    pub access_keys: BTreeMap<String, Vec<UserKey>>,
    /// How long it takes until a change to an access key is known.
    pub key_propagation: KeyPropagation,
    /// The OpenID Connect providers whose tokens get a session.
    pub oidc_providers: Vec<OidcProvider>,
    /// The managed policies that a session may name by their ARNs. Others are refused.
    pub managed_policies: BTreeMap<String, PolicyDocument>,
    /// Regions where the account has STS switched off.
    pub disabled_regions: BTreeSet<Region>,
    /// Whether this stands for one of the regional endpoints or for the global one.
    pub endpoint: Endpoint,
    /// Whether the account has outbound web identity federation enabled.
    pub outbound_federation: bool,
    /// The issuer of web identity tokens: the URL at which the router is served, so that a relying party finds the
    /// keys. Without it, one in the form of AWS's own, where nobody finds them.
    pub issuer: Option<String>,
}

impl Config {
    /// An account in which every role and user exists, every region is enabled and federation is switched on.
    pub fn new(key: Key) -> Self {
        Self {
            key,
            account: AccountId::default(),
            roles: Roles::Any { max_session: DEFAULT_MAX_SESSION },
            users: Users::Any,
            access_keys: BTreeMap::new(),
            key_propagation: KeyPropagation::default(),
            oidc_providers: Vec::new(),
            managed_policies: BTreeMap::new(),
            disabled_regions: BTreeSet::new(),
            endpoint: Endpoint::Regional,
            outbound_federation: true,
            issuer: None,
        }
    }
}

/// Which of the STS endpoints the sandbox stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// `sts.REGION.amazonaws.com`, of whichever region the caller signs for.
    Regional,
    /// `sts.amazonaws.com`, which lacks the newer operations.
    Global,
}

/// The roles that may be assumed.
#[derive(Clone, Debug)]
pub enum Roles {
    /// Any role, of any account; nothing limits its sessions but their own policies.
    Any {
        /// What their sessions last at most.
        max_session: Duration,
    },
    /// These roles of the account, by name.
    Listed(BTreeMap<String, RoleConfig>),
}

/// One role.
#[derive(Clone, Debug)]
pub struct RoleConfig {
    /// What its sessions last at most.
    pub max_session: Duration,
    /// The external id that its trust policy asks for, if any.
    pub external_id: Option<String>,
    /// What the role itself may do. `None`: everything.
    pub identity_policy: Option<PolicyDocument>,
    /// The subjects of OpenID Connect providers that its trust policy lets in.
    pub web_identities: BTreeSet<String>,
}

impl Default for RoleConfig {
    fn default() -> Self {
        let web_identities = BTreeSet::new();
        Self { max_session: DEFAULT_MAX_SESSION, external_id: None, identity_policy: None, web_identities }
    }
}

/// The IAM users.
#[derive(Clone, Debug)]
pub enum Users {
    /// Any user, who may do anything.
    Any,
    /// These, by name, and what each may do. `None`: everything.
    Listed(BTreeMap<String, Option<PolicyDocument>>),
}

/// An OpenID Connect provider of the account.
#[derive(Clone, Debug)]
pub struct OidcProvider {
    /// What its tokens say in `iss`.
    pub issuer: String,
    /// What its tokens may say in `aud`.
    pub audiences: Vec<String>,
    /// Where its keys come from.
    pub keys: IssuerKeys,
}

/// The number of an AWS account: twelve digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountId(String);

impl AccountId {
    /// The twelve digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The number that AWS's own documentation uses for examples.
impl Default for AccountId {
    fn default() -> Self {
        Self("123456789012".to_owned())
    }
}

impl FromStr for AccountId {
    type Err = AccountIdError;

    fn from_str(text: &str) -> Result<Self, AccountIdError> {
        if text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(AccountIdError)
        }
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// The text is not the number of an AWS account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an AWS account number of twelve digits")]
pub struct AccountIdError;
