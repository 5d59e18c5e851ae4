//! Authority over Microsoft Azure: what may be called, whether one set of calls lies within another, and the token
//! that serves such a set.

mod operation;

pub use operation::{AzureOperation, AzureOperationError, ClientId, ClientIdError, Plane};
