//! Providers other than the clouds.
//!
//! OAuth 2.0 is by the `oauth2` crate over our own HTTP client:
//! [`OauthEndpoint`] asks for access tokens; [`Enrolment`] gets a first refresh token from a person who agrees in a
//! browser (authorisation code with PKCE). API keys are made and revoked by [`DeclaredConnector`], as documents say.

#![warn(missing_docs)]

mod client;
mod declared;
mod endpoint;
mod enrolment;
mod exchange;

pub use crate::client::NoClient;
pub use crate::declared::{ConnectorSettings, DeclaredConnector};
pub use crate::endpoint::OauthEndpoint;
pub use crate::enrolment::{Enrolled, Enrolment, EnrolmentError, EnrolmentRequest};
