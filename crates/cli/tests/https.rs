//! A broker behind TLS.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod common;

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::sync::Arc;

use common::{deputize, outcome, written};
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use tempfile::TempDir;

/// Serves empty pages of leases at `localhost` until the process ends; gives the URL and the certificate.
fn broker() -> (String, String) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            let session = ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut stream = BufReader::new(StreamOwned::new(session, connection.unwrap()));
            let mut line = String::new();
            // Who does not trust the certificate goes away.
            while stream.read_line(&mut line).is_ok_and(|read| read > 2) {
                line.clear();
            }
            let body = r#"{"leases":[]}"#;
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
            let _ = stream.get_mut().write_all((head + body).as_bytes());
        }
    });
    (url, made.cert.pem())
}

#[test]
fn a_broker_is_reached_over_tls_where_its_certificate_is_trusted() {
    let folder = TempDir::new().unwrap();
    let (url, certificate) = broker();
    let trusted = written(&folder, "trusted.pem", &certificate);
    let list = |trusted: &std::path::Path| {
        let mut list = deputize();
        list.args(["leases", "list", "--format", "json"]).env("DEPUTIZE_URL", &url);
        outcome(list.env("DEPUTIZE_TOKEN", "canary-of-a-token").env("SSL_CERT_FILE", trusted))
    };
    assert_eq!(list(&trusted), (0, "[]\n".to_owned(), String::new()));

    let other = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (code, out, err) = list(&written(&folder, "other.pem", &other.cert.pem()));
    assert_eq!((code, out.as_str()), (1, ""), "{err}");
    assert!(err.contains("certificate") && !err.contains("canary"), "{err}");
}
