//! What is asked of a cloud, and what its answers say: the same few words for all three.

use deputize_scope::Cloud;
use deputize_scope::catalogue::{Draft, Unwritable};
use serde_json::Value;
use thiserror::Error;
use ureq::http::Uri;

use super::{aws, azure, gcp};

/// Something to ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Request {
    /// What the answer is kept as; the same whenever the pull is resumed.
    pub(super) name: String,
    pub(super) url: String,
    /// Sent by POST; without one it is GET.
    pub(super) body: Option<Value>,
}

/// How a cloud tells its permissions.
pub(super) trait Vendor: Sync {
    /// What to ask for first.
    fn first(&self) -> Request;

    /// Takes what an answer says into the draft, and gives what to ask for next.
    fn read(&self, asked: &Request, answer: &str, draft: &mut Draft) -> Result<Vec<Request>, AnswerError>;

    /// How many requests may be under way at once.
    fn concurrency(&self) -> usize {
        1
    }
}

/// An answer is not in the cloud's format.
#[derive(Debug, Error)]
pub(super) enum AnswerError {
    #[error("the answer is not what this cloud answers")]
    Json(#[from] serde_json::Error),
    #[error(transparent)]
    Name(#[from] Unwritable),
    /// To go there would hand the token to somebody else.
    #[error("the answer leads to another place: {0}")]
    Elsewhere(String),
}

/// The place that a cloud tells its permissions at.
pub(super) fn default_url(cloud: Cloud) -> &'static str {
    match cloud {
        Cloud::Aws => "https://servicereference.us-east-1.amazonaws.com",
        Cloud::Gcp => "https://iam.googleapis.com",
        Cloud::Azure => "https://management.azure.com",
    }
}

/// The variables that a token may be in; none where the cloud asks for none.
pub(super) fn token_variables(cloud: Cloud) -> &'static [&'static str] {
    match cloud {
        Cloud::Aws => &[],
        Cloud::Gcp => &["CLOUDSDK_AUTH_ACCESS_TOKEN", "GOOGLE_OAUTH_ACCESS_TOKEN"],
        Cloud::Azure => &["AZURE_ACCESS_TOKEN", "ARM_ACCESS_TOKEN"],
    }
}

/// A cloud at a place. `resource` is what permissions are asked for of on Google Cloud.
pub(super) fn vendor(cloud: Cloud, url: &str, resource: Option<String>) -> anyhow::Result<Box<dyn Vendor>> {
    let url = url.trim_end_matches('/').to_owned();
    Ok(match cloud {
        Cloud::Aws => Box::new(aws::Aws { url }),
        Cloud::Gcp => Box::new(gcp::Gcp { url, resource: gcp::resource(resource)? }),
        Cloud::Azure => Box::new(azure::Azure { url }),
    })
}

/// A link of an answer, where it leads to the place that answered.
pub(super) fn same_place(base: &str, link: &str) -> Result<String, AnswerError> {
    let place = |url: &str| {
        let uri: Uri = url.parse().ok()?;
        Some((uri.scheme_str()?.to_owned(), uri.authority()?.to_string()))
    };
    match (place(base), place(link)) {
        (Some(base), Some(there)) if base == there => Ok(link.to_owned()),
        _ => Err(AnswerError::Elsewhere(link.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_followed_within_one_place_alone() {
        let base = "https://management.azure.com";
        assert!(same_place(base, "https://management.azure.com/providers?skip=1").is_ok());
        for link in [
            "https://management.azure.com.example.com/x",
            "https://user@management.azure.com/x",
            "http://management.azure.com/x",
            "https://management.azure.com:8443/x",
            "/providers",
            "",
        ] {
            assert!(same_place(base, link).is_err(), "{link}");
        }
    }
}
