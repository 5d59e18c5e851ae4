//! The calls of STS that are used, and the SDK behind them.

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_sts::Client;
use aws_sdk_sts::config::retry::RetryConfig;
use aws_sdk_sts::config::timeout::TimeoutConfig;
use aws_sdk_sts::config::{Config, Region};
use aws_sdk_sts::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sts::operation::RequestId as _;
use aws_sdk_sts::operation::get_web_identity_token::GetWebIdentityTokenOutput;
use aws_sdk_sts::types::{AssumedRoleUser, Credentials, Tag};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::ServiceError;
use deputize_broker::Secret;
use deputize_broker::ports::identity::IdentityToken;
use deputize_scope::Seconds;
use jiff::Timestamp;

use crate::failure::{Answer, StsFailure};

/// How often a call is sent, the first time included.
const ATTEMPTS: u32 = 3;
/// How long one attempt may take.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(3);
/// How long a call may take with all its attempts and the pauses between them: far below the time after which the
/// broker takes a pending lease for abandoned.
const CALL_TIMEOUT: Duration = Duration::from_secs(8);

/// A call of AssumeRole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AssumeRole {
    pub(crate) role_arn: String,
    pub(crate) session_name: String,
    pub(crate) source_identity: String,
    pub(crate) tags: Vec<(&'static str, String)>,
    pub(crate) external_id: Option<String>,
    pub(crate) policy: String,
    pub(crate) duration_seconds: i32,
}

/// What AssumeRole answers.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    pub(crate) access_key_id: String,
    pub(crate) secret_access_key: Secret,
    pub(crate) session_token: Secret,
    pub(crate) expires_at: Timestamp,
    pub(crate) assumed_role_id: Option<String>,
    pub(crate) packed_policy_size: Option<u8>,
}

/// What of STS is used, so that tests can stand in for it.
#[async_trait]
pub(crate) trait Sts: Send + Sync {
    async fn assume_role(&self, call: AssumeRole) -> Result<Session, StsFailure>;
}

/// What of STS tells other clouds who the broker is.
#[async_trait]
pub(crate) trait WebIdentity: Send + Sync {
    async fn web_identity_token(
        &self,
        audience: &str,
        duration: Seconds,
    ) -> Result<IdentityToken, StsFailure>;
}

/// A call of AssumeRoleWithWebIdentity.
#[derive(Clone, Debug)]
pub(crate) struct AssumeRoleWithWebIdentity {
    pub(crate) role_arn: String,
    pub(crate) session_name: String,
    pub(crate) token: Secret,
    pub(crate) duration_seconds: i32,
}

/// What of STS gives a session to whom another issuer vouches for.
#[async_trait]
pub(crate) trait Federation: Send + Sync {
    async fn assume_role_with_web_identity(
        &self,
        call: AssumeRoleWithWebIdentity,
    ) -> Result<Session, StsFailure>;
}

/// STS through AWS's own client.
pub(crate) struct SdkSts(Client);

impl SdkSts {
    /// A client that is bounded in attempts and time, at the region's own endpoint unless the configuration names one.
    pub(crate) fn new(config: &aws_types::SdkConfig, region: Option<String>) -> Self {
        let timeouts = TimeoutConfig::builder()
            .operation_attempt_timeout(ATTEMPT_TIMEOUT)
            .operation_timeout(CALL_TIMEOUT)
            .build();
        let retries = RetryConfig::standard()
            .with_max_attempts(ATTEMPTS)
            .with_initial_backoff(Duration::from_millis(200))
            .with_max_backoff(Duration::from_secs(1));
        let mut builder = Config::from(config).to_builder().timeout_config(timeouts).retry_config(retries);
        if let Some(region) = region {
            builder = builder.region(Region::new(region));
        }
        Self(Client::from_conf(builder.build()))
    }
}

/// Who the credentials of a configuration belong to: the ARN that AWS knows them by.
///
/// # Errors
/// [`StsFailure`] where AWS does not know them, or does not answer.
pub async fn caller_arn(config: &aws_types::SdkConfig) -> Result<String, StsFailure> {
    let output = SdkSts::new(config, None).0.get_caller_identity().send().await;
    output.map_err(|error| failure(&error))?.arn.ok_or(StsFailure::Unreadable)
}

