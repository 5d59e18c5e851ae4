//! Access tokens: opaque to their holders, and in truth the sealed record of what they stand for.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::SandboxGcp;
use super::boundary::Boundary;
use super::principal::Principal;
use crate::sealed::Seal;

const PREFIX: &str = "ya29.";
const PURPOSE: &str = "access token";
/// What clients have to be ready for.
/// <https://cloud.google.com/iam/docs/reference/sts/rest/v1/TopLevel/token>
const MAX_SIZE: usize = 12 * 1_024;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Token {
    pub(super) principal: Principal,
    pub(super) scopes: Vec<String>,
    pub(super) boundary: Option<Boundary>,
    pub(super) issued_at: Timestamp,
    pub(super) expires_at: Timestamp,
}

impl SandboxGcp {
    /// `None` where it would become too large.
    pub(super) fn sealed(&self, token: &Token) -> Option<String> {
        let sealed = self.seal().seal(self.0.random.as_ref(), token, 0)?;
        let text = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(sealed));
        (text.len() <= MAX_SIZE).then_some(text)
    }

    /// What the text stands for, if it is a token of this project, still holds, and its account is not disabled.
    pub(super) fn opened(&self, text: &str, now: Timestamp) -> Option<Token> {
        let bytes = URL_SAFE_NO_PAD.decode(text.strip_prefix(PREFIX)?).ok()?;
        let token: Token = self.seal().open(&bytes)?;
        let accounts = &self.0.config.accounts;
        let enabled = |email: &str| accounts.find(email).is_some_and(|account| !account.disabled);
        let enabled = token.principal.email().is_none_or(enabled);
        (enabled && token.expires_at > now).then_some(token)
    }

    fn seal(&self) -> Seal<'_> {
        Seal { key: &self.0.key, purpose: PURPOSE, beside: "" }
    }
}
