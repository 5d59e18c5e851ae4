//! What a function answered.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::calls::Outcome;
use crate::HarnessError;

/// A function's answer. The accessors read it as API Gateway would (payload format 2.0).
#[derive(Clone, Debug)]
pub struct Answer {
    /// The answer as the function gave it.
    pub body: Value,
    /// From the invocation to the answer, the wait for a function that is still starting included.
    pub elapsed: Duration,
}

impl Answer {
    pub(super) fn new(outcome: Outcome, elapsed: Duration) -> Result<Self, HarnessError> {
        Ok(Self { body: outcome?, elapsed })
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.body.get("statusCode")?.as_u64()?.try_into().ok()
    }

    /// A header of the HTTP response, by its name in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.body.get("headers")?.get(name)?.as_str()
    }

    /// The body of the HTTP response.
    #[must_use]
    pub fn text(&self) -> Option<String> {
        let text = self.body.get("body")?.as_str()?;
        match self.body.get("isBase64Encoded").and_then(Value::as_bool) {
            Some(true) => String::from_utf8(STANDARD.decode(text).ok()?).ok(),
            _ => Some(text.to_owned()),
        }
    }

    /// The body of the HTTP response as JSON.
    ///
    /// # Errors
    /// [`HarnessError::Json`] where it is none.
    pub fn json(&self) -> Result<Value, HarnessError> {
        serde_json::from_str(&self.text().unwrap_or_default()).map_err(|source| HarnessError::Json {
            what: format!("the function's answer {}", self.body),
            source,
        })
    }
}
