use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use deputize_broker::Clock;
use deputize_broker::ports::identity::{IdentityError, IdentityToken, IdentityTokens};
use deputize_scope::Seconds;
use jiff::SignedDuration;
use tokio::sync::Mutex;

use crate::sts::{SdkSts, WebIdentity};

/// How long before its end a token is no longer handed out: whoever takes it has to get it to its audience.
const MARGIN: SignedDuration = SignedDuration::from_secs(90);

/// How identity tokens are made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebIdentitySettings {
    /// How long a token lives: 60 to 3,600 s.
    /// <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetWebIdentityToken.html>
    pub duration: Seconds,
    /// The region whose STS is asked; without it, that of the configuration. There are none at the global endpoint.
    pub region: Option<String>,
}

impl Default for WebIdentitySettings {
    /// Five minutes, as STS has it, in the configuration's region. It may not outlive the broker's own session.
    fn default() -> Self {
        Self { duration: Seconds::new(300), region: None }
    }
}

/// Says who the broker is by STS GetWebIdentityToken: tokens for the role that it runs as, which any other cloud verifies
/// by the account's issuer. The account has to have outbound federation enabled, and the role has to allow
/// `sts:GetWebIdentityToken`.
///
/// A token is kept for its audience until shortly before its end. A call is sent three times at most, takes 3 s at most
/// each time, and 8 s in all.
pub struct WebIdentityTokens {
    sts: Box<dyn WebIdentity>,
    duration: Seconds,
    clock: Arc<dyn Clock>,
    kept: Mutex<BTreeMap<String, IdentityToken>>,
}

impl fmt::Debug for WebIdentityTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebIdentityTokens").field("duration", &self.duration).finish_non_exhaustive()
    }
}

impl WebIdentityTokens {
    /// Tokens for whom the credentials of `config` belong to.
    pub fn new(config: &aws_types::SdkConfig, settings: WebIdentitySettings, clock: Arc<dyn Clock>) -> Self {
        let WebIdentitySettings { duration, region } = settings;
        Self { sts: Box::new(SdkSts::new(config, region)), duration, clock, kept: Mutex::default() }
    }
}

#[async_trait]
impl IdentityTokens for WebIdentityTokens {
    async fn token(&self, audience: &str) -> Result<IdentityToken, IdentityError> {
        // Whoever comes while one is fetched waits for that one. There are as many audiences as clouds.
        let mut kept = self.kept.lock().await;
        let soon = self.clock.now().saturating_add(MARGIN).unwrap_or(jiff::Timestamp::MAX);
        if let Some(token) = kept.get(audience).filter(|token| soon < token.expires_at) {
            return Ok(token.clone());
        }
        let token = self.sts.web_identity_token(audience, self.duration).await?;
        kept.insert(audience.to_owned(), token.clone());
        Ok(token)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex as StdMutex;
    use std::time::Duration;

    use deputize_broker::Secret;
    use jiff::Timestamp;

    use super::*;
    use crate::failure::{Answer, StsFailure};

    type Log = Arc<StdMutex<Vec<(String, u32)>>>;

    /// Gives each token a number, and remembers what it was asked.
    struct FakeSts(Log, Result<Timestamp, StsFailure>);

    #[async_trait]
    impl WebIdentity for FakeSts {
        async fn web_identity_token(
            &self,
            audience: &str,
            duration: Seconds,
        ) -> Result<IdentityToken, StsFailure> {
            let mut log = self.0.lock().unwrap();
            log.push((audience.to_owned(), duration.get()));
            let expires_at = self.1.clone()?;
            Ok(IdentityToken { token: Secret::new(format!("canary-{}", log.len())), expires_at })
        }
    }

    struct At(StdMutex<Timestamp>);

    impl Clock for At {
        fn now(&self) -> Timestamp {
            *self.0.lock().unwrap()
        }

        fn monotonic(&self) -> Duration {
            Duration::ZERO
        }
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn tokens(answer: Result<Timestamp, StsFailure>) -> (WebIdentityTokens, Arc<At>, Log) {
        let (log, clock) = (Log::default(), Arc::new(At(StdMutex::new(at("2026-11-23T06:00:00Z")))));
        let tokens = WebIdentityTokens {
            sts: Box::new(FakeSts(Arc::clone(&log), answer)),
            duration: WebIdentitySettings::default().duration,
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            kept: Mutex::default(),
        };
        (tokens, clock, log)
    }

    #[tokio::test]
    async fn a_token_is_kept_for_its_audience_until_shortly_before_its_end() {
        let (tokens, clock, log) = tokens(Ok(at("2026-11-23T06:05:00Z")));
        let mut given = Vec::new();
        for (now, audience) in [
            ("2026-11-23T06:00:00Z", "https://a"),
            ("2026-11-23T06:00:00Z", "https://b"),
            ("2026-11-23T06:03:29Z", "https://a"),
            ("2026-11-23T06:03:30Z", "https://a"),
        ] {
            *clock.0.lock().unwrap() = at(now);
            given.push(tokens.token(audience).await.unwrap().token.reveal().to_owned());
        }
        assert_eq!(given, ["canary-1", "canary-2", "canary-1", "canary-3"]);
        assert_eq!(log.lock().unwrap()[0], ("https://a".to_owned(), 300));
    }

    #[tokio::test]
    async fn a_failure_is_told_and_not_kept() {
        let refused = StsFailure::Answered(Answer {
            status: 403,
            code: Some("OutboundWebIdentityFederationDisabledException".into()),
            request_id: None,
            retry_after: None,
        });
        let (refusing, _, log) = tokens(Err(refused));
        for _ in 0..2 {
            let error = refusing.token("https://a").await.unwrap_err();
            let disabled = "OutboundWebIdentityFederationDisabledException";
            assert!(matches!(error, IdentityError::Refused { code, .. } if code == disabled));
        }
        assert_eq!(log.lock().unwrap().len(), 2);
        for failure in [StsFailure::TimedOut, StsFailure::NoConnection, StsFailure::Unreadable] {
            let (silent, _, _) = tokens(Err(failure));
            let error = silent.token("https://a").await.unwrap_err();
            assert!(matches!(error, IdentityError::Unavailable(_)), "{error:?}");
        }
    }

    #[tokio::test]
    async fn tokens_that_are_kept_are_not_shown() {
        let (tokens, _, _) = tokens(Ok(at("2026-11-23T06:05:00Z")));
        let token = tokens.token("https://a").await.unwrap();
        assert!(!format!("{tokens:?} {token:?}").contains("canary"));
    }
}
