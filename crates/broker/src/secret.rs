//! The one type that holds secrets.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};

/// A secret text: zeroised on drop, redacted in `Debug`, and neither `Serialize` nor `Display`.
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// Takes ownership of a secret; the buffer given is the one that is zeroised.
    pub fn new(text: String) -> Self {
        Self(SecretString::from(text))
    }

    /// The secret itself, for the answer to the agent or for an adapter's outgoing call: nowhere else.
    pub fn reveal(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_redacted_when_it_is_debugged() {
        assert!(!format!("{:?}", Secret::new("canary".into())).contains("canary"));
    }
}
