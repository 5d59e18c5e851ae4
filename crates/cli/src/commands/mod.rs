//! One file per command.

pub(crate) mod audit;
pub(crate) mod catalogue;
pub(crate) mod check;
pub(crate) mod compile;
pub(crate) mod config;
pub(crate) mod contains;
pub(crate) mod credentials;
pub(crate) mod explain;
pub(crate) mod leases;
pub(crate) mod narrow;
pub(crate) mod request;
pub(crate) mod scopes;
pub(crate) mod up;
