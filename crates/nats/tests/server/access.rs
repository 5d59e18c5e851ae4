//! Who may publish, and over which connection.

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use deputize_broker::ports::ledger::Monitor as _;
use deputize_nats::NatsMonitor;
use deputize_testkit::publications::publications;
use nkeys::KeyPair;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair as TlsKey};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::place::{monitor, server};

async fn passes(monitor: &NatsMonitor) -> bool {
    match monitor.publish(&publications(0..3)).await {
        Ok(()) => true,
        Err(error) => {
            // Also what it came from holds no secret.
            assert!(!format!("{error:?} {monitor:?}").contains("canary"), "{error:?}");
            false
        }
    }
}

/// A file of this text in a directory of its own.
fn file(text: &str) -> (TempDir, String) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("file").to_str().unwrap().to_owned();
    fs::write(&path, text).unwrap();
    (directory, path)
}

#[tokio::test]
async fn a_token_or_a_password_from_a_file_lets_in_and_others_do_not() {
    let (_right, right) = file("canary-right\n");
    let (_wrong, wrong) = file("canary-wrong\n");
    let by_token = server(&["--auth", "canary-right"]).await;
    let by_password = server(&["--user", "broker", "--pass", "canary-right"]).await;
    for (path, lets_in) in [(&right, true), (&wrong, false), (&"/nowhere/canary".to_owned(), false)] {
        let source = json!({ "file": path });
        let token = monitor(&by_token, json!({ "credentials": { "token": source } }));
        let password = json!({ "credentials": { "password": { "user": "broker", "password": source } } });
        let password = monitor(&by_password, password);
        if !path.contains("nowhere") {
            assert_eq!((passes(&token).await, passes(&password).await), (lets_in, lets_in), "{path}");
        } else {
            let error = token.publish(&publications(0..1)).await.unwrap_err();
            assert_eq!(error.to_string(), "the credentials for nats cannot be read");
        }
    }
    assert!(!passes(&monitor(&by_token, json!({}))).await, "nobody is let in without");
}

#[tokio::test]
async fn an_nkey_signs_what_the_server_asks() {
    let user = KeyPair::new_user();
    let config = format!("authorization {{ users = [ {{ nkey: {} }} ] }}", user.public_key());
    let (_config, config) = file(&config);
    let server = server(&["--config", &config]).await;
    for (seed, lets_in) in [(user.seed().unwrap(), true), (KeyPair::new_user().seed().unwrap(), false)] {
        let (_seed, seed) = file(&seed);
        let monitor = monitor(&server, json!({ "credentials": { "nkey": { "file": seed } } }));
        assert_eq!(passes(&monitor).await, lets_in);
    }
}

/// A claim as NATS has it: a JWT that is signed by an NKey.
fn claim(issuer: &KeyPair, subject: &KeyPair, about: Value) -> String {
    let body = json!({
        "iss": issuer.public_key(), "sub": subject.public_key(), "iat": 1_700_000_000, "nats": about,
    });
    let parts = [json!({ "typ": "JWT", "alg": "ed25519-nkey" }), body];
    let parts = parts.map(|part| BASE64_URL_SAFE_NO_PAD.encode(part.to_string()));
    let signature = issuer.sign(parts.join(".").as_bytes()).unwrap();
    format!("{}.{}", parts.join("."), BASE64_URL_SAFE_NO_PAD.encode(signature))
}

#[tokio::test]
async fn credentials_of_a_user_whose_account_the_operator_knows_let_in() {
    let (operator, account, user) = (KeyPair::new_operator(), KeyPair::new_account(), KeyPair::new_user());
    let operators = claim(&operator, &operator, json!({ "type": "operator", "version": 2 }));
    let limits = json!({
        "subs": -1, "data": -1, "payload": -1, "imports": -1, "exports": -1, "wildcards": true, "conn": -1, "leaf": -1,
    });
    let accounts = claim(&operator, &account, json!({ "type": "account", "version": 2, "limits": limits }));
    let config = format!(
        "operator: {operators}\nresolver: MEMORY\nresolver_preload: {{ {}: {accounts} }}",
        account.public_key()
    );
    let (_config, config) = file(&config);
    let server = server(&["--config", &config]).await;
    let about = json!({ "type": "user", "version": 2, "subs": -1, "data": -1, "payload": -1 });
    for (issuer, lets_in) in [(&account, true), (&KeyPair::new_account(), false)] {
        let (_creds, creds) = file(&format!(
            "-----BEGIN NATS USER JWT-----\n{}\n------END NATS USER JWT------\n\n\
             -----BEGIN USER NKEY SEED-----\n{}\n------END USER NKEY SEED------\n",
            claim(issuer, &user, about.clone()),
            user.seed().unwrap(),
        ));
        let monitor = monitor(&server, json!({ "credentials": { "creds": { "file": creds } } }));
        assert_eq!(passes(&monitor).await, lets_in);
    }
}

