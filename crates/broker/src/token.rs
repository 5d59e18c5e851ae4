//! Local bearer tokens: `dpt_ID_SECRET`. Only a hash of the secret is kept, and compared in constant time.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use thiserror::Error;

use crate::audit::What;
use crate::broker::Broker;
use crate::caller::{Actor, Role};
use crate::ports::StoreError;
use crate::ports::clock::{Random, random_bytes};
use crate::secret::Secret;

const PREFIX: &str = "dpt";

/// A token's public name: 16 hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TokenId(String);

impl fmt::Display for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A token as a caller presents it.
#[derive(Clone, Debug)]
pub struct PresentedToken {
    /// Its name.
    pub id: TokenId,
    secret: Secret,
}

/// The text is no token of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("not a token")]
pub struct InvalidToken;

impl FromStr for PresentedToken {
    type Err = InvalidToken;

    fn from_str(text: &str) -> Result<Self, InvalidToken> {
        let mut parts = text.split('_');
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(PREFIX), Some(id), Some(secret), None) if is_hex(id, 16) && is_hex(secret, 64) => {
                Ok(Self { id: TokenId(id.to_owned()), secret: Secret::new(secret.to_owned()) })
            }
            _ => Err(InvalidToken),
        }
    }
}

fn is_hex(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// What is kept of a token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenRecord {
    /// Its name.
    pub id: TokenId,
    /// The SHA-256 of its secret, in hexadecimal digits. A secret of 256 random bits needs no slower hash.
    pub hash: String,
    /// Whom it stands for.
    #[serde(flatten)]
    pub role: Role,
}

impl TokenRecord {
    /// A fresh token for `role`: the text for its holder, and what is kept of it.
    pub fn fresh(role: Role, random: &dyn Random) -> (Secret, Self) {
        let id = hex::encode(random_bytes::<8>(random));
        let secret = hex::encode(random_bytes::<32>(random));
        let record = Self { id: TokenId(id.clone()), hash: hash(&secret), role };
        (Secret::new(format!("{PREFIX}_{id}_{secret}")), record)
    }

    /// Whether this is the record of the token presented.
    pub fn matches(&self, presented: &PresentedToken) -> bool {
        let given = hash(presented.secret.reveal());
        self.id == presented.id && bool::from(self.hash.as_bytes().ct_eq(given.as_bytes()))
    }
}

impl Broker {
    /// Makes a bearer token. That it is about to be made is written down first: one that nobody was given does no harm.
    ///
    /// # Errors
    /// Where the event or the token cannot be written down. There is no token then that works.
    pub async fn issue_token(&self, by: Actor, role: Role) -> Result<Secret, StoreError> {
        let (token, record) = TokenRecord::fresh(role, &*self.ports.random);
        let what = What::TokenIssued { token: record.id.clone(), holder: record.role.clone() };
        self.ports.outbox.record(&self.event(by, what)).await?;
        self.ports.tokens.put(self.tenant(), &record).await?;
        Ok(token)
    }
}

fn hash(secret: &str) -> String {
    hex::encode(Sha256::digest(secret.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Counter;
    impl Random for Counter {
        fn fill(&self, buffer: &mut [u8]) {
            buffer.iter_mut().zip(1..).for_each(|(byte, n)| *byte = n);
        }
    }

    #[test]
    fn a_token_matches_its_own_record_only() {
        let (text, record) = TokenRecord::fresh(Role::Admin, &Counter);
        assert!(record.matches(&text.reveal().parse().unwrap()));
        let forged = format!("{}f", &text.reveal()[..text.reveal().len() - 1]);
        assert!(!record.matches(&forged.parse().unwrap()));
    }

    #[test]
    fn the_record_does_not_hold_the_secret() {
        let (text, record) = TokenRecord::fresh(Role::Admin, &Counter);
        let secret = text.reveal().rsplit('_').next().unwrap().to_owned();
        assert!(!serde_json::to_string(&record).unwrap().contains(&secret));
    }

    #[test]
    fn what_is_not_a_token_is_refused() {
        for text in ["", "dpt", "dpt_0_1", "Bearer x", "dpt_0011223344556677_zz"] {
            assert!(text.parse::<PresentedToken>().is_err(), "{text}");
        }
    }
}
