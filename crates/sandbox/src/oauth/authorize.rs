//! `GET /authorize`: RFC 6749, §4.1, with PKCE (RFC 7636), for a user who approves of everything.

use axum::Extension;
use axum::extract::{RawQuery, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};

use super::SandboxOauth;
use super::client::Form;
use super::config::Client;
use super::refusal::Refusal;
use super::token::{Approval, Code};
use crate::trouble::Moment;

/// What a code lives, in seconds.
const LIFETIME: u32 = 60;
/// The length of a SHA-256 hash in base 64 without padding.
const CHALLENGE: usize = 43;

pub(super) async fn authorize(
    State(sandbox): State<SandboxOauth>,
    Extension(moment): Extension<Moment>,
    RawQuery(query): RawQuery,
) -> Response {
    let form = match Form::parse(query.unwrap_or_default().as_bytes()) {
        Ok(form) => form,
        Err(refusal) => return refusal.into_response(),
    };
    // Without a client and its address there is nobody to send an error to.
    let (id, client, redirect) = match sandbox.addressee(&form) {
        Ok(addressee) => addressee,
        Err(refusal) => return refusal.into_response(),
    };
    let mut answer = form_urlencoded::Serializer::new(String::new());
    match sandbox.code(&form, id, client, redirect, moment) {
        Ok(code) => answer.append_pair("code", &code),
        Err(refusal) => {
            answer.append_pair("error", &refusal.error).append_pair("error_description", &refusal.description)
        }
    };
    if let Some(state) = form.text("state") {
        answer.append_pair("state", state);
    }
    // RFC 9207: whose answer it is.
    answer.append_pair("iss", &sandbox.0.config.url);
    let separator = if redirect.contains('?') { '&' } else { '?' };
    let location = format!("{redirect}{separator}{}", answer.finish());
    (StatusCode::FOUND, [(header::LOCATION, location)]).into_response()
}

impl SandboxOauth {
    fn addressee<'a>(&'a self, form: &'a Form) -> Result<(&'a str, &'a Client, &'a str), Refusal> {
        let id = form.required("client_id")?;
        let client = self.0.config.clients.get(id);
        let client = client.ok_or_else(|| Refusal::request("The client is unknown."))?;
        let redirect = form.required("redirect_uri")?;
        if !client.redirect_uris.iter().any(|known| same_place(known, redirect)) {
            return Err(Refusal::request("The redirect_uri is not one of the client's."));
        }
        Ok((id, client, redirect))
    }

    fn code(
        &self,
        form: &Form,
        client_id: &str,
        client: &Client,
        redirect: &str,
        moment: Moment,
    ) -> Result<String, Refusal> {
        if form.required("response_type")? != "code" {
            return Err(Refusal::new("unsupported_response_type", "Only codes are issued."));
        }
        let challenge = form.required("code_challenge")?;
        if form.text("code_challenge_method") != Some("S256") || challenge.len() != CHALLENGE {
            return Err(Refusal::request("The code_challenge must be made by S256."));
        }
        let scopes = client.scopes(form.text("scope"))?;
        let approval = Approval {
            family: self.unique(),
            client: client_id.to_owned(),
            subject: self.0.config.user.clone(),
            scopes,
        };
        self.sealed(&Code {
            approval,
            redirect_uri: redirect.to_owned(),
            challenge: challenge.to_owned(),
            expires_at: moment.after(LIFETIME),
        })
    }
}

/// To the letter, but for the port of a loopback address, which clients take as it comes (RFC 8252, §7.3).
fn same_place(known: &str, asked: &str) -> bool {
    const LOOPBACK: &str = "http://127.0.0.1";
    let path = |uri: &str| {
        let rest = uri.strip_prefix(LOOPBACK)?;
        let rest =
            rest.strip_prefix(':').map_or(rest, |port| port.trim_start_matches(|c: char| c.is_ascii_digit()));
        (rest.is_empty() || rest.starts_with('/')).then(|| rest.to_owned())
    };
    known == asked || path(known).is_some_and(|known| path(asked) == Some(known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_port_of_a_loopback_address_may_differ() {
        for (known, asked, expected) in [
            ("https://a.example/cb", "https://a.example/cb", true),
            ("https://a.example/cb", "https://a.example/cb/", false),
            ("https://a.example/cb", "https://a.example:8443/cb", false),
            ("http://127.0.0.1/cb", "http://127.0.0.1:4711/cb", true),
            ("http://127.0.0.1/cb", "http://127.0.0.1:4711/other", false),
            ("http://127.0.0.1/cb", "http://127.0.0.1.evil.example/cb", false),
        ] {
            assert_eq!(same_place(known, asked), expected, "{known} {asked}");
        }
    }
}
