//! The two documents by which anybody verifies a token: where the keys are, and the keys.

use deputize_scope::Seconds;
use jsonwebtoken::jwk::{
    AlgorithmParameters, CommonParameters, Jwk, JwkSet, KeyAlgorithm, PublicKeyUse, RSAKeyParameters,
    RSAKeyType,
};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::name::IssuerUrl;
use super::token::ALGORITHM;
use crate::ports::signing::SigningKey;

/// Where the discovery document is, below the issuer's URL (OpenID Connect Discovery 1.0, 4).
pub const DISCOVERY: &str = "/.well-known/openid-configuration";

/// Where the key set is, below the issuer's URL.
pub const KEY_SET: &str = "/.well-known/jwks.json";

/// A document that anybody may read and keep for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// The document: JSON.
    pub body: String,
    /// A tag that changes with the document: hexadecimal digits.
    pub etag: String,
    /// How long it may be kept.
    pub max_age: Seconds,
}

impl Document {
    fn new(body: String, max_age: Seconds) -> Self {
        let mut etag = hex::encode(Sha256::digest(&body));
        etag.truncate(32);
        Self { body, etag, max_age }
    }
}

pub(super) fn discovery(issuer: &IssuerUrl, max_age: Seconds) -> Document {
    let document = json!({
        "issuer": issuer.as_str(),
        "jwks_uri": format!("{issuer}{KEY_SET}"),
        "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [ALGORITHM],
        "claims_supported": ["iss", "sub", "aud", "iat", "nbf", "exp", "jti"],
    });
    Document::new(document.to_string(), max_age)
}

pub(super) fn key_set(keys: &[SigningKey], max_age: Seconds) -> serde_json::Result<Document> {
    let set = JwkSet { keys: keys.iter().map(published).collect() };
    Ok(Document::new(serde_json::to_string(&set)?, max_age))
}

fn published(key: &SigningKey) -> Jwk {
    let common = CommonParameters {
        public_key_use: Some(PublicKeyUse::Signature),
        key_algorithm: Some(KeyAlgorithm::RS256),
        key_id: Some(key.public.id().as_str().to_owned()),
        ..CommonParameters::default()
    };
    let algorithm = AlgorithmParameters::RSA(RSAKeyParameters {
        key_type: RSAKeyType::RSA,
        n: key.public.modulus().to_owned(),
        e: key.public.exponent().to_owned(),
    });
    Jwk { common, algorithm }
}
