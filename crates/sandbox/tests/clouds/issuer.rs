//! An OpenID Connect issuer that signs whatever a test wants.

use std::sync::OnceLock;

use axum::routing::get;
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use rsa::RsaPrivateKey;
use rsa::pkcs1::EncodeRsaPrivateKey as _;
use rsa::traits::PublicKeyParts as _;
use serde_json::{Value, json};

use crate::served::{place, serve};

pub(crate) struct Issuer {
    pub(crate) url: String,
    elliptic: rcgen::KeyPair,
}

/// One key for all tests: to make one takes a moment.
fn rsa_key() -> &'static RsaPrivateKey {
    static KEY: OnceLock<RsaPrivateKey> = OnceLock::new();
    use rand_chacha::rand_core::SeedableRng as _;
    let mut generator = rand_chacha::ChaCha20Rng::from_seed([9; 32]);
    KEY.get_or_init(|| RsaPrivateKey::new(&mut generator, 2_048).unwrap())
}

fn encoded(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

impl Issuer {
    pub(crate) async fn start() -> Self {
        let (listener, url) = place().await;
        let elliptic = rcgen::KeyPair::generate().unwrap();
        let issuer = Self { url: url.clone(), elliptic };
        let keys = issuer.keys();
        let document = json!({ "issuer": url, "jwks_uri": format!("{url}/keys") });
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(move || async move { Json(document) }))
            .route("/keys", get(move || async move { Json(keys) }));
        serve(listener, router);
        issuer
    }

    pub(crate) fn keys(&self) -> Value {
        // An uncompressed point: one byte, then both coordinates.
        let point = self.elliptic.public_key_raw();
        json!({ "keys": [
            {
                "kty": "RSA", "use": "sig", "alg": "RS256", "kid": "r",
                "n": encoded(rsa_key().n().to_bytes_be()), "e": encoded(rsa_key().e().to_bytes_be()),
            },
            {
                "kty": "EC", "use": "sig", "alg": "ES256", "kid": "e", "crv": "P-256",
                "x": encoded(&point[1..33]), "y": encoded(&point[33..65]),
            },
        ] })
    }

    /// A token for whom, and for what, with further claims or others instead.
    pub(crate) fn token(&self, subject: &str, audience: &str, others: Value) -> String {
        self.signed(Algorithm::RS256, subject, audience, others)
    }

    pub(crate) fn signed(
        &self,
        algorithm: Algorithm,
        subject: &str,
        audience: &str,
        others: Value,
    ) -> String {
        // 2026-11-23T06:00:00Z
        let now = 1_795_413_600;
        let mut claims = json!({
            "iss": self.url, "sub": subject, "aud": audience, "iat": now, "nbf": now, "exp": now + 300,
        });
        claims.as_object_mut().unwrap().extend(others.as_object().unwrap().clone());
        let (key, id) = match algorithm {
            Algorithm::RS256 => {
                (EncodingKey::from_rsa_der(rsa_key().to_pkcs1_der().unwrap().as_bytes()), "r")
            }
            Algorithm::ES256 => (EncodingKey::from_ec_der(&self.elliptic.serialize_der()), "e"),
            // The public key as a shared secret: an old trick.
            _ => (EncodingKey::from_secret(rsa_key().n().to_bytes_be().as_slice()), "r"),
        };
        let header = Header { kid: Some(id.to_owned()), ..Header::new(algorithm) };
        encode(&header, &claims, &key).unwrap()
    }
}
