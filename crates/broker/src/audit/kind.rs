//! The names of everything that can happen.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Each kind with its name and a line that describes it. What it is at OCSF and what it evidences is said by matches
/// without a rest, so that no kind is without.
macro_rules! kinds {
    ($($kind:ident $name:literal $description:literal)*) => {
        /// A kind of event.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Kind {
            $(
                #[doc = $description]
                #[serde(rename = $name)]
                $kind,
            )*
        }

        impl Kind {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$kind),*];

            /// Its name: stable, and what an event has as `event`.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$kind => $name,)*
                }
            }

            /// What it tells of, in a line.
            pub fn description(self) -> &'static str {
                match self {
                    $(Self::$kind => $description,)*
                }
            }
        }
    };
}

kinds! {
    CredentialRequested "credential_requested"
        "An agent asked, and it was decided to issue. With `parent`, the credential is narrowed from that lease."
    CredentialIssued "credential_issued" "A credential was minted, and is about to be handed over."
    RequestRefused "request_refused" "A request was refused before anything was minted."
    CloudRefused "cloud_refused" "The cloud refused to mint."
    LeaseAbandoned "lease_abandoned" "A lease came to nothing that anybody was given."
    LeaseExpired "lease_expired" "A lease ended by itself."
    LeaseRevoked "lease_revoked" "A lease was revoked."
    ScopesChanged "scopes_changed"
        "The scope document was replaced: the hashes of both, and in words what agents gain and lose."
    CredentialImported "credential_imported" "A secret was imported under a new name."
    CredentialVersionAdded "credential_version_added" "A stored credential has another current version."
    SecretRead "secret_read" "A stored secret is about to be read: by its agent, or to issue from it."
    SecretReadRefused "secret_read_refused" "A stored secret was asked for and not given."
    RefreshEnded "refresh_ended" "A refresh token was used, and stays the current one."
    RefreshTokenReused "refresh_token_reused"
        "A refresh token was refused that nobody but Deputize should have used. It is used no more."
    RotationAsked "rotation_asked" "Somebody asked for a rotation now."
    RotationStep "rotation_step"
        "A rotation went one step on; `step` says which, and who `adopted` which version."
    RotationFailed "rotation_failed" "A rotation came to nothing, or cannot go on: somebody has to look."
    RotationReminder "rotation_reminder" "A stored credential ought to be renewed, and nothing renews it."
    RotationScheduled "rotation_scheduled" "A stored credential has another schedule, by a change of the scope document."
    ConnectorChanged "connector_changed" "A connector was put in place."
    SigningKeyAdded "signing_key_added" "The broker's own issuer has another key to sign with."
    SigningKeyRetired "signing_key_retired"
        "A key of the broker's own issuer was forgotten: every token that it signed has ended."
    TokenIssued "token_issued" "A bearer token is about to be made."
    SignInFailed "sign_in_failed"
        "Somebody was not let in. At most one event in a minute and process; `suppressed` counts the others."
    EvidenceExported "evidence_exported" "Evidence for an auditor is about to be handed out."
    PersonalDataErased "personal_data_erased"
        "What the ledger could tell of a person was made unreadable. The proofs still hold."
    UsageReported "usage_reported"
        "A caller reports what it did with a credential. That it did is its word, not Deputize's."
    LedgerOpened "ledger_opened" "A log began, with this key."
    LedgerClosed "ledger_closed" "A log ended, and the next one goes on."
    LedgerAnomaly "ledger_anomaly" "Somebody or something tampered with what is or was to be in the ledger."
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The text names no kind of event.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("no kind of event is called {0:?}; docs/events.md lists them")]
pub struct UnknownKind(String);

impl FromStr for Kind {
    type Err = UnknownKind;

    fn from_str(text: &str) -> Result<Self, UnknownKind> {
        let known = Self::ALL.iter().find(|kind| kind.name() == text);
        known.copied().ok_or_else(|| UnknownKind(text.chars().take(64).collect()))
    }
}
