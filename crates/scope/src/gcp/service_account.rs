//! Whom a token of Google Cloud is for.

use std::str::FromStr;

use crate::text::text_type;

/// The e-mail address of a user-managed service account: `name@project.iam.gserviceaccount.com`, with
/// `project.domain` in projects of a domain (`name@app.example.com.iam.gserviceaccount.com`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServiceAccount(String);

impl ServiceAccount {
    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ServiceAccount {
    type Err = ServiceAccountError;

    fn from_str(text: &str) -> Result<Self, ServiceAccountError> {
        let project = text.strip_suffix(".iam.gserviceaccount.com").ok_or(ServiceAccountError::Form)?;
        let (name, project) = project.split_once('@').ok_or(ServiceAccountError::Form)?;
        // 6 to 30 lowercase letters, digits and hyphens:
        // https://cloud.google.com/iam/docs/reference/rest/v1/projects.serviceAccounts/create
        let word = |text: &str| {
            text.starts_with(|c: char| c.is_ascii_lowercase())
                && !text.ends_with('-')
                && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        };
        if !(6..=30).contains(&name.len()) || !word(name) {
            return Err(ServiceAccountError::Name);
        }
        if project.split('.').all(word) {
            Ok(Self(text.to_owned()))
        } else {
            Err(ServiceAccountError::Project)
        }
    }
}

text_type!(
    ServiceAccount,
    r"^[a-z][a-z0-9-]{4,28}[a-z0-9]@[a-z]([a-z0-9-]*[a-z0-9])?(\.[a-z]([a-z0-9-]*[a-z0-9])?)*\.iam\.gserviceaccount\.com$"
);

/// Why a text is not the address of a service account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ServiceAccountError {
    /// Not of the form `name@project.iam.gserviceaccount.com`.
    #[error("a service account is written NAME@PROJECT.iam.gserviceaccount.com")]
    Form,
    /// The part before the `@` is not a name that Google accepts.
    #[error(
        "the name of a service account has 6 to 30 lowercase letters, digits and hyphens and begins with a letter"
    )]
    Name,
    /// The part after the `@` does not name a project.
    #[error("the project of a service account has lowercase letters, digits and hyphens")]
    Project,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn service_accounts_are_addresses_in_a_project() {
        "agent-devops-agent@acme-prod.iam.gserviceaccount.com".parse::<ServiceAccount>().unwrap();
        "agent-devops@app.example.com.iam.gserviceaccount.com".parse::<ServiceAccount>().unwrap();
        for (text, error) in [
            ("agent@example.com", ServiceAccountError::Form),
            ("acme-prod.iam.gserviceaccount.com", ServiceAccountError::Form),
            ("a@acme-prod.iam.gserviceaccount.com", ServiceAccountError::Name),
            ("Agent-x@acme-prod.iam.gserviceaccount.com", ServiceAccountError::Name),
            ("agent-x@.iam.gserviceaccount.com", ServiceAccountError::Project),
            ("agent-x@a@b.iam.gserviceaccount.com", ServiceAccountError::Project),
        ] {
            assert_eq!(text.parse::<ServiceAccount>(), Err(error), "{text}");
        }
    }
}
