//! Where calls go: hosts, and URLs whose host no value can change.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use thiserror::Error;

use super::template::{ExpandError, Template, Values};

/// A host, with a port where it is not that of `https`: `api.example.com`, `127.0.0.1:7117`, `[::1]:7117`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Host(String);

/// The text is no host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a host is a name in lowercase, or an address, without a wildcard; a port may follow")]
pub struct InvalidHost;

impl Host {
    /// As it is written in a URL.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is this very machine.
    pub fn is_loopback(&self) -> bool {
        let name = split_port(&self.0).map_or("", |(name, _)| name);
        match name.strip_prefix('[').and_then(|name| name.strip_suffix(']')) {
            Some(address) => address.parse::<Ipv6Addr>().is_ok_and(|address| address.is_loopback()),
            None => {
                name == "localhost" || name.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback())
            }
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Host {
    type Err = InvalidHost;

    fn from_str(text: &str) -> Result<Self, InvalidHost> {
        let (name, port) = split_port(text).ok_or(InvalidHost)?;
        let sound_port = port.is_none_or(|port| {
            !port.starts_with('0')
                && port.bytes().all(|byte| byte.is_ascii_digit())
                && port.parse::<u16>().is_ok()
        });
        let sound_name = match name.strip_prefix('[').and_then(|name| name.strip_suffix(']')) {
            // In its shortest form, which is the one that it is compared in.
            Some(address) => address.parse::<Ipv6Addr>().is_ok_and(|parsed| parsed.to_string() == address),
            None => is_name(name),
        };
        // `https` has it anyway, and it is left out when URLs are compared.
        let port = port.filter(|port| *port != "443");
        match (sound_name && sound_port, port) {
            (false, _) => Err(InvalidHost),
            (true, None) => Ok(Self(name.to_owned())),
            (true, Some(port)) => Ok(Self(format!("{name}:{port}"))),
        }
    }
}

/// A name as DNS has it, or an IPv4 address in its one form: what else looks like a number, readers of URLs take for
/// an address.
fn is_name(name: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let last = name.rsplit('.').next().unwrap_or_default();
    let looks_numeric = last.starts_with(|first: char| first.is_ascii_digit());
    name.len() <= 253 && name.split('.').all(label) && (!looks_numeric || name.parse::<Ipv4Addr>().is_ok())
}

fn split_port(text: &str) -> Option<(&str, Option<&str>)> {
    let bracket = text.find(']').map_or(0, |at| at + 1);
    let (head, tail) = text.split_at_checked(bracket)?;
    match tail.find(':') {
        Some(colon) => {
            let at = head.len() + colon;
            Some((text.get(..at)?, Some(text.get(at + 1..)?)))
        }
        None => Some((text, None)),
    }
}

/// A URL of `https`, or of `http` on this very machine, with values in its path and query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UrlTemplate {
    host: Host,
    template: Template,
}

/// Why a template makes no URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum UrlError {
    /// Another scheme, or none.
    #[error("a URL begins with https://, or on this very machine with http://")]
    Scheme,
    /// The host is not one, or a value stands in it.
    #[error("a URL names its host in so many words, followed by a path")]
    Host,
    /// Something that URLs do not hold, or that readers of URLs disagree on.
    #[error(
        "a URL has no user, no fragment, no `.` or `..` as a step, and no other characters than RFC 3986 has"
    )]
    Form,
}

impl UrlTemplate {
    /// The URL of a template.
    pub fn new(template: Template) -> Result<Self, UrlError> {
        let prefix = template.prefix();
        let (rest, is_encrypted) = match (prefix.strip_prefix("https://"), prefix.strip_prefix("http://")) {
            (Some(rest), _) => (rest, true),
            (None, Some(rest)) => (rest, false),
            (None, None) => return Err(UrlError::Scheme),
        };
        let (authority, _) = rest.split_once('/').ok_or(UrlError::Host)?;
        let host: Host = authority.parse().map_err(|_| UrlError::Host)?;
        if !is_encrypted && !host.is_loopback() {
            return Err(UrlError::Scheme);
        }
        let whole = template.sample();
        let path = whole.get(prefix.len() - rest.len() + authority.len()..).unwrap_or_default();
        if is_sound(path) { Ok(Self { host, template }) } else { Err(UrlError::Form) }
    }