#[tokio::test]
async fn credentials_that_are_none_are_refused_and_not_repeated() {
    let server = server(&[]).await;
    let (_creds, creds) = file("-----BEGIN NATS USER JWT-----\ncanary\n");
    assert!(!passes(&monitor(&server, json!({ "credentials": { "creds": { "file": creds } } }))).await);
    let (_seed, seed) = file("canary");
    assert!(!passes(&monitor(&server, json!({ "credentials": { "nkey": { "file": seed } } }))).await);
    let missing = json!({ "credentials": { "token": { "variable": "DEPUTIZE_TEST_NO_SUCH_VARIABLE" } } });
    assert!(!passes(&monitor(&server, missing)).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_server_does_not_let_through_is_an_error() {
    let (_password, password) = file("canary");
    let credentials = json!({ "password": { "user": "broker", "password": { "file": password } } });
    for (publish, subscribe, lets_through) in [
        ("_INBOX.>", ">", false),
        ("security.audit.*", "_INBOX.>", false),
        ("security.audit.credentials", "security.audit.credentials", true),
    ] {
        let config = format!(
            r#"authorization {{ users = [ {{
                user: broker, password: canary, permissions: {{ publish: "{publish}", subscribe: "{subscribe}" }}
            }} ] }}"#
        );
        let (_config, config) = file(&config);
        let server = server(&["--config", &config]).await;
        let monitor = monitor(&server, json!({ "credentials": credentials }));
        let outcome = monitor.publish(&publications(0..1)).await.map_err(|error| error.to_string());
        match outcome {
            Ok(()) => assert!(lets_through, "{publish} {subscribe}"),
            Err(error) => {
                assert!(!lets_through && error.starts_with("nats objects"), "{publish} {subscribe}: {error}");
            }
        }
    }
}

/// An authority, and what it says of a server and a client, as files.
fn certificates(directory: &Path) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, TlsKey::generate().unwrap()).unwrap();
    fs::write(directory.join("authority.pem"), authority.pem()).unwrap();
    for name in ["server", "client"] {
        let key = TlsKey::generate().unwrap();
        let params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &authority).unwrap();
        fs::write(directory.join(format!("{name}.pem")), certificate.pem()).unwrap();
        fs::write(directory.join(format!("{name}.key")), key.serialize_pem()).unwrap();
    }
}

#[tokio::test]
async fn an_encrypted_connection_is_made_to_those_who_are_vouched_for() {
    let directory = tempfile::tempdir().unwrap();
    certificates(directory.path());
    let at = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    let (certificate, key, authority) = (at("server.pem"), at("server.key"), at("authority.pem"));
    let tls = ["--tls", "--tlscert", &certificate, "--tlskey", &key];
    let open = server(&tls).await;
    let roots = json!({ "required": true, "roots": authority });
    assert!(passes(&monitor(&open, json!({ "tls": roots }))).await);
    assert!(!passes(&monitor(&open, json!({ "tls": { "required": true } }))).await, "nobody vouches for it");

    let closed = server(&[&tls[..], &["--tlsverify", "--tlscacert", &authority]].concat()).await;
    assert!(!passes(&monitor(&closed, json!({ "tls": roots }))).await, "it wants to know who comes");
    let mut known = roots.clone();
    known["client"] = json!({ "certificate": at("client.pem"), "key": at("client.key") });
    assert!(passes(&monitor(&closed, json!({ "tls": known }))).await);

    let plain = server(&[]).await;
    assert!(!passes(&monitor(&plain, json!({ "tls": roots }))).await, "what must be encrypted is");
}
