//! The calls of Google that are used: token exchange, impersonation, and narrowing by an access boundary.

use std::fmt;
use std::sync::Arc;

use crate::pool::PoolProvider;
use crate::token::AccessToken;
use deputize_broker::Secret;
use deputize_http::{Answer, Call, CallFailure, Caller, Client, ErrorCode, Method, Problem, Url};
use deputize_scope::Seconds;
use deputize_scope::gcp::ServiceAccount;
use deputize_scope::gcp::boundary::AccessBoundary;
use deputize_scope::gcp::compile::TokenRequest;
use jiff::{SignedDuration, Timestamp};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;

/// All that Google lets be done with an API. What the broker's own tokens are asked for with: what they may do, the
/// broker's own bindings say.
pub(crate) const CLOUD_PLATFORM: &str = "https://www.googleapis.com/auth/cloud-platform";

const STS: &str = "google's security token service";
const CREDENTIALS: &str = "google's service account credentials api";

const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";

/// Where Google is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoints {
    /// The Security Token Service: `https://sts.googleapis.com`.
    pub sts: Url,
    /// The Service Account Credentials API: `https://iamcredentials.googleapis.com`.
    pub credentials: Url,
}

impl Endpoints {
    /// Google's own.
    pub fn google() -> Result<Self, <Url as std::str::FromStr>::Err> {
        Ok(Self {
            sts: "https://sts.googleapis.com".parse()?,
            credentials: "https://iamcredentials.googleapis.com".parse()?,
        })
    }

    /// One place that is both, as a sandbox is.
    pub fn at(place: Url) -> Self {
        Self { sts: place.clone(), credentials: place }
    }
}

/// Google, as far as it is called. Share one: the budget of retries is shared with its caller.
pub struct Google {
    client: Client,
    endpoints: Endpoints,
    caller: Arc<Caller>,
}

impl fmt::Debug for Google {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Google").field("endpoints", &self.endpoints).finish_non_exhaustive()
    }
}

impl Google {
    /// Google at these places.
    pub fn new(client: Client, endpoints: Endpoints, caller: Arc<Caller>) -> Self {
        Self { client, endpoints, caller }
    }

