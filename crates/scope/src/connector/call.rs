//! One call: what is sent, and which answers mean that it was done.

use std::ops::RangeInclusive;
use std::str::FromStr;

use serde_json::Value;
use thiserror::Error;

use super::Auth;
use super::body::{Body, number};
use super::pointer::Pointer;
use super::template::{Placeholder, Template, is_header_value};
use super::text::template;
use super::url::{Host, UrlError, UrlTemplate};
use crate::fields::Fields;
use crate::finding::{Code, Finding, shown};
use crate::identifier::names;
use crate::syntax::{Kind, Node};
use crate::value::{Expected, list, number as whole_number, one_of, parsed, text};

names! {
    /// What a call does, as HTTP says it.
    Method {
        /// Reads.
        Get = "GET",
        /// Makes, or does.
        Post = "POST",
        /// Puts in place.
        Put = "PUT",
        /// Changes.
        Patch = "PATCH",
        /// Deletes.
        Delete = "DELETE",
    }
}

/// What is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The method.
    pub method: Method,
    /// The address.
    pub url: UrlTemplate,
    /// The headers, besides those that prove who calls.
    pub headers: Vec<(HeaderName, Template)>,
    /// The body, sent as JSON.
    pub body: Option<Body>,
    /// Which answers mean that it was done.
    pub success: Condition,
}

/// What answers mean: one of these statuses, and where a place is named, this value there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// The statuses; any from 200 to 299 where there are none.
    pub statuses: Vec<u16>,
    /// What must stand where in the answer.
    pub equals: Option<(Pointer, Value)>,
}

impl Condition {
    /// Whether the status is one of these.
    pub fn has_status(&self, status: u16) -> bool {
        if self.statuses.is_empty() { (200..300).contains(&status) } else { self.statuses.contains(&status) }
    }

    /// Whether the answer says what it must; nothing where it does not speak of it.
    pub fn is_said(&self, answer: &Value) -> Option<bool> {
        match &self.equals {
            Some((at, value)) => at.find(answer).map(|found| found == value),
            None => Some(true),
        }
    }
}

/// The name of a header that a connector may set, in lowercase.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HeaderName(String);

/// The text is no header that a connector may set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a header is a word of letters, digits and hyphens, and none that belongs to the connection")]
pub struct InvalidHeader;

impl HeaderName {
    /// `Authorization`.
    pub fn authorization() -> Self {
        Self("authorization".to_owned())
    }

    /// The name, in lowercase.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What the HTTP client writes itself, and what would change where a message ends or who answers it.
const OF_THE_CONNECTION: [&str; 11] = [
    "connection",
    "content-length",
    "content-type",
    "expect",
    "host",
    "keep-alive",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

impl FromStr for HeaderName {
    type Err = InvalidHeader;

    fn from_str(text: &str) -> Result<Self, InvalidHeader> {
        let name = text.to_ascii_lowercase();
        let sound = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        let is_word = (1..=64).contains(&name.len()) && name.bytes().all(sound);
        if is_word && !OF_THE_CONNECTION.contains(&name.as_str()) {
            Ok(Self(name))
        } else {
            Err(InvalidHeader)
        }
    }
}

/// What a call is read with.
pub(super) struct Frame<'a> {
    pub(super) what: &'static str,
    pub(super) method: Method,
    /// The values that it has.
    pub(super) allowed: &'a [Placeholder],
    pub(super) hosts: &'a [Host],
    pub(super) auth: Option<&'a Auth>,
}

impl Call {
    /// Whether a value stands anywhere in it.
    pub fn has(&self, placeholder: Placeholder) -> bool {
        self.url.template().has(placeholder)
            || self.headers.iter().any(|(_, value)| value.has(placeholder))
            || self.body.as_ref().is_some_and(|body| body.has(placeholder))
    }

