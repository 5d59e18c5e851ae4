//! Values of conditions: what each type of operator takes.

use std::net::IpAddr;

use super::operator::ValueType;

/// What is wrong with a value for operators of a type. Values with policy variables are not looked at.
pub(super) fn fault(value_type: ValueType, text: &str) -> Option<&'static str> {
    if text.contains("${") {
        return None;
    }
    match value_type {
        ValueType::String => None,
        ValueType::Bool | ValueType::Null => truth(text).is_none().then_some("neither true nor false"),
        ValueType::Numeric => number(text).is_none().then_some("not a number"),
        ValueType::Date => {
            date(text).is_none().then_some("not a date such as 2026-11-23T12:00:00Z, nor seconds since 1970")
        }
        ValueType::Binary => (!is_base64(text)).then_some("not Base64"),
        ValueType::Ip => {
            Range::parse(text).is_none().then_some("not an address, nor a range such as 203.0.113.0/24")
        }
        ValueType::Arn => {
            let is_arn =
                text == "*" || (text.splitn(6, ':').count() == 6 && text.starts_with(['a', '*', '?']));
            (!is_arn).then_some("not an ARN, which has six parts")
        }
    }
}

/// `true` or `false`, in any case.
pub(super) fn truth(text: &str) -> Option<bool> {
    [true, false].into_iter().find(|truth| text.eq_ignore_ascii_case(if *truth { "true" } else { "false" }))
}

/// A number.
pub(super) fn number(text: &str) -> Option<f64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let plain = digits.starts_with(|c: char| c.is_ascii_digit())
        && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    if plain { text.parse().ok() } else { None }
}

/// A moment in seconds since 1970, from that number or from a date in a profile of ISO 8601.
/// <https://www.w3.org/TR/NOTE-datetime>
pub(super) fn date(text: &str) -> Option<f64> {
    if text.len() > 4 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse().ok();
    }
    let (day, time) = text.split_once('T').map_or((text, None), |(day, time)| (day, Some(time)));
    let mut parts = day.split('-');
    let year: i64 = digits(parts.next()?, 4)?;
    let month =
        parts.next().map_or(Some(1), |part| digits(part, 2)).filter(|month| (1..=12).contains(month))?;
    let day_of_month = parts.next().map_or(Some(1), |part| digits(part, 2))?;
    if parts.next().is_some() || !(1..=days_in(year, month)).contains(&day_of_month) {
        return None;
    }
    let days = days_before(year, month) + day_of_month - 1;
    let seconds = time.map_or(Some(0.0), seconds)?;
    // Dates of policies are far from where a number of seconds would lose precision.
    Some(days as f64 * 86_400.0 + seconds)
}

/// Seconds since midnight in UTC, of `12:00Z`, `12:00:00.5+01:00`.
fn seconds(text: &str) -> Option<f64> {
    let (time, offset) = match text.strip_suffix('Z') {
        Some(time) => (time, 0),
        None => {
            let at = text.rfind(['+', '-'])?;
            let (time, offset) = text.split_at_checked(at)?;
            let sign = if offset.starts_with('+') { 1 } else { -1 };
            let (hours, minutes) = offset.get(1..)?.split_once(':')?;
            (time, sign * (digits(hours, 2)? * 3600 + digits(minutes, 2)? * 60))
        }
    };
    let mut parts = time.split(':');
    let hours = digits(parts.next()?, 2).filter(|hours| *hours < 24)?;
    let minutes = digits(parts.next()?, 2).filter(|minutes| *minutes < 60)?;
    let rest = parts.next().map_or(Some(0.0), number).filter(|seconds| (0.0..61.0).contains(seconds))?;
    if parts.next().is_some() {
        return None;
    }
    Some((hours * 3600 + minutes * 60 - offset) as f64 + rest)
}

fn digits(text: &str, length: usize) -> Option<i64> {
    let plain = text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit());
    if plain { text.parse().ok() } else { None }
}

