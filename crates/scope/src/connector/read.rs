//! From the tree to the typed connector.

use super::call::{Frame, header_name, header_value, pointer, statuses};
use super::template::{Placeholder, Template};
use super::url::Host;
use super::{Auth, Call, Connector, Create, HeaderName, List, Method, Next, Probe, Removal, Scheme, Windows};
use crate::fields::Fields;
use crate::finding::{Code, Finding, Span};
use crate::identifier::ConnectorName;
use crate::syntax::Node;
use crate::value::{Expected, each, identifier, number, one_of, text, version};

use Placeholder::{Credential, Key, KeyId, Label};

/// Reads a whole connector. None where it lacks something without which there is none; findings tell the rest.
pub(super) fn connector(root: &Node, findings: &mut Vec<Finding>) -> Option<Connector> {
    let mut fields = Fields::of(root, "a connector", None, findings)?;
    version(&mut fields, root, findings);
    let name: Option<ConnectorName> =
        fields.require("name", findings).and_then(|node| identifier(node, "name", findings));
    let hosts: Vec<Host> = fields
        .require("hosts", findings)
        .and_then(|node| each(node, "hosts", HOST, findings))
        .unwrap_or_default();
    let auth = fields.require("auth", findings).and_then(|node| auth(node, findings));

    let calls = Calls { hosts: &hosts, auth: auth.as_ref() };
    let create = fields.require("create", findings).and_then(|node| calls.create(node, findings));
    let probe = fields.require("probe", findings).and_then(|node| calls.probe(node, findings));
    let list = fields.require("list", findings).and_then(|node| calls.list(node, findings));
    let revoke = fields.require("revoke", findings).and_then(|node| calls.removal(node, REVOKE, findings));
    let disable = fields.take("disable").map(|node| calls.removal(node, DISABLE, findings));
    let disable = match disable {
        None => None,
        Some(read) => Some(read?),
    };

    let error_code = fields.take("error_code").and_then(|node| pointer(node, findings));
    let key_limit = fields.take("key_limit").and_then(|node| text(node, "key_limit", findings));
    let windows = match fields.take("windows") {
        Some(node) => Windows::read(node, findings)?,
        None => Windows::default(),
    };
    // A rotation needs a second one beside the current one.
    let most_keys = fields.take("most_keys").and_then(|node| number(node, "most_keys", 2..=10_000, findings));
    let at = fields.at();
    fields.finish(findings);
    let (create, probe, list) = (create?, probe?, list?);
    let read = Connector {
        name: name?,
        hosts,
        auth: auth?,
        create,
        probe,
        list,
        revoke: revoke?,
        disable,
        error_code,
        key_limit: key_limit.map(str::to_owned),
        windows,
        most_keys,
    };
    reconciles(&read, at, findings);
    Some(read)
}

/// Tells a connector that cannot find a key again whose answer was lost.
fn reconciles(connector: &Connector, at: Span, findings: &mut Vec<Finding>) {
    if connector.labels() || connector.most_keys.is_some() {
        return;
    }
    let message = "nothing tells a key whose answer was lost from anybody else's";
    let help =
        "send `{label}` with `create` and name the place of the `label` in `list`, or give `most_keys`";
    findings.push(Finding::warning(Code::NoReconciliation, message).at(at).help(help));
}

const HOST: Expected = Expected {
    what: "host",
    code: Code::InvalidHost,
    help: "write a host such as api.example.com, without a scheme, a path or a wildcard",
};

fn auth(node: &Node, findings: &mut Vec<Finding>) -> Option<Auth> {
    let mut fields = Fields::of(node, "auth", None, findings)?;
    let scheme = fields.require("scheme", findings).and_then(|node| one_of(node, "scheme", findings))?;
    let mut part =
        |name, default: Option<&str>, findings: &mut Vec<Finding>| match (fields.take(name), default) {
            (Some(node), _) => header_value(node, &[Key, KeyId, Credential], findings),
            (None, Some(default)) => default.parse().ok(),
            (None, None) => {
                fields.require(name, findings);
                None
            }
        };
    let auth = match scheme {
        Scheme::Bearer => {
            let value: Option<Template> = "Bearer {key}".parse().ok();
            value.map(|value| Auth::Header { name: HeaderName::authorization(), value })
        }
        Scheme::Header => {
            let value = part("value", Some("{key}"), findings);
            let name = fields.require("name", findings).and_then(|node| {
                let name = text(node, "name", findings)?;
                header_name(node, name, findings)
            });
            name.zip(value).map(|(name, value)| Auth::Header { name, value })
        }
        Scheme::Basic => {
            let user = part("user", None, findings);
            let password = part("password", None, findings);
            user.zip(password).map(|(user, password)| Auth::Basic { user, password })
        }
    };
    fields.finish(findings);
    let has_key = match auth.as_ref()? {
        Auth::Header { value, .. } => value.has(Key),
        Auth::Basic { user, password } => user.has(Key) || password.has(Key),
    };
    if !has_key {
        let finding = Finding::error(Code::MissingPlaceholder, "`auth` does not present the key");
        findings.push(finding.at(node.span).help("write `{key}` where the key belongs"));
    }
    auth
}

