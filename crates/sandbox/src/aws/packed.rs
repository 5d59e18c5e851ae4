//! How large a session's policies and tags are in packed form.
//!
//! AWS packs them in a format of its own and publishes neither the format nor the budget. This is a model: policies
//! and tags are deflated apart, each is measured against a budget of its own, and the percentages are added. The tags'
//! budget follows what users report (six Kubernetes tags of some 300 characters take about 75 %, in
//! <https://github.com/aws/containers-roadmap/issues/2413>); the policies' lets ordinary policies of 2,048 characters
//! through, and stops those that do not compress.

use super::tags::Tag;

/// What the policies may take, in deflated bytes.
const POLICY_BUDGET: usize = 1_024;
/// What the tags may take, in deflated bytes.
const TAG_BUDGET: usize = 400;
/// The highest level of compression.
const LEVEL: u8 = 9;

/// The packed size in percent, rounded up. `None` where there is nothing to pack.
pub(super) fn packed_percentage(policies: &[&str], tags: &[Tag]) -> Option<u32> {
    if policies.is_empty() && tags.is_empty() {
        return None;
    }
    let tags: Vec<&str> = tags.iter().flat_map(|tag| [tag.key.as_str(), tag.value.as_str()]).collect();
    let percentage = share(policies, POLICY_BUDGET) + share(&tags, TAG_BUDGET);
    u32::try_from(percentage).ok()
}

fn share(texts: &[&str], budget: usize) -> usize {
    if texts.is_empty() {
        return 0;
    }
    let packed = miniz_oxide::deflate::compress_to_vec(texts.join("\n").as_bytes(), LEVEL);
    (packed.len() * 100).div_ceil(budget)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_has_no_size() {
        assert_eq!(packed_percentage(&[], &[]), None);
    }

    #[test]
    fn a_small_policy_takes_a_few_percent() {
        let size = packed_percentage(&[r#"{"Version":"2012-10-17","Statement":[]}"#], &[]).unwrap();
        assert!((1..10).contains(&size), "{size}");
    }

    #[test]
    fn policies_and_tags_add_up() {
        let tag = Tag { key: "agent".to_owned(), value: "devops-agent".to_owned() };
        let (policy, tags) = (&["{\"Version\":\"2012-10-17\"}"][..], &[tag][..]);
        let both = packed_percentage(policy, tags).unwrap();
        assert_eq!(both, packed_percentage(policy, &[]).unwrap() + packed_percentage(&[], tags).unwrap());
    }
}
