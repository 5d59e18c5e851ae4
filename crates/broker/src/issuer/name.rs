//! Under which names the broker is known to those that verify its tokens.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use deputize_scope::TenantId;
use http::Uri;
use thiserror::Error;

/// The longest URL that AWS takes for an issuer. Microsoft takes 600 characters.
/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateOpenIDConnectProvider.html>
const LONGEST_URL: usize = 255;

/// The longest subject that Google takes, in bytes. Microsoft takes 600 characters.
/// <https://cloud.google.com/iam/docs/workload-identity-federation#mapping>
const LONGEST_SUBJECT: usize = 127;

/// The URL that tokens name in `iss`, and below which the documents are: `https`, or `http` on the machine itself.
/// Relying parties compare it to the letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuerUrl(String);

/// Why a text is no issuer's URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum InvalidIssuerUrl {
    /// No absolute URL, or one with a user, a query or a fragment.
    #[error("an issuer is an absolute URL without user, query and fragment")]
    Form,
    /// Keys that come over a network unencrypted could be anybody's.
    #[error("an issuer is reached by https, or by http on the machine itself")]
    Unencrypted,
    /// Relying parties add `/.well-known/…` to it.
    #[error("an issuer's URL ends without a slash")]
    Slash,
    /// Longer than clouds take.
    #[error("an issuer's URL has at most {LONGEST_URL} characters")]
    Length,
}

impl IssuerUrl {
    /// The URL.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for IssuerUrl {
    type Err = InvalidIssuerUrl;

    fn from_str(text: &str) -> Result<Self, InvalidIssuerUrl> {
        if text.len() > LONGEST_URL {
            return Err(InvalidIssuerUrl::Length);
        }
        // The parser drops a fragment without a word.
        let uri: Uri = text.parse().map_err(|_| InvalidIssuerUrl::Form)?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(InvalidIssuerUrl::Form);
        };
        if text.contains(['?', '#']) || authority.as_str().contains('@') || authority.host().is_empty() {
            return Err(InvalidIssuerUrl::Form);
        }
        match scheme {
            "https" => {}
            "http" if is_this_machine(authority.host()) => {}
            _ => return Err(InvalidIssuerUrl::Unencrypted),
        }
        if text.ends_with('/') { Err(InvalidIssuerUrl::Slash) } else { Ok(Self(text.to_owned())) }
    }
}

impl fmt::Display for IssuerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_this_machine(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse();
    host == "localhost" || address.is_ok_and(|address: IpAddr| address.is_loopback())
}

/// What tokens name in `sub`: the broker, as trust policies and federated credentials at the clouds name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject(String);

/// The text is no subject that every cloud takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a subject has 1 to {LONGEST_SUBJECT} printable characters of ASCII, and no space")]
pub struct InvalidSubject;

impl Subject {
    /// The broker of a tenant: `deputize:TENANT`.
    pub fn of(tenant: &TenantId) -> Self {
        // A tenant's name has at most 63 characters.
        Self(format!("deputize:{tenant}"))
    }

    /// The subject.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Subject {
    type Err = InvalidSubject;

    fn from_str(text: &str) -> Result<Self, InvalidSubject> {
        let sound = (1..=LONGEST_SUBJECT).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
        if sound { Ok(Self(text.to_owned())) } else { Err(InvalidSubject) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_is_reached_by_https_or_on_the_machine_itself() {
        for url in [
            "https://broker.example.com",
            "https://broker.example.com:8443/deputize",
            "http://127.0.0.1:7117",
            "http://[::1]:7117",
            "http://localhost:7117/x",
        ] {
            assert_eq!(url.parse::<IssuerUrl>().map(|url| url.to_string()), Ok(url.to_owned()));
        }
        let long = format!("https://example.com/{}", "a".repeat(LONGEST_URL));
        for (url, error) in [
            ("http://broker.example.com", InvalidIssuerUrl::Unencrypted),
            ("http://10.0.0.1:7117", InvalidIssuerUrl::Unencrypted),
            ("http://localhost.example.com", InvalidIssuerUrl::Unencrypted),
            ("ftp://broker.example.com", InvalidIssuerUrl::Unencrypted),
            ("https://broker.example.com/", InvalidIssuerUrl::Slash),
            ("https://broker.example.com/?x", InvalidIssuerUrl::Form),
            ("https://broker.example.com/x#y", InvalidIssuerUrl::Form),
            ("https://user@broker.example.com", InvalidIssuerUrl::Form),
            ("https://", InvalidIssuerUrl::Form),
            ("/deputize", InvalidIssuerUrl::Form),
            ("broker", InvalidIssuerUrl::Form),
            ("https://bro ker", InvalidIssuerUrl::Form),
            ("", InvalidIssuerUrl::Form),
            (&long, InvalidIssuerUrl::Length),
        ] {
            assert_eq!(url.parse::<IssuerUrl>(), Err(error), "{url}");
        }
    }

    #[test]
    fn a_subject_is_one_that_every_cloud_takes() {
        assert_eq!(Subject::of(&"acme".parse().unwrap()).as_str(), "deputize:acme");
        assert!("a".repeat(127).parse::<Subject>().is_ok());
        for text in ["", "two words", "ü", "a\n", &"a".repeat(128)] {
            assert_eq!(text.parse::<Subject>(), Err(InvalidSubject), "{text}");
        }
    }
}
