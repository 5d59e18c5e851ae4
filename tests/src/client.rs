//! A client of Deputize's HTTP API that keeps everything of an answer.

use reqwest::{Method, StatusCode};
use serde_json::Value;

use crate::HarnessError;

/// A caller: an address and a bearer token.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    url: String,
    token: String,
}

/// An answer, read to its end.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: reqwest::header::HeaderMap,
    /// The body as text.
    pub text: String,
}

impl Reply {
    /// The body as JSON; null where it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }

    /// A problem's code.
    #[must_use]
    pub fn code(&self) -> String {
        self.json().get("code").and_then(Value::as_str).unwrap_or_default().to_owned()
    }

    /// A header's value; empty where there is none.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

impl Client {
    /// A caller with a token.
    #[must_use]
    pub fn new(url: &str, token: &str) -> Self {
        Self { http: reqwest::Client::new(), url: url.to_owned(), token: token.to_owned() }
    }

    /// Any request.
    ///
    /// # Errors
    /// [`HarnessError`] where no answer came.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<reqwest::Body>,
    ) -> Result<Reply, HarnessError> {
        let mut request = self.http.request(method, format!("{}{path}", self.url));
        if !self.token.is_empty() {
            request = request.bearer_auth(&self.token);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let failed = |source| HarnessError::Call { url: format!("{}{path}", self.url), source };
        let answer = request.body(body).send().await.map_err(failed)?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        Ok(Reply { status, headers, text: answer.text().await.map_err(failed)? })
    }

    /// A GET.
    ///
    /// # Errors
    /// As [`Client::send`].
    pub async fn get(&self, path: &str) -> Result<Reply, HarnessError> {
        self.send(Method::GET, path, &[], "").await
    }

    /// Asks for a credential.
    ///
    /// # Errors
    /// As [`Client::send`].
    pub async fn ask(
        &self,
        agent: &str,
        body: &Value,
        headers: &[(&str, &str)],
    ) -> Result<Reply, HarnessError> {
        let mut all = vec![("content-type", "application/json")];
        all.extend_from_slice(headers);
        self.send(Method::POST, &format!("/v1/agents/{agent}/credentials"), &all, body.to_string()).await
    }
}
