//! Google Cloud: the Security Token Service, the Service Account Credentials API, a metadata server, and enough of
//! Cloud Storage to use a token on.
//!
//! An access token is opaque, as Google's are: it carries what it stands for, sealed, so that nothing is stored and a
//! restart with the same [`Key`](crate::Key) changes nothing. `POST /authorize` says what a token could do: what its
//! service account is granted, of that what its OAuth scopes let through, of that what an access boundary leaves.

mod authority;
mod authorize;
mod boundary;
mod condition;
mod config;
mod exchange;
mod impersonation;
mod metadata;
mod principal;
mod refusal;
mod roles;
mod scopes;
mod storage;
mod token;

use std::fmt;
use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};

pub use self::config::{Accounts, Config, Grant, Provider, ServiceAccount};
use crate::faults::Faults;
use crate::jwt::SigningKeys;
use crate::oidc::Issuers;
use crate::trouble::{Injected, Moment, Trouble};
use crate::{Clock, Key, Random};

/// More than the largest call that breaks no other limit.
const MAX_BODY: usize = 256 * 1_024;

/// A project to try things in. Clones are the same project.
#[derive(Clone)]
pub struct SandboxGcp(Arc<Inner>);

struct Inner {
    config: Config,
    key: Key,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    issuers: Issuers,
    signing_keys: SigningKeys,
    faults: [Faults; Service::ALL.len()],
}

/// The services of the sandbox, each of which may fail by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// `sts.googleapis.com`.
    SecurityTokens,
    /// `iamcredentials.googleapis.com`.
    Credentials,
    /// `metadata.google.internal`.
    Metadata,
    /// `storage.googleapis.com`.
    Storage,
}

impl Service {
    const ALL: [Self; 4] = [Self::SecurityTokens, Self::Credentials, Self::Metadata, Self::Storage];
}

impl SandboxGcp {
    /// The project as configured. Two with the same configuration accept each other's tokens.
    pub fn new(config: Config, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Self {
        let key = config.key.of_cloud("gcp");
        let signing_keys = SigningKeys::new(key.clone());
        let (issuers, faults) = (Issuers::new(), Default::default());
        Self(Arc::new(Inner { config, key, clock, random, issuers, signing_keys, faults }))
    }

    /// Makes one of the services fail, for tests.
    pub fn faults(&self, service: Service) -> Faults {
        let [security_tokens, credentials, metadata, storage] = &self.0.faults;
        match service {
            Service::SecurityTokens => security_tokens,
            Service::Credentials => credentials,
            Service::Metadata => metadata,
            Service::Storage => storage,
        }
        .clone()
    }

    /// The services under a path such as `/sandbox/gcp`, to be merged into another router.
    pub fn router_under(&self, path: &str) -> Router {
        Router::new().nest(path, self.router())
    }

    /// The services, to be served alone:
    ///
    /// - `POST /v1/token`, `POST /v1/introspect`: the Security Token Service
    /// - `POST /v1/projects/-/serviceAccounts/EMAIL:generateAccessToken`, `GET …/allowedLocations`
    /// - `GET /computeMetadata/v1/…`: the metadata server of a machine, whose identity is [`Config::ambient`]
    /// - `GET /storage/v1/b/BUCKET/o[/OBJECT]`: objects, with `alt=media` their content
    /// - `GET /.well-known/openid-configuration` and `/.well-known/jwks.json`: how to verify a machine's identity tokens
    /// - `GET /tokeninfo`, `POST /authorize`: what a token is, and what it could do
    pub fn router(&self) -> Router {
        let metadata = |path: &str| format!("/computeMetadata/v1/{path}");
        let security_tokens = Router::new()
            .route("/v1/token", post(exchange::token))
            .route("/v1/introspect", post(authorize::introspect));
        let credentials = Router::new()
            .route("/v1/projects/{project}/serviceAccounts/{call}", post(impersonation::call))
            .route(
                "/v1/projects/{project}/serviceAccounts/{email}/allowedLocations",
                get(impersonation::allowed_locations),
            )
            .route(
                "/v1/projects/{project}/locations/global/workloadIdentityPools/{pool}/allowedLocations",
                get(impersonation::allowed_locations),
            );
        let machine = Router::new()
            .route("/", get(metadata::root))
            .route(&metadata("instance"), get(metadata::root))
            .route(&metadata("{*path}"), get(metadata::value));
        let storage = Router::new()
            .route("/storage/v1/b/{bucket}/o", get(storage::list))
            .route("/storage/v1/b/{bucket}/o/{object}", get(storage::object));
        Router::new()
            .merge(self.trouble(Service::SecurityTokens, refusal::oauth_injected).before(security_tokens))
            .merge(self.trouble(Service::Credentials, refusal::api_injected).before(credentials))
            .merge(self.trouble(Service::Metadata, metadata::injected).before(machine))
            .merge(self.trouble(Service::Storage, refusal::api_injected).before(storage))
            .route("/tokeninfo", get(authorize::token_info))
            .route("/authorize", post(authorize::authorize))
            .route("/.well-known/openid-configuration", get(metadata::configuration))
            .route("/.well-known/jwks.json", get(metadata::keys))
            .layer(DefaultBodyLimit::max(MAX_BODY))
            .with_state(self.clone())
    }

    fn trouble(
        &self,
        service: Service,
        refuse: fn(&Injected, Moment) -> axum::response::Response,
    ) -> Trouble {
        Trouble { faults: self.faults(service), clock: Arc::clone(&self.0.clock), refuse }
    }
}

impl fmt::Debug for SandboxGcp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("SandboxGcp").field("config", &self.0.config).finish_non_exhaustive()
    }
}
