//! Who at Google was told to trust the broker's issuer.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// A provider of a workload identity pool, such as
/// `//iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/agents/providers/deputize`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolProvider(String);

/// The text names no provider of a workload identity pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "a provider is written projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/PROVIDER, with or \
     without //iam.googleapis.com/ before it"
)]
pub struct PoolProviderError;

impl PoolProvider {
    /// The audience that the exchange is asked for: the full resource name.
    pub fn resource(&self) -> &str {
        &self.0
    }

    /// The audience that an identity token has to be for, unless the provider was told otherwise.
    /// <https://cloud.google.com/iam/docs/workload-identity-federation-with-other-providers#prepare>
    pub fn default_audience(&self) -> String {
        format!("https:{}", self.0)
    }
}

impl PoolProvider {
    /// The number of the project that the pool is in.
    pub fn project(&self) -> &str {
        self.part(1)
    }

    /// The pool's id.
    pub fn pool(&self) -> &str {
        self.part(5)
    }

    /// The provider's id.
    pub fn provider(&self) -> &str {
        self.part(7)
    }

    /// The full resource name of the pool, which names of principals begin with.
    pub fn pool_resource(&self) -> &str {
        self.0.split_once("/providers/").map_or(&self.0, |(pool, _)| pool)
    }

    fn part(&self, index: usize) -> &str {
        self.0.trim_start_matches("//iam.googleapis.com/").split('/').nth(index).unwrap_or_default()
    }
}

impl FromStr for PoolProvider {
    type Err = PoolProviderError;

    fn from_str(text: &str) -> Result<Self, PoolProviderError> {
        let name = text.strip_prefix("https:").unwrap_or(text);
        let name = name.strip_prefix("//iam.googleapis.com/").unwrap_or(name);
        let parts: Vec<&str> = name.split('/').collect();
        let ["projects", number, "locations", "global", "workloadIdentityPools", pool, "providers", provider] =
            parts.as_slice()
        else {
            return Err(PoolProviderError);
        };
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        // 4 to 32 lowercase letters, digits and hyphens:
        // https://cloud.google.com/iam/docs/reference/rest/v1/projects.locations.workloadIdentityPools/create
        let id = |text: &str| {
            (4..=32).contains(&text.len())
                && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        };
        if digits(number) && id(pool) && id(provider) {
            Ok(Self(format!("//iam.googleapis.com/{name}")))
        } else {
            Err(PoolProviderError)
        }
    }
}

impl fmt::Display for PoolProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_is_read_with_and_without_its_service() {
        let name = "projects/123456789012/locations/global/workloadIdentityPools/agents/providers/deputize";
        for prefix in ["", "//iam.googleapis.com/", "https://iam.googleapis.com/"] {
            let provider: PoolProvider = format!("{prefix}{name}").parse().unwrap();
            assert_eq!(provider.resource(), format!("//iam.googleapis.com/{name}"));
            assert_eq!(provider.default_audience(), format!("https://iam.googleapis.com/{name}"));
            let parts = (provider.project(), provider.pool(), provider.provider());
            assert_eq!(parts, ("123456789012", "agents", "deputize"));
            assert!(provider.pool_resource().ends_with("/workloadIdentityPools/agents"));
        }
        for text in [
            "",
            "agents/deputize",
            "projects/acme/locations/global/workloadIdentityPools/agents/providers/deputize",
            "projects/1/locations/us/workloadIdentityPools/agents/providers/deputize",
            "projects/1/locations/global/workloadIdentityPools/a/providers/deputize",
            "projects/1/locations/global/workloadIdentityPools/agents/providers/Deputize",
        ] {
            assert_eq!(text.parse::<PoolProvider>(), Err(PoolProviderError), "{text}");
        }
    }
}
