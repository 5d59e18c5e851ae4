use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use deputize_http::{CallFailure, Caller, Client, ErrorCode, Method, Problem, Url};
use gcp_auth::{Token, TokenProvider};
use jiff::SignedDuration;
use serde::Deserialize;

use crate::token::{AccessToken, Kept};

const SERVICE: &str = "the metadata server";
/// The broker's own tokens at Google from a metadata server that is elsewhere than on Google's machines
/// (`GCE_METADATA_HOST`), which `gcp_auth` knows nothing of.
pub struct MetadataTokens {
    client: Client,
    url: Url,
    caller: Arc<Caller>,
    kept: Kept,
}

impl fmt::Debug for MetadataTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MetadataTokens").field("url", &self.url.as_str()).finish_non_exhaustive()
    }
}

impl MetadataTokens {
    /// The server at `host`, which may have a port and a path (`127.0.0.1:7117/sandbox/gcp`). The client has to go
    /// through no proxy.
    pub fn new(
        client: Client,
        host: &str,
        caller: Arc<Caller>,
    ) -> Result<Self, <Url as std::str::FromStr>::Err> {
        let place = host.trim_end_matches('/');
        let path = "computeMetadata/v1/instance/service-accounts/default/token";
        Ok(Self { client, url: format!("http://{place}/{path}").parse()?, caller, kept: Kept::default() })
    }

    async fn fresh(&self) -> Result<AccessToken, CallFailure> {
        let failed = |problem| CallFailure::new(SERVICE, problem);
        let given: Given = self
            .caller
            .begin()
            .attempt(SERVICE, || async {
                let request = self.client.request(Method::GET, self.url.clone());
                let request = request.header("metadata-flavor", "Google");
                let answer = self.client.send(request).await.map_err(failed)?;
                if answer.is_success() {
                    return answer.json().map_err(failed);
                }
                let (status, wait) = (answer.status, answer.retry_after());
                Err(CallFailure::of_status(SERVICE, status, ErrorCode::unknown(), wait))
            })
            .await?;
        let now = self.caller.now();
        let ends = now.checked_add(SignedDuration::from_secs(given.expires_in));
        let token =
            ends.map_err(|_| Problem::Ended).and_then(|ends| AccessToken::new(given.access_token, ends, now));
        token.map_err(failed)
    }
}

#[derive(Deserialize)]
struct Given {
    access_token: String,
    expires_in: i64,
}

#[async_trait]
impl TokenProvider for MetadataTokens {
    async fn token(&self, _scopes: &[&str]) -> Result<Arc<Token>, gcp_auth::Error> {
        self.kept.token(|| self.caller.now(), self.fresh()).await
    }

    async fn project_id(&self) -> Result<Arc<str>, gcp_auth::Error> {
        Err(gcp_auth::Error::Str("the project is not asked for"))
    }
}
