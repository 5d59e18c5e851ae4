//! Who calls: RFC 6749, §2.3.

use std::collections::{BTreeMap, BTreeSet};

use axum::http::{HeaderMap, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::SandboxOauth;
use super::config::Client;
use super::refusal::Refusal;

/// The parameters of a call, none of which may be there twice.
pub(super) struct Form(BTreeMap<String, String>);

impl Form {
    pub(super) fn parse(encoded: &[u8]) -> Result<Self, Refusal> {
        let mut form = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(encoded) {
            if form.insert(name.to_string(), value.into_owned()).is_some() {
                return Err(Refusal::request("A parameter is there twice."));
            }
        }
        Ok(Self(form))
    }

    /// What is empty counts as left out.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    pub(super) fn required(&self, name: &str) -> Result<&str, Refusal> {
        self.text(name).ok_or_else(|| Refusal::request(&format!("The parameter {name} is missing.")))
    }
}

impl SandboxOauth {
    /// The calling client, by its secret where it has one.
    pub(super) fn client(&self, headers: &HeaderMap, form: &Form) -> Result<(String, &Client), Refusal> {
        let unknown = || Refusal::new("invalid_client", "The client is unknown, or its secret is wrong.");
        let (id, secret) = match (basic(headers), form.text("client_secret")) {
            (Some(_), Some(_)) => {
                return Err(Refusal::request("The client authenticates in more than one way."));
            }
            (Some((id, secret)), None) => (id, Some(secret)),
            (None, secret) => {
                let id = form.text("client_id").ok_or_else(unknown)?;
                (id.to_owned(), secret.map(str::to_owned))
            }
        };
        let client = self.0.config.clients.get(&id).ok_or_else(unknown)?;
        let known = match secret {
            Some(secret) => client.knows(&self.0.key.digest(&secret)),
            None => client.is_public(),
        };
        if known { Ok((id, client)) } else { Err(unknown()) }
    }
}

impl Client {
    /// What is asked for, if the client may, or all that it may.
    pub(super) fn scopes(&self, asked: Option<&str>) -> Result<BTreeSet<String>, Refusal> {
        within(&self.scopes, asked)
    }
}

/// What is asked for of these, or all of them.
pub(super) fn within(scopes: &BTreeSet<String>, asked: Option<&str>) -> Result<BTreeSet<String>, Refusal> {
    let Some(asked) = asked else { return Ok(scopes.clone()) };
    let asked: BTreeSet<String> = asked.split_whitespace().map(str::to_owned).collect();
    if asked.is_subset(scopes) {
        return Ok(asked);
    }
    Err(Refusal::new("invalid_scope", "The scope is unknown, or more than what may be asked for."))
}

/// Both are encoded as in a form before they are put together.
fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let (scheme, encoded) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let pair = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (id, secret) = pair.split_once(':')?;
    let decoded = |text: &str| {
        form_urlencoded::parse(text.as_bytes()).next().map(|(name, _)| name.into_owned()).unwrap_or_default()
    };
    Some((decoded(id), decoded(secret)))
}
