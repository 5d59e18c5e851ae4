//! Operations of Azure, and patterns of them.

use std::cmp::Ordering;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use crate::text::text_type;

/// An operation of Azure's role-based access control, `Provider/type/…/action`, or a pattern of them in which a
/// whole segment is `*`: `Microsoft.Compute/*/read`. A `*` stands for any number of segments, as in role
/// definitions. Compared without regard to case, as Azure compares; the original spelling is kept.
#[derive(Clone, Debug)]
pub struct AzureOperation {
    text: String,
    folded: String,
}

/// What operations end in.
/// <https://learn.microsoft.com/azure/role-based-access-control/role-definitions>
pub(super) const VERBS: [&str; 4] = ["read", "write", "delete", "action"];

impl AzureOperation {
    /// The operation as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it ends as operations of Azure do: in `read`, `write`, `delete`, `action` or a wildcard.
    pub fn has_verb(&self) -> bool {
        let verb = self.folded.rsplit('/').next().unwrap_or_default();
        verb == "*" || VERBS.contains(&verb)
    }

    /// Whether the pattern matches the operation, whatever its case.
    pub fn matches(&self, operation: &str) -> bool {
        let operation = operation.to_ascii_lowercase();
        let (pattern, operation): (Vec<&str>, Vec<&str>) =
            (self.segments().collect(), operation.split('/').collect());
        // A `*` takes one segment, and more only where the rest would not fit: the last one gives way.
        let (mut at, mut read) = (0, 0);
        let mut star: Option<(usize, usize)> = None;
        while let Some(segment) = operation.get(read) {
            match pattern.get(at) {
                Some(&"*") => {
                    (at, read) = (at + 1, read + 1);
                    star = Some((at, read));
                }
                Some(one) if one == segment => (at, read) = (at + 1, read + 1),
                _ => {
                    let Some((after, taken)) = star else { return false };
                    (at, read) = (after, taken + 1);
                    star = Some((after, read));
                }
            }
        }
        at == pattern.len()
    }

    /// Whether it stands for more than one operation.
    pub fn has_wildcard(&self) -> bool {
        self.folded.contains('*')
    }

    /// The segments in lowercase.
    pub(super) fn segments(&self) -> impl Iterator<Item = &str> {
        self.folded.split('/')
    }

    /// The operation in lowercase.
    pub(crate) fn folded(&self) -> &str {
        &self.folded
    }

    /// The resource provider: `Microsoft.Compute`, or `*`.
    pub fn provider(&self) -> &str {
        self.text.split('/').next().unwrap_or_default()
    }
}

impl PartialEq for AzureOperation {
    fn eq(&self, other: &Self) -> bool {
        self.folded == other.folded
    }
}

impl Eq for AzureOperation {}

impl PartialOrd for AzureOperation {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for AzureOperation {
    fn cmp(&self, other: &Self) -> Ordering {
        self.folded.cmp(&other.folded)
    }
}

impl Hash for AzureOperation {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.folded.hash(state);
    }
}

impl FromStr for AzureOperation {
    type Err = AzureOperationError;

    fn from_str(text: &str) -> Result<Self, AzureOperationError> {
        let segments: Vec<&str> = text.split('/').collect();
        if segments.iter().any(|segment| segment.contains('*') && *segment != "*") {
            return Err(AzureOperationError::Wildcard);
        }
        let sound = |byte: u8| byte.is_ascii_alphanumeric() || b"*._-:${}".contains(&byte);
        let written = segments.iter().all(|segment| !segment.is_empty() && segment.bytes().all(sound));
        if !written || (segments.len() < 2 && text != "*") {
            return Err(AzureOperationError::Form);
        }
        Ok(Self { text: text.to_owned(), folded: text.to_ascii_lowercase() })
    }
}

text_type!(AzureOperation, r"^(\*|(\*|[A-Za-z0-9._:${}-]+)(/(\*|[A-Za-z0-9._:${}-]+))+)$");

/// Why a text is not an operation of Azure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AzureOperationError {
    /// A `*` stands beside other characters in a segment.
    #[error("a * stands for whole segments of an operation")]
    Wildcard,
    /// Not of the form `Provider/type/action`.
    #[error("an operation of Azure is written Provider/type/action")]
    Form,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_are_equal_whatever_their_case() {
        let one: AzureOperation = "Microsoft.Compute/virtualMachines/read".parse().unwrap();
        let two: AzureOperation = "microsoft.compute/virtualmachines/READ".parse().unwrap();
        assert_eq!(one, two);
        assert_eq!(one.as_str(), "Microsoft.Compute/virtualMachines/read");
        assert_eq!(one.provider(), "Microsoft.Compute");
    }

    #[test]
    fn a_star_matches_one_segment_or_more() {
        for (pattern, operation, expected) in [
            ("*", "Microsoft.Compute/disks/read", true),
            ("*/read", "Microsoft.Compute/disks/READ", true),
            ("*/read", "Microsoft.Compute/disks/write", false),
            ("Microsoft.Compute/*", "microsoft.compute/disks/read", true),
            ("Microsoft.Compute/*", "Microsoft.Compute", false),
            ("Microsoft.Compute/*/read", "Microsoft.Compute/read", false),
            ("a/*/b/*/c", "a/x/b/b/y/c", true),
            ("a/*/b/c", "a/x/b/y/b/c", true),
            ("a/*/b/c", "a/b/c", false),
        ] {
            assert_eq!(pattern.parse::<AzureOperation>().unwrap().matches(operation), expected, "{pattern}");
        }
    }

    #[test]
    fn a_star_stands_for_whole_segments() {
        for text in ["*", "*/read", "Microsoft.Compute/*", "Microsoft.Compute/*/read"] {
            text.parse::<AzureOperation>().unwrap();
        }
        for text in ["Microsoft.*", "Microsoft.Compute/virtual*/read", "**"] {
            assert_eq!(text.parse::<AzureOperation>(), Err(AzureOperationError::Wildcard), "{text}");
        }
        for text in [
            "",
            "Microsoft.Compute",
            "/read",
            "Microsoft.Compute/",
            "a//b",
            "s3 x/b",
            "container.clusters.get",
        ] {
            assert_eq!(text.parse::<AzureOperation>(), Err(AzureOperationError::Form), "{text}");
        }
    }
}
