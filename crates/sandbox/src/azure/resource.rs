//! What a token is for: one of the services, which know it by the token's audience.

/// The services that the sandbox knows, by the identifiers that scopes name them with.
const SERVICES: &[&str] = &[
    "6dae42f8-4368-4678-94ff-3960e28e3630",
    "https://api.loganalytics.io",
    "https://cosmos.azure.com",
    "https://database.windows.net",
    "https://eventhubs.azure.net",
    "https://graph.microsoft.com",
    "https://management.azure.com",
    "https://management.core.windows.net",
    "https://servicebus.azure.net",
    "https://storage.azure.com",
    "https://vault.azure.net",
];

pub(super) const GRAPH: &str = "https://graph.microsoft.com";
pub(super) const VAULT: &str = "https://vault.azure.net";
const MANAGEMENT: [&str; 2] = ["https://management.azure.com", "https://management.core.windows.net"];
const STORAGE: &str = "https://storage.azure.com";

/// Whether there is such a service. Storage accounts may be named one by one.
pub(super) fn is_known(identifier: &str) -> bool {
    let identifier = identifier.trim_end_matches('/');
    SERVICES.contains(&identifier) || is_account(identifier)
}

fn is_account(identifier: &str) -> bool {
    identifier
        .strip_prefix("https://")
        .and_then(|rest| rest.strip_suffix(".blob.core.windows.net"))
        .is_some_and(|account| {
            !account.is_empty() && account.bytes().all(|byte| byte.is_ascii_alphanumeric())
        })
}

/// Whether a token for this audience is for that service.
pub(super) fn is_for(audience: &str, service: &str) -> bool {
    audience.trim_end_matches('/') == service
}

/// Whether a token for this audience is for the management plane.
pub(super) fn is_management(audience: &str) -> bool {
    MANAGEMENT.iter().any(|service| is_for(audience, service))
}

/// Whether a token for this audience gets to the service that an operation belongs to: data operations have services
/// of their own, everything else is the management plane's.
/// <https://learn.microsoft.com/azure/role-based-access-control/role-definitions#control-and-data-actions>
pub(super) fn serves(audience: &str, operation: &str) -> bool {
    let operation = operation.to_ascii_lowercase();
    let begins = |prefix: &str| operation.starts_with(prefix);
    let audience = audience.trim_end_matches('/');
    let secrets = ["secrets/", "keys/", "certificates/"].iter().any(|kind| {
        let kind =
            operation.strip_prefix("microsoft.keyvault/vaults/").and_then(|rest| rest.strip_prefix(kind));
        kind.is_some_and(|rest| rest.ends_with("/action"))
    });
    let data = |part: &str| begins("microsoft.storage/storageaccounts/") && operation.contains(part);
    if secrets {
        audience == VAULT
    } else if data("/containers/blobs/") || data("/queues/messages/") || data("/fileshares/files/") {
        audience == STORAGE || is_account(audience)
    } else if begins("microsoft.servicebus/namespaces/messages/") {
        audience == "https://servicebus.azure.net"
    } else if begins("microsoft.eventhub/namespaces/messages/") {
        audience == "https://eventhubs.azure.net"
    } else {
        is_management(audience)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_belongs_to_one_service() {
        for (audience, operation, expected) in [
            ("https://management.azure.com/", "Microsoft.Compute/virtualMachines/read", true),
            ("https://vault.azure.net", "Microsoft.Compute/virtualMachines/read", false),
            ("https://vault.azure.net", "Microsoft.KeyVault/vaults/secrets/getSecret/action", true),
            ("https://management.azure.com", "Microsoft.KeyVault/vaults/secrets/getSecret/action", false),
            ("https://management.azure.com", "Microsoft.KeyVault/vaults/read", true),
            (
                "https://storage.azure.com",
                "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read",
                true,
            ),
            (
                "https://acme.blob.core.windows.net",
                "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read",
                true,
            ),
            (
                "https://storage.azure.com",
                "Microsoft.Storage/storageAccounts/blobServices/containers/read",
                false,
            ),
        ] {
            assert_eq!(serves(audience, operation), expected, "{audience} {operation}");
        }
    }
}
