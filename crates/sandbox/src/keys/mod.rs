//! A provider of API keys: accounts with a few keys each, that are made with a label, listed by pages, disabled and
//! deleted by one another, and whose every change takes a while until it is known everywhere.
//!
//! A key is a sealed record of what it is. What is remembered is what became of it; one that is unknown after a restart
//! is taken up as it was made.

mod account;
mod config;
mod refusal;
mod service;

use std::fmt;
use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{delete, get, post};

use self::account::Accounts;
pub use self::config::Config;
use crate::faults::Faults;
use crate::trouble::Trouble;
use crate::{Clock, Key, Random};

/// More than the largest call that breaks no other limit.
const MAX_BODY: usize = 16 * 1_024;

/// A provider of API keys to try things with. Clones are the same provider.
#[derive(Clone)]
pub struct SandboxKeys(Arc<Inner>);

struct Inner {
    config: Config,
    key: Key,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    accounts: Accounts,
    faults: [Faults; 2],
}

/// The services of the sandbox, each of which may fail by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// Makes, lists, disables and deletes keys.
    Management,
    /// What keys are good for.
    Resource,
}

impl SandboxKeys {
    /// The provider as configured.
    pub fn new(config: Config, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Self {
        let key = config.key.of_cloud("keys");
        Self(Arc::new(Inner {
            config,
            key,
            clock,
            random,
            accounts: Accounts::default(),
            faults: Default::default(),
        }))
    }

    /// Makes one of the services fail, for tests.
    pub fn faults(&self, service: Service) -> Faults {
        let [management, resource] = &self.0.faults;
        match service {
            Service::Management => management,
            Service::Resource => resource,
        }
        .clone()
    }

    /// The provider under a path such as `/sandbox/keys`, to be merged into another router.
    pub fn router_under(&self, path: &str) -> Router {
        Router::new().nest(path, self.router())
    }

    /// The provider, to be served alone:
    ///
    /// - `POST /accounts`: a new account with its first key, which works at once
    /// - `POST /v1/keys`, `GET /v1/keys`, `POST /v1/keys/{id}/disable`, `DELETE /v1/keys/{id}`
    /// - `GET /v1/whoami`: what a key is good for
    pub fn router(&self) -> Router {
        let management = Router::new()
            .route("/accounts", post(service::open))
            .route("/v1/keys", get(service::list).post(service::create))
            .route("/v1/keys/{id}/disable", post(service::disable))
            .route("/v1/keys/{id}", delete(service::delete));
        let resource = Router::new().route("/v1/whoami", get(service::whoami));
        let trouble = |service| Trouble {
            faults: self.faults(service),
            clock: Arc::clone(&self.0.clock),
            refuse: refusal::injected,
        };
        Router::new()
            .merge(trouble(Service::Management).before(management))
            .merge(trouble(Service::Resource).before(resource))
            .layer(DefaultBodyLimit::max(MAX_BODY))
            .with_state(self.clone())
    }

    fn unique(&self) -> String {
        let mut bytes = [0; 12];
        self.0.random.fill(&mut bytes);
        hex::encode(bytes)
    }
}

impl fmt::Debug for SandboxKeys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("SandboxKeys").field("config", &self.0.config).finish_non_exhaustive()
    }
}
