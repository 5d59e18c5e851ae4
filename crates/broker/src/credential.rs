//! What is issued.

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::secret::Secret;

/// A credential in the clear. Not `Serialize`: what becomes of its secrets is said where it happens.
#[derive(Clone, Debug)]
pub enum Credential {
    /// A session of an AWS role.
    AwsSession(AwsSession),
    /// The access key of an IAM user.
    AwsAccessKey(AwsAccessKey),
    /// An access token of a Google service account.
    GcpToken(GcpToken),
    /// An access token of an identity in Entra.
    AzureToken(AzureToken),
    /// An access token of any other provider.
    OauthToken(OauthToken),
    /// A provider's API key.
    ApiKey(Secret),
    /// No credential yet: the policy under which the holder of an AWS session narrows it itself. Not a secret.
    ScopeDown {
        /// What STS GetScopedCredentials is asked with, as compact JSON.
        policy: String,
    },
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

/// The access key of an IAM user: it does not end by itself.
#[derive(Clone, Debug)]
pub struct AwsAccessKey {
    /// Names the key; not a secret.
    pub access_key_id: String,
    /// Signs requests.
    pub secret_access_key: Secret,
}

/// An access token of a Google service account.
#[derive(Clone, Debug)]
pub struct GcpToken {
    /// Goes with every request.
    pub access_token: Secret,
    /// Whose token it is: the account's address.
    pub service_account: String,
}

/// An access token of an identity in Entra.
#[derive(Clone, Debug)]
pub struct AzureToken {
    /// Goes with every request.
    pub access_token: Secret,
    /// How it was obtained.
    pub method: AzureMethod,
}

/// How a token of Entra is obtained.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AzureMethod {
    /// By the managed identity of the machine that the broker runs on.
    ManagedIdentity,
    /// By a token that another issuer signed, which Entra was told to trust.
    FederatedCredential,
    /// By a client secret that is kept sealed.
    ClientSecret,
    /// By a client secret that a Key Vault keeps.
    KeyVault,
}

impl AzureMethod {
    /// The method's name in answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ManagedIdentity => "managed_identity",
            Self::FederatedCredential => "federated_credential",
            Self::ClientSecret => "client_secret",
            Self::KeyVault => "key_vault",
        }
    }
}

/// An access token of any provider of OAuth 2.0.
#[derive(Clone, Debug)]
pub struct OauthToken {
    /// Goes with every request.
    pub access_token: Secret,
    /// How it goes with them: `Bearer`, as a rule.
    pub token_type: String,
}

/// The form in which a credential is sealed for the replay of an idempotent answer.
#[derive(Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Plain<S> {
    AwsSession { access_key_id: S, secret_access_key: S, session_token: S },
    AwsAccessKey { access_key_id: S, secret_access_key: S },
    GcpToken { access_token: S, service_account: S },
    AzureToken { access_token: S, method: AzureMethod },
    OauthToken { access_token: S, token_type: S },
    ApiKey { key: S },
    ScopeDown { policy: S },
}

/// The bytes are no credential.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("a sealed answer holds no credential")]
pub struct NotACredential;

impl Credential {
    /// The bytes to seal.
    pub(crate) fn to_plaintext(&self) -> Zeroizing<Vec<u8>> {
        let plain = match self {
            Self::AwsSession(AwsSession { access_key_id, secret_access_key, session_token }) => {
                Plain::AwsSession {
                    access_key_id: access_key_id.as_str(),
                    secret_access_key: secret_access_key.reveal(),
                    session_token: session_token.reveal(),
                }
            }
            Self::AwsAccessKey(AwsAccessKey { access_key_id, secret_access_key }) => Plain::AwsAccessKey {
                access_key_id: access_key_id.as_str(),
                secret_access_key: secret_access_key.reveal(),
            },
            Self::GcpToken(GcpToken { access_token, service_account }) => Plain::GcpToken {
                access_token: access_token.reveal(),
                service_account: service_account.as_str(),
            },
            Self::AzureToken(AzureToken { access_token, method }) => {
                Plain::AzureToken { access_token: access_token.reveal(), method: *method }
            }
            Self::OauthToken(OauthToken { access_token, token_type }) => {
                Plain::OauthToken { access_token: access_token.reveal(), token_type: token_type.as_str() }
            }
            Self::ApiKey(key) => Plain::ApiKey { key: key.reveal() },
            Self::ScopeDown { policy } => Plain::ScopeDown { policy: policy.as_str() },
        };
        // A struct of strings always serialises; empty bytes would not read back, and so fail closed.
        Zeroizing::new(serde_json::to_vec(&plain).unwrap_or_default())
    }

    /// Reads what [`Self::to_plaintext`] wrote.
    pub(crate) fn from_plaintext(bytes: &[u8]) -> Result<Self, NotACredential> {
        let plain: Plain<String> = serde_json::from_slice(bytes).map_err(|_| NotACredential)?;
        Ok(match plain {
            Plain::AwsSession { access_key_id, secret_access_key, session_token } => {
                Self::AwsSession(AwsSession {
                    access_key_id,
                    secret_access_key: Secret::new(secret_access_key),
                    session_token: Secret::new(session_token),
                })
            }
            Plain::AwsAccessKey { access_key_id, secret_access_key } => Self::AwsAccessKey(AwsAccessKey {
                access_key_id,
                secret_access_key: Secret::new(secret_access_key),
            }),
            Plain::GcpToken { access_token, service_account } => {
                Self::GcpToken(GcpToken { access_token: Secret::new(access_token), service_account })
            }
            Plain::AzureToken { access_token, method } => {
                Self::AzureToken(AzureToken { access_token: Secret::new(access_token), method })
            }
            Plain::OauthToken { access_token, token_type } => {
                Self::OauthToken(OauthToken { access_token: Secret::new(access_token), token_type })
            }
            Plain::ApiKey { key } => Self::ApiKey(Secret::new(key)),
            Plain::ScopeDown { policy } => Self::ScopeDown { policy },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_credential_comes_out_of_its_plaintext_as_it_went_in() {
        let secret = |text: &str| Secret::new(text.to_owned());
        let credentials = [
            Credential::AwsSession(AwsSession {
                access_key_id: "ASIAEXAMPLE".into(),
                secret_access_key: secret("a/b+c"),
                session_token: secret("token"),
            }),
            Credential::AwsAccessKey(AwsAccessKey {
                access_key_id: "AKIAEXAMPLE".into(),
                secret_access_key: secret("a/b+c"),
            }),
            Credential::GcpToken(GcpToken {
                access_token: secret("ya29.x"),
                service_account: "agent-x@acme-prod.iam.gserviceaccount.com".into(),
            }),
            Credential::AzureToken(AzureToken {
                access_token: secret("eyJ.x.y"),
                method: AzureMethod::FederatedCredential,
            }),
            Credential::OauthToken(OauthToken { access_token: secret("t"), token_type: "Bearer".into() }),
            // What JSON has to escape.
            Credential::ApiKey(secret("quote \" backslash \\ newline \n é")),
        ];
        for credential in credentials {
            let plaintext = credential.to_plaintext();
            let again = Credential::from_plaintext(&plaintext).unwrap();
            assert_eq!(*again.to_plaintext(), *plaintext);
        }
        let key = Credential::from_plaintext(&Credential::ApiKey(secret("a\"\\\né")).to_plaintext());
        assert!(matches!(key, Ok(Credential::ApiKey(key)) if key.reveal() == "a\"\\\né"));
    }
}
