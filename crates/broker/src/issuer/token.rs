//! What a token says, and how it is written down (RFC 7519; RFC 7515, compact serialisation).

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, Header};
use serde::Serialize;

use crate::ports::signing::KeyId;
use crate::secret::Secret;

/// The algorithm that AWS, Google and Microsoft all take.
pub(super) const ALGORITHM: Algorithm = Algorithm::RS256;

/// The claims of a token.
#[derive(Debug, Serialize)]
pub(super) struct Claims<'a> {
    pub(super) iss: &'a str,
    pub(super) sub: &'a str,
    /// One audience, as text: Microsoft takes no other form.
    pub(super) aud: &'a str,
    pub(super) iat: i64,
    pub(super) nbf: i64,
    pub(super) exp: i64,
    pub(super) jti: &'a str,
}

/// A token that only lacks its signature.
pub(super) struct Unsigned(String);

impl Unsigned {
    pub(super) fn new(claims: &Claims<'_>, key: &KeyId) -> serde_json::Result<Self> {
        let header = Header { kid: Some(key.as_str().to_owned()), ..Header::new(ALGORITHM) };
        let part = |json: Vec<u8>| BASE64_URL_SAFE_NO_PAD.encode(json);
        Ok(Self(format!("{}.{}", part(serde_json::to_vec(&header)?), part(serde_json::to_vec(claims)?))))
    }

    /// What is signed.
    pub(super) fn message(&self) -> &[u8] {
        self.0.as_bytes()
    }

    pub(super) fn signed(mut self, signature: &[u8]) -> Secret {
        self.0.push('.');
        BASE64_URL_SAFE_NO_PAD.encode_string(signature, &mut self.0);
        Secret::new(self.0)
    }
}
