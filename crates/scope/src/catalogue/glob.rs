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
            (Cloud::Aws, None) if pattern == "*" => Self::Whole(Glob::new(cloud, pattern)),
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
            Self::Whole(glob) => glob.is_all() || glob.matches(Rest::of(&permission.name())),
        }
    }
}

/// A glob as its cloud reads it: `*` is any run of characters; `?`, on AWS, any one.
#[derive(Debug)]
pub(super) struct Glob {
    cloud: Cloud,
    pattern: Vec<u8>,
}

impl Glob {
    pub(super) fn new(cloud: Cloud, pattern: &str) -> Self {
        Self { cloud, pattern: pattern.bytes().map(|byte| fold(cloud, byte)).collect() }
    }

    fn is_wild(cloud: Cloud, text: &str) -> bool {
        text.bytes().any(|byte| is_run(cloud, byte) || is_one(cloud, byte))
    }

    fn is_all(&self) -> bool {
        self.cloud != Cloud::Gcp && self.pattern == b"*"
    }

    /// Goes back to the last run only, which is enough: what an earlier run took, a later one could take as well.
    pub(super) fn matches(&self, name: Rest<'_>) -> bool {
        let (mut at, mut place) = (0, 0);
        let mut retry: Option<(usize, usize)> = None;
        while let Some(byte) = name.at(place) {
            match self.pattern.get(at) {
                Some(&token) if is_run(self.cloud, token) => {
                    at += 1;
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

    #[test]
    fn azure_has_no_question_mark_and_google_cloud_no_wildcard() {
        assert!(matches(Cloud::Azure, "a/*/read", "a/b/c/READ"));
        assert!(!matches(Cloud::Azure, "a/?/read", "a/b/read"));
        assert!(!matches(Cloud::Gcp, "objects.*", "objects.get"));
        assert!(!matches(Cloud::Gcp, "objects.Get", "objects.get"));
    }
}
