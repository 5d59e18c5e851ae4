//! The criteria of SOC 2 that events evidence (AICPA, Trust Services Criteria 2017, with the points of focus of 2022).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::kind::Kind;

/// A criterion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Control {
    /// Logical access to what is protected.
    #[serde(rename = "CC6.1")]
    Cc6_1,
    /// Who is let in, and no longer.
    #[serde(rename = "CC6.2")]
    Cc6_2,
    /// What they may do.
    #[serde(rename = "CC6.3")]
    Cc6_3,
    /// What is watched for.
    #[serde(rename = "CC7.2")]
    Cc7_2,
}

/// The text names no criterion that there is evidence for.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("there is evidence for CC6.1, CC6.2, CC6.3 and CC7.2, not for {0:?}")]
pub struct UnknownControl(String);

impl Control {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Cc6_1, Self::Cc6_2, Self::Cc6_3, Self::Cc7_2];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cc6_1 => "CC6.1",
            Self::Cc6_2 => "CC6.2",
            Self::Cc6_3 => "CC6.3",
            Self::Cc7_2 => "CC7.2",
        }
    }

    /// What an auditor sees in the events that evidence it.
    pub fn evidence(self) -> &'static str {
        match self {
            Self::Cc6_1 => {
                "Every credential and secret that was given out, to whom, for how long and where that was enforced; \
                 every one that was refused; and that those which live long are rotated."
            }
            Self::Cc6_2 => {
                "Who was let in and by what: callers that scope documents add and remove, tokens that were made, \
                 secrets that were imported, and leases that ended or were taken back."
            }
            Self::Cc6_3 => {
                "Every change of what agents may do, with who made it and what it gave and took, and that each request \
                 was held to the version of that day."
            }
            Self::Cc7_2 => {
                "What was noticed and told: failed sign-ins, refusals, reused tokens, rotations that failed, tampering \
                 with the ledger, and what callers report of their use."
            }
        }
    }

    /// The kinds that evidence it.
    pub fn kinds(self) -> impl Iterator<Item = Kind> {
        Kind::ALL.iter().copied().filter(move |kind| kind.controls().contains(&self))
    }
}

impl Kind {
    /// What an event of this kind evidences.
    pub fn controls(self) -> &'static [Control] {
        use Control::{Cc6_1, Cc6_2, Cc6_3, Cc7_2};
        match self {
            Self::CredentialRequested | Self::CredentialIssued => &[Cc6_1, Cc6_3],
            Self::LeaseExpired | Self::LeaseRevoked => &[Cc6_1, Cc6_2, Cc6_3],
            Self::RequestRefused => &[Cc6_1, Cc6_3, Cc7_2],
            Self::ScopesChanged => &[Cc6_2, Cc6_3],
            Self::CredentialImported | Self::TokenIssued => &[Cc6_1, Cc6_2],
            Self::LeaseAbandoned
            | Self::CredentialVersionAdded
            | Self::SecretRead
            | Self::RefreshEnded
            | Self::RotationAsked
            | Self::RotationStep
            | Self::RotationScheduled
            | Self::ConnectorChanged
            | Self::SigningKeyAdded
            | Self::SigningKeyRetired
            | Self::PersonalDataErased => &[Cc6_1],
            Self::CloudRefused
            | Self::SecretReadRefused
            | Self::RefreshTokenReused
            | Self::RotationFailed
            | Self::RotationReminder
            | Self::SignInFailed => &[Cc6_1, Cc7_2],
            Self::EvidenceExported
            | Self::UsageReported
            | Self::LedgerOpened
            | Self::LedgerClosed
            | Self::LedgerAnomaly => &[Cc7_2],
        }
    }
}

impl fmt::Display for Control {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Control {
    type Err = UnknownControl;

    fn from_str(text: &str) -> Result<Self, UnknownControl> {
        let known = Self::ALL.into_iter().find(|control| control.name().eq_ignore_ascii_case(text));
        known.ok_or_else(|| UnknownControl(text.chars().take(64).collect()))
    }
}

/// The form in which evidence is handed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ExportFormat {
    /// A row for each event.
    Csv,
    /// The entries as they are sealed.
    Json,
    /// As events of OCSF.
    Ocsf,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_criterion_is_evidenced_and_read_by_its_name() {
        for control in Control::ALL {
            assert!(control.kinds().count() > 0);
            assert_eq!(control.name().parse(), Ok(control));
            assert_eq!(control.name().to_lowercase().parse(), Ok(control));
        }
        assert_eq!(
            "CC6.4".parse::<Control>().unwrap_err().to_string(),
            r#"there is evidence for CC6.1, CC6.2, CC6.3 and CC7.2, not for "CC6.4""#
        );
    }
}