#[async_trait]
impl Sts for SdkSts {
    async fn assume_role(&self, call: AssumeRole) -> Result<Session, StsFailure> {
        let mut tags = Vec::with_capacity(call.tags.len());
        for (key, value) in call.tags {
            tags.push(Tag::builder().key(key).value(value).build().map_err(|_| StsFailure::NotSent)?);
        }
        let request = self
            .0
            .assume_role()
            .role_arn(call.role_arn)
            .role_session_name(call.session_name)
            .source_identity(call.source_identity)
            .set_tags(Some(tags))
            .set_external_id(call.external_id)
            .policy(call.policy)
            .duration_seconds(call.duration_seconds);
        let output = request.send().await.map_err(|error| failure(&error))?;
        #[expect(
            deprecated,
            reason = "its successor tells of the token, not of the space for policies and tags"
        )]
        let packed_policy_size = output.packed_policy_size;
        session(output.credentials, output.assumed_role_user, packed_policy_size)
            .ok_or(StsFailure::Unreadable)
    }
}

#[async_trait]
impl WebIdentity for SdkSts {
    async fn web_identity_token(
        &self,
        audience: &str,
        duration: Seconds,
    ) -> Result<IdentityToken, StsFailure> {
        let request = self
            .0
            .get_web_identity_token()
            .audience(audience)
            .duration_seconds(i32::try_from(duration.get()).unwrap_or(i32::MAX))
            // Microsoft and Google both take it; ES384 Microsoft does not.
            .signing_algorithm("RS256");
        let output = request.send().await.map_err(|error| failure(&error))?;
        identity(output).ok_or(StsFailure::Unreadable)
    }
}

#[async_trait]
impl Federation for SdkSts {
    async fn assume_role_with_web_identity(
        &self,
        call: AssumeRoleWithWebIdentity,
    ) -> Result<Session, StsFailure> {
        let request = self
            .0
            .assume_role_with_web_identity()
            .role_arn(call.role_arn)
            .role_session_name(call.session_name)
            .web_identity_token(call.token.reveal())
            .duration_seconds(call.duration_seconds);
        let output = request.send().await.map_err(|error| failure(&error))?;
        let user = output.assumed_role_user;
        #[expect(deprecated, reason = "as in AssumeRole")]
        let packed_policy_size = output.packed_policy_size;
        session(output.credentials, user, packed_policy_size).ok_or(StsFailure::Unreadable)
    }
}

/// The token in an answer; none where something that it always has is missing.
fn identity(output: GetWebIdentityTokenOutput) -> Option<IdentityToken> {
    let expires_at = Timestamp::from_second(output.expiration?.secs()).ok()?;
    let token = output.web_identity_token.filter(|token| !token.is_empty())?;
    Some(IdentityToken { token: Secret::new(token), expires_at })
}

/// The session in an answer; none where something that it always has is missing.
fn session(
    keys: Option<Credentials>,
    user: Option<AssumedRoleUser>,
    packed_policy_size: Option<i32>,
) -> Option<Session> {
    let packed_policy_size = packed_policy_size.and_then(|percent| u8::try_from(percent).ok());
    let assumed_role_id = user.map(|user| user.assumed_role_id);
    let keys = keys?;
    let expires_at = Timestamp::from_second(keys.expiration.secs()).ok()?;
    if keys.access_key_id.is_empty() || keys.secret_access_key.is_empty() || keys.session_token.is_empty() {
        return None;
    }
    Some(Session {
        access_key_id: keys.access_key_id,
        secret_access_key: Secret::new(keys.secret_access_key),
        session_token: Secret::new(keys.session_token),
        expires_at,
        assumed_role_id,
        packed_policy_size,
    })
}

/// What went wrong, without anything of the request or of the answer's body: the SDK's error holds both.
fn failure<E>(error: &SdkError<E, HttpResponse>) -> StsFailure
where
    E: ProvideErrorMetadata,
{
    match error {
        SdkError::ServiceError(refused) => StsFailure::Answered(answer_of(refused)),
        SdkError::ResponseError(_) => StsFailure::Unreadable,
        SdkError::TimeoutError(_) => StsFailure::TimedOut,
        SdkError::DispatchFailure(failed) if failed.is_timeout() => StsFailure::TimedOut,
        SdkError::DispatchFailure(failed) if failed.is_io() => StsFailure::NoConnection,
        _ => StsFailure::NotSent,
    }
}

/// What is kept of an error that AWS answered with.
pub(crate) fn answer_of<E: ProvideErrorMetadata>(refused: &ServiceError<E, HttpResponse>) -> Answer {
    let (meta, raw) = (refused.err().meta(), refused.raw());
    let retry_after = raw.headers().get("retry-after").and_then(|seconds| seconds.trim().parse().ok());
    Answer {
        status: raw.status().as_u16(),
        code: refused.err().code().map(str::to_owned),
        request_id: meta.request_id().map(str::to_owned),
        retry_after: retry_after.map(Duration::from_secs),
    }
}
