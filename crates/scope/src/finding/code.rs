//! The codes of findings. They are stable: scripts and suppressions rely on them.

use serde::{Deserialize, Serialize};

macro_rules! codes {
    ($($variant:ident = $name:literal: $explanation:literal;)+) => {
        /// What kind of thing a finding is. The names are stable.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        #[non_exhaustive]
        pub enum Code {
            $(#[doc = $explanation] $variant,)+
        }

        impl Code {
            /// Every code, in the order of this documentation.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The stable name, in kebab case.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            /// What the code stands for, and why it matters.
            pub fn explanation(self) -> &'static str {
                match self { $(Self::$variant => $explanation),+ }
            }
        }
    };
}

codes! {
    NotUtf8 = "not-utf8": "The file is not UTF-8, the only encoding of a scope document.";
    TooLarge = "too-large": "The document is longer than a scope document may be (256 KiB).";
    TooDeep = "too-deep": "Lists and mappings lie deeper in one another than any scope document needs.";
    TooManyFindings = "too-many-findings": "There are more findings than are told at once; mend these first.";
    EmptyDocument = "empty-document": "The file holds nothing but white space and comments.";
    SeveralDocuments = "several-documents": "The file holds several YAML documents; a scope document is one.";
    Malformed = "malformed": "The text is neither YAML nor JSON.";
    TabIndentation = "tab-indentation": "A tab stands where YAML takes spaces only.";
    UnquotedAsterisk = "unquoted-asterisk": "A value begins with an asterisk without quotes, which YAML takes for an alias.";
    UnsupportedYaml = "unsupported-yaml": "The document uses an anchor, an alias, a tag or a directive of YAML: what a document grants must stand where it is granted.";
    DuplicateKey = "duplicate-key": "A mapping gives the same key twice, so that one of the two would be silently lost.";

    UnknownField = "unknown-field": "A field that a scope document does not know. It is refused, so that a misspelt restriction is never silently dropped.";
    MissingField = "missing-field": "A field that must be there is not.";
    WrongType = "wrong-type": "A value of the wrong type: text, a number, a list or a mapping is expected.";
    EmptyList = "empty-list": "A list that must name at least one thing is empty.";
    UnsupportedVersion = "unsupported-version": "The version of the document's format is not 1, the only one there is.";
    ForeignField = "foreign-field": "A scope holds a field that belongs to another cloud.";

    InvalidIdentifier = "invalid-identifier": "A tenant, an agent or a credential has a name that is not 2 to 63 lowercase letters, digits and inner hyphens.";
    UnknownValue = "unknown-value": "The value is none of those that the field takes.";
    InvalidPermission = "invalid-permission": "The permission is not written as its cloud writes permissions.";
    StsPivot = "sts-pivot": "The permission would let an agent obtain other credentials than those it was given. Every session denies it, so it cannot be granted.";
    InvalidResource = "invalid-resource": "The resource is not written as its cloud writes resources.";
    InvalidArn = "invalid-arn": "The text is not the ARN of a role or principal.";
    InvalidRegion = "invalid-region": "The text is not the name of an AWS region.";
    InvalidExternalId = "invalid-external-id": "The text is not an external id that AWS accepts.";
    InvalidServiceAccount = "invalid-service-account": "The text is not the e-mail address of a GCP service account.";
    InvalidClientId = "invalid-client-id": "The text is not the client id of an Azure identity, which is a GUID.";
    InvalidIssuer = "invalid-issuer": "The text is not an OpenID Connect issuer: an https URL without query and fragment.";
    InvalidSubject = "invalid-subject": "The text is not an OpenID Connect subject: 1 to 255 visible ASCII characters.";
    InvalidConnector = "invalid-connector": "The text is not the path of a connector below the document's directory.";
    InvalidDuration = "invalid-duration": "The duration is not a whole number followed by s, m, h or d.";
    DurationOutOfBounds = "duration-out-of-bounds": "The duration is shorter or longer than its cloud issues credentials for.";
    NumberOutOfBounds = "number-out-of-bounds": "The number is smaller or larger than the field takes.";

    DuplicateValue = "duplicate-value": "A list names the same thing twice.";
    DuplicateCredential = "duplicate-credential": "Two stored credentials have the same id.";
    DuplicateIdentity = "duplicate-identity": "A caller identity is bound twice, so that its caller could be two agents.";
    UnknownAgent = "unknown-agent": "A stored credential belongs to an agent that the document does not have.";
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_serialised_by_its_name() {
        for code in Code::ALL {
            assert_eq!(serde_json::to_value(code).unwrap(), code.as_str());
        }
    }
}
