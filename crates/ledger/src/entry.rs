//! Entries: what the leaves of the tree are, byte for byte.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::Offset;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::canonical::{self, DEPTH_LIMIT, NotCanonical, NotWritable, Quoted, Scanner};
use crate::{Hash, leaf_hash};

/// How many bytes an entry may have: what a bundle can tell the length of (c2sp.org/tlog-tiles).
pub const ENTRY_LIMIT: usize = 65_535;

/// One thing that happened, at its place in the log.
///
/// Its bytes are canonical JSON (RFC 8785) with these members and no other: `event`, `personal` (where there is any),
/// `recorded_at`, `sequence`, and `v`, which is 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Its place, from zero.
    pub sequence: u64,
    /// When it was put into the log; never before the entry that it follows.
    pub recorded_at: Timestamp,
    /// What happened: an object, without fractions and without integers beyond ±(2^53 − 1).
    pub event: Value,
    /// What is known of a person and kept elsewhere.
    pub personal: Option<Commitment>,
}

/// Why there is no such entry.
#[derive(Debug, Error)]
pub enum EntryError {
    /// The event is not an object.
    #[error("an event is an object")]
    NotAnObject,
    /// A number that readers could understand differently.
    #[error("a number is no integer within ±(2^53 - 1)")]
    Number,
    /// Values too deep in one another.
    #[error("an event's values lie deeper in one another than {DEPTH_LIMIT}")]
    Depth,
    /// The entry is larger than a bundle can tell.
    #[error("an entry of {0} bytes is larger than {ENTRY_LIMIT}")]
    TooLarge(usize),
    /// The event could not be written.
    #[error("the event cannot be written as json")]
    Json(#[source] serde_json::Error),
    /// The bytes are no entry, or not in the one form that an entry has.
    #[error("the bytes are no entry in its canonical form")]
    Malformed(#[from] NotCanonical),
}

impl Entry {
    /// Its canonical bytes.
    pub fn to_bytes(&self) -> Result<Vec<u8>, EntryError> {
        if !self.event.is_object() {
            return Err(EntryError::NotAnObject);
        }
        let mut members = Map::new();
        members.insert("event".to_owned(), self.event.clone());
        if let Some(personal) = &self.personal {
            let personal = serde_json::to_value(personal).map_err(EntryError::Json)?;
            members.insert("personal".to_owned(), personal);
        }
        members.insert("recorded_at".to_owned(), Value::from(self.recorded_at.to_string()));
        members.insert("sequence".to_owned(), Value::from(self.sequence));
        members.insert("v".to_owned(), Value::from(1));
        let bytes = canonical::to_bytes(&Value::Object(members))?;
        if bytes.len() > ENTRY_LIMIT {
            return Err(EntryError::TooLarge(bytes.len()));
        }
        Ok(bytes)
    }

    /// Reads an entry. Only the bytes that [`Entry::to_bytes`] writes are one.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, EntryError> {
        let head = Head::read(bytes)?;
        let event = serde_json::from_str(head.event).map_err(EntryError::Json)?;
        let personal = head.personal.map(|(hash, subject)| Commitment { subject: subject.unescaped(), hash });
        Ok(Self { sequence: head.sequence, recorded_at: head.recorded_at, event, personal })
    }

    /// The hash of its leaf.
    pub fn leaf_hash(&self) -> Result<Hash, EntryError> {
        Ok(leaf_hash(&self.to_bytes()?))
    }
}

/// An entry whose bytes were found to be canonical, before its event is taken apart.
pub(crate) struct Head<'a> {
    pub(crate) sequence: u64,
    pub(crate) recorded_at: Timestamp,
    event: &'a str,
    personal: Option<(Hash, Quoted<'a>)>,
}

impl<'a> Head<'a> {
    /// Canonical members stand in one order, so that an entry can be read off.
    pub(crate) fn read(bytes: &'a [u8]) -> Result<Self, EntryError> {
        if bytes.len() > ENTRY_LIMIT {
            return Err(EntryError::TooLarge(bytes.len()));
        }
        let text = str::from_utf8(bytes).map_err(|error| NotCanonical { at: error.valid_up_to() })?;
        let mut scanner = Scanner::new(text)?;
        scanner.expect("{\"event\":")?;
        let event = scanner.span(|scanner| scanner.object(DEPTH_LIMIT - 1))?;
        let personal = if scanner.takes(",\"personal\":{\"hash\":") {
            let hash = scanner.string()?.raw.parse().map_err(|_| scanner.here())?;
            scanner.expect(",\"subject\":")?;
            let subject = scanner.string()?;
            scanner.expect("}")?;
            Some((hash, subject))
        } else {
            None
        };
        scanner.expect(",\"recorded_at\":")?;
        let recorded_at = timestamp(scanner.string()?.raw).ok_or(scanner.here())?;
        scanner.expect(",\"sequence\":")?;
        let sequence = scanner.span(Scanner::number)?.parse().map_err(|_| scanner.here())?;
        scanner.expect(",\"v\":1}")?;
        scanner.end()?;
        Ok(Self { sequence, recorded_at, event, personal })
    }
}

/// A time in the one form in which it is written: UTC to the second, and a fraction that does not end in zero where there
/// is one. The library's own reader knows many more forms, which whoever checks a proof in a browser would have to load.
fn timestamp(text: &str) -> Option<Timestamp> {
    let whole = |from: usize, to: usize| {
        let digits =
            text.get(from..to).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_digit()))?;
        digits.parse::<i16>().ok()
    };
    let part = |from: usize| whole(from, from + 2).and_then(|number| i8::try_from(number).ok());
    let marks = [(4, "-"), (7, "-"), (10, "T"), (13, ":"), (16, ":")];
    if !marks.iter().all(|(at, mark)| text.get(*at..at + 1) == Some(mark)) {
        return None;
    }
    let nanosecond = match text.get(19..)?.strip_suffix('Z')? {
        "" => 0,
        fraction => {
            let digits = fraction.strip_prefix('.')?;
            let is_shortest = digits.len() <= 9 && digits.bytes().all(|digit| digit.is_ascii_digit());
            let scale = 10_i32.checked_pow(u32::try_from(9 - digits.len().min(9)).ok()?)?;
            (is_shortest && !digits.ends_with('0')).then(|| digits.parse::<i32>().ok())?? * scale
        }
    };
    let date = Date::new(whole(0, 4)?, part(5)?, part(8)?).ok()?;
    let time = Time::new(part(11)?, part(14)?, part(17)?, nanosecond).ok()?;
    Offset::UTC.to_timestamp(DateTime::from_parts(date, time)).ok()
}