    /// Where it goes.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// With which values.
    pub fn template(&self) -> &Template {
        &self.template
    }

    /// The URL with its values.
    pub fn expand(&self, values: &Values<'_>) -> Result<String, ExpandError> {
        let url = self.template.encoded(values)?;
        // Dots are not encoded, and readers of URLs take an encoded dot for one.
        let path = url.splitn(4, '/').nth(3).unwrap_or_default();
        if has_dots(path) { Err(ExpandError::Url) } else { Ok(url) }
    }
}

/// A path and query that every reader of URLs understands the same way.
fn is_sound(path: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/?%".contains(&byte);
    path.bytes().all(allowed) && !has_dots(path)
}

/// Whether a step of the path leads to where it is, or up.
fn has_dots(path: &str) -> bool {
    let steps = path.split('?').next().unwrap_or_default();
    let plain = steps.replace("%2e", ".").replace("%2E", ".");
    plain.split('/').any(|step| matches!(step, "." | ".."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Result<UrlTemplate, UrlError> {
        UrlTemplate::new(text.parse().unwrap())
    }

    #[test]
    fn a_host_is_written_in_one_way() {
        for text in ["api.example.com", "127.0.0.1", "127.0.0.1:7117", "[::1]:7117", "localhost:1", "a-b.c"] {
            assert_eq!(text.parse::<Host>().unwrap().as_str(), text);
        }
        assert_eq!("api.example.com:443".parse::<Host>().unwrap().as_str(), "api.example.com");
        for text in [
            "",
            "*",
            "*.example.com",
            "API.example.com",
            "example.com.",
            "user@example.com",
            "127.1",
            "0x7f.1",
            "2130706433",
            "[::0001]",
            "::1",
            "a:b",
            "a:",
            "a:065",
            "a:70000",
            "a/b",
            "a b",
            "[::1",
            "é.com",
        ] {
            assert!(text.parse::<Host>().is_err(), "{text}");
        }
        assert!(
            ["localhost:1", "127.8.8.8", "[::1]:2"]
                .iter()
                .all(|text| text.parse::<Host>().unwrap().is_loopback())
        );
        assert!(!"localhost.example.com".parse::<Host>().unwrap().is_loopback());
    }

    #[test]
    fn a_url_is_encrypted_and_names_its_host() {
        assert_eq!(
            url("https://api.example.com/v1/keys?a={label}").unwrap().host().as_str(),
            "api.example.com"
        );
        assert!(url("http://127.0.0.1:7117/keys").is_ok());
        for (text, error) in [
            ("http://api.example.com/", UrlError::Scheme),
            ("ftp://api.example.com/", UrlError::Scheme),
            ("{key.id}", UrlError::Scheme),
            ("https://api.example.com", UrlError::Host),
            ("https://{key.id}.example.com/", UrlError::Host),
            ("https://api.example.com{key.id}/", UrlError::Host),
            ("https://user@api.example.com/", UrlError::Host),
            ("https://api.example.com\\@evil.example/", UrlError::Host),
            ("https://api.example.com/a#b", UrlError::Form),
            ("https://api.example.com/a/../b", UrlError::Form),
            ("https://api.example.com/%2e%2E/b", UrlError::Form),
            ("https://api.example.com/a b", UrlError::Form),
        ] {
            assert_eq!(url(text).unwrap_err(), error, "{text}");
        }
    }

    #[test]
    fn a_value_does_not_lead_up() {
        let url = url("https://api.example.com/keys/{key.id}").unwrap();
        let with = |id| url.expand(&Values { key: "k", key_id: Some(id), label: None, credential: "c" });
        assert_eq!(with("..").unwrap_err(), ExpandError::Url);
        assert_eq!(with("").unwrap_err(), ExpandError::Url);
        assert_eq!(with("../x").unwrap(), "https://api.example.com/keys/..%2Fx");
        assert_eq!(with("%2e%2e").unwrap(), "https://api.example.com/keys/%252e%252e");
    }
}
