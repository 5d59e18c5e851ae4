//! Whom a token of Entra is for, and which operations such a token serves.
//!
//! The resource manager takes all operations on resources. What is on the data in them is taken by the service's own
//! endpoints, each of which wants a token of its own.
//! <https://learn.microsoft.com/azure/role-based-access-control/role-definitions#control-and-data-actions>

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use super::operation::AzureOperation;

macro_rules! audiences {
    ($($variant:ident: $url:literal, $service:literal, $source:literal;)+) => {
        /// What takes a token.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        #[non_exhaustive]
        pub enum Audience {
            $(#[doc = concat!($service, ": <", $source, ">")] $variant,)+
        }

        impl Audience {
            /// Every audience, the resource manager first.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The scope to ask Entra for.
            pub fn token_scope(self) -> &'static str {
                match self { $(Self::$variant => concat!($url, "/.default")),+ }
            }

            /// What it is, for a reader.
            pub fn service(self) -> &'static str {
                match self { $(Self::$variant => $service),+ }
            }

            /// The vendor's page that names it.
            pub fn source(self) -> &'static str {
                match self { $(Self::$variant => $source),+ }
            }
        }
    };
}

audiences! {
    ResourceManager: "https://management.azure.com", "the resource manager", "https://learn.microsoft.com/rest/api/azure/";
    Storage: "https://storage.azure.com", "Storage", "https://learn.microsoft.com/azure/storage/blobs/authorize-access-azure-active-directory";
    KeyVault: "https://vault.azure.net", "Key Vault", "https://learn.microsoft.com/azure/key-vault/general/authentication-requests-and-responses";
    ServiceBus: "https://servicebus.azure.net", "Service Bus", "https://learn.microsoft.com/azure/service-bus-messaging/authenticate-application";
    EventHubs: "https://eventhubs.azure.net", "Event Hubs", "https://learn.microsoft.com/azure/event-hubs/authenticate-application";
    Cosmos: "https://cosmos.azure.com", "Cosmos DB", "https://learn.microsoft.com/azure/cosmos-db/nosql/how-to-connect-role-based-access-control";
    AppConfiguration: "https://appconfig.azure.com", "App Configuration", "https://learn.microsoft.com/azure/azure-app-configuration/rest-api-authentication-azure-ad";
    Relay: "https://relay.azure.net", "Relay", "https://learn.microsoft.com/azure/azure-relay/authenticate-application";
    EventGrid: "https://eventgrid.azure.net", "Event Grid", "https://learn.microsoft.com/azure/event-grid/authenticate-with-microsoft-entra-id";
    DigitalTwins: "https://digitaltwins.azure.net", "Digital Twins", "https://learn.microsoft.com/azure/digital-twins/how-to-authenticate-client";
    CognitiveServices: "https://cognitiveservices.azure.com", "AI Services", "https://learn.microsoft.com/azure/ai-services/authentication";
    Search: "https://search.azure.com", "AI Search", "https://learn.microsoft.com/azure/search/search-security-rbac";
}

impl std::fmt::Display for Audience {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.service())
    }
}

/// A set of audiences.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Audiences(u32);

impl Audiences {
    /// All that there are.
    pub fn all() -> Self {
        Audience::ALL.iter().fold(Self::default(), |set, one| set.with(*one))
    }

    /// Whether the audience is among them.
    pub fn contains(self, audience: Audience) -> bool {
        self.0 & Self::default().with(audience).0 != 0
    }

