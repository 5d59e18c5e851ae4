//! An application that changes the secrets of others, proved by the broker's identity tokens.

use std::collections::BTreeMap;

use deputize_azure::PasswordSettings;
use deputize_broker::ports::rotation::{KeyProvider as _, OperationId, Subject};
use deputize_testkit::rotation::record_of;
use deputize_testkit::stub::{Canned, Stub};
use serde_json::{Value, json};

use crate::directory::{AGENT, TENANT, current, provider_at, some_time};

const MANAGER: &str = "00000000-0000-4000-8000-0000000000bb";

#[tokio::test]
async fn the_manager_is_who_changes_secrets_and_the_candidate_is_who_proves_itself() {
    let stub = Stub::start().await.unwrap();
    stub.answers("/oauth2/v2.0/token", [Canned::json(200, r#"{"access_token":"canary-token"}"#)]);
    let made = json!({ "keyId": "00000000-0000-4000-8000-00000000000b", "secretText": "canary-new" });
    stub.answers("/addPassword", [Canned::json(200, made.to_string())]);
    let settings =
        PasswordSettings { manager: Some(MANAGER.parse().unwrap()), ..PasswordSettings::default() };
    let provider = provider_at(&stub.url, some_time(), settings);
    let current = current(AGENT);
    let record = record_of(&current);
    let subject = Subject { record: &record, current: &current, connector: None };
    let operation = OperationId::from_u128(7);
    let candidate = provider.create(&subject, operation).await.unwrap();
    assert!(provider.probe(&subject, &candidate).await.unwrap());

    let [managing, proving] = &stub.asked("POST")[..]
        .iter()
        .filter(|asked| asked.line == format!("POST /{TENANT}/oauth2/v2.0/token"))
        .map(|asked| form_urlencoded::parse(asked.body.as_bytes()).into_owned().collect())
        .collect::<Vec<BTreeMap<String, String>>>()[..]
    else {
        panic!("two tokens are asked for")
    };
    assert_eq!(managing["client_id"], MANAGER);
    assert_eq!(managing["client_assertion"], "canary-assertion-for-api://AzureADTokenExchange");
    assert_eq!(managing["client_assertion_type"], "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
    assert!(!managing.contains_key("client_secret"));
    assert_eq!((proving["client_id"].as_str(), proving["client_secret"].as_str()), (AGENT, "canary-new"));
    assert_eq!(proving["scope"], "https://graph.microsoft.com/.default");

    let [added] = &stub.asked("/addPassword")[..] else { panic!("one secret is made") };
    assert_eq!(added.line, format!("POST /v1.0/applications(appId='{AGENT}')/addPassword"));
    assert_eq!(added.headers["authorization"], "Bearer canary-token");
    let wanted = json!({ "passwordCredential": {
        "displayName": operation.label(),
        "endDateTime": "2026-11-30T06:00:00Z",
    } });
    assert_eq!(serde_json::from_str::<Value>(&added.body).unwrap(), wanted);
}
