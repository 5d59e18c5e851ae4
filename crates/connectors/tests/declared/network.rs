//! Where calls go, and where they never do.

use deputize_broker::ports::rotation::{KeyProvider as _, OperationId, Subject};
use deputize_connectors::{ConnectorSettings, DeclaredConnector};
use deputize_testkit::stub::{Canned, Stub};

use crate::place::{Provider, SANDBOX, engine};

const OPERATION: OperationId = OperationId::from_u128(1);

/// A connector whose calls go to a host.
fn to(host: &str) -> String {
    SANDBOX.replace("127.0.0.1:7117", host)
}

/// The same over TLS, as all but those to this machine go.
fn over_tls(host: &str) -> String {
    to(host).replace("http:", "https:")
}

#[tokio::test]
async fn no_private_address_is_called_unless_the_deployment_says_so() {
    let provider = Provider::start().await;
    let strict = DeclaredConnector::new(ConnectorSettings::default());
    // The last one is a name, and is seen once it is resolved.
    for host in [
        "127.0.0.1:1",
        "10.0.0.1",
        "169.254.169.254",
        "[::1]:1",
        "[fd00:ec2::254]",
        "100.100.100.200",
        "localhost:1",
    ] {
        let connector = over_tls(host);
        let subject = Subject { connector: Some(&connector), ..provider.subject() };
        let error = strict.create(&subject, OPERATION).await.unwrap_err();
        assert_eq!(error.code(), "address_not_allowed", "{host}: {error:?}");
    }
    // Without TLS it is not even looked up.
    let refused = strict.create(&provider.subject(), OPERATION).await.unwrap_err();
    assert_eq!(refused.code(), "host_not_allowed");
    assert!(provider.engine.create(&provider.subject(), OPERATION).await.is_ok());
}

#[tokio::test]
async fn the_next_page_of_a_list_is_not_followed_to_another_host() {
    let provider = Provider::start().await;
    let (stub, other) = (Stub::start().await.unwrap(), Stub::start().await.unwrap());
    let connector = to(stub.url.trim_start_matches("http://"));
    let subject = Subject { connector: Some(&connector), ..provider.subject() };
    let next = serde_json::json!({ "keys": [], "next": format!("{}/more", other.url) });
    stub.answers("GET /sandbox/keys/v1/keys", [Canned::json(200, next.to_string())]);
    assert_eq!(engine().list(&subject).await.unwrap_err().code(), "host_not_allowed");
    assert!(other.asked("").is_empty());
}

#[tokio::test]
async fn a_connector_that_is_wrong_or_not_there_is_told() {
    let provider = Provider::start().await;
    let none = Subject { connector: None, ..provider.subject() };
    assert_eq!(provider.engine.abilities(&none).unwrap_err().code(), "no_connector");
    let wrong = Subject { connector: Some("version: 1"), ..provider.subject() };
    assert_eq!(provider.engine.list(&wrong).await.unwrap_err().code(), "invalid_connector");
}
