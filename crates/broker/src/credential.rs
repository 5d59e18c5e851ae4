//! What a cloud mints.

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::secret::Secret;

/// A credential in the clear. Not `Serialize`: what becomes of its secrets is said where it happens.
#[derive(Clone, Debug)]
pub enum Credential {
    /// A session of an AWS role.
    AwsSession(AwsSession),
}

/// The keys of an AWS session.
#[derive(Clone, Debug)]
pub struct AwsSession {
    /// Names the session's keys; not a secret.
    pub access_key_id: String,
    /// Signs requests.
    pub secret_access_key: Secret,
    /// Goes with every request.
    pub session_token: Secret,
}

/// The form in which a credential is sealed for the replay of an idempotent answer.
#[derive(Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Plain<'a> {
    AwsSession {
        #[serde(borrow)]
        access_key_id: &'a str,
        #[serde(borrow)]
        secret_access_key: &'a str,
        #[serde(borrow)]
        session_token: &'a str,
    },
}

/// The bytes are no credential.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("a sealed answer holds no credential")]
pub struct NotACredential;

impl Credential {
    /// The bytes to seal.
    pub(crate) fn to_plaintext(&self) -> Zeroizing<Vec<u8>> {
        let plain = match self {
            Self::AwsSession(session) => Plain::AwsSession {
                access_key_id: &session.access_key_id,
                secret_access_key: session.secret_access_key.reveal(),
                session_token: session.session_token.reveal(),
            },
        };
        // A struct of strings always serialises; empty bytes would not read back, and so fail closed.
        Zeroizing::new(serde_json::to_vec(&plain).unwrap_or_default())
    }

    /// Reads what [`Self::to_plaintext`] wrote.
    pub(crate) fn from_plaintext(bytes: &[u8]) -> Result<Self, NotACredential> {
        match serde_json::from_slice(bytes).map_err(|_| NotACredential)? {
            Plain::AwsSession { access_key_id, secret_access_key, session_token } => {
                Ok(Self::AwsSession(AwsSession {
                    access_key_id: access_key_id.to_owned(),
                    secret_access_key: Secret::new(secret_access_key.to_owned()),
                    session_token: Secret::new(session_token.to_owned()),
                }))
            }
        }
    }
}