/// What stands in an entry for data about a person, which is kept elsewhere under a key of the person's own. When that
/// key is destroyed, the data is gone, and every proof stays valid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Commitment {
    /// Whose data: a name that says nothing by itself.
    pub subject: String,
    /// SHA-256 of a salt and of the data's canonical JSON.
    pub hash: Hash,
}

impl Commitment {
    /// Commits to the data. The salt is random and as secret as the data: without it, data could be guessed.
    pub fn of(subject: &str, salt: &[u8; 32], personal: &Value) -> Result<Self, EntryError> {
        let canonical = canonical::to_bytes(personal)?;
        let hash = Sha256::new().chain_update(salt).chain_update(canonical).finalize();
        Ok(Self { subject: subject.to_owned(), hash: Hash(hash.into()) })
    }

    /// Whether it is this salt and this data that were committed to.
    pub fn opens(&self, salt: &[u8; 32], personal: &Value) -> bool {
        Self::of(&self.subject, salt, personal).is_ok_and(|commitment| commitment.hash == self.hash)
    }
}

impl From<NotWritable> for EntryError {
    fn from(error: NotWritable) -> Self {
        match error {
            NotWritable::Number => Self::Number,
            NotWritable::Depth => Self::Depth,
            NotWritable::Json(source) => Self::Json(source),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What the library itself makes of a text.
    fn as_the_library(text: &str) -> Option<Timestamp> {
        text.parse().ok().filter(|at: &Timestamp| at.to_string() == text)
    }

    proptest! {
        #[test]
        fn every_time_since_year_0_is_read_as_it_is_written(
            second in -62_167_219_200_i64..=253_402_207_200,
            nanosecond in prop_oneof![Just(0), (0..1_000_i32).prop_map(|milli| milli * 1_000_000), 0..1_000_000_000],
        ) {
            let at = Timestamp::new(second, nanosecond).unwrap();
            // A fraction of a second before 1970 counts downwards.
            prop_assume!(at.to_string().len() <= 30 && !at.to_string().starts_with('-'));
            prop_assert_eq!(timestamp(&at.to_string()), Some(at));
        }

        #[test]
        fn no_other_text_is_a_time(
            text in "[0-9]{4}-[01][0-9]-[0-3][0-9][Tt ][0-2][0-9]:[0-6][0-9]:[0-6][0-9]([.,][0-9]{0,10})?(Z|z|[+-]00:?00|)",
        ) {
            prop_assert_eq!(timestamp(&text), as_the_library(&text));
        }
    }
}
