use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use crate::failure::Problem;

/// The longest body that is read. Tokens have some kilobytes.
pub(crate) const MAX_BODY: usize = 1_024 * 1_024;

/// An answer of any status. The body may hold a token: it is zeroised on drop, and not shown.
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, whole.
    pub body: Zeroizing<Vec<u8>>,
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Answer").field("status", &self.status).finish_non_exhaustive()
    }
}

impl Answer {
    /// Whether it is what was asked for.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Whether it says to be JSON.
    pub fn is_json(&self) -> bool {
        let media = self.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let essence = media.and_then(|media| media.split(';').next()).unwrap_or_default().trim();
        essence.eq_ignore_ascii_case("application/json")
            || essence
                .to_ascii_lowercase()
                .strip_prefix("application/")
                .is_some_and(|kind| kind.ends_with("+json"))
    }

    /// The body as what it should be.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        if !self.is_json() {
            return Err(Problem::Unreadable);
        }
        // The reader's error quotes what it read.
        serde_json::from_slice(&self.body).map_err(|_| Problem::Unreadable)
    }

    /// When to come back, where it says so in seconds: these services give no dates.
    pub fn retry_after(&self) -> Option<Duration> {
        let seconds = self.headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
        Some(Duration::from_secs(seconds))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(media: &str, body: &str) -> Answer {
        let headers = [(CONTENT_TYPE, media.parse().unwrap())].into_iter().collect();
        Answer { status: 200, headers, body: Zeroizing::new(body.as_bytes().to_vec()) }
    }

    #[test]
    fn only_json_that_says_so_is_read() {
        for media in ["application/json", "application/json; charset=UTF-8", "Application/problem+JSON"] {
            assert_eq!(answer(media, "[1]").json::<Vec<u8>>(), Ok(vec![1]), "{media}");
        }
        for (media, body) in
            [("text/html", "[1]"), ("application/json", "<html>"), ("application/json", "[1")]
        {
            assert_eq!(answer(media, body).json::<Vec<u8>>(), Err(Problem::Unreadable), "{media}");
        }
    }

    #[test]
    fn an_answer_does_not_show_its_body() {
        assert!(!format!("{:?}", answer("text/plain", "canary")).contains("canary"));
    }
}
