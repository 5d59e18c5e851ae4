//! Codes and tokens: sealed records of what they stand for.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::SandboxOauth;
use super::refusal::Refusal;
use crate::sealed::Seal;

/// Who may do what by a code or token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Approval {
    /// By which it is revoked, with all that came of it.
    pub(super) family: String,
    pub(super) client: String,
    pub(super) subject: String,
    pub(super) scopes: BTreeSet<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Code {
    pub(super) approval: Approval,
    pub(super) redirect_uri: String,
    /// Of PKCE, by S256.
    pub(super) challenge: String,
    pub(super) expires_at: Timestamp,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AccessToken {
    pub(super) id: String,
    pub(super) approval: Approval,
    pub(super) issued_at: Timestamp,
    pub(super) expires_at: Timestamp,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RefreshToken {
    pub(super) approval: Approval,
    /// Which one of its family.
    pub(super) number: u32,
    pub(super) expires_at: Timestamp,
}

/// What can be sealed, and what its text begins with.
pub(super) trait Kind: Serialize + DeserializeOwned {
    const PREFIX: &str;
}

impl Kind for Code {
    const PREFIX: &str = "code_";
}

impl Kind for AccessToken {
    const PREFIX: &str = "at_";
}

impl Kind for RefreshToken {
    const PREFIX: &str = "rt_";
}

impl SandboxOauth {
    pub(super) fn sealed<T: Kind>(&self, value: &T) -> Result<String, Refusal> {
        let sealed = self.seal::<T>().seal(self.0.random.as_ref(), value, 0);
        let sealed = sealed.ok_or_else(|| Refusal::new("server_error", "The token could not be made."))?;
        Ok(format!("{}{}", T::PREFIX, URL_SAFE_NO_PAD.encode(sealed)))
    }

    /// What a text stands for, whether or not it still holds.
    pub(super) fn opened<T: Kind>(&self, text: &str) -> Option<T> {
        self.seal::<T>().open(&URL_SAFE_NO_PAD.decode(text.strip_prefix(T::PREFIX)?).ok()?)
    }

    /// The access token, if it holds.
    pub(super) fn holding(&self, text: &str, now: Timestamp) -> Option<AccessToken> {
        let token: AccessToken = self.opened(text)?;
        let revoked = self.0.used.is_revoked(&token.approval.family) || self.0.used.is_revoked(&token.id);
        (token.expires_at > now && !revoked).then_some(token)
    }

    fn seal<T: Kind>(&self) -> Seal<'_> {
        Seal { key: &self.0.key, purpose: T::PREFIX, beside: "" }
    }
}
