//! Scope documents, containment, compilation to cloud policies and their evaluation. Pure.
//!
//! A [`ScopeDocument`] says what each agent of a tenant may be given. It is read once from YAML or JSON with
//! [`ScopeDocument::parse`], which tells every [`Finding`] at its place in the text; everything else takes the
//! typed form. All that can be told of a text, [`check`] tells. What an agent is granted at a cloud is an
//! `Authority` of that cloud ([`aws::authority`], [`gcp::authority`], [`azure::authority`]), against which a request is
//! decided and from which is compiled what the cloud will be sent. A [`Grant`] is the same for all clouds together.
//!
//! There is no IO, no clock and no randomness here: the crate runs unchanged in a function, in the command line,
//! in a browser and on an edge worker.

#![warn(missing_docs)]

pub mod aws;
pub mod azure;
pub mod catalogue;
pub mod check;
pub mod connector;
pub mod document;
pub mod escalation;
mod fields;
pub mod finding;
pub mod gcp;
mod glob;
pub mod grant;
pub mod iam;
pub mod identifier;
pub mod proof;
pub mod seconds;
mod sorted;
mod syntax;
mod text;
mod value;

pub use connector::Connector;
pub use document::{Agent, Budget, Identity, Scope, ScopeDocument};
pub use finding::{Finding, Severity, Span};
pub use grant::{Grant, Witness};
pub use identifier::{AgentId, Cloud, TenantId};
pub use seconds::Seconds;
pub use sorted::{SortedMap, SortedSet};
