//! Calls to an emulator in AWS's wire protocols, for what a test prepares or looks at.

use serde_json::Value;

use crate::HarnessError;

/// The key pair that emulators are spoken to with. They check signatures only where told to.
pub(crate) const ACCESS_KEY_ID: &str = "AKIAIOSFODNN7EXAMPLE";
pub(crate) const SECRET_ACCESS_KEY: &str = "emulators-take-any-secret";
pub(crate) const REGION: &str = "us-east-1";

/// An emulator's address.
#[derive(Clone, Debug)]
pub(crate) struct Endpoint {
    url: String,
    client: reqwest::Client,
}

impl Endpoint {
    pub(crate) fn new(url: String) -> Self {
        Self { url, client: reqwest::Client::new() }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Whether anything answers over HTTP there.
    pub(crate) async fn answers(&self) -> bool {
        self.client.get(&self.url).send().await.is_ok()
    }

    /// The JSON protocol, as of DynamoDB and KMS: the operation is in the header `X-Amz-Target`.
    pub(crate) async fn json(
        &self,
        service: &str,
        target: &str,
        body: &Value,
    ) -> Result<Value, HarnessError> {
        let request = self.client.post(&self.url).header("x-amz-target", target).body(body.to_string());
        let text = self.send(service, target, request).await?;
        serde_json::from_str(&text)
            .map_err(|source| HarnessError::Json { what: format!("the answer to {target}"), source })
    }

    /// The query protocol, as of STS and IAM: a form in, XML out.
    pub(crate) async fn query(
        &self,
        service: &str,
        action: &str,
        form: &[(&str, &str)],
    ) -> Result<String, HarnessError> {
        let request = self.client.post(&self.url).form(&[&[("Action", action)], form].concat());
        self.send(service, action, request).await
    }

    /// A plain request outside AWS's protocols.
    pub(crate) async fn post(&self, path: &str) -> Result<String, HarnessError> {
        self.post_text(path, "").await
    }

    /// The same with a body of text.
    pub(crate) async fn post_text(&self, path: &str, body: &'static str) -> Result<String, HarnessError> {
        let request = self.client.post(format!("{}{path}", self.url));
        self.send("moto-api", path, request.header("content-type", "text/plain").body(body)).await
    }

    /// A request of S3 without a body.
    pub(crate) async fn put(&self, path: &str, header: (&str, &str)) -> Result<String, HarnessError> {
        let request = self.client.put(format!("{}{path}", self.url)).header(header.0, header.1);
        self.send("s3", path, request).await
    }

    async fn send(
        &self,
        service: &str,
        operation: &str,
        request: reqwest::RequestBuilder,
    ) -> Result<String, HarnessError> {
        let failed = |source| HarnessError::Call { url: self.url.clone(), source };
        // Emulators tell the service from the credential's scope, and do not look at the signature.
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential={ACCESS_KEY_ID}/20260101/{REGION}/{service}/aws4_request, \
             SignedHeaders=host, Signature=00"
        );
        let mut request = request.header("authorization", authorization);
        if service == "dynamodb" {
            request = request.header("content-type", "application/x-amz-json-1.0");
        }
        let response = request.send().await.map_err(failed)?;
        let status = response.status();
        let body = response.text().await.map_err(failed)?;
        if status.is_success() {
            Ok(body)
        } else {
            Err(HarnessError::Refused { operation: operation.to_owned(), status: status.as_u16(), body })
        }
    }
}

/// The variables that an SDK needs beside the endpoint.
pub(crate) fn credentials() -> Vec<(String, String)> {
    [
        ("AWS_ACCESS_KEY_ID", ACCESS_KEY_ID),
        ("AWS_SECRET_ACCESS_KEY", SECRET_ACCESS_KEY),
        ("AWS_REGION", REGION),
        ("AWS_DEFAULT_REGION", REGION),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec()
}
