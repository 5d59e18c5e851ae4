//! AWS: the Security Token Service, and access keys of IAM, in the query protocol, with its parameters, limits and error codes.
//!
//! Signatures are verified, sessions end when they say, and [`SandboxAws::router`] also serves `POST /authorize`,
//! which says what IAM would decide about a call with a session's credentials. Sessions are not stored: a session token
//! carries its session, sealed, so that it survives a restart with the same [`Key`]. What is remembered are the access
//! keys of users, which [`SandboxAws::access_keys`] gives, to be kept.
//!
//! Where AWS does not say how it works, this is a model: the packed size of policies and tags, the largest web
//! identity token, and the code with which the global endpoint refuses what it does not offer.

mod access_keys;
mod assume_role;
mod authorize;
mod config;
mod external;
mod iam;
mod key;
mod packed;
mod parameters;
mod principal;
mod refusal;
mod scoped;
mod service;
mod session;
mod signature;
mod tags;
mod web_identity;
mod xml;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use jiff::Timestamp;
use uuid::Uuid;

use self::access_keys::AccessKeys;
pub use self::access_keys::{KeyPropagation, LastUsed, UserKey};
pub use self::config::{
    AccountId, AccountIdError, Config, DEFAULT_MAX_SESSION, Endpoint, OidcProvider, RoleConfig, Roles, Users,
};
pub use self::key::AccessKey;
use crate::jwt::SigningKeys;
use crate::oidc::Issuers;
use crate::trouble::Trouble;
use crate::{Clock, Random};
pub use crate::{Fault, Faults, Key};

/// More than the largest call that breaks no other limit.
const MAX_BODY: usize = 256 * 1_024;

/// An AWS account to try things in. Clones are the same account.
#[derive(Clone)]
pub struct SandboxAws(Arc<Inner>);

struct Inner {
    config: Config,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    faults: Faults,
    signing_keys: SigningKeys,
    access_keys: AccessKeys,
    issuers: Issuers,
}

impl SandboxAws {
    /// The account as configured. Two with the same configuration accept each other's credentials.
    pub fn new(config: Config, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Self {
        let signing_keys = SigningKeys::new(config.key.clone());
        let access_keys = AccessKeys::new(config.access_keys.clone(), config.key_propagation);
        let (faults, issuers) = (Faults::default(), Issuers::new());
        Self(Arc::new(Inner { config, clock, random, faults, signing_keys, access_keys, issuers }))
    }

    /// The access key of the account's own principal, which may do anything. It is derived from the account's key.
    ///
    /// The principal is the IAM user `sandbox`: as at AWS, the root user could assume no role.
    pub fn root_credentials(&self) -> AccessKey {
        self.0.config.key.operator()
    }

    /// The access keys of all users as they are now: for [`Config::access_keys`] after a restart.
    pub fn access_keys(&self) -> BTreeMap<String, Vec<UserKey>> {
        self.0.access_keys.all()
    }

    /// Makes STS and IAM fail, for tests. The other routes never do.
    pub fn faults(&self) -> Faults {
        self.0.faults.clone()
    }

    /// The service under a path such as `/sandbox/aws`, to be merged into another router. Clients may end the path
    /// with a slash or not: a plain [`Router::nest`] of [`SandboxAws::router`] would not find the former.
    pub fn router_under(&self, path: &str) -> Router {
        Router::new().nest_service(path, self.router())
    }

    /// The service, to be served alone:
    ///
    /// - `POST /`, form-encoded and signed: AssumeRole, GetCallerIdentity, GetScopedCredentials and GetWebIdentityToken of
    ///   STS; CreateAccessKey and what else there is to access keys of IAM; unsigned: AssumeRoleWithWebIdentity
    /// - `POST /authorize`: what IAM would decide about a call, in JSON and unsigned
    /// - `GET /.well-known/openid-configuration` and `/.well-known/jwks.json`: how to verify web identity tokens
    pub fn router(&self) -> Router {
        Router::new()
            .route("/authorize", post(authorize::authorize))
            .route("/.well-known/openid-configuration", get(web_identity::configuration))
            .route("/.well-known/jwks.json", get(web_identity::keys))
            .fallback_service(
                self.trouble().before(Router::new().fallback(service::call)).with_state(self.clone()),
            )
            .layer(DefaultBodyLimit::max(MAX_BODY))
            .with_state(self.clone())
    }

    fn trouble(&self) -> Trouble {
        let clock = Arc::clone(&self.0.clock);
        Trouble { faults: self.0.faults.clone(), clock, refuse: service::injected }
    }

    /// The issuer of web identity tokens.
    fn issuer(&self) -> String {
        self.0.config.issuer.clone().unwrap_or_else(|| {
            let mut bytes = [0; 16];
            for (byte, derived) in bytes.iter_mut().zip(self.0.config.key.derive("issuer", "").iter()) {
                *byte = *derived;
            }
            format!("https://{}.tokens.sts.global.api.aws", uuid_of(bytes))
        })
    }

    /// The time in whole seconds, which is what STS counts and answers in.
    fn now(&self) -> Timestamp {
        let now = self.0.clock.now();
        Timestamp::from_second(now.as_second()).unwrap_or(now)
    }

    /// A random UUID: the ids of requests and tokens.
    fn unique(&self) -> String {
        let mut bytes = [0; 16];
        self.0.random.fill(&mut bytes);
        uuid_of(bytes).to_string()
    }
}

impl fmt::Debug for SandboxAws {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("SandboxAws").field("config", &self.0.config).finish_non_exhaustive()
    }
}

fn uuid_of(bytes: [u8; 16]) -> Uuid {
    uuid::Builder::from_random_bytes(bytes).into_uuid()
}
