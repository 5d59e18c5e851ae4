//! What kind of access a permission gives.

use std::fmt;

/// The levels that AWS publishes for its actions. For Google Cloud and Azure, who publish none, they follow from
/// the names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Access {
    /// Tells which resources there are.
    List,
    /// Reads what a resource holds.
    Read,
    /// Makes, changes or removes resources, or lets them do something.
    Write,
    /// Decides who may do what, or gives the power of another identity.
    Permissions,
    /// Changes nothing but tags.
    Tagging,
}

impl Access {
    /// Every level.
    pub const ALL: [Self; 5] = [Self::List, Self::Read, Self::Write, Self::Permissions, Self::Tagging];

    /// The level's name, as AWS writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::List => "List",
            Self::Read => "Read",
            Self::Write => "Write",
            Self::Permissions => "Permissions management",
            Self::Tagging => "Tagging",
        }
    }

    /// The letter that stands for it in a catalogue's text.
    pub(super) fn letter(self) -> char {
        match self {
            Self::List => 'L',
            Self::Read => 'R',
            Self::Write => 'W',
            Self::Permissions => 'P',
            Self::Tagging => 'T',
        }
    }

    pub(super) fn of_letter(letter: char) -> Option<Self> {
        Self::ALL.into_iter().find(|access| access.letter() == letter)
    }

    /// The level that a verb has in a catalogue's text unless its group says another.
    pub(super) fn of_verb(verb: &str) -> Self {
        match verb {
            "List" => Self::List,
            "Check" | "Describe" | "Detect" | "Get" | "Lookup" | "Query" | "Read" | "Search" | "Validate"
            | "View" => Self::Read,
            "Tag" | "Untag" => Self::Tagging,
            _ => Self::Write,
        }
    }

    /// The level of a permission of Google Cloud, by its name: verbs that list and read say so; what sets a policy,
    /// defines a role or lends the power of a service account manages permissions; everything else writes.
    pub fn of_gcp(permission: &str) -> Self {
        let (resource, verb) = permission.rsplit_once('.').unwrap_or(("", permission));
        let first = verb.split(|c: char| c.is_ascii_uppercase()).next().unwrap_or_default();
        if GCP_POWERS.contains(&permission)
            || (verb.ends_with("IamPolicy") && first != "get")
            || (resource == "iam.roles" && !matches!(first, "get" | "list"))
        {
            Self::Permissions
        } else if matches!(verb, "createTagBinding" | "deleteTagBinding") {
            Self::Tagging
        } else if first == "list" {
            Self::List
        } else if GCP_READS.contains(&first) {
            Self::Read
        } else {
            Self::Write
        }
    }

    /// The level of an operation of Azure, by its name: what is called `read` reads; changes of role assignments,
    /// definitions and policies, and what hands out keys or credentials, manage permissions.
    pub fn of_azure(operation: &str) -> Self {
        let folded = operation.to_ascii_lowercase();
        if folded.ends_with("/read") {
            Self::Read
        } else if folded.starts_with("microsoft.resources/") && folded.contains("/tags/") {
            Self::Tagging
        } else if folded.starts_with("microsoft.authorization/") || hands_out_secrets(&folded) {
            Self::Permissions
        } else {
            Self::Write
        }
    }
}

/// Permissions that lend the power of a service account:
/// <https://cloud.google.com/iam/docs/service-account-permissions>.
const GCP_POWERS: [&str; 8] = [
    "iam.serviceAccountKeys.create",
    "iam.serviceAccounts.actAs",
    "iam.serviceAccounts.getAccessToken",
    "iam.serviceAccounts.getOpenIdToken",
    "iam.serviceAccounts.implicitDelegation",
    "iam.serviceAccounts.signBlob",
    "iam.serviceAccounts.signJwt",
    "storage.hmacKeys.create",
];

/// The first words of verbs that change nothing.
const GCP_READS: [&str; 9] = ["check", "export", "fetch", "get", "lookup", "query", "read", "search", "view"];

/// Whether an operation of Azure gives what opens the resource, or the power of an identity: `listKeys/action`.
fn hands_out_secrets(folded: &str) -> bool {
    let action = folded.strip_suffix("/action").and_then(|path| path.rsplit('/').next()).unwrap_or_default();
    let secret =
        ["key", "secret", "credential", "sas", "connectionstring"].iter().any(|what| action.contains(what));
    (secret && (action.starts_with("list") || action.starts_with("regenerate")))
        || matches!(action, "sharedkeys" | "readonlykeys")
        || folded == "microsoft.managedidentity/userassignedidentities/assign/action"
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_level_of_a_permission_of_google_cloud_follows_from_its_verb() {
        for (permission, access) in [
            ("storage.objects.get", Access::Read),
            ("storage.objects.list", Access::List),
            ("storage.objects.getIamPolicy", Access::Read),
            ("storage.objects.setIamPolicy", Access::Permissions),
            ("compute.instances.createTagBinding", Access::Tagging),
            ("compute.instances.start", Access::Write),
            ("iam.serviceAccounts.actAs", Access::Permissions),
            ("iam.roles.update", Access::Permissions),
            ("iam.roles.list", Access::List),
        ] {
            assert_eq!(Access::of_gcp(permission), access, "{permission}");
        }
    }

    #[test]
    fn the_level_of_an_operation_of_azure_follows_from_its_name() {
        for (operation, access) in [
            ("Microsoft.Compute/virtualMachines/read", Access::Read),
            ("Microsoft.Compute/virtualMachines/start/action", Access::Write),
            ("Microsoft.Authorization/roleAssignments/write", Access::Permissions),
            ("microsoft.authorization/roleAssignments/Read", Access::Read),
            ("Microsoft.Storage/storageAccounts/listKeys/action", Access::Permissions),
            ("Microsoft.Resources/subscriptions/tagNames/write", Access::Write),
        ] {
            assert_eq!(Access::of_azure(operation), access, "{operation}");
        }
    }
}
