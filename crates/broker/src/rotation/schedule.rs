//! How often each type is renewed, and by what.

use deputize_scope::Seconds;
use deputize_scope::document::StoredCredential;
use deputize_scope::identifier::{CredentialType, Risk};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

const HOUR: u32 = 3_600;
const DAY: u32 = 24 * HOUR;

/// How credentials of a type are renewed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renewal {
    /// They end by themselves after this long, and nothing is stored: whoever uses one asks for the next.
    EndsByItself(Seconds),
    /// A key is made beside the former one, adopted, and the former one revoked.
    Keys(Seconds),
    /// One exchange at a token endpoint, in which the provider itself replaces what is stored.
    Exchange(Seconds),
}

impl Renewal {
    /// How a type is renewed, and how often where nothing else is said. A new type does not compile without an answer.
    pub const fn of(kind: CredentialType) -> Self {
        match kind {
            CredentialType::AwsIamRole
            | CredentialType::GcpServiceAccount
            | CredentialType::GcpWorkloadIdentity
            | CredentialType::AzureManagedIdentity => Self::EndsByItself(Seconds::new(HOUR)),
            CredentialType::AwsAccessKey | CredentialType::AzureServicePrincipal => {
                Self::Keys(Seconds::new(DAY))
            }
            CredentialType::OauthToken => Self::Exchange(Seconds::new(4 * HOUR)),
            CredentialType::ApiKey => Self::Keys(Seconds::new(7 * DAY)),
        }
    }

    /// How often, where nothing else is said and the risk is the usual one.
    pub const fn every(self) -> Seconds {
        match self {
            Self::EndsByItself(every) | Self::Keys(every) | Self::Exchange(every) => every,
        }
    }
}

/// When a stored credential is renewed, and by which connector.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Schedule {
    /// How often, in seconds.
    pub every: u32,
    /// The connector that the scope document declares it with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connector: Option<String>,
}

impl Schedule {
    /// The schedule of a credential. What the document says counts as it stands; the usual interval of a type is half as
    /// long for what could do much harm, and twice as long for what could do little.
    pub fn of(declared: &StoredCredential) -> Self {
        let every = declared.rotate.as_ref().map(|rotate| rotate.every.get());
        let connector = declared.rotate.as_ref().and_then(|rotate| rotate.connector.clone());
        Self { every: every.unwrap_or_else(|| usual(declared.kind, declared.risk).get()), connector }
    }

    /// When the next rotation is due after one at that time.
    pub fn next(&self, last: Timestamp) -> Timestamp {
        last.saturating_add(self.interval()).unwrap_or(Timestamp::MAX)
    }

    /// How often.
    pub fn interval(&self) -> SignedDuration {
        SignedDuration::from_secs(i64::from(self.every))
    }
}

/// How often a type is renewed where the document does not say.
pub fn usual(kind: CredentialType, risk: Risk) -> Seconds {
    let every = Renewal::of(kind).every().get();
    Seconds::new(match risk {
        Risk::High => every / 2,
        Risk::Medium => every,
        Risk::Low => every.saturating_mul(2),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_has_a_schedule_or_ends_by_itself() {
        let stored: Vec<_> = CredentialType::ALL
            .iter()
            .copied()
            .filter(|kind| !matches!(Renewal::of(*kind), Renewal::EndsByItself(_)))
            .map(|kind| (kind, usual(kind, Risk::Medium).to_string()))
            .collect();
        let expected = [
            (CredentialType::AwsAccessKey, "1d"),
            (CredentialType::AzureServicePrincipal, "1d"),
            (CredentialType::OauthToken, "4h"),
            (CredentialType::ApiKey, "7d"),
        ];
        assert_eq!(stored, expected.map(|(kind, every)| (kind, every.to_owned())));
    }

    #[test]
    fn the_more_harm_it_could_do_the_sooner() {
        let of = |risk| usual(CredentialType::AwsAccessKey, risk).to_string();
        assert_eq!(
            (of(Risk::High), of(Risk::Medium), of(Risk::Low)),
            ("12h".into(), "1d".into(), "2d".into())
        );
    }
}
