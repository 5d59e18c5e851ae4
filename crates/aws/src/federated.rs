use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{self, ProvideCredentials, future};
use deputize_broker::ports::identity::IdentityTokens;
use deputize_scope::aws::arn::RoleArn;
use deputize_scope::{Seconds, TenantId};

use crate::sts::{AssumeRoleWithWebIdentity, Federation, SdkSts};

/// The audience that AWS's own tools register an issuer with.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc.html>
pub const STS_AUDIENCE: &str = "sts.amazonaws.com";

/// Whose session the broker gets by a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FederatedSettings {
    /// The role. Its trust policy names the issuer's provider in IAM, the audience and the subject.
    pub role: RoleArn,
    /// What the provider in IAM takes for an audience: [`STS_AUDIENCE`] as a rule.
    pub audience: String,
    /// The tenant, which the session is named by.
    pub tenant: TenantId,
    /// How long a session lives: 900 s to what the role allows.
    pub duration: Seconds,
    /// The region whose STS is asked; without it, that of the configuration.
    pub region: Option<String>,
}

/// The broker's own credentials for AWS, from outside of it and without a stored secret: sessions by STS
/// AssumeRoleWithWebIdentity for a token that an issuer signed which the account trusts. They are a role's session:
/// whatever is assumed with them lives an hour at most.
///
/// A client's own cache keeps a session until shortly before its end. A call is sent three times at most, takes 3 s at
/// most each time, and 8 s in all.
pub struct FederatedCredentials {
    sts: Box<dyn Federation>,
    identity: Arc<dyn IdentityTokens>,
    settings: FederatedSettings,
}

impl FederatedCredentials {
    /// Credentials by whoever says who the broker is. Of `config` the HTTP client, the region and the endpoint are
    /// used; its credentials are not, for the call is not signed.
    pub fn new(
        config: &aws_types::SdkConfig,
        identity: Arc<dyn IdentityTokens>,
        settings: FederatedSettings,
    ) -> Self {
        let mut unsigned = config.to_builder();
        unsigned.set_credentials_provider(None);
        let sts = Box::new(SdkSts::new(&unsigned.build(), settings.region.clone()));
        Self { sts, identity, settings }
    }

    async fn session(&self) -> provider::Result {
        let FederatedSettings { role, audience, tenant, duration, .. } = &self.settings;
        let token = self.identity.token(audience).await.map_err(CredentialsError::provider_error)?;
        let call = AssumeRoleWithWebIdentity {
            role_arn: role.as_str().to_owned(),
            session_name: tenant.as_str().to_owned(),
            token: token.token,
            // Seconds that do not fit are more than any role allows: STS will refuse them.
            duration_seconds: i32::try_from(duration.get()).unwrap_or(i32::MAX),
        };
        let session = self.sts.assume_role_with_web_identity(call).await;
        let session = session.map_err(CredentialsError::provider_error)?;
        let end = u64::try_from(session.expires_at.as_second()).unwrap_or(0);
        Ok(Credentials::builder()
            .access_key_id(session.access_key_id)
            .secret_access_key(session.secret_access_key.reveal())
            .session_token(session.session_token.reveal())
            .expiry(SystemTime::UNIX_EPOCH + Duration::from_secs(end))
            .provider_name("deputize")
            .build())
    }
}

impl ProvideCredentials for FederatedCredentials {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.session())
    }
}

impl fmt::Debug for FederatedCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FederatedCredentials").field("settings", &self.settings).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;
    use std::sync::Mutex;

    use async_trait::async_trait;
    use deputize_broker::Secret;
    use deputize_broker::ports::identity::{IdentityError, IdentityToken};
    use jiff::Timestamp;

    use super::*;
    use crate::failure::{Answer, StsFailure};
    use crate::sts::Session;

    const END: i64 = 1_795_417_200;

    type Calls = Arc<Mutex<Vec<AssumeRoleWithWebIdentity>>>;

    /// Gives a session, or fails; remembers what it was asked.
    struct FakeSts(Calls, Option<StsFailure>);

    #[async_trait]
    impl Federation for FakeSts {
        async fn assume_role_with_web_identity(
            &self,
            call: AssumeRoleWithWebIdentity,
        ) -> Result<Session, StsFailure> {
            self.0.lock().unwrap().push(call);
            if let Some(failure) = &self.1 {
                return Err(failure.clone());
            }
            Ok(Session {
                access_key_id: "ASIAEXAMPLE".into(),
                secret_access_key: Secret::new("canary-secret".into()),
                session_token: Secret::new("canary-session".into()),
                expires_at: Timestamp::from_second(END).unwrap(),
                assumed_role_id: None,
                packed_policy_size: None,
            })
        }
    }

    /// Tokens that name their audience; none for `nobody`.
    struct Tokens;

    #[async_trait]
    impl IdentityTokens for Tokens {
        async fn token(&self, audience: &str) -> Result<IdentityToken, IdentityError> {
            if audience == "nobody" {
                return Err(IdentityError::Unavailable("canary-cause".into()));
            }
            let token = Secret::new(format!("canary-token for {audience}"));
            Ok(IdentityToken { token, expires_at: Timestamp::from_second(END).unwrap() })
        }
    }

    fn credentials(audience: &str, failure: Option<StsFailure>) -> (FederatedCredentials, Calls) {
        let calls = Calls::default();
        let settings = FederatedSettings {
            role: "arn:aws:iam::123456789012:role/deputize".parse().unwrap(),
            audience: audience.to_owned(),
            tenant: "acme".parse().unwrap(),
            duration: Seconds::new(900),
            region: None,
        };
        let sts = Box::new(FakeSts(Arc::clone(&calls), failure));
        (FederatedCredentials { sts, identity: Arc::new(Tokens), settings }, calls)
    }

    #[tokio::test]
    async fn a_session_is_had_for_a_token_and_ends_when_sts_says() {
        let (credentials, calls) = credentials(STS_AUDIENCE, None);
        let session = credentials.provide_credentials().await.unwrap();
        assert_eq!(session.expiry(), Some(SystemTime::UNIX_EPOCH + Duration::from_secs(END as u64)));
        assert_eq!(
            (session.access_key_id(), session.session_token()),
            ("ASIAEXAMPLE", Some("canary-session"))
        );
        let calls = calls.lock().unwrap();
        let call = &calls[0];
        assert_eq!(call.token.reveal(), "canary-token for sts.amazonaws.com");
        assert_eq!((call.session_name.as_str(), call.duration_seconds), ("acme", 900));
    }

    #[tokio::test]
    async fn without_a_token_sts_is_not_asked() {
        let (credentials, calls) = credentials("nobody", None);
        let error = credentials.provide_credentials().await.unwrap_err();
        assert!(error.source().unwrap().downcast_ref::<IdentityError>().is_some(), "{error:?}");
        assert!(calls.lock().unwrap().is_empty());
    }

    #[tokio::test]
    async fn a_refusal_is_told_with_its_code_and_without_the_token() {
        let answer = Answer {
            status: 400,
            code: Some("InvalidIdentityToken".into()),
            request_id: None,
            retry_after: None,
        };
        let (credentials, calls) = credentials(STS_AUDIENCE, Some(StsFailure::Answered(answer)));
        let error = credentials.provide_credentials().await.unwrap_err();
        let shown = format!("{error:?} {credentials:?} {:?}", calls.lock().unwrap());
        assert!(shown.contains("InvalidIdentityToken") && !shown.contains("canary"), "{shown}");
    }
}
