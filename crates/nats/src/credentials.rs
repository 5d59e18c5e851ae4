//! As whom the broker connects.

use std::io;
use std::path::PathBuf;

use async_nats::ConnectOptions;
use deputize_broker::Secret;
use serde::Deserialize;

/// What the broker shows the servers.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum Credentials {
    /// A token.
    Token(SecretSource),
    /// A user's name and password.
    Password {
        /// The name.
        user: String,
        /// The password.
        password: SecretSource,
    },
    /// The seed of an NKey (`SU…`), by which the servers' challenge is signed.
    Nkey(SecretSource),
    /// A user's JWT and seed, as `nsc` writes them.
    Creds(SecretSource),
}

/// Where a secret is. It is read when a connection is made, and never logged.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum SecretSource {
    /// In this file.
    File(PathBuf),
    /// In the environment variable of this name.
    Variable(String),
}

impl Credentials {
    /// Whether the secret itself is sent, and not only what it signs.
    pub(crate) fn are_sent(&self) -> bool {
        matches!(self, Self::Token(_) | Self::Password { .. })
    }

    /// Options to connect with these.
    pub(crate) fn shown_by(&self, options: ConnectOptions) -> io::Result<ConnectOptions> {
        let text = |source: &SecretSource| source.read().map(|secret| secret.reveal().to_owned());
        Ok(match self {
            Self::Token(source) => options.token(text(source)?),
            Self::Password { user, password } => options.user_and_password(user.clone(), text(password)?),
            Self::Nkey(source) => options.nkey(text(source)?),
            Self::Creds(source) => {
                // The library wants the last line to have an end, too.
                let creds = Secret::new(text(source)? + "\n");
                // Its error is dropped: it could quote the file.
                let unreadable = |_| io::Error::other("not credentials of a NATS user");
                options.credentials(creds.reveal()).map_err(unreadable)?
            }
        })
    }
}

impl SecretSource {
    fn read(&self) -> io::Result<Secret> {
        let text = match self {
            Self::File(path) => std::fs::read_to_string(path)?,
            Self::Variable(name) => std::env::var(name)
                .map_err(|_| io::Error::other(format!("the environment variable {name} is missing")))?,
        };
        // The line's end is the editor's.
        let text = Secret::new(text);
        Ok(Secret::new(text.reveal().trim_end().to_owned()))
    }
}
