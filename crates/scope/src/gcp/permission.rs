//! Permissions of Google Cloud.

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
        if text.as_bytes().contains(&b'*') {
            return Err(GcpPermissionError::Wildcard);
        }
        let (steps, fewest) = match text.split_once('/') {
            Some((host, steps)) if is_host(host) => (steps, 2),
            Some(_) => return Err(GcpPermissionError::Form),
            None => (text, 3),
        };
        let word = |step: &[u8]| {
            step.first().is_some_and(u8::is_ascii_alphabetic)
                && step.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
        };
        let words = || steps.as_bytes().split(|byte| *byte == b'.');
        let sound = steps.starts_with(|c: char| c.is_ascii_lowercase())
            && words().count() >= fewest
            && words().all(word);
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
}