fn is_leap(year: i64) -> bool {
    (year % 4 == 0 && year % 100 != 0) || year % 400 == 0
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 => 28 + i64::from(is_leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970 to the first of a month.
fn days_before(year: i64, month: i64) -> i64 {
    let leaps = |year: i64| year / 4 - year / 100 + year / 400;
    let years = (year - 1970) * 365 + leaps(year - 1) - leaps(1969);
    years + (1..month).map(|month| days_in(year, month)).sum::<i64>()
}

fn is_base64(text: &str) -> bool {
    let data = text.trim_end_matches('=');
    text.len().is_multiple_of(4)
        && text.len() - data.len() <= 2
        && data.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/')
}

/// A range of addresses: as bits, the first of them and how many of them are given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Range {
    address: IpAddr,
    prefix: u32,
}

impl Range {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let plain = |text: &&str| text.len() <= 3 && text.bytes().all(|byte| byte.is_ascii_digit());
        let prefix = match prefix {
            Some(prefix) => Some(prefix).filter(plain)?.parse().ok().filter(|prefix| *prefix <= most)?,
            None => most,
        };
        Some(Self { address, prefix })
    }

    /// The range without the bits beyond its prefix, where there are any.
    pub(super) fn without_host_bits(self) -> Option<String> {
        let network = match self.address {
            IpAddr::V4(address) => {
                let bits = address.to_bits() & u32::MAX.checked_shl(32 - self.prefix).unwrap_or(0);
                IpAddr::V4(bits.into())
            }
            IpAddr::V6(address) => {
                let bits = address.to_bits() & u128::MAX.checked_shl(128 - self.prefix).unwrap_or(0);
                IpAddr::V6(bits.into())
            }
        };
        (network != self.address).then(|| format!("{network}/{}", self.prefix))
    }

    /// Whether no address of the range is ever seen on the internet.
    pub(super) fn is_private(self) -> bool {
        const PRIVATE: [&str; 7] = [
            "10.0.0.0/8",
            "172.16.0.0/12",
            "192.168.0.0/16",
            "100.64.0.0/10",
            "127.0.0.0/8",
            "169.254.0.0/16",
            "fc00::/7",
        ];
        PRIVATE.into_iter().filter_map(Self::parse).any(|private| private.has(self))
    }

    fn has(self, other: Self) -> bool {
        if self.prefix > other.prefix {
            return false;
        }
        match (self.address, other.address) {
            (IpAddr::V4(one), IpAddr::V4(two)) => {
                (one.to_bits() ^ two.to_bits()).checked_shr(32 - self.prefix).unwrap_or(0) == 0
            }
            (IpAddr::V6(one), IpAddr::V6(two)) => {
                (one.to_bits() ^ two.to_bits()).checked_shr(128 - self.prefix).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_seconds_since_1970() {
        for (text, expected) in [
            ("1970-01-01T00:00:00Z", 0.0),
            ("2000-03-01", 951_868_800.0),
            ("2026-11-23T12:30:00+01:00", 1_795_433_400.0),
            ("2024-02-29T23:59:59.5Z", 1_709_251_199.5),
            ("1795433400", 1_795_433_400.0),
            ("1970", 0.0),
        ] {
            assert_eq!(date(text), Some(expected), "{text}");
        }
        for text in [
            "",
            "2026-13-01",
            "2025-02-29",
            "2026-11-23 12:00",
            "2026-11-23T12:00",
            "2026-11-23T24:00Z",
            "tomorrow",
        ] {
            assert_eq!(date(text), None, "{text}");
        }
    }

    #[test]
    fn ranges_of_addresses_are_read() {
        let host = |text: &str| Range::parse(text).unwrap().without_host_bits();
        assert_eq!(host("203.0.113.0/24"), None);
        assert_eq!(host("203.0.113.7/24").as_deref(), Some("203.0.113.0/24"));
        assert_eq!(host("203.0.113.7/0").as_deref(), Some("0.0.0.0/0"));
        assert_eq!(host("2001:db8::1/32").as_deref(), Some("2001:db8::/32"));
        for text in ["", "1.2.3", "1.2.3.4/33", "::/129", "1.2.3.4/", "1.2.3.4/+8", "300.1.1.1"] {
            assert_eq!(Range::parse(text), None, "{text}");
        }
        let private = |text: &str| Range::parse(text).unwrap().is_private();
        assert!(
            private("10.1.2.3")
                && private("192.168.7.0/24")
                && private("fd00::/8")
                && private("172.31.0.0/16")
        );
        assert!(
            !private("0.0.0.0/0")
                && !private("11.0.0.1")
                && !private("172.32.0.0/16")
                && !private("10.0.0.0/7")
        );
    }

    #[test]
    fn each_type_takes_its_own_values() {
        for (value_type, sound, faulty) in [
            (ValueType::Bool, "True", "yes"),
            (ValueType::Numeric, "-1.5", "1e3"),
            (ValueType::Binary, "aGVsbG8=", "a"),
            (ValueType::Arn, "arn:aws:iam::*:role/x", "role/x"),
            (ValueType::Ip, "203.0.113.1", "example.com"),
        ] {
            assert_eq!(fault(value_type, sound), None);
            assert!(fault(value_type, faulty).is_some());
            assert_eq!(fault(value_type, "${aws:username}"), None);
        }
    }
}
