//! Operations and client ids of Microsoft Azure.

use std::cmp::Ordering;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use crate::text::text_type;

/// An operation of Azure's role-based access control, `Provider/type/…/action`, or a pattern of them in which a
/// whole segment is `*`: `Microsoft.Compute/*/read`. A `*` stands for any number of segments, as in role
/// definitions. Compared without regard to case, as Azure compares; the original spelling is kept.
#[derive(Clone, Debug)]
pub struct AzureOperation {
    text: String,
    folded: String,
}

impl AzureOperation {
    /// The operation as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it ends as operations of Azure do: in `read`, `write`, `delete`, `action` or a wildcard.
    /// <https://learn.microsoft.com/azure/role-based-access-control/role-definitions>
    pub fn has_verb(&self) -> bool {
        let verb = self.folded.rsplit('/').next().unwrap_or_default();
        matches!(verb, "read" | "write" | "delete" | "action" | "*")
    }

    /// Which plane the operation is of; none where it may be of both.
    ///
    /// Known from the form of those whose resources hold data; what is not known counts as control.
    pub fn plane(&self) -> Option<Plane> {
        // Containers, queues and tables are read through either plane.
        let either = |part| self.folded.starts_with("microsoft.storage/") && self.folded.contains(part);
        let is_data = DATA.iter().any(|(provider, part)| {
            let rest = self.folded.strip_prefix(provider);
            rest.is_some_and(|rest| rest.contains(part))
        });
        match (is_data, self.folded.contains('*') || either("services/")) {
            (true, _) => Some(Plane::Data),
            (false, true) => None,
            (false, false) => Some(Plane::Control),
        }
    }

    /// The resource provider: `Microsoft.Compute`, or `*`.
    pub fn provider(&self) -> &str {
        self.text.split('/').next().unwrap_or_default()
    }
}

/// What an operation works on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plane {
    /// Resources, through Azure's resource manager.
    Control,
    /// The data in resources, through their own endpoints.
    Data,
}

/// Providers, and what in the rest of an operation tells that it is on data.
/// <https://learn.microsoft.com/azure/role-based-access-control/permissions-reference>
const DATA: [(&str, &str); 12] = [
    ("microsoft.storage/storageaccounts/", "/containers/blobs/"),
    ("microsoft.storage/storageaccounts/", "/queues/messages/"),
    ("microsoft.storage/storageaccounts/", "/tables/entities/"),
    ("microsoft.storage/storageaccounts/", "/fileshares/files/"),
    ("microsoft.keyvault/vaults/secrets", "/getsecret/action"),
    ("microsoft.keyvault/vaults/secrets", "/setsecret/action"),
    ("microsoft.keyvault/vaults/keys", "/sign/action"),
    ("microsoft.keyvault/vaults/keys", "/decrypt/action"),
    ("microsoft.keyvault/vaults/keys", "/unwrap/action"),
    ("microsoft.servicebus/namespaces/messages/", ""),
    ("microsoft.eventhub/namespaces/messages/", ""),
    ("microsoft.documentdb/databaseaccounts/sqldatabases/", "/items/"),
];

impl PartialEq for AzureOperation {
    fn eq(&self, other: &Self) -> bool {
        self.folded == other.folded
    }
}

impl Eq for AzureOperation {}

impl PartialOrd for AzureOperation {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for AzureOperation {
    fn cmp(&self, other: &Self) -> Ordering {
        self.folded.cmp(&other.folded)
    }
}

impl Hash for AzureOperation {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.folded.hash(state);
    }
}

impl FromStr for AzureOperation {
    type Err = AzureOperationError;

    fn from_str(text: &str) -> Result<Self, AzureOperationError> {
        let segments: Vec<&str> = text.split('/').collect();
        if segments.iter().any(|segment| segment.contains('*') && *segment != "*") {
            return Err(AzureOperationError::Wildcard);
        }
        let sound = |byte: u8| byte.is_ascii_alphanumeric() || b"*._-:${}".contains(&byte);
        let written = segments.iter().all(|segment| !segment.is_empty() && segment.bytes().all(sound));
        if !written || (segments.len() < 2 && text != "*") {
            return Err(AzureOperationError::Form);
        }
        Ok(Self { text: text.to_owned(), folded: text.to_ascii_lowercase() })
    }
}

text_type!(AzureOperation, r"^(\*|(\*|[A-Za-z0-9._:${}-]+)(/(\*|[A-Za-z0-9._:${}-]+))+)$");

/// Why a text is not an operation of Azure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AzureOperationError {
    /// A `*` stands beside other characters in a segment.
    #[error("a * stands for whole segments of an operation")]
    Wildcard,
    /// Not of the form `Provider/type/action`.
    #[error("an operation of Azure is written Provider/type/action")]
    Form,
}

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
    fn operations_are_equal_whatever_their_case() {
        let one: AzureOperation = "Microsoft.Compute/virtualMachines/read".parse().unwrap();
        let two: AzureOperation = "microsoft.compute/virtualmachines/READ".parse().unwrap();
        assert_eq!(one, two);
        assert_eq!(one.as_str(), "Microsoft.Compute/virtualMachines/read");
        assert_eq!(one.provider(), "Microsoft.Compute");
    }

    #[test]
    fn a_star_stands_for_whole_segments() {
        for text in ["*", "*/read", "Microsoft.Compute/*", "Microsoft.Compute/*/read"] {
            text.parse::<AzureOperation>().unwrap();
        }
        for text in ["Microsoft.*", "Microsoft.Compute/virtual*/read", "**"] {
            assert_eq!(text.parse::<AzureOperation>(), Err(AzureOperationError::Wildcard), "{text}");
        }
        for text in [
            "",
            "Microsoft.Compute",
            "/read",
            "Microsoft.Compute/",
            "a//b",
            "s3 x/b",
            "container.clusters.get",
        ] {
            assert_eq!(text.parse::<AzureOperation>(), Err(AzureOperationError::Form), "{text}");
        }
    }

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
