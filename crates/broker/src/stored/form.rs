//! What is handed in with an import, before it is known to be a secret of its type.

use deputize_scope::identifier::CredentialType;
use thiserror::Error;

use super::facts::{InvalidTokenUrl, OauthFacts, OauthGrant, TokenUrl};
use super::secret::{StoredAccessKey, StoredApiKey, StoredClientSecret, StoredOauth, StoredSecret};
use crate::secret::Secret;

/// The longest secret, in bytes: a signed token with many claims.
const LONGEST_SECRET: usize = 16 * 1_024;
/// The longest name or id, in bytes.
const LONGEST_NAME: usize = 256;
/// The most scopes of a token.
const MOST_SCOPES: usize = 100;

/// The fields of all types of secret, as they are handed in.
#[derive(Clone, Debug, Default)]
pub struct SecretForm {
    /// Of an IAM user's access key.
    pub access_key_id: Option<String>,
    /// Of an IAM user's access key.
    pub secret_access_key: Option<Secret>,
    /// Of an IAM user's access key; may be left out.
    pub user_name: Option<String>,
    /// Of a client secret in Entra: the directory.
    pub tenant_id: Option<String>,
    /// Of an application in Entra, or of a client of OAuth 2.0.
    pub client_id: Option<String>,
    /// Of an application in Entra, or of a client of OAuth 2.0.
    pub client_secret: Option<Secret>,
    /// Of a client secret in Entra, or of an API key; may be left out.
    pub key_id: Option<String>,
    /// Of a client of OAuth 2.0.
    pub token_url: Option<String>,
    /// Of a client of OAuth 2.0; with it, access tokens are got by it, without it by the client's secret.
    pub refresh_token: Option<Secret>,
    /// Of a client of OAuth 2.0; may be left out.
    pub scopes: Option<Vec<String>>,
    /// An API key.
    pub api_key: Option<Secret>,
}

/// What is wrong with a form. The values are never told: they may be secrets in the wrong place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum InvalidForm {
    /// There is nothing to store of that type.
    #[error("credentials of type {0} are never stored")]
    NothingStored(CredentialType),
    /// A field is missing.
    #[error("{field} is missing: a credential of type {kind} has it")]
    Missing {
        /// The field.
        field: &'static str,
        /// The type.
        kind: CredentialType,
    },
    /// A field is there that the type does not have.
    #[error("a credential of type {kind} has no {field}")]
    Foreign {
        /// The field.
        field: &'static str,
        /// The type.
        kind: CredentialType,
    },
    /// A field is empty, too long, or holds what it cannot hold.
    #[error("{field} has 1 to {most} characters, none of them a control character")]
    Field {
        /// The field.
        field: &'static str,
        /// How many bytes at most.
        most: usize,
    },
    /// Neither a client secret nor a refresh token.
    #[error("an oauth_token needs a client_secret or a refresh_token")]
    NothingToAskWith,
    /// The address.
    #[error("token_url: {0}")]
    TokenUrl(#[from] InvalidTokenUrl),
    /// Too many scopes, or one that is none.
    #[error("scopes are at most {MOST_SCOPES} words of visible ASCII characters")]
    Scopes,
}

