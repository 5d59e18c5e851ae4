//! Who is calling: what the gateway proved, or a bearer token; never anything in a body.

use axum::extract::FromRequestParts;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use deputize_broker::broker::AuthenticateError;
use deputize_broker::{CallerIdentity, Principal};

use crate::problem::{Code, Problem};
use crate::router::Api;

/// Where callers prove who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authentication {
    /// At the gateway in front, whose word is a [`CallerIdentity`] among the request's extensions. A bearer token in
    /// the request is not looked at: the gateway's verdict cannot be overruled from within.
    Gateway,
    /// Here, by a bearer token of Deputize's own.
    BearerToken,
}

/// A caller who is known.
pub(crate) struct Caller(pub(crate) Principal);

impl FromRequestParts<Api> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let identity = match api.authentication {
            Authentication::Gateway => parts.extensions.get::<CallerIdentity>().cloned(),
            Authentication::BearerToken => bearer_token(parts),
        };
        let Some(identity) = identity else {
            api.broker.sign_in_failed(None).await;
            return Err(unknown());
        };
        match api.broker.authenticate(&identity).await {
            Ok(principal) => Ok(Self(principal)),
            Err(AuthenticateError::Unknown) => {
                api.broker.sign_in_failed(Some(&identity)).await;
                Err(unknown())
            }
            Err(AuthenticateError::Scopes(error)) => Err(error.into()),
            Err(AuthenticateError::Store(error)) => Err(error.into()),
        }
    }
}

/// The token of the one `Authorization` header; of two, neither is believed.
fn bearer_token(parts: &Parts) -> Option<CallerIdentity> {
    let mut headers = parts.headers.get_all(AUTHORIZATION).iter();
    let header = headers.next()?;
    if headers.next().is_some() {
        return None;
    }
    let (scheme, token) = header.to_str().ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return None;
    }
    token.trim().parse().ok().map(CallerIdentity::Token)
}

/// One answer for every reason, so that nothing can be learned from it.
fn unknown() -> Problem {
    Problem::new(Code::Unauthenticated, "send the credentials of a caller that is known here")
}
