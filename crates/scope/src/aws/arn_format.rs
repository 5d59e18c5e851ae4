//! How the ARNs of a type of resources are made: `arn:${Partition}:s3:::${BucketName}/${ObjectName}`.

use super::authority::TooComplex;
use super::pattern::{ResourcePattern, arn_glob};
use crate::glob::Glob;
use crate::glob::automaton::Effort;
use crate::glob::intersection::share;

/// A format of ARNs, with anything in the place of a placeholder.
#[derive(Clone, Debug)]
pub(crate) struct ArnFormat {
    glob: Glob,
    is_bucket: bool,
}

impl ArnFormat {
    /// None where the text has fewer parts than an ARN.
    pub(crate) fn new(format: &str) -> Option<Self> {
        let parts: Vec<&str> = format.splitn(6, ':').collect();
        let ["arn", partition, service, region, account, rest] = parts.as_slice() else { return None };
        let segments = [*partition, *service, *region, *account].map(with_wildcards);
        let [partition, ours, region, account] = segments.each_ref().map(String::as_str);
        Some(Self {
            glob: arn_glob(["arn", partition, ours, region, account], &with_wildcards(rest)),
            // The one name without slashes that stands where names with slashes stand too.
            is_bucket: *service == "s3" && *rest == "${BucketName}",
        })
    }

    /// Whether a pattern matches an ARN of the format.
    pub(crate) fn meets(&self, pattern: &ResourcePattern, effort: &Effort) -> Result<bool, TooComplex> {
        if pattern.is_any() {
            return Ok(true);
        }
        if self.is_bucket && pattern.as_str().splitn(6, ':').last().is_some_and(|rest| rest.contains('/')) {
            return Ok(false);
        }
        share(&self.glob, pattern.glob(), effort)
    }
}

/// The text with `*` for each placeholder.
fn with_wildcards(text: &str) -> String {
    let mut parts = text.split("${");
    let mut wide = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        wide.push('*');
        wide.push_str(part.split_once('}').map_or("", |(_, after)| after));
    }
    wide
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_meets_the_formats_whose_arns_it_matches() {
        let meets = |format: &str, pattern: &str| {
            let pattern = pattern.parse().unwrap();
            ArnFormat::new(format).unwrap().meets(&pattern, &Effort::generous()).unwrap()
        };
        let (bucket, object) =
            ("arn:${Partition}:s3:::${BucketName}", "arn:${Partition}:s3:::${BucketName}/${ObjectName}");
        for (pattern, is_bucket, is_object) in [
            ("arn:aws:s3:::acme", true, false),
            ("arn:aws:s3:::acme/*", false, true),
            ("arn:aws:s3:::acme*", true, true),
            ("arn:*:s*:::*", true, true),
            ("*", true, true),
            ("arn:aws:ec2:*:*:*", false, false),
        ] {
            assert_eq!((meets(bucket, pattern), meets(object, pattern)), (is_bucket, is_object), "{pattern}");
        }
        let stream = "arn:${Partition}:logs:${Region}:${Account}:log-group:${LogGroupName}:log-stream:${LogStreamName}";
        assert!(meets(stream, "arn:aws:logs:*:123456789012:log-group:/prod/*"));
        assert!(meets(stream, "arn:aws:logs:*:123456789012:log-group:/prod:*"));
        assert!(!meets(stream, "arn:aws:logs:*:123456789012:destination:*"));
    }
}
