//! Authority over Google Cloud: what may be called, whether one set of calls lies within another, and the token that
//! serves such a set.

mod permission;

pub use permission::{GcpPermission, GcpPermissionError, ServiceAccount, ServiceAccountError};