    /// Begins a call.
    pub(crate) fn begin(&self) -> Call<'_> {
        self.caller.begin()
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.caller.now()
    }

    /// A token for whom another issuer's token names, by the pool's provider.
    /// <https://cloud.google.com/iam/docs/reference/sts/rest/v1/TopLevel/token>
    pub(crate) async fn exchange(
        &self,
        call: Call<'_>,
        provider: &PoolProvider,
        identity: &Secret,
    ) -> Result<AccessToken, CallFailure> {
        let form = [
            ("grant_type", EXCHANGE),
            ("audience", provider.resource()),
            ("scope", CLOUD_PLATFORM),
            ("requested_token_type", ACCESS_TOKEN),
            ("subject_token_type", JWT),
            ("subject_token", identity.reveal()),
        ];
        let given = self.token(call, &form).await?;
        let ends = given.expires_in.and_then(|left| self.in_seconds(left));
        self.accept(STS, given.access_token, ends)
    }

    /// A token of a service account.
    /// <https://cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/generateAccessToken>
    pub(crate) async fn impersonate(
        &self,
        call: Call<'_>,
        own: &str,
        account: &ServiceAccount,
        token: &TokenRequest,
        lifetime: Seconds,
    ) -> Result<AccessToken, CallFailure> {
        let path = format!("v1/projects/-/serviceAccounts/{account}:generateAccessToken");
        let url = under(&self.endpoints.credentials, &path, CREDENTIALS)?;
        let body = json!({ "scope": token.scopes, "lifetime": format!("{}s", lifetime.get()) });
        let given: Generated = call
            .attempt(CREDENTIALS, || async {
                let request = self.client.request(Method::POST, url.clone()).bearer_auth(own).json(&body);
                let answer = self.client.send(request).await;
                read(CREDENTIALS, &answer.map_err(|problem| CallFailure::new(CREDENTIALS, problem))?)
            })
            .await?;
        let ends = given.expire_time.and_then(|text| text.parse().ok());
        self.accept(CREDENTIALS, given.access_token, ends)
    }

    /// The same token within a boundary.
    /// <https://cloud.google.com/iam/docs/downscoping-short-lived-credentials>
    pub(crate) async fn narrow(
        &self,
        call: Call<'_>,
        broad: &AccessToken,
        boundary: &AccessBoundary,
    ) -> Result<AccessToken, CallFailure> {
        // Encoded once here and once more with the form: that is how the service reads it.
        let options = utf8_percent_encode(&boundary.text(), NON_ALPHANUMERIC).to_string();
        if options.is_empty() {
            // Google would take it for no boundary at all.
            return Err(CallFailure::new(STS, Problem::NotSent("the boundary cannot be written")));
        }
        let form = [
            ("grant_type", EXCHANGE),
            ("requested_token_type", ACCESS_TOKEN),
            ("subject_token_type", ACCESS_TOKEN),
            ("subject_token", broad.token.reveal()),
            ("options", &options),
        ];
        let given = self.token(call, &form).await?;
        // It never outlives the token that it was made from, and often does not say when it ends.
        let ends = given.expires_in.map_or(Some(broad.expires_at), |left| self.in_seconds(left));
        self.accept(STS, given.access_token, ends.map(|ends| ends.min(broad.expires_at)))
    }

    async fn token(&self, call: Call<'_>, form: &[(&str, &str)]) -> Result<Exchanged, CallFailure> {
        let url = under(&self.endpoints.sts, "v1/token", STS)?;
        call.attempt(STS, || async {
            let request = self.client.request(Method::POST, url.clone()).form(form);
            let answer = self.client.send(request).await;
            read(STS, &answer.map_err(|problem| CallFailure::new(STS, problem))?)
        })
        .await
    }

    fn in_seconds(&self, seconds: i64) -> Option<Timestamp> {
        self.now().checked_add(SignedDuration::from_secs(seconds)).ok()
    }

    fn accept(
        &self,
        service: &'static str,
        token: String,
        ends: Option<Timestamp>,
    ) -> Result<AccessToken, CallFailure> {
        let ends = ends.ok_or(Problem::Ended);
        let token = ends.and_then(|ends| AccessToken::new(token, ends, self.now()));
        token.map_err(|problem| CallFailure::new(service, problem))
    }
}

/// What the Security Token Service answers.
#[derive(Deserialize)]
struct Exchanged {
    access_token: String,
    expires_in: Option<i64>,
}

/// What `generateAccessToken` answers.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Generated {
    access_token: String,
    expire_time: Option<String>,
}

/// Google's errors, in the two shapes that they come in. Descriptions and messages quote the request.
#[derive(Default, Deserialize)]
struct Refused {
    error: Option<Kind>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Kind {
    OAuth(String),
    Api { status: String },
}

fn read<T: DeserializeOwned>(service: &'static str, answer: &Answer) -> Result<T, CallFailure> {
    if answer.is_success() {
        return answer.json().map_err(|problem| CallFailure::new(service, problem));
    }
    let refused: Refused = answer.json().unwrap_or_default();
    let code = refused.error.map(|kind| match kind {
        Kind::OAuth(code) | Kind::Api { status: code } => code,
    });
    let code = ErrorCode::new(code.as_deref());
    Err(CallFailure::of_status(service, answer.status, code, answer.retry_after()))
}

/// A path under a place that may have one itself.
fn under(place: &Url, path: &str, service: &'static str) -> Result<Url, CallFailure> {
    let text = format!("{}/{path}", place.as_str().trim_end_matches('/'));
    text.parse().map_err(|_| CallFailure::new(service, Problem::NotSent("its address is none")))
}
