//! The names that a scope document gives and takes: tenants, agents, stored credentials, clouds, types.

use std::str::FromStr;

use crate::text::text_type;

/// Why a text is not an identifier.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdentifierError {
    /// Shorter than 2 or longer than 63 characters.
    #[error("a name has 2 to 63 characters, this one has {found}")]
    Length {
        /// How many characters there are.
        found: usize,
    },
    /// A character that is neither a lowercase letter, a digit nor a hyphen.
    #[error("a name has lowercase letters, digits and hyphens only, not {found:?}")]
    Character {
        /// The first such character.
        found: char,
    },
    /// A hyphen stands first or last.
    #[error("a name begins and ends with a letter or digit")]
    Hyphen,
}

/// Checks what tenants, agents and credentials have in common. An agent's name becomes the SourceIdentity of its
/// AWS sessions, which takes 2 to 64 characters; 63 is also what a DNS label and a GCP label hold.
fn checked(text: &str) -> Result<String, IdentifierError> {
    let sound = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if let Some(found) = text.chars().find(|c| !sound(*c)) {
        return Err(IdentifierError::Character { found });
    }
    if !(2..=63).contains(&text.len()) {
        return Err(IdentifierError::Length { found: text.len() });
    }
    if text.starts_with('-') || text.ends_with('-') {
        return Err(IdentifierError::Hyphen);
    }
    Ok(text.to_owned())
}

macro_rules! identifier {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = IdentifierError;

            fn from_str(text: &str) -> Result<Self, IdentifierError> {
                checked(text).map(Self)
            }
        }

        text_type!($name, "^[a-z0-9][a-z0-9-]{0,61}[a-z0-9]$");
    };
}

identifier! {
    /// The isolation boundary that everything belongs to.
    TenantId
}
identifier! {
    /// An agent of a tenant.
    AgentId
}
identifier! {
    /// A stored credential of a tenant.
    CredentialId
}
identifier! {
    /// A declared connector.
    ConnectorName
}

/// The text is not one of the names that it must be one of.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not one of {}", .names.join(", "))]
pub struct UnknownName {
    /// The names there are.
    pub names: &'static [&'static str],
}

macro_rules! names {
    ($(#[$meta:meta])* $name:ident { $($(#[$variant_meta:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        pub enum $name {
            $($(#[$variant_meta])* #[serde(rename = $text)] $variant,)+
        }

        impl $name {
            /// Every one of them.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The names of them all, in the same order.
            pub const NAMES: &[&str] = &[$($text),+];

            /// The name in documents and answers.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::identifier::UnknownName;

            fn from_str(text: &str) -> Result<Self, $crate::identifier::UnknownName> {
                match text {
                    $($text => Ok(Self::$variant),)+
                    _ => Err($crate::identifier::UnknownName { names: Self::NAMES }),
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

pub(crate) use names;

names! {
    /// A cloud that credentials are minted at.
    Cloud {
        /// Amazon Web Services.
        Aws = "aws",
        /// Google Cloud.
        Gcp = "gcp",
        /// Microsoft Azure.
        Azure = "azure",
    }
}

names! {
    /// A kind of credential.
    CredentialType {
        /// A session of an AWS role.
        AwsIamRole = "aws_iam_role",
        /// The access key of an IAM user.
        AwsAccessKey = "aws_access_key",
        /// An access token of a GCP service account.
        GcpServiceAccount = "gcp_service_account",
        /// An access token obtained through GCP workload identity federation.
        GcpWorkloadIdentity = "gcp_workload_identity",
        /// A token of an Azure managed identity.
        AzureManagedIdentity = "azure_managed_identity",
        /// The client secret or token of an Azure service principal.
        AzureServicePrincipal = "azure_service_principal",
        /// An OAuth 2.0 token of any provider.
        OauthToken = "oauth_token",
        /// A provider's API key.
        ApiKey = "api_key",
    }
}

impl CredentialType {
    /// The cloud that issues it; none for tokens and keys of other providers.
    pub fn cloud(self) -> Option<Cloud> {
        match self {
            Self::AwsIamRole | Self::AwsAccessKey => Some(Cloud::Aws),
            Self::GcpServiceAccount | Self::GcpWorkloadIdentity => Some(Cloud::Gcp),
            Self::AzureManagedIdentity | Self::AzureServicePrincipal => Some(Cloud::Azure),
            Self::OauthToken | Self::ApiKey => None,
        }
    }
}

names! {
    /// How much harm a stored credential could do in the wrong hands; rotation scales with it.
    Risk {
        /// Little.
        Low = "low",
        /// Some.
        Medium = "medium",
        /// Much.
        High = "high",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_lowercase_words_of_2_to_63_characters() {
        for text in ["ab", "devops-agent", "0x", "a--b", &"a".repeat(63)] {
            assert_eq!(text.parse::<AgentId>().unwrap().as_str(), text);
        }
        assert_eq!("a".parse::<AgentId>(), Err(IdentifierError::Length { found: 1 }));
        assert_eq!("".parse::<AgentId>(), Err(IdentifierError::Length { found: 0 }));
        assert_eq!("a".repeat(64).parse::<AgentId>(), Err(IdentifierError::Length { found: 64 }));
        assert_eq!("Dev".parse::<AgentId>(), Err(IdentifierError::Character { found: 'D' }));
        assert_eq!("dév".parse::<AgentId>(), Err(IdentifierError::Character { found: 'é' }));
        assert_eq!("ab\n".parse::<AgentId>(), Err(IdentifierError::Character { found: '\n' }));
        assert_eq!("-ab".parse::<AgentId>(), Err(IdentifierError::Hyphen));
        assert_eq!("ab-".parse::<AgentId>(), Err(IdentifierError::Hyphen));
    }

    #[test]
    fn names_are_the_same_in_text_and_in_json() {
        for kind in CredentialType::ALL {
            assert_eq!(kind.as_str().parse(), Ok(*kind));
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
        }
        assert_eq!("AWS".parse::<Cloud>().unwrap_err().to_string(), "not one of aws, gcp, azure");
    }
}
