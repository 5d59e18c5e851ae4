//! HTTP routes, DTOs, problem table and OpenAPI: one axum router for Lambda and for the local server.
//!
//! The crate translates and nothing else: what a caller sends becomes a call of the broker, what the broker answers
//! becomes JSON, and each of its errors becomes one row of the table in [`problem`].

mod audit;
mod authentication;
mod body;
mod catalogue;
mod connectors;
mod credentials;
mod description;
mod finding;
mod issuer;
mod leases;
mod narrow;
mod observation;
pub mod problem;
mod refusal;
mod rotation;
mod router;
mod scopes;
mod stored;

pub use crate::audit::AuditRoutes;
pub use crate::authentication::Authentication;
pub use crate::catalogue::Shelf;
pub use crate::description::ApiDescription;
pub use crate::issuer::issuer_router;
pub use crate::observation::RequestId;
pub use crate::router::router;
