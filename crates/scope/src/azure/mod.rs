//! Authority over Microsoft Azure: what may be called, whether one set of calls lies within another, and the token
//! that serves such a set.
//!
//! A token of Entra carries no permissions. It is for one audience, the resource manager or a service's own
//! endpoints; the rest is left to the role assignments of its identity.

mod audience;
pub mod authority;
mod client_id;
pub mod compile;
mod operation;
mod resource;
mod segments;

pub use audience::{Audience, Audiences, Plane};
pub use client_id::{ClientId, ClientIdError};
pub use operation::{AzureOperation, AzureOperationError};
pub use resource::{AzureResource, AzureResourceError};
