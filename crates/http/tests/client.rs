//! What can go wrong on the wire, each with its own name.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use deputize_http::{Answer, Client, Method, Network, Problem};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

/// Gives each connection these bytes and closes it.
async fn stub(answer: Vec<u8>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 4_096];
            let _read = stream.read(&mut request).await;
            let _written = stream.write_all(&answer).await;
            let _closed = stream.shutdown().await;
        }
    });
    format!("http://{address}/?code=canary")
}

async fn get(url: &str) -> Result<Answer, Problem> {
    let client = Client::direct().unwrap();
    client.send(client.request(Method::GET, url.parse().unwrap())).await
}

#[tokio::test]
async fn an_answer_of_any_status_is_an_answer() {
    let head = "HTTP/1.1 429 Too Many Requests\r\nretry-after: 7\r\ncontent-type: application/json\r\n";
    let answer = get(&stub(format!("{head}content-length: 2\r\n\r\n[]").into_bytes()).await).await.unwrap();
    assert_eq!((answer.status, answer.is_success(), answer.is_json()), (429, false, true));
    assert_eq!(answer.retry_after().unwrap().as_secs(), 7);
    assert_eq!(*answer.body, b"[]");
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let answer = b"HTTP/1.1 307 Temporary Redirect\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n";
    assert_eq!(get(&stub(answer.to_vec()).await).await.unwrap().status, 307);
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_no_answer() {
    let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"access_token\":\"ca";
    assert_eq!(get(&stub(answer.to_vec()).await).await.unwrap_err(), Problem::BrokenOff);
}

#[tokio::test]
async fn an_answer_of_three_megabytes_is_not_read_to_its_end() {
    let mut answer = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n".to_vec();
    answer.resize(3_000_000, b' ');
    assert_eq!(get(&stub(answer).await).await.unwrap_err(), Problem::TooLarge);
}

#[tokio::test]
async fn nobody_there_is_no_connection() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    assert_eq!(get(&format!("http://{free}/")).await.unwrap_err(), Problem::NoConnection);
}

#[tokio::test]
async fn a_connection_that_is_closed_after_the_request_is_no_answer() {
    assert_eq!(get(&stub(Vec::new()).await).await.unwrap_err(), Problem::NoAnswer);
}

#[tokio::test]
async fn a_name_that_leads_to_this_machine_is_not_public() {
    let here = stub(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".to_vec()).await;
    let by_name = here.replacen("127.0.0.1", "localhost", 1);
    for url in [&here, &by_name] {
        let sent = async |network| {
            let client = Client::within(network).unwrap();
            client.send(client.request(Method::GET, url.parse().unwrap())).await
        };
        assert!(matches!(sent(Network::Public).await.unwrap_err(), Problem::NotSent(_)), "{url}");
        assert_eq!(sent(Network::Any).await.unwrap().status, 200);
    }
}

#[tokio::test]
async fn a_certificate_of_nobody_known_is_not_trusted() {
    let url = stub_tls().await;
    assert_eq!(get(&url).await.unwrap_err(), Problem::Untrusted);
}

#[tokio::test]
async fn a_place_that_speaks_no_tls_is_not_trusted() {
    let plain = stub(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".to_vec()).await;
    assert_eq!(get(&plain.replacen("http", "https", 1)).await.unwrap_err(), Problem::Untrusted);
}

/// Speaks TLS with a certificate that it made itself.
async fn stub_tls() -> String {
    use std::sync::Arc;

    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = rustls::pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut session = rustls::ServerConnection::new(Arc::new(config.clone())).unwrap();
            let mut stream = stream.unwrap();
            while session.is_handshaking() && session.complete_io(&mut stream).is_ok() {}
        }
    });
    format!("https://localhost:{port}/")
}
