//! Declared connectors: what the examples mean, what is told of wrong ones, and what no value can do.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use deputize_scope::connector::{Auth, Connector, Method, Next, Placeholder, Values, Windows};
use deputize_scope::document::connector_files;
use deputize_scope::finding::Code;
use deputize_scope::{Seconds, Severity};
use proptest::prelude::*;

const CLOUDFLARE: &str = include_str!("../../../examples/connectors/cloudflare-api-token.yaml");
const SENDGRID: &str = include_str!("../../../examples/connectors/sendgrid-api-key.yaml");
const SANDBOX: &str = include_str!("../../../examples/connectors/sandbox.yaml");

const MINIMAL: &str = r#"
version: 1
name: minimal
hosts: [api.example.com]
auth: { scheme: header, name: X-Api-Key }
create: { url: "https://api.example.com/keys", body: { name: "{label}", of: ["{credential}"] }, key: /key, id: /id }
probe: { url: "https://api.example.com/me" }
list: { url: "https://api.example.com/keys", items: "", id: /id, label: /name }
revoke: { url: "https://api.example.com/keys/{key.id}?for={credential}" }
"#;

fn sound(text: &str) -> Connector {
    let parsed = Connector::parse(text);
    assert_eq!(parsed.findings, [], "{text}");
    parsed.connector.unwrap()
}

fn codes(text: &str) -> Vec<Code> {
    Connector::parse(text).findings.iter().map(|finding| finding.code).collect()
}

#[test]
fn the_examples_are_sound_and_label_their_keys() {
    for text in [CLOUDFLARE, SENDGRID, SANDBOX] {
        let connector = sound(text);
        assert!(connector.labels());
        assert!(connector.most_keys.is_some());
    }
    assert_eq!(sound(CLOUDFLARE).list.next, Some(Next::Page("page".to_owned())));
    assert!(sound(SANDBOX).disable.is_some());
}

#[test]
fn what_is_left_out_has_its_usual_value() {
    let connector = sound(MINIMAL);
    assert_eq!(connector.windows, Windows::default());
    assert_eq!(connector.windows.soak, Seconds::new(3_600));
    assert_eq!((connector.create.call.method, connector.revoke.call.method), (Method::Post, Method::Delete));
    assert_eq!(
        (connector.probe.refused.as_slice(), connector.revoke.gone.as_slice()),
        ([401, 403].as_slice(), [404, 410].as_slice())
    );
    assert!(connector.create.call.success.has_status(201) && !connector.create.call.success.has_status(302));
    let Auth::Header { name, value } = &connector.auth else { unreachable!() };
    assert_eq!(name.as_str(), "x-api-key");
    assert!(value.has(Placeholder::Key));
}

#[test]
fn the_same_connector_is_written_in_json() {
    let json = r#"{"version": 1, "name": "minimal", "hosts": ["api.example.com"], "auth": {"scheme": "header", "name": "X-Api-Key"},
        "create": {"url": "https://api.example.com/keys", "body": {"name": "{label}", "of": ["{credential}"]}, "key": "/key", "id": "/id"},
        "probe": {"url": "https://api.example.com/me"},
        "list": {"url": "https://api.example.com/keys", "items": "", "id": "/id", "label": "/name"},
        "revoke": {"url": "https://api.example.com/keys/{key.id}?for={credential}"}}"#;
    assert_eq!(sound(json), sound(MINIMAL));
}

#[test]
fn a_document_names_files_below_it_alone() {
    let document = r#"
version: 1
credentials:
  - { id: a, rotate: { every: 7d, connector: connectors/a.yaml } }
  - { id: b, rotate: { connector: ../b.yaml } }
  - { id: c, rotate: { connector: /etc/c.yaml } }
  - { id: d, rotate: [] }
  - { id: e, rotate: { connector: [7] } }
"#;
    let named = connector_files(document.as_bytes());
    let paths: Vec<(&str, usize)> = named.iter().map(|(path, span)| (path.as_str(), span.line)).collect();
    assert_eq!(paths, [("connectors/a.yaml", 4)]);
    assert_eq!(connector_files(b"\xff"), []);
}

#[test]
fn a_secret_never_stands_in_a_url() {
    for at in ["https://api.example.com/{key}", "https://api.example.com/me?k={key}", "https://{key}/"] {
        for call in ["https://api.example.com/me", "https://api.example.com/keys/{key.id}?for={credential}"] {
            assert!(codes(&MINIMAL.replace(call, at)).contains(&Code::SecretInUrl), "{at}");
        }
    }
}

#[test]
fn a_misspelt_value_is_mended() {
    let findings = Connector::parse(&MINIMAL.replace("{key.id}", "{keyid}")).findings;
    let fix = findings.iter().find_map(|finding| finding.fix.as_ref()).unwrap();
    assert_eq!(fix.replacement, "\"https://api.example.com/keys/{key.id}?for={credential}\"");
}