/// What the calls are read with.
struct Calls<'a> {
    hosts: &'a [Host],
    auth: Option<&'a Auth>,
}

/// How a call that takes a key away is told and sent.
type Taking = (&'static str, Method);

const REVOKE: Taking = ("`revoke`", Method::Delete);
const DISABLE: Taking = ("`disable`", Method::Post);

impl<'a> Calls<'a> {
    fn frame(&self, what: &'static str, method: Method, allowed: &'a [Placeholder]) -> Frame<'a> {
        Frame { what, method, allowed, hosts: self.hosts, auth: self.auth }
    }

    fn create(&self, node: &Node, findings: &mut Vec<Finding>) -> Option<Create> {
        let mut fields = Fields::of(node, "create", None, findings)?;
        let frame = self.frame("`create`", Method::Post, &[Key, KeyId, Label, Credential]);
        let call = Call::read(&mut fields, &frame, findings);
        let key = fields.require("key", findings).and_then(|node| pointer(node, findings));
        let id = fields.require("id", findings).and_then(|node| pointer(node, findings));
        fields.finish(findings);
        Some(Create { call: call?, key: key?, id: id? })
    }

    fn probe(&self, node: &Node, findings: &mut Vec<Finding>) -> Option<Probe> {
        let mut fields = Fields::of(node, "probe", None, findings)?;
        let call =
            Call::read(&mut fields, &self.frame("`probe`", Method::Get, &[Key, KeyId, Credential]), findings);
        let refused = match fields.take("refused") {
            Some(node) => statuses(node, 400..=499, findings),
            None => Some(vec![401, 403]),
        };
        fields.finish(findings);
        Some(Probe { call: call?, refused: refused? })
    }

    fn list(&self, node: &Node, findings: &mut Vec<Finding>) -> Option<List> {
        let mut fields = Fields::of(node, "list", None, findings)?;
        let call = Call::read(&mut fields, &self.frame("`list`", Method::Get, &[Key, Credential]), findings);
        let items = fields.require("items", findings).and_then(|node| pointer(node, findings));
        let id = fields.require("id", findings).and_then(|node| pointer(node, findings));
        let label = fields.take("label").map(|node| pointer(node, findings));
        let next = fields.take("next").map(|node| next(node, findings));
        fields.finish(findings);
        let (label, next) = (optional(label)?, optional(next)?);
        Some(List { call: call?, items: items?, id: id?, label, next })
    }

    fn removal(&self, node: &Node, (what, method): Taking, findings: &mut Vec<Finding>) -> Option<Removal> {
        let mut fields = Fields::of(node, "a call that takes a key away", None, findings)?;
        let call = Call::read(&mut fields, &self.frame(what, method, &[Key, KeyId, Credential]), findings);
        let gone = match fields.take("gone") {
            Some(node) => statuses(node, 400..=499, findings),
            None => Some(vec![404, 410]),
        };
        let at = fields.at();
        fields.finish(findings);
        let call = call?;
        if !call.has(KeyId) {
            let finding = Finding::error(Code::MissingPlaceholder, format!("{what} does not say which key"));
            findings.push(finding.at(at).help("write `{key.id}` in its url or body"));
        }
        Some(Removal { call, gone: gone? })
    }
}

/// What may be left out, and must be right where it is there.
fn optional<T>(read: Option<Option<T>>) -> Option<Option<T>> {
    match read {
        None => Some(None),
        Some(value) => value.map(Some),
    }
}

fn next(node: &Node, findings: &mut Vec<Finding>) -> Option<Next> {
    let mut fields = Fields::of(node, "next", None, findings)?;
    let link = fields.take("link").and_then(|node| pointer(node, findings).map(Next::Link));
    let page = fields.take("page").and_then(|node| parameter(node, findings).map(Next::Page));
    let at = fields.at();
    fields.finish(findings);
    match (link, page) {
        (Some(next), None) | (None, Some(next)) => Some(next),
        (link, _) => {
            let what = if link.is_some() { "both" } else { "neither" };
            let message = format!("`next` has {what} of `link` and `page`");
            let help =
                "write `link:` with the place of the next address, or `page:` with the query's parameter";
            findings.push(Finding::error(Code::MissingField, message).at(at).help(help));
            None
        }
    }
}

/// The name of a parameter of the query.
fn parameter(node: &Node, findings: &mut Vec<Finding>) -> Option<String> {
    let name = text(node, "page", findings)?;
    let sound = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    if !name.is_empty() && name.bytes().all(sound) {
        return Some(name.to_owned());
    }
    let expected =
        Expected { what: "page", code: Code::InvalidUrl, help: "write the parameter's name, such as page" };
    findings.push(expected.refuse(node, name, &"a parameter is a word"));
    None
}
