//! Access keys and unique ids: what AWS's look like, derived from the account's key.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::{Key, Random};

impl Key {
    /// The secret that belongs to an access key id: 40 characters, as at AWS.
    pub(super) fn secret_of(&self, access_key_id: &str) -> Zeroizing<String> {
        let bytes = self.derive("secret access key", access_key_id);
        let mut text = Zeroizing::new(STANDARD.encode(bytes.as_slice()));
        text.truncate(40);
        text
    }

    /// The access key of the account's own principal.
    pub(super) fn operator(&self) -> AccessKey {
        let id = unique_id("AKIA", self.derive("operator", "").as_slice());
        AccessKey { secret: self.secret_of(&id), id }
    }

    /// The unique id of a role.
    pub(super) fn role_id(&self, account: &str, name: &str) -> String {
        // At AWS the ids of principals are one character longer than those of access keys.
        format!("{}E", unique_id("AROA", self.derive("role id", &format!("{account}/{name}")).as_slice()))
    }

    /// The unique id of a user.
    pub(super) fn user_id(&self, name: &str) -> String {
        format!("{}E", unique_id("AIDA", self.derive("user id", name).as_slice()))
    }

    /// The unique id of the account's own principal.
    pub(super) fn operator_id(&self) -> String {
        format!("{}E", unique_id("AIDA", self.derive("operator id", "").as_slice()))
    }
}

/// A long-lived access key.
#[derive(Clone)]
pub struct AccessKey {
    /// The access key id: `AKIA…`.
    pub id: String,
    /// The secret access key, zeroed on drop.
    pub secret: Zeroizing<String>,
}

impl fmt::Debug for AccessKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("AccessKey").field("id", &self.id).field("secret", &"redacted").finish()
    }
}

/// The id of a session's access key: `ASIA…`.
pub(super) fn session_key_id(random: &dyn Random) -> String {
    let mut bytes = [0; 32];
    random.fill(&mut bytes);
    unique_id("ASIA", &bytes)
}

/// The id of a user's access key: `AKIA…`.
pub(super) fn user_key_id(random: &dyn Random) -> String {
    let mut bytes = [0; 32];
    random.fill(&mut bytes);
    unique_id("AKIA", &bytes)
}

/// Twenty characters: the prefix and sixteen of base 32, which is the alphabet of AWS's unique ids.
fn unique_id(prefix: &str, bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let characters =
        bytes.iter().filter_map(|byte| ALPHABET.get(usize::from(byte % 32))).map(|&byte| char::from(byte));
    prefix.chars().chain(characters.take(16)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_access_key_depends_on_the_account() {
        let (one, other) = (Key::new([1; 32]), Key::new([2; 32]));
        assert_eq!(one.operator().id, Key::new([1; 32]).operator().id);
        assert_ne!(one.operator().id, other.operator().id);
        assert_ne!(one.secret_of("ASIA").as_str(), other.secret_of("ASIA").as_str());
    }

    #[test]
    fn ids_and_secrets_look_like_those_of_aws() {
        let key = Key::new([7; 32]);
        let operator = key.operator();
        assert!(operator.id.starts_with("AKIA") && operator.id.len() == 20);
        assert_eq!(operator.secret.len(), 40);
        assert!(key.role_id("123456789012", "r").starts_with("AROA"));
        assert_eq!(key.role_id("123456789012", "r").len(), 21);
    }

    #[test]
    fn debug_output_shows_no_secret() {
        let operator = Key::new([7; 32]).operator();
        assert!(!format!("{operator:?}").contains(operator.secret.as_str()));
    }
}
