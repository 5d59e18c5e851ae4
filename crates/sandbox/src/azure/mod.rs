//! Microsoft: Entra's token endpoint, the identity endpoints of machines and of App Service, Key Vault, Graph's
//! passwords of applications, and enough of the management plane to use a token on.
//!
//! Tokens are signed, as Entra's are, so that none is stored; what is remembered are the passwords that were added and
//! removed, which [`SandboxAzure::passwords`] gives, to be kept. `POST /authorize` says what a token could do: what
//! roles are assigned to its holder, as far as the token is for the service that the operation belongs to.

mod assertion;
mod authority;
mod authorize;
mod config;
mod entra;
mod graph;
mod identity;
mod management;
mod passwords;
mod refusal;
mod resource;
mod token;
mod vault;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::response::Response;
use axum::routing::{get, post};

pub use self::config::{
    App, Apps, Config, ExpiresOn, FederatedCredential, Identity, RoleAssignment, Secret, SecretVersion, Vault,
};
pub use self::passwords::Password;
use crate::faults::Faults;
use crate::jwt::SigningKeys;
use crate::oidc::Issuers;
use crate::trouble::{Injected, Moment, Trouble};
use crate::{Clock, Key, Random};

/// More than the largest call that breaks no other limit.
const MAX_BODY: usize = 256 * 1_024;

/// A tenant to try things in. Clones are the same tenant.
#[derive(Clone)]
pub struct SandboxAzure(Arc<Inner>);

struct Inner {
    config: Config,
    key: Key,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    issuers: Issuers,
    signing_keys: SigningKeys,
    passwords: Mutex<BTreeMap<String, Vec<Password>>>,
    /// How many requests presented a password that only some of the machines know.
    flapped: AtomicU64,
    faults: [Faults; 5],
}

/// The services of the sandbox, each of which may fail by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// `login.microsoftonline.com`.
    Entra,
    /// The identity endpoints of machines (IMDS) and of App Service.
    Identity,
    /// `VAULT.vault.azure.net`.
    KeyVault,
    /// `graph.microsoft.com`.
    Graph,
    /// `management.azure.com`.
    Management,
}

impl SandboxAzure {
    /// The tenant as configured. Two with the same configuration accept each other's tokens.
    pub fn new(config: Config, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Self {
        let key = config.key.of_cloud("azure");
        let signing_keys = SigningKeys::new(key.clone());
        let passwords = Mutex::new(config.passwords.clone());
        let (issuers, flapped, faults) = (Issuers::new(), AtomicU64::new(0), Default::default());
        let inner = Inner { config, key, clock, random, issuers, signing_keys, passwords, flapped, faults };
        Self(Arc::new(inner))
    }

    /// Makes one of the services fail, for tests.
    pub fn faults(&self, service: Service) -> Faults {
        let [entra, identity, vault, graph, management] = &self.0.faults;
        match service {
            Service::Entra => entra,
            Service::Identity => identity,
            Service::KeyVault => vault,
            Service::Graph => graph,
            Service::Management => management,
        }
        .clone()
    }

    /// The passwords of all applications as they are now, by client id: for [`Config::passwords`] after a restart.
    pub fn passwords(&self) -> BTreeMap<String, Vec<Password>> {
        self.lock_passwords().clone()
    }

    /// The services under a path such as `/sandbox/azure`, to be merged into another router.
    pub fn router_under(&self, path: &str) -> Router {
        Router::new().nest(path, self.router())
    }

    /// The services, to be served alone:
    ///
    /// - `POST /TENANT/oauth2/v2.0/token` and its discovery documents: Entra
    /// - `GET /metadata/identity/oauth2/token`: IMDS; `GET /msi/token`: App Service
    /// - `GET /vaults/VAULT/secrets/NAME[/VERSION]`: Key Vault (see [`SandboxAzure::vault_router`])
    /// - `/v1.0/applications/OBJECT…`, `/v1.0/applications(appId='CLIENT')…`: Graph
    /// - `GET /subscriptions/…`: the management plane
    /// - `POST /authorize`: what a token could do
    pub fn router(&self) -> Router {
        let entra = Router::new()
            .route("/{tenant}/oauth2/v2.0/token", post(entra::token))
            .route("/{tenant}/v2.0/.well-known/openid-configuration", get(entra::configuration))
            .route("/{tenant}/discovery/v2.0/keys", get(entra::keys))
            .route("/common/discovery/instance", get(entra::instance));
        let identity = Router::new()
            .route("/metadata/identity/oauth2/token", get(identity::machine))
            .route("/metadata/identity/oauth2/token/", get(identity::machine))
            .route("/msi/token", get(identity::app_service))
            .route("/msi/token/", get(identity::app_service));
        let graph = Router::new()
            .route("/v1.0/{application}", get(graph::application))
            .route("/v1.0/{application}/addPassword", post(graph::add_password))
            .route("/v1.0/{application}/removePassword", post(graph::remove_password))
            .route("/v1.0/applications/{application}", get(graph::application))
            .route("/v1.0/applications/{application}/addPassword", post(graph::add_password))
            .route("/v1.0/applications/{application}/removePassword", post(graph::remove_password));
        let management = Router::new()
            .route("/subscriptions", get(management::read))
            .route("/subscriptions/{*path}", get(management::read));
        let vaults = Router::new()
            .route("/vaults/{vault}/secrets/{name}", get(vault::of_path))
            .route("/vaults/{vault}/secrets/{name}/", get(vault::of_path))
            .route("/vaults/{vault}/secrets/{name}/{version}", get(vault::of_path));
        Router::new()
            .merge(self.trouble(Service::Entra, refusal::entra_injected).before(entra))
            .merge(self.trouble(Service::Identity, identity::injected).before(identity))
            .merge(self.trouble(Service::Graph, refusal::graph_injected).before(graph))
            .merge(self.trouble(Service::Management, refusal::api_injected).before(management))
            .merge(self.trouble(Service::KeyVault, refusal::api_injected).before(vaults))
            .route("/authorize", post(authorize::authorize))
            .layer(DefaultBodyLimit::max(MAX_BODY))
            .with_state(self.clone())
    }

    /// One vault, to be served alone, at its own address: Microsoft's client for Python finds a secret's name in its
    /// identifier only there.
    pub fn vault_router(&self, name: &str) -> Router {
        let name = name.to_owned();
        let vault = Router::new()
            .route("/secrets/{name}", get(vault::of_host))
            .route("/secrets/{name}/", get(vault::of_host))
            .route("/secrets/{name}/{version}", get(vault::of_host))
            .layer(axum::Extension(vault::VaultName(name)));
        self.trouble(Service::KeyVault, refusal::api_injected).before(vault).with_state(self.clone())
    }

    fn trouble(&self, service: Service, refuse: fn(&Injected, Moment) -> Response) -> Trouble {
        Trouble { faults: self.faults(service), clock: Arc::clone(&self.0.clock), refuse }
    }

    fn lock_passwords(&self) -> MutexGuard<'_, BTreeMap<String, Vec<Password>>> {
        // Each change is one step: a map left by a thread that panicked is as good as any.
        self.0.passwords.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A random UUID: the ids of requests, tokens and passwords.
    fn unique(&self) -> String {
        let mut bytes = [0; 16];
        self.0.random.fill(&mut bytes);
        uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
    }
}

impl fmt::Debug for SandboxAzure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("SandboxAzure").field("config", &self.0.config).finish_non_exhaustive()
    }
}