impl SecretForm {
    /// The secret of that type that the form holds: with all that it must have, and nothing else.
    pub fn read(mut self, kind: CredentialType) -> Result<StoredSecret, InvalidForm> {
        let secret = match kind {
            CredentialType::AwsAccessKey => StoredSecret::AwsAccessKey(StoredAccessKey {
                access_key_id: name(self.access_key_id.take(), "access_key_id", kind)?,
                user_name: optional(self.user_name.take(), "user_name", kind)?,
                secret_access_key: secret(self.secret_access_key.take(), "secret_access_key", kind)?,
            }),
            CredentialType::AzureServicePrincipal => StoredSecret::AzureClientSecret(StoredClientSecret {
                tenant_id: name(self.tenant_id.take(), "tenant_id", kind)?,
                client_id: name(self.client_id.take(), "client_id", kind)?,
                key_id: optional(self.key_id.take(), "key_id", kind)?,
                client_secret: secret(self.client_secret.take(), "client_secret", kind)?,
            }),
            CredentialType::OauthToken => StoredSecret::Oauth(self.oauth(kind)?),
            CredentialType::ApiKey => StoredSecret::ApiKey(StoredApiKey {
                key_id: optional(self.key_id.take(), "key_id", kind)?,
                key: secret(self.api_key.take(), "api_key", kind)?,
            }),
            CredentialType::AwsIamRole
            | CredentialType::GcpServiceAccount
            | CredentialType::GcpWorkloadIdentity
            | CredentialType::AzureManagedIdentity => return Err(InvalidForm::NothingStored(kind)),
        };
        // What is left is not one of its fields: a secret in the wrong place must not be dropped unnoticed.
        self.left().map_or(Ok(secret), |field| Err(InvalidForm::Foreign { field, kind }))
    }

    fn oauth(&mut self, kind: CredentialType) -> Result<StoredOauth, InvalidForm> {
        let token_url = self.token_url.take().ok_or(InvalidForm::Missing { field: "token_url", kind })?;
        let given =
            |secret: Option<Secret>, field| secret.map(|given| self::secret(Some(given), field, kind));
        let client_secret = given(self.client_secret.take(), "client_secret").transpose()?;
        let refresh_token = given(self.refresh_token.take(), "refresh_token").transpose()?;
        let grant = match (&client_secret, &refresh_token) {
            (_, Some(_)) => OauthGrant::RefreshToken,
            (Some(_), None) => OauthGrant::ClientCredentials,
            (None, None) => return Err(InvalidForm::NothingToAskWith),
        };
        let scopes = self.scopes.take().unwrap_or_default();
        let is_scope = |scope: &String| {
            (1..=LONGEST_NAME).contains(&scope.len()) && scope.bytes().all(|byte| byte.is_ascii_graphic())
        };
        if scopes.len() > MOST_SCOPES || !scopes.iter().all(is_scope) {
            return Err(InvalidForm::Scopes);
        }
        let token_url = TokenUrl::try_from(token_url)?;
        let client_id = name(self.client_id.take(), "client_id", kind)?;
        let facts = OauthFacts { token_url, client_id, scopes, grant };
        Ok(StoredOauth { facts, client_secret, refresh_token })
    }

    fn left(&self) -> Option<&'static str> {
        let Self { access_key_id, secret_access_key, user_name, tenant_id, client_id, .. } = self;
        let Self { client_secret, key_id, token_url, refresh_token, scopes, api_key, .. } = self;
        let fields = [
            ("access_key_id", access_key_id.is_some()),
            ("secret_access_key", secret_access_key.is_some()),
            ("user_name", user_name.is_some()),
            ("tenant_id", tenant_id.is_some()),
            ("client_id", client_id.is_some()),
            ("client_secret", client_secret.is_some()),
            ("key_id", key_id.is_some()),
            ("token_url", token_url.is_some()),
            ("refresh_token", refresh_token.is_some()),
            ("scopes", scopes.is_some()),
            ("api_key", api_key.is_some()),
        ];
        fields.into_iter().find(|(_, is_there)| *is_there).map(|(field, _)| field)
    }
}

fn sound(text: &str, field: &'static str, most: usize) -> Result<(), InvalidForm> {
    let sound = (1..=most).contains(&text.len()) && !text.chars().any(char::is_control);
    if sound { Ok(()) } else { Err(InvalidForm::Field { field, most }) }
}

fn name(value: Option<String>, field: &'static str, kind: CredentialType) -> Result<String, InvalidForm> {
    let value = value.ok_or(InvalidForm::Missing { field, kind })?;
    sound(&value, field, LONGEST_NAME).map(|()| value)
}

fn optional(
    value: Option<String>,
    field: &'static str,
    kind: CredentialType,
) -> Result<Option<String>, InvalidForm> {
    value.map(|value| name(Some(value), field, kind)).transpose()
}

