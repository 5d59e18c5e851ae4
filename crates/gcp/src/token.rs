//! An access token of Google's, and its way through `gcp_auth`.

use std::sync::Arc;

use deputize_broker::Secret;
use deputize_http::{CallFailure, ErrorCode, Problem};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use tokio::sync::Mutex;

/// How long before its end a token is no longer used: longer than a call takes.
const MARGIN: SignedDuration = SignedDuration::from_mins(2);

/// An access token, and when it ends.
#[derive(Clone, Debug)]
pub(crate) struct AccessToken {
    pub(crate) token: Secret,
    pub(crate) expires_at: Timestamp,
}

impl AccessToken {
    /// A token that Google gave. It has to fit into a header, and to have a time before it.
    pub(crate) fn new(token: String, expires_at: Timestamp, now: Timestamp) -> Result<Self, Problem> {
        let token = Secret::new(token);
        let text = token.reveal();
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Problem::Unreadable);
        }
        if expires_at <= now {
            return Err(Problem::Ended);
        }
        Ok(Self { token, expires_at })
    }

    /// The token as `gcp_auth` has it: it can only be made by reading one.
    pub(crate) fn shared(&self, now: Timestamp) -> Result<Arc<gcp_auth::Token>, gcp_auth::Error> {
        let left = self.expires_at.as_second().saturating_sub(now.as_second()).max(0);
        let token = json!({ "access_token": self.token.reveal(), "expires_in": left });
        let token = serde_json::from_value(token);
        token.map(Arc::new).map_err(|error| gcp_auth::Error::Json("a token cannot be handed on", error))
    }
}

/// The broker's own token, kept until shortly before its end.
#[derive(Default)]
pub(crate) struct Kept(Mutex<Option<AccessToken>>);

impl Kept {
    /// The token that is kept, or a fresh one.
    pub(crate) async fn token(
        &self,
        now: impl Fn() -> Timestamp + Send + Sync,
        fresh: impl Future<Output = Result<AccessToken, CallFailure>> + Send,
    ) -> Result<Arc<gcp_auth::Token>, gcp_auth::Error> {
        // Whoever comes while one is fetched waits for that one.
        let mut kept = self.0.lock().await;
        let soon = now().saturating_add(MARGIN).unwrap_or(Timestamp::MAX);
        match kept.as_ref() {
            Some(token) if soon < token.expires_at => token.shared(now()),
            _ => {
                let token = fresh.await.map_err(wrap)?;
                let shared = token.shared(now());
                *kept = Some(token);
                shared
            }
        }
    }
}

/// Hands a failure on through `gcp_auth`.
pub(crate) fn wrap(failure: CallFailure) -> gcp_auth::Error {
    gcp_auth::Error::Other("no token", Box::new(failure))
}

/// What went wrong at a source of tokens: our own sources say it themselves, those of `gcp_auth` in words that may hold
/// anything.
pub(crate) fn unwrap(error: gcp_auth::Error) -> CallFailure {
    const SERVICE: &str = "the source of the broker's own identity at Google";
    let problem = match error {
        gcp_auth::Error::Other(_, source) => match source.downcast::<CallFailure>() {
            Ok(failure) => return *failure,
            Err(_) => Problem::NoConnection,
        },
        gcp_auth::Error::NoAuthMethod(..) => Problem::NotSent("there is no identity of Google's here"),
        gcp_auth::Error::Http(..) => Problem::BrokenOff,
        gcp_auth::Error::Json(..) => Problem::Unreadable,
        gcp_auth::Error::Io(..) => Problem::NotSent("the identity's file cannot be read"),
        _ => Problem::InTrouble { status: 0, code: ErrorCode::unknown(), retry_after: None },
    };
    CallFailure::new(SERVICE, problem)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_token_has_time_before_it_and_fits_into_a_header() {
        let (now, later) = (at("2026-11-23T06:00:00Z"), at("2026-11-23T06:00:01Z"));
        assert!(AccessToken::new("ya29.x".into(), later, now).is_ok());
        let problem = |token: &str, end| AccessToken::new(token.into(), end, now).unwrap_err();
        assert_eq!(problem("ya29.x", now), Problem::Ended);
        assert_eq!(problem("", later), Problem::Unreadable);
        assert_eq!(problem("ya29.x\r\nx: y", later), Problem::Unreadable);
    }

    #[test]
    fn a_failure_comes_out_of_gcp_auth_as_it_went_in() {
        let code = ErrorCode::new(Some("invalid_grant"));
        let failure = CallFailure::new("it", Problem::Refused { status: 400, code });
        assert_eq!(unwrap(wrap(failure.clone())), failure);
        let foreign = gcp_auth::Error::Other("canary", "canary".into());
        assert!(!unwrap(foreign).to_string().contains("canary"));
    }
}
