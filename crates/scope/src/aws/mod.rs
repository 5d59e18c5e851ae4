//! Authority over AWS: what may be called, whether one set of calls lies within another, and the session policy
//! that grants exactly such a set.
//!
//! [`policy`] and [`evaluate`] judge any IAM policy document and share nothing with the rest, so that they can
//! be the witness of what [`compile`] produces.

mod area;
pub mod arn;
pub(crate) mod arn_format;
pub mod authority;
pub mod compile;
mod containment;
mod context;
mod cover;
pub(crate) mod coverage;
pub mod evaluate;
mod global;
pub(crate) mod length;
mod normal;
pub mod pattern;
mod place;
pub mod policy;
pub(crate) mod reach;
pub mod region;
mod restriction;
mod table;
mod witness;
