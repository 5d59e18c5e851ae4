//! The ledger for those who audit: entries, proofs, the files of its logs; and what callers hand in.

pub(crate) mod entries;
pub(crate) mod events;
pub(crate) mod exports;
pub(crate) mod files;
pub(crate) mod logs;
pub(crate) mod subjects;
mod throttle;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::routing::{get, post};
use deputize_broker::audit::EventId;
use deputize_broker::ledger::{LedgerError, LedgerReader};
use deputize_broker::{Principal, Role};
use deputize_ledger::CosignerKey;

use self::throttle::Throttle;
use crate::authentication::Caller;
use crate::problem::{Code, Problem};
use crate::router::Api;

/// What the routes of the ledger need.
#[derive(Clone, Debug)]
pub struct AuditRoutes {
    /// Reads it.
    pub reader: LedgerReader,
    /// The witnesses whose cosignatures are taken.
    pub witnesses: Vec<CosignerKey>,
}

/// The ledger as handlers have it.
#[derive(Debug)]
pub(crate) struct Ledger {
    routes: AuditRoutes,
    reports: Throttle,
}

impl Ledger {
    pub(crate) fn new(routes: AuditRoutes) -> Self {
        Self { routes, reports: Throttle::default() }
    }
}

/// What waits is sealed within moments.
const SOON: Duration = Duration::from_secs(5);

/// Where each route goes.
pub(crate) fn routes() -> Router<Api> {
    Router::new()
        .route("/v1/audit/entries", get(entries::search))
        .route("/v1/audit/entries/{id}", get(entries::show))
        .route("/v1/audit/entries/{id}/proof", get(entries::prove))
        .route("/v1/audit/logs", get(logs::list))
        .route("/v1/audit/key", get(files::key))
        .route("/v1/audit/checkpoint", get(files::checkpoint))
        .route("/v1/audit/checkpoint/cosigned", get(files::cosigned))
        .route("/v1/audit/tile/{*path}", get(files::tile))
        .route("/v1/audit/logs/{year}/key", get(files::key_of))
        .route("/v1/audit/logs/{year}/checkpoint", get(files::checkpoint_of))
        .route("/v1/audit/logs/{year}/checkpoint/cosigned", get(files::cosigned_of))
        .route("/v1/audit/logs/{year}/tile/{*path}", get(files::tile_of))
        .route("/v1/audit/cosignatures", post(logs::cosign))
        .route("/v1/audit/events", post(events::report))
        .route("/v1/audit/exports", post(exports::export))
        .route("/v1/audit/subjects:erase", post(subjects::erase))
}

/// A caller who may look at the ledger, and the ledger.
pub(crate) struct Auditor {
    pub(crate) caller: Principal,
    pub(crate) ledger: Arc<Ledger>,
}

impl Auditor {
    fn reader(&self) -> &LedgerReader {
        &self.ledger.routes.reader
    }

    /// The year of the current log.
    async fn current(&self) -> Result<i16, Problem> {
        self.reader().current().await?.ok_or_else(nothing_sealed)
    }
}

impl FromRequestParts<Api> for Auditor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let Caller(caller) = Caller::from_request_parts(parts, api).await?;
        if !matches!(caller.role, Role::Admin | Role::Auditor) {
            return Err(Problem::new(Code::Forbidden, "only auditors and admins may look at the ledger"));
        }
        Ok(Self { caller, ledger: ledger(api)? })
    }
}

/// The ledger. Without one, its routes are not there either.
fn ledger(api: &Api) -> Result<Arc<Ledger>, Problem> {
    api.ledger.clone().ok_or_else(|| Problem::new(Code::NotFound, "this broker keeps no ledger"))
}

impl From<LedgerError> for Problem {
    fn from(error: LedgerError) -> Self {
        Self::new(Code::AuditUnavailable, "the ledger cannot be read").retry_after(SOON).because(error)
    }
}

fn event_id(text: &str) -> Result<EventId, Problem> {
    text.parse().map_err(|_| Problem::new(Code::NotFound, "no such event"))
}

fn nothing_sealed() -> Problem {
    Problem::new(Code::NotSealed, "nothing was sealed into the ledger yet").retry_after(SOON)
}
