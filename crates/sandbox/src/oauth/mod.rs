//! An OAuth 2.0 authorization server: client credentials, authorization codes with PKCE, refresh tokens that are used
//! once, revocation and introspection, and one resource to use a token on.
//!
//! Tokens are sealed records of what they stand for. What is remembered is what may not happen twice: which refresh token
//! of a family is the newest, which codes were used, and what was revoked. A family that is unknown after a restart is
//! taken up at the token that is presented.

mod authorize;
mod client;
mod config;
mod grant;
mod refusal;
mod status;
mod token;
mod used;

use std::fmt;
use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};

pub use self::config::{Client, Config};
use self::used::Used;
use crate::faults::Faults;
use crate::trouble::Trouble;
use crate::{Clock, Key, Random};

/// More than the largest call that breaks no other limit.
const MAX_BODY: usize = 64 * 1_024;

/// An authorization server to try things with. Clones are the same server.
#[derive(Clone)]
pub struct SandboxOauth(Arc<Inner>);

struct Inner {
    config: Config,
    key: Key,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    used: Used,
    faults: [Faults; 2],
}

/// The services of the sandbox, each of which may fail by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// The authorization server.
    Server,
    /// The resource.
    Resource,
}

impl SandboxOauth {
    /// The server as configured.
    pub fn new(config: Config, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Self {
        let key = config.key.of_cloud("oauth");
        Self(Arc::new(Inner {
            config,
            key,
            clock,
            random,
            used: Used::default(),
            faults: Default::default(),
        }))
    }

    /// Makes one of the services fail, for tests.
    pub fn faults(&self, service: Service) -> Faults {
        let [server, resource] = &self.0.faults;
        match service {
            Service::Server => server,
            Service::Resource => resource,
        }
        .clone()
    }

    /// The server under a path such as `/sandbox/oauth`, to be merged into another router.
    pub fn router_under(&self, path: &str) -> Router {
        Router::new().nest(path, self.router())
    }

    /// The server, to be served alone:
    ///
    /// - `GET /authorize`: approves whatever is in order, and sends back
    /// - `POST /token`, `POST /revoke`, `POST /introspect`
    /// - `GET /.well-known/oauth-authorization-server`: where all of that is
    /// - `GET /resource`: what a token is good for
    pub fn router(&self) -> Router {
        let server = Router::new()
            .route("/.well-known/oauth-authorization-server", get(status::metadata))
            .route("/authorize", get(authorize::authorize))
            .route("/token", post(grant::token))
            .route("/revoke", post(status::revoke))
            .route("/introspect", post(status::introspect));
        let resource = Router::new().route("/resource", get(status::resource));
        let trouble = |service| Trouble {
            faults: self.faults(service),
            clock: Arc::clone(&self.0.clock),
            refuse: refusal::injected,
        };
        Router::new()
            .merge(trouble(Service::Server).before(server))
            .merge(trouble(Service::Resource).before(resource))
            .layer(DefaultBodyLimit::max(MAX_BODY))
            .with_state(self.clone())
    }

    fn unique(&self) -> String {
        let mut bytes = [0; 16];
        self.0.random.fill(&mut bytes);
        hex::encode(bytes)
    }
}

impl fmt::Debug for SandboxOauth {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("SandboxOauth").field("config", &self.0.config).finish_non_exhaustive()
    }
}
