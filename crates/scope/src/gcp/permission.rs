//! Permissions and service accounts of Google Cloud.

use std::str::FromStr;

use crate::text::text_type;

/// An IAM permission of Google Cloud, `service.resource.verb`: `container.clusters.get`.
///
/// Services of partners put their host before: `cloudonefs.isiloncloud.com/clusters.get`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GcpPermission(String);

impl GcpPermission {
    /// The permission as Google writes it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The service that the permission belongs to: `container`.
    pub fn service(&self) -> &str {
        let end = if self.0.contains('/') { '/' } else { '.' };
        self.0.split_once(end).map_or(self.as_str(), |(service, _)| service)
    }
}

impl FromStr for GcpPermission {
    type Err = GcpPermissionError;

    fn from_str(text: &str) -> Result<Self, GcpPermissionError> {
        if text.contains('*') {
            return Err(GcpPermissionError::Wildcard);
        }
        let (steps, fewest) = match text.split_once('/') {
            Some((host, steps)) if is_host(host) => (steps, 2),
            Some(_) => return Err(GcpPermissionError::Form),
            None => (text, 3),
        };
        let word = |step: &str| {
            step.starts_with(|c: char| c.is_ascii_alphabetic())
                && step.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
        };
        let sound = steps.starts_with(|c: char| c.is_ascii_lowercase())
            && steps.split('.').count() >= fewest
            && steps.split('.').all(word);
        if sound { Ok(Self(text.to_owned())) } else { Err(GcpPermissionError::Form) }
    }
}

fn is_host(text: &str) -> bool {
    text.contains('.')
        && text.split('.').all(|label| {
            !label.is_empty()
                && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        })
}

text_type!(
    GcpPermission,
    r"^([a-z0-9-]+(\.[a-z0-9-]+)+/[a-z][A-Za-z0-9_-]*|[a-z][A-Za-z0-9_-]*\.[A-Za-z][A-Za-z0-9_-]*)(\.[A-Za-z][A-Za-z0-9_-]*)+$"
);

/// Why a text is not a permission of Google Cloud.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GcpPermissionError {
    /// Google's IAM has no wildcards in permissions.
    #[error("permissions of GCP have no wildcards")]
    Wildcard,
    /// Not of the form `service.resource.verb`.
    #[error("a permission of GCP is written service.resource.verb")]
    Form,
}

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
    fn permissions_name_a_service_a_resource_and_a_verb() {
        for (text, service) in [
            ("container.clusters.get", "container"),
            ("monitoring.metricsScopes.link.create", "monitoring"),
            ("cloudonefs.isiloncloud.com/clusters.create", "cloudonefs.isiloncloud.com"),
            ("networkservices.route_views.get", "networkservices"),
        ] {
            assert_eq!(text.parse::<GcpPermission>().unwrap().service(), service);
        }
    }

    #[test]
    fn wildcards_and_other_forms_are_refused() {
        for text in ["*", "storage.*", "storage.objects.*"] {
            assert_eq!(text.parse::<GcpPermission>(), Err(GcpPermissionError::Wildcard), "{text}");
        }
        for text in
            ["", "storage", "storage.objects", "s3:GetObject", "a.b.", ".a.b", "A.b.c", "a..c", "x/b.c"]
        {
            assert_eq!(text.parse::<GcpPermission>(), Err(GcpPermissionError::Form), "{text}");
        }
    }

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
