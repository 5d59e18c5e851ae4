//! What may be told of a stored secret, to admins and auditors. What is used is not read from here but from the sealed
//! blob, where nobody can change it.

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::ports::rotation::KeyId;

/// What may be told of a stored secret.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "of", rename_all = "snake_case")]
pub enum Facts {
    /// The access key of an IAM user.
    AwsAccessKey {
        /// The key's id.
        access_key_id: String,
        /// The user's name, where it was told.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        user_name: Option<String>,
    },
    /// A client secret of an application in Entra.
    AzureClientSecret {
        /// The directory.
        tenant_id: String,
        /// The application.
        client_id: String,
        /// The secret's own id, where it was told.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        key_id: Option<String>,
    },
    /// A client of an OAuth 2.0 provider.
    Oauth(OauthFacts),
    /// An API key: nothing is known of it but its id, where that was told.
    ApiKey {
        /// What its provider calls it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        key_id: Option<String>,
    },
}

impl Facts {
    /// What the provider calls the key, where that is known.
    pub fn key_id(&self) -> Option<KeyId> {
        match self {
            Self::AwsAccessKey { access_key_id, .. } => Some(KeyId::new(access_key_id)),
            Self::AzureClientSecret { key_id, .. } | Self::ApiKey { key_id } => {
                key_id.as_ref().map(KeyId::new)
            }
            Self::Oauth(_) => None,
        }
    }
}

/// A client of an OAuth 2.0 provider.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct OauthFacts {
    /// Where tokens are asked for.
    pub token_url: TokenUrl,
    /// The client's name there.
    pub client_id: String,
    /// What is asked for; empty: what the provider gives.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
    /// How.
    pub grant: OauthGrant,
}

/// How an access token is obtained.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OauthGrant {
    /// By the client's own secret.
    ClientCredentials,
    /// By a refresh token.
    RefreshToken,
}

/// The address of a token endpoint: `https`, or `http` on this very machine.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TokenUrl(String);

/// The text is no address of a token endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "a token endpoint is an https address, or an http one on this very machine, without user, query or fragment"
)]
pub struct InvalidTokenUrl;

impl TokenUrl {
    /// The address as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for TokenUrl {
    type Error = InvalidTokenUrl;

    fn try_from(text: String) -> Result<Self, InvalidTokenUrl> {
        // A user in front of the host could make it look like another one; a query would end up in logs.
        let plain = |c: char| c.is_ascii_graphic() && !matches!(c, '@' | '?' | '#' | '\\' | '"' | '<' | '>');
        let (scheme, rest) = text.split_once("://").ok_or(InvalidTokenUrl)?;
        let authority = rest.split('/').next().unwrap_or_default();
        let host = match authority.strip_prefix('[') {
            Some(address) => address.split(']').next().unwrap_or_default(),
            None => authority.split(':').next().unwrap_or_default(),
        };
        let is_here = matches!(host, "127.0.0.1" | "localhost" | "::1");
        let sound = text.chars().all(plain) && !host.is_empty() && text.len() <= 2_048;
        if sound && (scheme == "https" || scheme == "http" && is_here) {
            Ok(Self(text))
        } else {
            Err(InvalidTokenUrl)
        }
    }
}

impl From<TokenUrl> for String {
    fn from(url: TokenUrl) -> Self {
        url.0
    }
}

impl fmt::Display for TokenUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_goes_to_https_or_stays_on_the_machine() {
        for text in [
            "https://idp.example.com/token",
            "http://127.0.0.1:80/t",
            "http://localhost/t",
            "http://[::1]:1/t",
        ] {
            assert!(TokenUrl::try_from(text.to_owned()).is_ok(), "{text}");
        }
        for text in [
            "http://idp.example.com/token",
            "http://127.0.0.1@evil.example/token",
            "http://127.0.0.1.evil.example/token",
            "https://",
            "https://a/?q",
            "https://a/#f",
            "https://a/ b",
            "ftp://localhost/t",
            "idp.example.com",
            "",
        ] {
            assert!(TokenUrl::try_from(text.to_owned()).is_err(), "{text}");
        }
    }
}