    /// Reads what all calls have in common.
    pub(super) fn read(
        fields: &mut Fields<'_>,
        frame: &Frame<'_>,
        findings: &mut Vec<Finding>,
    ) -> Option<Self> {
        let method = match fields.take("method") {
            Some(node) => one_of(node, "method", findings),
            None => Some(frame.method),
        };
        let url = fields.require("url", findings).and_then(|node| url(node, frame, findings));
        let headers = match fields.take("headers") {
            Some(node) => headers(node, frame, findings),
            None => Some(Vec::new()),
        };
        let body_node = fields.take("body");
        let body = body_node.map(|node| Body::read(node, frame.allowed, findings));
        let success = match fields.take("success") {
            Some(node) => condition(node, findings),
            None => Some(Condition { statuses: Vec::new(), equals: None }),
        };
        if let (Some(Method::Get), Some(node)) = (method, body_node) {
            let finding = Finding::error(Code::InvalidBody, "a GET call has a body").at(node.span);
            findings.push(finding.help("remove it, or name the method that the provider wants it with"));
        }
        let body = match body {
            None => None,
            Some(body) => Some(body?),
        };
        Some(Self { method: method?, url: url?, headers: headers?, body, success: success? })
    }
}

fn url(node: &Node, frame: &Frame<'_>, findings: &mut Vec<Finding>) -> Option<UrlTemplate> {
    // A secret is looked for first: that it must not stand there is better known than that it may stand elsewhere.
    let everywhere = [frame.allowed, &[Placeholder::Key]].concat();
    let template = template(node, "url", &everywhere, findings)?;
    let written = node.as_text().unwrap_or_default();
    if template.has(Placeholder::Key) {
        let finding = Finding::error(Code::SecretInUrl, "a URL holds the key itself").at(node.span);
        findings.push(finding.help("URLs are written to logs; send the key in a header or in the body"));
        return None;
    }
    let expected = Expected {
        what: "url",
        code: Code::InvalidUrl,
        help: "write a URL such as https://api.example.com/v1/keys/{key.id}",
    };
    let url = match UrlTemplate::new(template) {
        Ok(url) => url,
        Err(error) => {
            let finding = expected.refuse(node, written, &error);
            findings.push(match error {
                UrlError::Scheme => finding.help("write a URL of https; http is for this very machine"),
                UrlError::Host | UrlError::Form => finding,
            });
            return None;
        }
    };
    // Without hosts something is wrong that is told already.
    if !frame.hosts.is_empty() && !frame.hosts.contains(url.host()) {
        let message = format!("{} goes to {}, which is not among the hosts", frame.what, url.host());
        let finding = Finding::error(Code::HostNotAllowed, message).at(node.span);
        findings.push(finding.help(format!("add it to `hosts`, or go to {}", told(frame.hosts))));
    }
    Some(url)
}

fn told(hosts: &[Host]) -> String {
    hosts.iter().map(Host::as_str).collect::<Vec<_>>().join(", ")
}

fn headers(
    node: &Node,
    frame: &Frame<'_>,
    findings: &mut Vec<Finding>,
) -> Option<Vec<(HeaderName, Template)>> {
    // Only for the finding where it is no mapping.
    Fields::of(node, "headers", None, findings)?;
    let mut read: Vec<(HeaderName, Template)> = Vec::new();
    let mut is_sound = true;
    for entry in node.entries() {
        let name = header_name(&entry.key, &entry.name, findings);
        let value = header_value(&entry.value, frame.allowed, findings);
        let (Some(name), Some(value)) = (name, value) else {
            is_sound = false;
            continue;
        };
        let of_auth = frame.auth.is_some_and(|auth| auth.header() == name);
        if of_auth || read.iter().any(|(other, _)| *other == name) {
            let by = if of_auth { "`auth`" } else { "another entry" };
            let message = format!("header `{}` is set by {by}", shown(&entry.name));
            let finding = Finding::error(Code::InvalidHeader, message).at(entry.key.span);
            findings.push(finding.help("remove one of them"));
        }
        read.push((name, value));
    }
    is_sound.then_some(read)
}

pub(super) fn header_name(node: &Node, name: &str, findings: &mut Vec<Finding>) -> Option<HeaderName> {
    let expected = Expected {
        what: "header",
        code: Code::InvalidHeader,
        help: "write a header such as X-Api-Key; those of the connection are written by the HTTP client",
    };
    name.parse().map_err(|reason: InvalidHeader| findings.push(expected.refuse(node, name, &reason))).ok()
}

pub(super) fn header_value(
    node: &Node,
    allowed: &[Placeholder],
    findings: &mut Vec<Finding>,
) -> Option<Template> {
    let template = template(node, "header", allowed, findings)?;
    if is_header_value(&template.sample()) {
        return Some(template);
    }
    let finding = Finding::error(Code::InvalidHeader, "a header's value is not visible ASCII");
    findings.push(finding.at(node.span).help("write letters, digits and signs, on one line"));
    None
}

/// Reads which answers mean something: `{ status: [200], equals: { at: /success, value: true } }`.
fn condition(node: &Node, findings: &mut Vec<Finding>) -> Option<Condition> {
    let mut fields = Fields::of(node, "a condition", None, findings)?;
    let statuses = match fields.take("status") {
        Some(node) => statuses(node, 200..=299, findings),
        None => Some(Vec::new()),
    };
    let equals = match fields.take("equals") {
        Some(node) => equals(node, findings).map(Some),
        None => Some(None),
    };
    fields.finish(findings);
    Some(Condition { statuses: statuses?, equals: equals? })
}

/// Statuses that mean something; those of trouble mean nothing.
pub(super) fn statuses(
    node: &Node,
    bounds: RangeInclusive<u32>,
    findings: &mut Vec<Finding>,
) -> Option<Vec<u16>> {
    let mut read = Vec::new();
    for status in list(node, "status", findings)? {
        read.push(whole_number(status, "status", bounds.clone(), findings));
    }
    read.into_iter().map(|status| u16::try_from(status?).ok()).collect()
}

fn equals(node: &Node, findings: &mut Vec<Finding>) -> Option<(Pointer, Value)> {
    let mut fields = Fields::of(node, "equals", None, findings)?;
    let at = fields.require("at", findings).and_then(|node| pointer(node, findings));
    let value = fields.require("value", findings).and_then(|node| scalar(node, findings));
    fields.finish(findings);
    Some((at?, value?))
}

fn scalar(node: &Node, findings: &mut Vec<Finding>) -> Option<Value> {
    match &node.kind {
        Kind::Null => Some(Value::Null),
        Kind::Boolean(raw) => Some(Value::Bool(raw.eq_ignore_ascii_case("true"))),
        Kind::Number(raw) => number(node, raw, findings).map(Value::Number),
        _ => text(node, "value", findings).map(|text| Value::String(text.to_owned())),
    }
}

pub(super) fn pointer(node: &Node, findings: &mut Vec<Finding>) -> Option<Pointer> {
    let expected = Expected {
        what: "pointer",
        code: Code::InvalidPointer,
        help: "write a JSON pointer such as /result/id",
    };
    parsed(node, expected, findings)
}