fn secret(value: Option<Secret>, field: &'static str, kind: CredentialType) -> Result<Secret, InvalidForm> {
    let value = value.ok_or(InvalidForm::Missing { field, kind })?;
    sound(value.reveal(), field, LONGEST_SECRET).map(|()| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    fn canary() -> Option<Secret> {
        text("canary").map(Secret::new)
    }

    fn oauth() -> SecretForm {
        let (token_url, client_id) = (text("https://idp.example.com/token"), text("fleet"));
        SecretForm { token_url, client_id, client_secret: canary(), ..SecretForm::default() }
    }

    #[test]
    fn each_type_is_read_back_from_its_plaintext() {
        let forms = [
            SecretForm {
                access_key_id: text("AKIAEXAMPLE"),
                secret_access_key: canary(),
                user_name: text("build"),
                ..SecretForm::default()
            },
            SecretForm {
                tenant_id: text("contoso"),
                client_id: text("app"),
                client_secret: canary(),
                ..SecretForm::default()
            },
            oauth(),
            SecretForm {
                api_key: text("quote \" backslash \\ é").map(Secret::new), ..SecretForm::default()
            },
        ];
        let kinds = ["aws_access_key", "azure_service_principal", "oauth_token", "api_key"];
        for (form, kind) in forms.into_iter().zip(kinds) {
            let kind = kind.parse().unwrap();
            let secret = form.read(kind).unwrap();
            let again = StoredSecret::from_plaintext(kind, &secret.to_plaintext()).unwrap();
            assert_eq!(*again.to_plaintext(), *secret.to_plaintext());
            assert_eq!((again.kind(), again.facts()), (kind, secret.facts()));
            assert!(!format!("{again:?}{:?}", again.facts()).contains("canary"));
            let other = if kind == CredentialType::ApiKey {
                CredentialType::OauthToken
            } else {
                CredentialType::ApiKey
            };
            assert!(StoredSecret::from_plaintext(other, &secret.to_plaintext()).is_err());
        }
    }

    #[test]
    fn a_refresh_token_decides_how_tokens_are_got() {
        let grant = |form: SecretForm| match form.read(CredentialType::OauthToken) {
            Ok(StoredSecret::Oauth(client)) => Ok(client.facts.grant),
            Ok(_) => Err(InvalidForm::Scopes),
            Err(error) => Err(error),
        };
        assert_eq!(grant(oauth()), Ok(OauthGrant::ClientCredentials));
        assert_eq!(grant(SecretForm { refresh_token: canary(), ..oauth() }), Ok(OauthGrant::RefreshToken));
        assert_eq!(grant(SecretForm { client_secret: None, ..oauth() }), Err(InvalidForm::NothingToAskWith));
    }

    #[test]
    fn what_is_missing_foreign_or_unsound_is_told_without_its_value() {
        let read = |form: SecretForm, kind| form.read(kind).unwrap_err().to_string();
        let api_key = CredentialType::ApiKey;
        assert!(read(SecretForm::default(), api_key).contains("api_key is missing"));
        let foreign = SecretForm { api_key: canary(), client_secret: canary(), ..SecretForm::default() };
        assert!(read(foreign, api_key).contains("has no client_secret"));
        for unsound in ["", "canary\n", &"x".repeat(LONGEST_SECRET + 1)] {
            let form = SecretForm { api_key: text(unsound).map(Secret::new), ..SecretForm::default() };
            let told = read(form, api_key);
            assert!(told.starts_with("api_key has 1 to") && !told.contains("canary"), "{told}");
        }
        assert!(
            read(SecretForm { token_url: text("http://a/b"), ..oauth() }, CredentialType::OauthToken)
                .contains("token_url")
        );
        assert!(
            read(SecretForm { scopes: Some(vec!["a b".into()]), ..oauth() }, CredentialType::OauthToken)
                .contains("scopes")
        );
        for kind in [CredentialType::GcpServiceAccount, CredentialType::AwsIamRole] {
            assert_eq!(SecretForm::default().read(kind).unwrap_err(), InvalidForm::NothingStored(kind));
        }
    }
}
