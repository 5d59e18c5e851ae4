//! Resources of Azure, by their ids.

use std::cmp::Ordering;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use crate::text::text_type;

/// A resource and all that is below it: `/subscriptions/…/resourceGroups/prod`; or `*`, every resource. Compared
/// without regard to case, as Azure compares ids; the original spelling is kept.
#[derive(Clone, Debug)]
pub struct AzureResource {
    text: String,
    folded: String,
}

impl AzureResource {
    /// Every resource.
    pub fn any() -> Self {
        Self { text: "*".to_owned(), folded: "*".to_owned() }
    }

    /// Whether it is every resource.
    pub fn is_any(&self) -> bool {
        self.folded == "*"
    }

    /// The id as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether all that the other is, this is too.
    pub fn covers(&self, other: &Self) -> bool {
        self.is_any() || other.is(&self.folded)
    }

    /// Whether the resource of this id is among them, whatever its case.
    pub fn matches(&self, id: &str) -> bool {
        self.is_any() || is_at_or_below(&id.to_ascii_lowercase(), &self.folded)
    }

    fn is(&self, folded: &str) -> bool {
        is_at_or_below(&self.folded, folded)
    }
}

fn is_at_or_below(id: &str, scope: &str) -> bool {
    id.strip_prefix(scope).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

impl PartialEq for AzureResource {
    fn eq(&self, other: &Self) -> bool {
        self.folded == other.folded
    }
}

impl Eq for AzureResource {}

impl PartialOrd for AzureResource {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for AzureResource {
    fn cmp(&self, other: &Self) -> Ordering {
        self.folded.cmp(&other.folded)
    }
}

impl Hash for AzureResource {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.folded.hash(state);
    }
}

impl FromStr for AzureResource {
    type Err = AzureResourceError;

    fn from_str(text: &str) -> Result<Self, AzureResourceError> {
        if text == "*" {
            return Ok(Self::any());
        }
        if text.contains('*') {
            return Err(AzureResourceError::Wildcard);
        }
        let id = text
            .strip_prefix('/')
            .is_some_and(|rest| !rest.is_empty() && !rest.split('/').any(str::is_empty));
        // Names of resource groups may hold letters of any language, spaces they may not.
        if id && !text.contains(|c: char| c.is_whitespace() || c.is_control()) {
            Ok(Self { text: text.to_owned(), folded: text.to_ascii_lowercase() })
        } else {
            Err(AzureResourceError::Form)
        }
    }
}

text_type!(AzureResource, r"^(\*|(/[^/*\s\x00-\x1f\x7f-\x9f]+)+)$");

/// Why a text is not a resource of Azure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AzureResourceError {
    /// A `*` stands in an id. A resource has all that is below it in any case.
    #[error("a resource of Azure has no wildcards; it stands for all that is below it too")]
    Wildcard,
    /// Not an id.
    #[error("a resource of Azure is written /subscriptions/ID/..., or * for all")]
    Form,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resource(text: &str) -> AzureResource {
        text.parse().unwrap()
    }

    #[test]
    fn a_resource_has_what_is_below_it_whatever_the_case() {
        let group = resource("/subscriptions/1/resourceGroups/prod");
        assert!(group.covers(&resource("/Subscriptions/1/resourcegroups/PROD/providers/x/y/z")));
        assert!(group.covers(&group) && resource("*").covers(&group));
        assert!(!group.covers(&resource("/subscriptions/1/resourceGroups/production")));
        assert!(!group.covers(&resource("/subscriptions/1")));
        assert!(!group.covers(&resource("*")));
    }

    #[test]
    fn what_is_no_id_is_refused() {
        for text in ["", "/", "subscriptions/1", "/subscriptions//x", "/subscriptions/1/", "/a b"] {
            assert_eq!(text.parse::<AzureResource>(), Err(AzureResourceError::Form), "{text}");
        }
        for text in ["/subscriptions/*", "/subscriptions/1/resourceGroups/prod-*"] {
            assert_eq!(text.parse::<AzureResource>(), Err(AzureResourceError::Wildcard), "{text}");
        }
    }
}
