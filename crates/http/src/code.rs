use std::fmt;

/// Stands for a code that is absent or does not look like one.
const UNKNOWN: &str = "unknown";

/// A cloud's error code: `PERMISSION_DENIED`, `invalid_grant`, `AADSTS70021`. It is shown to callers, so that whatever
/// does not look like a code is left out: a proxy's page, or words that quote the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorCode(String);

impl ErrorCode {
    /// The code where it looks like one.
    pub fn new(code: Option<&str>) -> Self {
        let sound = |code: &&str| {
            (1..=64).contains(&code.len())
                && code.starts_with(|first: char| first.is_ascii_alphabetic())
                && code.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'))
        };
        Self(code.filter(sound).unwrap_or(UNKNOWN).to_owned())
    }

    /// No code.
    pub fn unknown() -> Self {
        Self::new(None)
    }

    /// The code.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_a_code_is_shown_and_nothing_else() {
        for code in ["PERMISSION_DENIED", "invalid_grant", "AADSTS70021", "Forbidden"] {
            assert_eq!(ErrorCode::new(Some(code)).as_str(), code);
        }
        for text in ["", "<html>", "access denied", "7Up", "a\nb", &"A".repeat(65)] {
            assert_eq!(ErrorCode::new(Some(text)), ErrorCode::unknown(), "{text:?}");
        }
        assert_eq!(ErrorCode::new(None).as_str(), "unknown");
    }
}