#[test]
fn what_a_connector_lacks_is_told() {
    for field in ["name", "hosts", "auth", "create", "probe", "list", "revoke", "version"] {
        let rest: String = MINIMAL
            .lines()
            .filter(|line| !line.starts_with(field))
            .fold(String::new(), |all, line| all + line + "\n");
        assert!(codes(&rest).contains(&Code::MissingField), "{field}");
        assert_eq!(Connector::parse(&rest).connector, None);
    }
    assert_eq!(codes(&format!("{MINIMAL}retries: 3\n")), [Code::UnknownField]);
    assert_eq!(codes(&MINIMAL.replace("label: /name", "label: name")), [Code::InvalidPointer]);
    assert_eq!(
        codes(&MINIMAL.replace("X-Api-Key }", "X-Api-Key, value: token }")),
        [Code::MissingPlaceholder]
    );
    assert_eq!(codes(&format!("{MINIMAL}windows: {{ probes: 0 }}\n")), [Code::NumberOutOfBounds]);
    assert_eq!(
        codes(&MINIMAL.replace("/me\"", "/me\", success: { status: [302] }")),
        [Code::NumberOutOfBounds]
    );
}

#[test]
fn a_connector_that_loses_keys_is_told_and_usable() {
    let without = MINIMAL.replace("{label}", "agent");
    let parsed = Connector::parse(&without);
    assert_eq!(parsed.findings[0].code, Code::NoReconciliation);
    assert_eq!(parsed.findings[0].severity, Severity::Warning);
    assert!(parsed.connector.is_some_and(|connector| !connector.labels()));
    assert_eq!(codes(&format!("{without}most_keys: 2\n")), []);
}

/// Texts that would break out of where they are put, if they could.
fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("\"".to_owned()),
        Just("\\".to_owned()),
        Just("/".to_owned()),
        Just("..".to_owned()),
        Just("\r\n".to_owned()),
        Just("{key}".to_owned()),
        Just("{".to_owned()),
        Just("}".to_owned()),
        Just("@evil.example".to_owned()),
        Just("?".to_owned()),
        Just("&a=b".to_owned()),
        Just("#".to_owned()),
        Just("%2e".to_owned()),
        Just(":".to_owned()),
        Just("\0".to_owned()),
        ".{0,4}",
    ];
    proptest::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn no_value_changes_where_a_call_goes(id in hostile(), credential in hostile()) {
        let connector = sound(MINIMAL);
        let values = Values { key: "k", key_id: Some(&id), label: None, credential: &credential };
        let Ok(url) = connector.revoke.call.url.expand(&values) else { return Ok(()) };
        let rest = url.strip_prefix("https://api.example.com/keys/").unwrap();
        let (step, query) = rest.split_once("?for=").unwrap();
        let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~%".contains(&byte));
        prop_assert!(plain(step) && plain(query) && !matches!(step, "" | "." | ".."), "{}", url);
        // And it is read back as what it was.
        let decoded = |text: &str| {
            let mut bytes = text.bytes();
            let mut read = Vec::new();
            while let Some(byte) = bytes.next() {
                let hex = |byte: u8| char::from(byte).to_digit(16).unwrap() as u8;
                read.push(if byte == b'%' { hex(bytes.next().unwrap()) * 16 + hex(bytes.next().unwrap()) } else { byte });
            }
            String::from_utf8(read).unwrap()
        };
        prop_assert_eq!((decoded(step), decoded(query)), (id, credential));
    }

    #[test]
    fn no_value_becomes_anything_but_text_in_a_body(label in hostile(), credential in hostile()) {
        let connector = sound(MINIMAL);
        let values = Values { key: "k", key_id: None, label: Some(&label), credential: &credential };
        let body = connector.create.call.body.unwrap().expand(&values).unwrap();
        let sent: serde_json::Value = serde_json::from_str(&body.to_string()).unwrap();
        prop_assert_eq!(sent, serde_json::json!({ "name": label, "of": [credential] }));
    }

    #[test]
    fn no_value_adds_a_header(key in hostile()) {
        let connector = sound(MINIMAL);
        let Auth::Header { value, .. } = &connector.auth else { unreachable!() };
        let values = Values { key: &key, key_id: None, label: None, credential: "c" };
        match value.header(&values) {
            Ok(written) => prop_assert!(written == key && !key.contains(['\r', '\n', '\0'])),
            Err(_) => prop_assert!(key.trim() != key || key.bytes().any(|byte| !(b' '..=b'~').contains(&byte))),
        }
    }

    #[test]
    fn no_text_makes_the_reader_panic(edits in proptest::collection::vec((0usize..3_000, hostile()), 0..4), which in 0usize..4) {
        let mut text = [CLOUDFLARE, SENDGRID, SANDBOX, MINIMAL][which].to_owned();
        for (at, piece) in edits {
            let at = text.floor_char_boundary(at.min(text.len()));
            text.insert_str(at, &piece);
        }
        let parsed = Connector::parse(&text);
        let is_wrong = parsed.findings.iter().any(|finding| finding.severity == Severity::Error);
        prop_assert_eq!(parsed.connector.is_none(), is_wrong);
        if let Some(connector) = parsed.connector {
            // What is read never puts the key into a URL, and goes nowhere else than it says.
            let mut calls = vec![&connector.create.call, &connector.probe.call, &connector.list.call, &connector.revoke.call];
            calls.extend(connector.disable.as_ref().map(|disable| &disable.call));
            for call in calls {
                prop_assert!(!call.url.template().has(Placeholder::Key));
                prop_assert!(connector.hosts.contains(call.url.host()));
            }
        }
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = Connector::parse_bytes(&bytes);
    }
}