    /// Those that are in both.
    #[must_use]
    pub fn common(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Those that are in either.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Each of them, the resource manager first.
    pub fn iter(self) -> impl Iterator<Item = Audience> {
        Audience::ALL.iter().copied().filter(move |one| self.contains(*one))
    }

    fn with(self, audience: Audience) -> Self {
        Self(self.0 | 1 << audience as u32)
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

impl AzureOperation {
    /// Which plane the operation is of; none where it may be of both.
    ///
    /// Known from the form of those whose resources hold data; what is not known counts as control.
    pub fn plane(&self) -> Option<Plane> {
        let audiences = self.audiences();
        match (audiences.contains(Audience::ResourceManager), audiences.iter().count()) {
            (false, _) => Some(Plane::Data),
            (true, 1) => Some(Plane::Control),
            (true, _) => None,
        }
    }

    /// Whether tokens of both planes serve it, whichever it is listed under.
    pub(crate) fn is_of_either(&self) -> bool {
        rows(self).find(|row| row.has(self)).is_some_and(|row| row.either)
    }

    /// Whose tokens serve the operation, or some operation that the pattern matches.
    pub fn audiences(&self) -> Audiences {
        let control = Audiences::default().with(Audience::ResourceManager);
        let mut met = control;
        for row in rows(self) {
            if row.has(self) {
                let data = Audiences::default().with(row.audience);
                return if row.either { control.union(data) } else { data };
            }
            if self.has_wildcard() && row.meets(self) {
                met = met.with(row.audience);
            }
        }
        met
    }

    /// Whether a token for the audience serves every operation that the pattern matches.
    pub fn is_served_by(&self, audience: Audience) -> bool {
        if !self.has_wildcard() {
            return self.audiences().contains(audience);
        }
        match audience {
            Audience::ResourceManager => rows(self).all(|row| row.either || !row.meets(self)),
            _ => rows(self).any(|row| row.audience == audience && row.has(self)),
        }
    }
}

/// The rows that may have something in common with a pattern: most providers have none.
fn rows(pattern: &AzureOperation) -> impl Iterator<Item = &'static Data> {
    static BY_PROVIDER: LazyLock<Vec<(&str, &[Data])>> = LazyLock::new(|| {
        let parts = DATA.chunk_by(|one, other| one.provider() == other.provider());
        parts.map(|rows| (rows.first().map(Data::provider).unwrap_or_default(), rows)).collect()
    });
    let provider = pattern.segments().next().unwrap_or_default();
    let of_provider = move |(name, _): &&(&str, &[Data])| provider == "*" || *name == provider;
    BY_PROVIDER.iter().filter(of_provider).flat_map(|(_, rows)| *rows)
}

/// Operations on data: one of this name, or all below a name that ends in `/`.
struct Data {
    name: &'static str,
    audience: Audience,
    /// Whether the resource manager takes them too.
    either: bool,
}

impl Data {
    const fn of(audience: Audience, name: &'static str) -> Self {
        Self { name, audience, either: false }
    }

    const fn either(audience: Audience, name: &'static str) -> Self {
        Self { name, audience, either: true }
    }

    fn provider(&self) -> &'static str {
        self.name.split('/').next().unwrap_or_default()
    }

    /// Whether all that the pattern matches is among them.
    fn has(&self, pattern: &AzureOperation) -> bool {
        let rest = pattern.folded().strip_prefix(self.name);
        rest.is_some_and(|rest| rest.is_empty() || self.name.ends_with('/'))
    }

    /// Whether the pattern matches some of them.
    fn meets(&self, pattern: &AzureOperation) -> bool {
        // Where one begins with anything and the other ends with anything, the two follow one another.
        if pattern.folded() == "*" || (pattern.folded().starts_with('*') && self.name.ends_with('/')) {
            return true;
        }
        let literal = pattern.folded().split('*').next().unwrap_or_default();
        // The literal beginnings must agree, which most do not.
        (self.name.starts_with(literal) || literal.starts_with(self.name)) && {
            let pattern: Vec<&str> = pattern.segments().collect();
            let name: Vec<&str> =
                self.name.split('/').map(|part| if part.is_empty() { "*" } else { part }).collect();
            overlap(&pattern, &name)
        }
    }
}

/// Whether some operation is matched by both, where a `*` is one segment or more.
fn overlap(one: &[&str], other: &[&str]) -> bool {
    let mut reached = vec![(0, 0, false, false)];
    let mut index = 0;
    // A place in each, and whether its star has had a segment and may go on.
    while let Some((left, right, left_open, right_open)) = reached.get(index).copied() {
        index += 1;
        if left == one.len() && right == other.len() {
            return true;
        }
        fn steps<'a>(
            at: usize,
            open: bool,
            list: &[&'a str],
        ) -> impl Iterator<Item = (usize, bool, &'a str)> {
            let stays = open.then_some((at, true, "*"));
            stays.into_iter().chain(list.get(at).map(|segment| (at + 1, *segment == "*", *segment)))
        }
        for (next_left, opens_left, said) in steps(left, left_open, one) {
            for (next_right, opens_right, heard) in steps(right, right_open, other) {
                if said == "*" || heard == "*" || said == heard {
                    let next = (next_left, next_right, opens_left, opens_right);
                    if !reached.contains(&next) {
                        reached.push(next);
                    }
                }
            }
        }
    }
    false
}

/// <https://learn.microsoft.com/azure/role-based-access-control/permissions-reference>
#[rustfmt::skip]
const DATA: &[Data] = &[
    Data::of(Audience::Storage, "microsoft.storage/storageaccounts/blobservices/containers/blobs/"),
    Data::of(Audience::Storage, "microsoft.storage/storageaccounts/queueservices/queues/messages/"),
    Data::of(Audience::Storage, "microsoft.storage/storageaccounts/tableservices/tables/entities/"),
    Data::of(Audience::Storage, "microsoft.storage/storageaccounts/fileservices/fileshares/files/"),
    Data::of(Audience::Storage, "microsoft.storage/storageaccounts/fileservices/readfilebackupsemantics/"),
    Data::of(Audience::Storage, "microsoft.storage/storageaccounts/fileservices/writefilebackupsemantics/"),
    Data::of(Audience::Storage, "microsoft.storage/storageaccounts/fileservices/runasbuiltinfileadministrator/"),
    Data::of(Audience::Storage, "microsoft.storage/storageaccounts/fileservices/takeownership/"),
    // Containers, queues, tables and delegation keys are had through either plane.
    Data::either(Audience::Storage, "microsoft.storage/storageaccounts/blobservices/"),
    Data::either(Audience::Storage, "microsoft.storage/storageaccounts/queueservices/"),
    Data::either(Audience::Storage, "microsoft.storage/storageaccounts/tableservices/"),
    Data::either(Audience::Storage, "microsoft.storage/storageaccounts/fileservices/"),
    Data::of(Audience::KeyVault, "microsoft.keyvault/vaults/certificatecas/"),
    Data::of(Audience::KeyVault, "microsoft.keyvault/vaults/certificatecontacts/"),
    Data::of(Audience::KeyVault, "microsoft.keyvault/vaults/certificates/"),
    Data::of(Audience::KeyVault, "microsoft.keyvault/vaults/keyrotationpolicies/"),
    Data::of(Audience::KeyVault, "microsoft.keyvault/vaults/storageaccounts/"),
    Data::either(Audience::KeyVault, "microsoft.keyvault/vaults/keys/read"),
    Data::of(Audience::KeyVault, "microsoft.keyvault/vaults/keys/delete"),
    Data::of(Audience::KeyVault, "microsoft.keyvault/vaults/keys/backup/"),
    Data::of(Audience::KeyVault, "microsoft.keyvault/vaults/keys/create/"),
    Data::of(Audience::KeyVault, "microsoft.keyvault/vaults/keys/decrypt/"),
    Data::of(Audience::KeyVault, "microsoft.keyvault/vaults/keys/encrypt/"),
    Data::of(Audience::KeyVault, "microsoft.keyvault/vaults/keys/import/"),
    Data::of(Audience::KeyVault, "microsoft.keyvault/vaults/keys/purge/"),
    Data::of(Audience::KeyVault, "microsoft.keyvault/vaults/keys/recover/"),
    Data::of(Audience::KeyVault, "microsoft.keyvault/vaults/keys/release/"),
    Data::of(Audience::KeyVault, "microsoft.keyvault/vaults/keys/restore/"),
    Data::of(Audience::KeyVault, "microsoft.keyvault/vaults/keys/rotate/"),
    Data::of(Audience::KeyVault, "microsoft.keyvault/vaults/keys/sign/"),
    Data::of(Audience::KeyVault, "microsoft.keyvault/vaults/keys/unwrap/"),
    Data::of(Audience::KeyVault, "microsoft.keyvault/vaults/keys/update/"),
    Data::of(Audience::KeyVault, "microsoft.keyvault/vaults/keys/verify/"),
    Data::of(Audience::KeyVault, "microsoft.keyvault/vaults/keys/wrap/"),
    Data::of(Audience::KeyVault, "microsoft.keyvault/vaults/secrets/delete"),
    Data::of(Audience::KeyVault, "microsoft.keyvault/vaults/secrets/backup/"),
    Data::of(Audience::KeyVault, "microsoft.keyvault/vaults/secrets/getsecret/"),
    Data::of(Audience::KeyVault, "microsoft.keyvault/vaults/secrets/purge/"),
    Data::of(Audience::KeyVault, "microsoft.keyvault/vaults/secrets/readmetadata/"),
    Data::of(Audience::KeyVault, "microsoft.keyvault/vaults/secrets/recover/"),
    Data::of(Audience::KeyVault, "microsoft.keyvault/vaults/secrets/restore/"),
    Data::of(Audience::KeyVault, "microsoft.keyvault/vaults/secrets/setsecret/"),
    Data::of(Audience::KeyVault, "microsoft.keyvault/vaults/secrets/update/"),
    Data::of(Audience::ServiceBus, "microsoft.servicebus/namespaces/messages/"),
    Data::of(Audience::ServiceBus, "microsoft.servicebus/namespaces/generateuserdelegationkey/"),
    Data::of(Audience::ServiceBus, "microsoft.servicebus/namespaces/revokeuserdelegationkeys/"),
    Data::of(Audience::EventHubs, "microsoft.eventhub/namespaces/messages/"),
    Data::of(Audience::EventHubs, "microsoft.eventhub/namespaces/generateuserdelegationkey/"),
    Data::of(Audience::EventHubs, "microsoft.eventhub/namespaces/revokeuserdelegationkeys/"),
    Data::of(Audience::EventHubs, "microsoft.eventhub/namespaces/schemas/"),
    Data::of(Audience::Cosmos, "microsoft.documentdb/databaseaccounts/sqldatabases/containers/items/"),
    Data::of(Audience::AppConfiguration, "microsoft.appconfiguration/configurationstores/keyvalues/read"),
    Data::either(Audience::AppConfiguration, "microsoft.appconfiguration/configurationstores/keyvalues/write"),
    Data::either(Audience::AppConfiguration, "microsoft.appconfiguration/configurationstores/keyvalues/delete"),
    Data::of(Audience::AppConfiguration, "microsoft.appconfiguration/configurationstores/snapshots/"),
    Data::of(Audience::AppConfiguration, "microsoft.appconfiguration/configurationstores/featureflags/"),
    Data::of(Audience::Relay, "microsoft.relay/namespaces/messages/"),
    Data::of(Audience::Relay, "microsoft.relay/namespaces/generateuserdelegationkey/"),
    Data::of(Audience::Relay, "microsoft.relay/namespaces/revokeuserdelegationkeys/"),
    Data::of(Audience::EventGrid, "microsoft.eventgrid/events/"),
    Data::of(Audience::DigitalTwins, "microsoft.digitaltwins/digitaltwins/"),
    Data::of(Audience::DigitalTwins, "microsoft.digitaltwins/eventroutes/"),
    Data::of(Audience::DigitalTwins, "microsoft.digitaltwins/jobs/"),
    Data::of(Audience::DigitalTwins, "microsoft.digitaltwins/models/"),
    Data::of(Audience::DigitalTwins, "microsoft.digitaltwins/query/"),
    Data::of(Audience::CognitiveServices, "microsoft.cognitiveservices/accounts/aiservices/"),
    Data::of(Audience::CognitiveServices, "microsoft.cognitiveservices/accounts/computervision/"),
    Data::of(Audience::CognitiveServices, "microsoft.cognitiveservices/accounts/contentsafety/"),
    Data::of(Audience::CognitiveServices, "microsoft.cognitiveservices/accounts/formrecognizer/"),
    Data::of(Audience::CognitiveServices, "microsoft.cognitiveservices/accounts/language/"),
    Data::of(Audience::CognitiveServices, "microsoft.cognitiveservices/accounts/openai/"),
    Data::of(Audience::CognitiveServices, "microsoft.cognitiveservices/accounts/speechservices/"),
    Data::of(Audience::CognitiveServices, "microsoft.cognitiveservices/accounts/textanalytics/"),
    Data::of(Audience::CognitiveServices, "microsoft.cognitiveservices/accounts/texttranslation/"),
    Data::of(Audience::Search, "microsoft.search/searchservices/indexes/documents/"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn operation(text: &str) -> AzureOperation {
        text.parse().unwrap()
    }

    fn audiences(text: &str) -> Vec<Audience> {
        operation(text).audiences().iter().collect()
    }

    #[test]
    fn an_operation_tells_who_serves_it() {
        use Audience::{CognitiveServices, KeyVault, ResourceManager, Storage};
        for (text, expected) in [
            ("Microsoft.Compute/virtualMachines/read", vec![ResourceManager]),
            ("Microsoft.Compute/*", vec![ResourceManager]),
            ("Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read", vec![Storage]),
            ("Microsoft.Storage/storageAccounts/blobServices/containers/blobs/*", vec![Storage]),
            (
                "Microsoft.Storage/storageAccounts/blobServices/containers/read",
                vec![ResourceManager, Storage],
            ),
            ("Microsoft.Storage/storageAccounts/read", vec![ResourceManager]),
            ("Microsoft.Storage/*/read", vec![ResourceManager, Storage]),
            ("Microsoft.KeyVault/vaults/secrets/getSecret/action", vec![KeyVault]),
            ("Microsoft.KeyVault/vaults/secrets/write", vec![ResourceManager]),
            ("Microsoft.KeyVault/vaults/*/action", vec![ResourceManager, KeyVault]),
            ("Microsoft.CognitiveServices/accounts/OpenAI/*", vec![CognitiveServices]),
            ("*", Audience::ALL.to_vec()),
        ] {
            assert_eq!(audiences(text), expected, "{text}");
        }
    }

    #[test]
    fn a_token_serves_a_pattern_where_it_serves_all_of_it() {
        for (text, audience, expected) in [
            ("*", Audience::ResourceManager, false),
            ("Microsoft.Compute/*", Audience::ResourceManager, true),
            ("Microsoft.Storage/storageAccounts/blobServices/*", Audience::ResourceManager, false),
            ("Microsoft.Storage/storageAccounts/blobServices/*", Audience::Storage, true),
            ("Microsoft.Storage/storageAccounts/blobServices/read", Audience::ResourceManager, true),
            ("Microsoft.Storage/storageAccounts/*", Audience::Storage, false),
            ("Microsoft.KeyVault/vaults/secrets/read", Audience::KeyVault, false),
        ] {
            assert_eq!(operation(text).is_served_by(audience), expected, "{text} by {audience}");
        }
    }
}
