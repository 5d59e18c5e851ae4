//! Whom a token of Azure is for.

use std::str::FromStr;

use crate::text::text_type;

/// The client id of an application or managed identity: a GUID, in lowercase whatever was written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientId(String);

impl ClientId {
    /// The GUID in lowercase.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ClientId {
    type Err = ClientIdError;

    fn from_str(text: &str) -> Result<Self, ClientIdError> {
        let groups: Vec<&str> = text.split('-').collect();
        let lengths: Vec<usize> = groups.iter().map(|group| group.len()).collect();
        let digits = groups.iter().all(|group| group.bytes().all(|byte| byte.is_ascii_hexdigit()));
        if lengths == [8, 4, 4, 4, 12] && digits {
            Ok(Self(text.to_ascii_lowercase()))
        } else {
            Err(ClientIdError)
        }
    }
}

text_type!(ClientId, "^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$");

/// The text is not a GUID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a client id is a GUID such as 00000000-0000-0000-0000-000000000000")]
pub struct ClientIdError;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn client_ids_are_guids_in_lowercase() {
        let id: ClientId = "0000000A-0000-0000-0000-00000000000b".parse().unwrap();
        assert_eq!(id.as_str(), "0000000a-0000-0000-0000-00000000000b");
        for text in [
            "",
            "agent-devops-identity",
            "0000000a000000000000000000000000000b",
            "+000000a-0000-0000-0000-00000000000b",
        ] {
            assert_eq!(text.parse::<ClientId>(), Err(ClientIdError), "{text}");
        }
    }
}
