//! Which bucket, where in it, and for how long what is put there stays.

use aws_sdk_s3::types::ObjectLockMode;
use deputize_broker::ports::ledger::ObjectPath;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use thiserror::Error;

/// The longest that Object Lock keeps anything: a hundred years (S3 user guide, "Object Lock considerations").
const LONGEST_DAYS: u32 = 36_500;

/// A key has at most 1,024 bytes, of which a path and the slash before it take up to 513.
const LONGEST_PREFIX: usize = 511;

/// Why settings are none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum InvalidS3Settings {
    /// The prefix is none.
    #[error(
        "a prefix is segments of [a-z0-9._-] with a slash between them, of at most {LONGEST_PREFIX} bytes"
    )]
    Prefix,
    /// Nothing is kept for so long.
    #[error("objects are locked for 1 to {LONGEST_DAYS} days")]
    Days,
}

/// Where a log's files are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct S3Settings {
    /// The bucket's name, or an access point's ARN.
    pub bucket: String,
    /// What stands before every object's path, and a slash after it.
    pub prefix: Option<KeyPrefix>,
    /// How long what is put, and never changes, is locked. The bucket must have Object Lock. `None`: as long as the
    /// bucket says by itself.
    pub retention: Option<Retention>,
}

/// What stands before an object's path in its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyPrefix(ObjectPath);

impl KeyPrefix {
    /// Reads a prefix, such as `ledger/production`.
    pub fn parse(text: &str) -> Result<Self, InvalidS3Settings> {
        let path = ObjectPath::parse(text).ok().filter(|path| path.as_str().len() <= LONGEST_PREFIX);
        path.map(Self).ok_or(InvalidS3Settings::Prefix)
    }
}

/// Who may end a lock before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RetentionMode {
    /// Whoever is allowed to (`s3:BypassGovernanceRetention`).
    Governance,
    /// Nobody, not even the account's root.
    Compliance,
}

/// How long an object is kept from being deleted or overwritten; written as `{ "mode": "compliance", "days": 400 }`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Written")]
pub struct Retention {
    mode: RetentionMode,
    days: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    mode: RetentionMode,
    days: u32,
}

impl TryFrom<Written> for Retention {
    type Error = InvalidS3Settings;

    fn try_from(Written { mode, days }: Written) -> Result<Self, InvalidS3Settings> {
        Self::days(mode, days)
    }
}

impl Retention {
    /// So many days, from when the object is put.
    pub fn days(mode: RetentionMode, days: u32) -> Result<Self, InvalidS3Settings> {
        let possible = (1..=LONGEST_DAYS).contains(&days);
        possible.then_some(Self { mode, days }).ok_or(InvalidS3Settings::Days)
    }

    pub(crate) fn mode(self) -> ObjectLockMode {
        match self.mode {
            RetentionMode::Governance => ObjectLockMode::Governance,
            RetentionMode::Compliance => ObjectLockMode::Compliance,
        }
    }

    /// When a lock ends that begins now.
    pub(crate) fn until(self, now: Timestamp) -> Timestamp {
        let days = SignedDuration::from_hours(24 * i64::from(self.days));
        now.saturating_add(days).unwrap_or(Timestamp::MAX)
    }
}

impl S3Settings {
    pub(crate) fn key(&self, path: &ObjectPath) -> String {
        match &self.prefix {
            Some(KeyPrefix(prefix)) => format!("{prefix}/{path}"),
            None => path.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_leaves_room_for_the_longest_path() {
        let longest = KeyPrefix::parse(&"p".repeat(LONGEST_PREFIX)).unwrap();
        let path = ObjectPath::parse(&"o".repeat(512)).unwrap();
        let settings = S3Settings { bucket: "log".into(), prefix: Some(longest), retention: None };
        assert_eq!(settings.key(&path).len(), 1_024);
        for text in ["", "/", "a/", "/a", "A", "a//b", "..", &"p".repeat(LONGEST_PREFIX + 1)] {
            assert_eq!(KeyPrefix::parse(text), Err(InvalidS3Settings::Prefix), "{text}");
        }
    }

    #[test]
    fn a_lock_lasts_as_many_days_as_are_configured() {
        let now: Timestamp = "2026-11-24T12:00:00Z".parse().unwrap();
        let year = Retention::days(RetentionMode::Compliance, 365).unwrap();
        assert_eq!(year.until(now).to_string(), "2027-11-24T12:00:00Z");
        for days in [0, LONGEST_DAYS + 1] {
            assert_eq!(Retention::days(RetentionMode::Governance, days), Err(InvalidS3Settings::Days));
        }
    }
}
