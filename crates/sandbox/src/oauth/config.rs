use std::collections::{BTreeMap, BTreeSet};

use crate::Key;

/// How the authorization server is set up.
#[derive(Clone, Debug)]
pub struct Config {
    /// Everything secret is derived from this: with the same key, tokens survive a restart.
    pub key: Key,
    /// Where the router is served, without a slash at the end: the issuer.
    pub url: String,
    /// The clients, by their ids.
    pub clients: BTreeMap<String, Client>,
    /// Who approves at `/authorize`.
    pub user: String,
    /// What an access token lives, in seconds.
    pub access_lifetime: u32,
    /// What a refresh token lives, in seconds.
    pub refresh_lifetime: u32,
}

impl Config {
    /// A server without clients, whose access tokens live an hour and whose refresh tokens thirty days.
    pub fn new(key: Key, url: impl Into<String>) -> Self {
        Self {
            key,
            url: url.into(),
            clients: BTreeMap::new(),
            user: "user@acme.example".to_owned(),
            access_lifetime: 3_600,
            refresh_lifetime: 30 * 86_400,
        }
    }
}

/// A client.
#[derive(Clone, Debug, Default)]
pub struct Client {
    secret: Option<[u8; 32]>,
    /// Where codes may be sent. Of a loopback address, any port is as good.
    pub redirect_uris: Vec<String>,
    /// What it may ask for; all of it where it does not say.
    pub scopes: BTreeSet<String>,
}

impl Client {
    /// A client that keeps a secret, of the server whose configuration has this key.
    pub fn confidential(key: &Key, secret: &str) -> Self {
        Self { secret: Some(key.of_cloud("oauth").digest(secret)), ..Self::default() }
    }

    /// A client that cannot keep a secret.
    pub fn public() -> Self {
        Self::default()
    }

    pub(super) fn is_public(&self) -> bool {
        self.secret.is_none()
    }

    /// Whether the secret is the client's, by their digests.
    pub(super) fn knows(&self, digest: &[u8; 32]) -> bool {
        self.secret.as_ref() == Some(digest)
    }
}
