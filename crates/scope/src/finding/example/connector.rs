//! Declared connectors.

use super::{Example, Frame};
use crate::connector::Connector;
use crate::finding::{Code, Finding};

/// The fields that an example does not have itself.
const REST: [(&str, &str); 7] = [
    ("version", "1"),
    ("name", "example"),
    ("hosts", "[api.example.com]"),
    ("auth", "{ scheme: bearer }"),
    ("create", "{ url: \"https://api.example.com/keys\", body: { name: \"{label}\" }, key: /key, id: /id }"),
    ("probe", "{ url: \"https://api.example.com/me\" }"),
    ("revoke", "{ url: \"https://api.example.com/keys/{key.id}\" }"),
];

const LIST: &str = "{ url: \"https://api.example.com/keys\", items: /keys, id: /id, label: /name }";

/// What is found in the connector that the fields are put into.
pub(super) fn findings(text: &str) -> Vec<Finding> {
    let rest = REST.iter().chain(&[("list", LIST)]);
    let others = rest.filter(|(name, _)| !text.lines().any(|line| line.starts_with(&format!("{name}:"))));
    let others: String = others.map(|(name, value)| format!("{name}: {value}\n")).collect();
    Connector::parse(&format!("{text}\n{others}")).findings
}

#[rustfmt::skip]
pub(super) const EXAMPLES: &[Example] = &[
    Example::new(Code::InvalidHost, Frame::Connector, "hosts: [\"*.example.com\"]", "hosts: [api.example.com]"),
    Example::new(Code::InvalidTemplate, Frame::Connector, "revoke: { url: \"https://api.example.com/keys/{keyid}\" }", "revoke: { url: \"https://api.example.com/keys/{key.id}\" }"),
    Example::new(Code::InvalidTemplate, Frame::Connector, "probe: { url: \"https://api.example.com/me?as={label}\" }", "probe: { url: \"https://api.example.com/me?as={credential}\" }"),
    Example::new(Code::MissingPlaceholder, Frame::Connector, "revoke: { url: \"https://api.example.com/keys/1\" }", "revoke: { url: \"https://api.example.com/keys/{key.id}\" }"),
    Example::new(Code::SecretInUrl, Frame::Connector, "probe: { url: \"https://api.example.com/me?api_key={key}\" }", "probe: { url: \"https://api.example.com/me\" }"),
    Example::new(Code::InvalidUrl, Frame::Connector, "probe: { url: \"http://api.example.com/me\" }", "probe: { url: \"https://api.example.com/me\" }"),
    Example::new(Code::HostNotAllowed, Frame::Connector, "hosts: [api.example.com]\nprobe: { url: \"https://status.example.com/me\" }", "hosts: [api.example.com, status.example.com]\nprobe: { url: \"https://status.example.com/me\" }"),
    Example::new(Code::InvalidHeader, Frame::Connector, "auth: { scheme: header, name: Host }", "auth: { scheme: header, name: X-Api-Key }"),
    Example::new(Code::InvalidBody, Frame::Connector, "probe: { url: \"https://api.example.com/me\", body: {} }", "probe: { method: POST, url: \"https://api.example.com/me\", body: {} }"),
    Example::new(Code::InvalidPointer, Frame::Connector, "error_code: error.code", "error_code: /error/code"),
    Example::new(Code::NoReconciliation, Frame::Connector, "list: { url: \"https://api.example.com/keys\", items: /keys, id: /id }", "list: { url: \"https://api.example.com/keys\", items: /keys, id: /id, label: /name }"),
];
