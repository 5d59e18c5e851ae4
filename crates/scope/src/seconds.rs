//! Durations as documents write them: whole seconds, with a unit.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// A duration in whole seconds, written with one unit: `900s`, `15m`, `1h`, `7d`.
///
/// Equal durations are equal however they were written, and are displayed in their shortest form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seconds(u32);

impl Seconds {
    /// So many seconds.
    pub const fn new(seconds: u32) -> Self {
        Self(seconds)
    }

    /// How many seconds.
    pub const fn get(self) -> u32 {
        self.0
    }

    /// The same as the standard library's duration.
    pub const fn as_duration(self) -> Duration {
        Duration::from_secs(self.0 as u64)
    }
}

/// The units, from the longest, with their length in seconds.
const UNITS: [(char, u32); 4] = [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

impl FromStr for Seconds {
    type Err = SecondsError;

    fn from_str(text: &str) -> Result<Self, SecondsError> {
        let (number, length) = UNITS
            .iter()
            .find_map(|(unit, length)| Some((text.strip_suffix(*unit)?, length)))
            .ok_or_else(|| match text.parse::<u32>() {
                Ok(_) => SecondsError::NoUnit,
                Err(_) => SecondsError::Form,
            })?;
        if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(SecondsError::Form);
        }
        // Digits only, so what fails to fit is too long.
        let number: u32 = number.parse().map_err(|_| SecondsError::TooLong)?;
        number.checked_mul(*length).map(Self).ok_or(SecondsError::TooLong)
    }
}

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = |length: u32| self.0 != 0 && self.0.is_multiple_of(length);
        match UNITS.iter().find(|(_, length)| whole(*length)) {
            Some((unit, length)) => write!(f, "{}{unit}", self.0 / length),
            None => f.write_str("0s"),
        }
    }
}

/// Why a text is not a duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SecondsError {
    /// A bare number: seconds, minutes and hours are all plausible, so none is assumed.
    #[error("a duration has a unit")]
    NoUnit,
    /// Not a whole number and a unit.
    #[error("a duration is a whole number followed by s, m, h or d")]
    Form,
    /// More seconds than 32 bits hold (136 years).
    #[error("the duration is too long")]
    TooLong,
}

impl serde::Serialize for Seconds {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Seconds {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <String as serde::Deserialize>::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Seconds {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Seconds".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": "^[0-9]+[smhd]$", "examples": ["15m", "1h", "7d"] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_displayed_in_their_shortest_form() {
        for (text, seconds, shortest) in [
            ("900s", 900, "15m"),
            ("60m", 3_600, "1h"),
            ("90m", 5_400, "90m"),
            ("24h", 86_400, "1d"),
            ("7d", 604_800, "7d"),
            ("61s", 61, "61s"),
            ("0h", 0, "0s"),
            ("4294967295s", u32::MAX, "4294967295s"),
        ] {
            let read: Seconds = text.parse().unwrap();
            assert_eq!((read.get(), read.to_string().as_str()), (seconds, shortest));
        }
    }

    #[test]
    fn what_is_not_a_duration_is_refused_with_its_reason() {
        for (text, error) in [
            ("3600", SecondsError::NoUnit),
            ("", SecondsError::Form),
            ("h", SecondsError::Form),
            ("1.5h", SecondsError::Form),
            ("1h30m", SecondsError::Form),
            ("-1h", SecondsError::Form),
            ("+1h", SecondsError::Form),
            ("1 h", SecondsError::Form),
            ("1H", SecondsError::Form),
            ("4294967296s", SecondsError::TooLong),
            ("99999999999999999999s", SecondsError::TooLong),
            ("49711d", SecondsError::TooLong),
        ] {
            assert_eq!(text.parse::<Seconds>(), Err(error), "{text:?}");
        }
    }
}
