//! What a pattern of permissions covers.

use super::Permission;
use super::name::{self, Rest, fold};
use crate::Cloud;

/// A pattern, taken apart so that most permissions need not be looked at.
#[derive(Debug)]
pub(super) enum Reach<'a> {
    /// No permission at all.
    Nothing,
    /// The permission of this name.
    Named,
    /// Permissions of one service.
    Service { service: &'a str, rest: Glob },
    /// Permissions of all services that a glob covers.
    Services { service: Glob, rest: Glob },
    /// Permissions of which the whole name is covered.
    Whole(Glob),
}

impl<'a> Reach<'a> {
    pub(super) fn of(cloud: Cloud, pattern: &'a str) -> Self {
        let parts = name::split(cloud, pattern);
        if !Glob::is_wild(cloud, pattern) {
            return Self::Named;
        }
        match (cloud, parts) {
            (_, Some((service, rest))) if !Glob::is_wild(cloud, service) => {
                Self::Service { service, rest: Glob::new(cloud, rest) }
            }
            // Wildcards of Azure go across slashes.
            (Cloud::Azure, _) => Self::Whole(Glob::new(cloud, pattern)),
            (Cloud::Aws, Some((service, rest))) => {
                Self::Services { service: Glob::new(cloud, service), rest: Glob::new(cloud, rest) }
            }
            (Cloud::Aws, None) if pattern.bytes().all(|byte| byte == b'*') => {
                Self::Whole(Glob::new(cloud, pattern))
            }
            _ => Self::Nothing,
        }
    }

    /// Whether a service may have permissions that are covered.
    pub(super) fn enters(&self, name: &str) -> bool {
        match self {
            Self::Nothing | Self::Named => false,
            Self::Services { service, .. } => service.matches(Rest::of(name)),
            Self::Service { .. } | Self::Whole(_) => true,
        }
    }

    /// Whether a permission of such a service is covered.
    pub(super) fn covers(&self, permission: &Permission<'_>) -> bool {
        match self {
            Self::Nothing | Self::Named => false,
            Self::Service { rest, .. } | Self::Services { rest, .. } => rest.matches(permission.rest()),
            Self::Whole(glob) => glob.matches(permission.whole()),
        }
    }
}

/// A glob as its cloud reads it: `*` is any run of characters; `?`, on AWS, any one.
#[derive(Debug)]
pub(super) struct Glob {
    cloud: Cloud,
    /// Without a run beside a run.
    pattern: Vec<u8>,
    /// How many characters it takes at least.
    least: usize,
    /// How many literals it ends with.
    tail: usize,
}

impl Glob {
    pub(super) fn new(cloud: Cloud, pattern: &str) -> Self {
        let mut pattern: Vec<u8> = pattern.bytes().map(|byte| fold(cloud, byte)).collect();
        pattern.dedup_by(|one, other| is_run(cloud, *one) && is_run(cloud, *other));
        let least = pattern.iter().filter(|&&token| !is_run(cloud, token)).count();
        let wild = |&&token: &&u8| is_run(cloud, token) || is_one(cloud, token);
        let tail = pattern.iter().rev().take_while(|token| !wild(token)).count();
        Self { cloud, pattern, least, tail }
    }

    fn is_wild(cloud: Cloud, text: &str) -> bool {
        text.bytes().any(|byte| is_run(cloud, byte) || is_one(cloud, byte))
    }

    pub(super) fn matches(&self, name: Rest<'_>) -> bool {
        let length = name.len();
        // Most names are told apart by their length or their end.
        let ends = || {
            let tail = self.pattern.iter().rev().take(self.tail);
            tail.zip(1..).all(|(&token, back)| {
                name.at(length - back).is_some_and(|byte| fold(self.cloud, byte) == token)
            })
        };
        length >= self.least && ends() && self.matches_all(name)
    }

    /// Goes back to the last run only, which is enough: what an earlier run took, a later one could take as well.
    fn matches_all(&self, name: Rest<'_>) -> bool {
        let (mut at, mut place) = (0, 0);
        let mut retry: Option<(usize, usize)> = None;
        while let Some(byte) = name.at(place) {
            match self.pattern.get(at) {
                Some(&token) if is_run(self.cloud, token) => {
                    at += 1;
                    if at == self.pattern.len() {
                        return true;
                    }
                    retry = Some((at, place));
                }
                Some(&token) if is_one(self.cloud, token) || token == fold(self.cloud, byte) => {
                    at += 1;
                    place += 1;
                }
                _ => {
                    let Some((after_run, from)) = retry else { return false };
                    retry = Some((after_run, from + 1));
                    (at, place) = (after_run, from + 1);
                }
            }
        }
        let left = self.pattern.get(at..).unwrap_or_default();
        left.iter().all(|&token| is_run(self.cloud, token))
    }
}

fn is_run(cloud: Cloud, token: u8) -> bool {
    token == b'*' && cloud != Cloud::Gcp
}

fn is_one(cloud: Cloud, token: u8) -> bool {
    token == b'?' && cloud == Cloud::Aws
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(cloud: Cloud, pattern: &str, name: &str) -> bool {
        Glob::new(cloud, pattern).matches(Rest::of(name))
    }

    #[test]
    fn wildcards_of_aws_stand_for_runs_and_for_single_characters() {
        for pattern in ["*", "Put*", "*Object", "P?tObject", "put*ob*t", "**", "PutObject", "PutObject*"] {
            assert!(matches(Cloud::Aws, pattern, "PutObject"), "{pattern}");
        }
        for pattern in ["", "Put", "*x", "?PutObject", "Put?Object", "Get*", "*Object?"] {
            assert!(!matches(Cloud::Aws, pattern, "PutObject"), "{pattern}");
        }
    }

    /// The meaning, as plainly as it can be said.
    fn covers(pattern: &[u8], name: &[u8]) -> bool {
        match (pattern, name) {
            ([], []) => true,
            ([b'*', rest @ ..], _) if covers(rest, name) => true,
            ([b'*', ..], [_, rest @ ..]) => covers(pattern, rest),
            ([b'?', pattern @ ..], [_, name @ ..]) => covers(pattern, name),
            ([token, pattern @ ..], [byte, name @ ..]) => token == byte && covers(pattern, name),
            _ => false,
        }
    }

    proptest::proptest! {
        #[test]
        fn a_glob_covers_what_its_meaning_covers(pattern in "[ab*?]{0,9}", one in "[ab]{0,5}", other in "[ab]{0,5}") {
            let name = Rest::new(Cloud::Aws, ["", &one], &other);
            let plain = covers(pattern.as_bytes(), name.parts().concat().as_bytes());
            proptest::prop_assert_eq!(Glob::new(Cloud::Aws, &pattern).matches(name), plain);
        }
    }

    #[test]
    fn azure_has_no_question_mark_and_google_cloud_no_wildcard() {
        assert!(matches(Cloud::Azure, "a/*/read", "a/b/c/READ"));
        assert!(!matches(Cloud::Azure, "a/?/read", "a/b/read"));
        assert!(!matches(Cloud::Gcp, "objects.*", "objects.get"));
        assert!(!matches(Cloud::Gcp, "objects.Get", "objects.get"));
    }
}
