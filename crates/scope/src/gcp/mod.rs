//! Authority over Google Cloud: what may be called, whether one set of calls lies within another, and the token that
//! serves such a set.
//!
//! A token of Google carries no permissions. What narrows it are its OAuth scopes, which are coarse, and for Cloud
//! Storage a Credential Access Boundary; the rest is left to what the service account is bound to.

pub mod authority;
pub mod boundary;
pub mod compile;
pub mod oauth;
mod permission;
mod resource;
mod service_account;

pub use permission::{GcpPermission, GcpPermissionError};
pub use resource::{GcpResource, GcpResourceError};
pub use service_account::{ServiceAccount, ServiceAccountError};
