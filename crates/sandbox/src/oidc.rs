//! Tokens of other issuers, verified as a relying party does: by the issuer's own discovery document and keys.

use std::time::Duration;

use jiff::Timestamp;
use jsonwebtoken::jwk::{Jwk, JwkSet};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, dangerous, decode, decode_header};
use serde::Deserialize;
use serde_json::Value;

/// How long an issuer may take to show its keys.
const PATIENCE: Duration = Duration::from_secs(5);
/// More than any issuer has to say.
const MAX_DOCUMENT: usize = 256 * 1_024;

/// Where the keys of an issuer come from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum IssuerKeys {
    /// From the issuer itself, each time: `ISSUER/.well-known/openid-configuration` and what it names.
    #[default]
    Discovered,
    /// A JSON Web Key Set that was uploaded, for an issuer that the cloud cannot reach.
    Given(Value),
}

/// What a verified token says.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Claims {
    pub(crate) iss: String,
    #[serde(default)]
    pub(crate) sub: String,
    #[serde(default)]
    aud: Audience,
    pub(crate) exp: Option<i64>,
    pub(crate) nbf: Option<i64>,
    pub(crate) iat: Option<i64>,
}

/// `aud` may be one or several.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

impl Default for Audience {
    fn default() -> Self {
        Self::Several(Vec::new())
    }
}

impl Claims {
    /// What a token claims, verified by nothing.
    pub(crate) fn unverified(token: &str) -> Option<Self> {
        dangerous::insecure_decode(token).ok().map(|data: jsonwebtoken::TokenData<Self>| data.claims)
    }

    pub(crate) fn audiences(&self) -> &[String] {
        match &self.aud {
            Audience::One(one) => std::slice::from_ref(one),
            Audience::Several(several) => several,
        }
    }

    /// Whether it holds at this time, give or take some seconds. A token without an end never does.
    pub(crate) fn hold(&self, now: Timestamp, leeway: i64) -> Result<(), Untimely> {
        let now = now.as_second();
        if self.exp.is_none_or(|end| end <= now - leeway) {
            return Err(Untimely::Expired);
        }
        let begun = |begin: i64| begin <= now + leeway;
        if self.nbf.is_some_and(|begin| !begun(begin)) || self.iat.is_some_and(|issued| !begun(issued)) {
            return Err(Untimely::NotYet);
        }
        Ok(())
    }
}

/// A token that does not hold now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Untimely {
    Expired,
    NotYet,
}

/// Why a token is not its issuer's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unverified {
    #[error("the token is no JSON Web Token")]
    Malformed,
    #[error("the token is signed with an algorithm that is not accepted")]
    Algorithm,
    #[error("the issuer's keys could not be had")]
    Unreachable,
    #[error("the issuer has no such key")]
    UnknownKey,
    #[error("the signature is wrong")]
    Signature,
}

/// The relying party's way to the issuers.
#[derive(Clone, Debug)]
pub(crate) struct Issuers {
    /// `None` where no client could be made: then no issuer is in reach.
    http: Option<reqwest::Client>,
}

impl Issuers {
    pub(crate) fn new() -> Self {
        // An issuer answers itself: neither a proxy nor another place speaks for it.
        let redirects = reqwest::redirect::Policy::none();
        let builder = reqwest::Client::builder().timeout(PATIENCE).redirect(redirects).no_proxy();
        Self { http: builder.build().ok() }
    }

    /// The claims of a token that this issuer signed with one of these algorithms. Neither time nor audience is
    /// looked at: each cloud has its own words for those.
    pub(crate) async fn verify(
        &self,
        token: &str,
        issuer: &str,
        keys: &IssuerKeys,
        algorithms: &[Algorithm],
    ) -> Result<Claims, Unverified> {
        let header = decode_header(token).map_err(|_| Unverified::Malformed)?;
        if !algorithms.contains(&header.alg) {
            return Err(Unverified::Algorithm);
        }
        let set = match keys {
            IssuerKeys::Given(set) => set.clone(),
            IssuerKeys::Discovered => self.discover(issuer).await.ok_or(Unverified::Unreachable)?,
        };
        let set: JwkSet = serde_json::from_value(set).map_err(|_| Unverified::Unreachable)?;
        let key = chosen(&set, header.kid.as_deref()).ok_or(Unverified::UnknownKey)?;
        verified(token, header.alg, key)
    }

    async fn discover(&self, issuer: &str) -> Option<Value> {
        let document = self.read(&format!("{issuer}/.well-known/openid-configuration")).await?;
        // Whoever may put a document there must not speak for somebody else.
        if document.get("issuer")?.as_str()? != issuer {
            return None;
        }
        self.read(document.get("jwks_uri")?.as_str()?).await
    }

    async fn read(&self, url: &str) -> Option<Value> {
        let mut response = self.http.as_ref()?.get(url).send().await.ok()?.error_for_status().ok()?;
        let mut document = Vec::new();
        while let Some(chunk) = response.chunk().await.ok()? {
            document.extend_from_slice(&chunk);
            if document.len() > MAX_DOCUMENT {
                return None;
            }
        }
        serde_json::from_slice(&document).ok()
    }
}

/// The claims of a token that was signed with one of these keys: a sandbox's own token, brought back to it.
pub(crate) fn own(token: &str, keys: &Value, algorithm: Algorithm) -> Option<Claims> {
    let header = decode_header(token).ok().filter(|header| header.alg == algorithm)?;
    let set: JwkSet = serde_json::from_value(keys.clone()).ok()?;
    verified(token, algorithm, chosen(&set, header.kid.as_deref())?).ok()
}

/// A token without a key's id is fine where there is one key only.
fn chosen<'a>(set: &'a JwkSet, id: Option<&str>) -> Option<&'a Jwk> {
    match (id, set.keys.as_slice()) {
        (Some(id), _) => set.find(id),
        (None, [only]) => Some(only),
        (None, _) => None,
    }
}

fn verified(token: &str, algorithm: Algorithm, key: &Jwk) -> Result<Claims, Unverified> {
    let key = DecodingKey::from_jwk(key).map_err(|_| Unverified::UnknownKey)?;
    let mut validation = Validation::new(algorithm);
    validation.required_spec_claims.clear();
    // By the sandbox's clock, not by this library's.
    validation.validate_exp = false;
    validation.validate_aud = false;
    decode(token, &key, &validation).map(|data| data.claims).map_err(|_| Unverified::Signature)
}
