//! Who holds a token.

use serde::{Deserialize, Serialize};

use super::config::{Accounts, Config, Grant, ServiceAccount};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Principal {
    /// Somebody known by a token of another issuer.
    Federated {
        pool: String,
        subject: String,
    },
    ServiceAccount(String),
}

impl Principal {
    /// As policies name it.
    pub(super) fn member(&self, config: &Config) -> String {
        match self {
            Self::Federated { pool, subject } => {
                format!("principal://iam.googleapis.com/{}/subject/{subject}", config.pool(pool))
            }
            Self::ServiceAccount(email) => format!("serviceAccount:{email}"),
        }
    }

    /// Whether a policy's member names it.
    pub(super) fn is(&self, config: &Config, member: &str) -> bool {
        let everybody_of = |pool: &str| format!("principalSet://iam.googleapis.com/{}/*", config.pool(pool));
        member == self.member(config)
            || matches!(self, Self::Federated { pool, .. } if member == everybody_of(pool))
    }

    /// Its address, where it is a service account.
    pub(super) fn email(&self) -> Option<&str> {
        match self {
            Self::Federated { .. } => None,
            Self::ServiceAccount(email) => Some(email),
        }
    }
}

impl Accounts {
    /// The account, if there is one by that name.
    pub(super) fn find(&self, email: &str) -> Option<ServiceAccount> {
        match self {
            Self::Any if is_address(email) => {
                let anything = Grant { permissions: vec!["*".to_owned()], resource: "*".to_owned() };
                Some(ServiceAccount { grants: vec![anything], ..ServiceAccount::default() })
            }
            Self::Any => None,
            Self::Listed(accounts) => accounts.get(email).cloned(),
        }
    }

    /// Whether a principal has `iam.serviceAccounts.getAccessToken` on the account.
    pub(super) fn may_impersonate(&self, config: &Config, principal: &Principal, email: &str) -> bool {
        match self {
            Self::Any => is_address(email),
            Self::Listed(accounts) => accounts.get(email).is_some_and(|account| {
                account.impersonators.iter().any(|member| principal.is(config, member))
            }),
        }
    }
}

fn is_address(email: &str) -> bool {
    email.split_once('@').is_some_and(|(name, domain)| {
        !name.is_empty() && domain.ends_with(".gserviceaccount.com") && !domain.contains('@')
    })
}
