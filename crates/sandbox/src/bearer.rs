//! The token that a call presents, as RFC 6750 has it.

use axum::http::{HeaderMap, header};

/// The token of `Authorization: Bearer TOKEN`. The scheme is written in any case.
pub(crate) fn token(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
