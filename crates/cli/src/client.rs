//! The broker as a client sees it: where it is, how to be known there, and what it answers.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, bail};
use deputize_broker::Secret;
use deputize_scope::AgentId;
use serde::Deserialize;
use serde_json::Value;
use thiserror::Error;
use ureq::http::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use ureq::http::{Method, Request, StatusCode, request};
use ureq::{Agent, AsSendBody};

use crate::http;
use crate::settings::Settings;

/// More than the broker takes for the slowest cloud.
const TIMEOUT: Duration = Duration::from_secs(30);

/// More than a bundle of 256 entries has, each as large as an entry may be.
const LARGEST: u64 = 32 << 20;

/// Who asks: it decides which token of the state directory is used.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Caller<'a> {
    Admin,
    Agent(&'a AgentId),
    /// Whoever the token of the settings belongs to.
    Holder,
}

/// A broker that can be asked.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    url: String,
    token: Secret,
    agent: Agent,
}

/// What the broker answered where it did as asked.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    /// The body as JSON.
    pub(crate) fn json(&self) -> anyhow::Result<Value> {
        // The parser's own error could quote a piece of a credential.
        serde_json::from_str(&self.text).map_err(|_| anyhow::anyhow!("the broker's answer is not JSON"))
    }
}

/// An RFC 9457 problem.
#[derive(Debug, Error, Deserialize)]
#[error("{}", self.told())]
pub(crate) struct Problem {
    #[serde(skip)]
    pub(crate) status: StatusCode,
    #[serde(default)]
    code: String,
    #[serde(default)]
    title: String,
    #[serde(default)]
    detail: String,
    #[serde(default)]
    findings: Vec<Value>,
}

impl Problem {
    fn of(status: StatusCode, body: &str) -> Self {
        let title = || status.canonical_reason().unwrap_or("refused").to_owned();
        let mut problem = serde_json::from_str(body).unwrap_or_else(|_| Self {
            status,
            code: String::new(),
            title: title(),
            detail: String::new(),
            findings: Vec::new(),
        });
        problem.status = status;
        if problem.title.is_empty() {
            problem.title = title();
        }
        problem
    }

    fn told(&self) -> String {
        let mut text = self.title.clone();
        if !self.code.is_empty() {
            text += &format!(" ({})", self.code);
        }
        if !self.detail.is_empty() {
            text += &format!(": {}", self.detail);
        }
        for finding in &self.findings {
            text += &format!("\n  - {}", told(finding, &self.detail));
        }
        text
    }
}

/// One finding of a problem: what it says beside the problem's detail, and the call that shows it.
fn told(finding: &Value, detail: &str) -> String {
    let field = |of: &Value, name: &str| of.get(name).and_then(Value::as_str).map(str::to_owned);
    let message = field(finding, "message").unwrap_or_else(|| finding.to_string());
    // Often the detail says the same already.
    let mut text = if message == detail { String::new() } else { message };
    if let Some(witness) = finding.get("witness").filter(|witness| witness.is_object()) {
        let part = |name| field(witness, name).unwrap_or_else(|| "?".to_owned());
        let shown = field(witness, "certainty").is_none_or(|certainty| certainty == "shown");
        let how = if shown { "for example" } else { "could not be shown, for example for" };
        let apart = if text.is_empty() { "" } else { "; " };
        text += &format!("{apart}{how} {} on {}", part("action"), part("resource"));
        if let Some(region) = field(witness, "region") {
            text += &format!(" in {region}");
        }
    }
    if let Some(help) = field(finding, "help") {
        text += &format!("\n    help: {help}");
    }
    text
}

impl Client {
    /// The broker of the settings, else the one that runs on the local state directory.
    pub(crate) fn new(settings: &Settings, caller: Caller<'_>) -> anyhow::Result<Self> {
        let state = &settings.state.value;
        let url = match &settings.url.value {
            Some(url) => url.clone(),
            None => read(&state.join("url")).context(
                "no broker is known: start one with `deputize up`, or say where it is with DEPUTIZE_URL",
            )?,
        };
        let token = match (&settings.token.value, &settings.token_file.value) {
            (Some(token), _) => token.clone(),
            (None, Some(file)) => Secret::new(read(file)?),
            (None, None) => Secret::new(read(&match caller {
                Caller::Admin => state.join("admin.token"),
                Caller::Agent(agent) => state.join("agents").join(format!("{agent}.token")),
                Caller::Holder => bail!("no token is known: give one by DEPUTIZE_TOKEN_FILE, or say --agent"),
            })?),
        };
        let agent = http::agent(TIMEOUT);
        Ok(Self { url: url.trim_end_matches('/').to_owned(), token, agent })
    }

    /// A request to the broker, which knows the caller.
    pub(crate) fn request(&self, method: Method, path: &str) -> anyhow::Result<request::Builder> {
        let mut bearer = HeaderValue::try_from(format!("Bearer {}", self.token.reveal()))
            .map_err(|_| anyhow::anyhow!("the token has characters that no token has"))?;
        bearer.set_sensitive(true);
        let request = Request::builder().method(method).uri(format!("{}{path}", self.url));
        Ok(request.header(AUTHORIZATION, bearer))
    }

    /// The bytes at a path; none where there is nothing of that name.
    pub(crate) fn bytes(&self, path: &str) -> anyhow::Result<Option<Vec<u8>>> {
        let answered = self.agent.run(self.request(Method::GET, path)?.body(())?);
        let mut response = answered.with_context(|| format!("no answer from the broker at {}", self.url))?;
        let body = response.body_mut().with_config().limit(LARGEST);
        let bytes = body.read_to_vec().context("the broker's answer broke off")?;
        let status = response.status();
        if status.is_success() {
            return Ok(Some(bytes));
        }
        let problem = Problem::of(status, &String::from_utf8_lossy(&bytes));
        if status == StatusCode::NOT_FOUND && problem.code == "not_found" { Ok(None) } else { bail!(problem) }
    }

    /// Sends a request. Anything but success is a [`Problem`].
    pub(crate) fn send(&self, request: Request<impl AsSendBody>) -> anyhow::Result<Answer> {
        let answered = self.agent.run(request);
        let mut response = answered.with_context(|| format!("no answer from the broker at {}", self.url))?;
        let text = response.body_mut().read_to_string().context("the broker's answer broke off")?;
        let (status, headers) = (response.status(), response.headers().clone());
        if status.is_success() { Ok(Answer { headers, text }) } else { bail!(Problem::of(status, &text)) }
    }
}

fn read(path: &Path) -> anyhow::Result<String> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(text.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_told_with_the_call_that_shows_it() {
        let body = r#"{"code":"outside_grant","title":"Outside the grant","detail":"more than is granted","findings":
            [{"message":"s3:PutObject is not granted","witness":{"action":"s3:PutObject","resource":"*","region":null}}]}"#;
        let told = Problem::of(StatusCode::FORBIDDEN, body).to_string();
        assert!(told.starts_with("Outside the grant (outside_grant): more than is granted\n"), "{told}");
        assert!(told.contains("for example s3:PutObject on *"), "{told}");
    }

    #[test]
    fn an_answer_that_is_no_problem_is_told_by_its_status() {
        assert_eq!(Problem::of(StatusCode::BAD_GATEWAY, "<html>").to_string(), "Bad Gateway");
    }
}
