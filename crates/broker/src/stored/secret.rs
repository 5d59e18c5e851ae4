//! A stored secret in the clear, with all that is needed to use it. What is sealed is all of it: an address to which a
//! secret is sent must not be open to change where the secret itself is not.

use deputize_scope::identifier::CredentialType;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::facts::{Facts, OauthFacts};
use crate::secret::Secret;

/// A stored secret in the clear. Not `Serialize`: what becomes of it is said where it happens.
#[derive(Clone, Debug)]
pub enum StoredSecret {
    /// The access key of an IAM user.
    AwsAccessKey(StoredAccessKey),
    /// A client secret of an application in Entra.
    AzureClientSecret(StoredClientSecret),
    /// A client of an OAuth 2.0 provider.
    Oauth(StoredOauth),
    /// An API key.
    ApiKey(StoredApiKey),
}

/// The access key of an IAM user.
#[derive(Clone, Debug)]
pub struct StoredAccessKey {
    /// The key's id; not a secret.
    pub access_key_id: String,
    /// The user's name, where it was told; not a secret.
    pub user_name: Option<String>,
    /// Signs requests.
    pub secret_access_key: Secret,
}

/// A client secret of an application in Entra.
#[derive(Clone, Debug)]
pub struct StoredClientSecret {
    /// The directory; not a secret.
    pub tenant_id: String,
    /// The application; not a secret.
    pub client_id: String,
    /// The secret's own id, where it was told; not a secret.
    pub key_id: Option<String>,
    /// Proves to be the application.
    pub client_secret: Secret,
}

/// A client of an OAuth 2.0 provider.
#[derive(Clone, Debug)]
pub struct StoredOauth {
    /// What is no secret of it.
    pub facts: OauthFacts,
    /// Proves to be the client.
    pub client_secret: Option<Secret>,
    /// Gets the next access token; with many providers once only.
    pub refresh_token: Option<Secret>,
}

/// An API key.
#[derive(Clone, Debug)]
pub struct StoredApiKey {
    /// What its provider calls it, where that was told; not a secret.
    pub key_id: Option<String>,
    /// The key.
    pub key: Secret,
}

/// The form in which a secret is sealed.
#[derive(Serialize, Deserialize)]
#[serde(tag = "of", rename_all = "snake_case")]
enum Plain<S> {
    AwsAccessKey { access_key_id: S, user_name: Option<S>, secret_access_key: S },
    AzureClientSecret { tenant_id: S, client_id: S, key_id: Option<S>, client_secret: S },
    Oauth { facts: OauthFacts, client_secret: Option<S>, refresh_token: Option<S> },
    ApiKey { key_id: Option<S>, key: S },
}

/// The bytes are no secret of that type.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("a sealed version holds no secret of its type")]
pub struct NotASecret;

impl StoredSecret {
    /// The type of credential that it is of.
    pub fn kind(&self) -> CredentialType {
        match self {
            Self::AwsAccessKey(_) => CredentialType::AwsAccessKey,
            Self::AzureClientSecret(_) => CredentialType::AzureServicePrincipal,
            Self::Oauth(_) => CredentialType::OauthToken,
            Self::ApiKey(_) => CredentialType::ApiKey,
        }
    }

    /// What may be told of it.
    pub fn facts(&self) -> Facts {
        match self {
            Self::AwsAccessKey(key) => Facts::AwsAccessKey {
                access_key_id: key.access_key_id.clone(),
                user_name: key.user_name.clone(),
            },
            Self::AzureClientSecret(secret) => Facts::AzureClientSecret {
                tenant_id: secret.tenant_id.clone(),
                client_id: secret.client_id.clone(),
                key_id: secret.key_id.clone(),
            },
            Self::Oauth(client) => Facts::Oauth(client.facts.clone()),
            Self::ApiKey(key) => Facts::ApiKey { key_id: key.key_id.clone() },
        }
    }

    /// The bytes to seal.
    pub(super) fn to_plaintext(&self) -> Zeroizing<Vec<u8>> {
        let plain = match self {
            Self::AwsAccessKey(key) => Plain::AwsAccessKey {
                access_key_id: key.access_key_id.as_str(),
                user_name: key.user_name.as_deref(),
                secret_access_key: key.secret_access_key.reveal(),
            },
            Self::AzureClientSecret(secret) => Plain::AzureClientSecret {
                tenant_id: secret.tenant_id.as_str(),
                client_id: secret.client_id.as_str(),
                key_id: secret.key_id.as_deref(),
                client_secret: secret.client_secret.reveal(),
            },
            Self::Oauth(client) => Plain::Oauth {
                facts: client.facts.clone(),
                client_secret: client.client_secret.as_ref().map(Secret::reveal),
                refresh_token: client.refresh_token.as_ref().map(Secret::reveal),
            },
            Self::ApiKey(key) => Plain::ApiKey { key_id: key.key_id.as_deref(), key: key.key.reveal() },
        };
        // A struct of strings always serialises; empty bytes would not read back, and so fail closed.
        Zeroizing::new(serde_json::to_vec(&plain).unwrap_or_default())
    }

    /// Reads what [`Self::to_plaintext`] wrote.
    pub(super) fn from_plaintext(kind: CredentialType, bytes: &[u8]) -> Result<Self, NotASecret> {
        let plain: Plain<String> = serde_json::from_slice(bytes).map_err(|_| NotASecret)?;
        let secret = match plain {
            Plain::AwsAccessKey { access_key_id, user_name, secret_access_key } => {
                let secret_access_key = Secret::new(secret_access_key);
                Self::AwsAccessKey(StoredAccessKey { access_key_id, user_name, secret_access_key })
            }
            Plain::AzureClientSecret { tenant_id, client_id, key_id, client_secret } => {
                let client_secret = Secret::new(client_secret);
                Self::AzureClientSecret(StoredClientSecret { tenant_id, client_id, key_id, client_secret })
            }
            Plain::Oauth { facts, client_secret, refresh_token } => Self::Oauth(StoredOauth {
                facts,
                client_secret: client_secret.map(Secret::new),
                refresh_token: refresh_token.map(Secret::new),
            }),
            Plain::ApiKey { key_id, key } => Self::ApiKey(StoredApiKey { key_id, key: Secret::new(key) }),
        };
        if secret.kind() == kind { Ok(secret) } else { Err(NotASecret) }
    }
}
