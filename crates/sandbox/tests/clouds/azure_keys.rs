//! Key Vault's secrets, and the passwords of applications.

use std::time::Duration;

use serde_json::json;

use crate::azure::{BROKER, DEVOPS, TENANT, Tenant};
use crate::served::{get, post_json};

const VAULT: &str = "https://vault.azure.net";
const GRAPH: &str = "https://graph.microsoft.com";

#[tokio::test]
async fn a_secret_is_given_to_who_may_read_it_after_the_challenge() {
    let tenant = Tenant::listed().await;
    let read = async |path: &str, token: Option<&str>| {
        get(&format!("{}/secrets/{path}?api-version=2026-04-01", tenant.vault), token).await
    };
    let challenged = read("db/", None).await;
    assert_eq!((challenged.status, challenged.text_at("/error/code").as_str()), (401, "Unauthorized"));
    let challenge = format!(
        "Bearer authorization=\"https://login.microsoftonline.com/{TENANT}\", resource=\"https://vault.azure.net\""
    );
    assert_eq!(challenged.headers["www-authenticate"], challenge);

    let token = tenant.token(DEVOPS, VAULT).await;
    let newest = read("db/", Some(&token)).await;
    assert_eq!(newest.text_at("/value"), "new");
    let id = format!("{}/secrets/db/00000000000000000000000000000002", tenant.vault);
    assert_eq!(newest.text_at("/id"), id);
    assert_eq!(newest.json()["attributes"]["enabled"], true);
    let older = read("db/00000000000000000000000000000001", Some(&token)).await;
    assert_eq!(older.text_at("/value"), "old");
    let nested = format!("{}/vaults/acme/secrets/db?api-version=7.4", tenant.url);
    assert_eq!(get(&nested, Some(&token)).await.text_at("/value"), "new");

    let stranger = tenant.token(BROKER, VAULT).await;
    let management = tenant.token(DEVOPS, "https://management.azure.com").await;
    for (what, path, token, status, code) in [
        ("a version that is not there", "db/00000000000000000000000000000009", &token, 404, "SecretNotFound"),
        ("a secret of others", "off", &token, 403, "Forbidden"),
        ("somebody else", "db", &stranger, 403, "Forbidden"),
        ("a token for another service", "db", &management, 401, "Unauthorized"),
    ] {
        let found = read(path, Some(token)).await;
        assert_eq!(
            (found.status, found.text_at("/error/code").as_str()),
            (status, code),
            "{what}: {found:?}"
        );
    }
    assert_eq!(read("db", Some(&stranger)).await.text_at("/error/innererror/code"), "ForbiddenByRbac");
    let bare = format!("{}/secrets/db", tenant.vault);
    assert_eq!(get(&bare, Some(&token)).await.text_at("/error/code"), "BadParameter");

    let anyone = Tenant::start().await;
    let token = anyone.token(DEVOPS, VAULT).await;
    for (name, status, code) in [("off", 403, "Forbidden"), ("nope", 404, "SecretNotFound")] {
        let url = format!("{}/secrets/{name}?api-version=7.4", anyone.vault);
        let found = get(&url, Some(&token)).await;
        assert_eq!((found.status, found.text_at("/error/code").as_str()), (status, code), "{name}");
    }
    anyone.hands.advance(Duration::from_secs(3_599));
    let url = format!("{}/secrets/db?api-version=7.4", anyone.vault);
    assert_eq!(get(&url, Some(&token)).await.status, 401);
}

#[tokio::test]
async fn a_password_works_once_it_is_known_and_until_its_removal_is() {
    let tenant = Tenant::configured(|config, issuer| {
        config.propagation = Duration::from_secs(60);
        config.apps = deputize_sandbox::azure::Apps::Any { issuers: vec![issuer.to_owned()] };
    })
    .await;
    let graph = tenant.token(BROKER, GRAPH).await;
    let application = format!("{}/v1.0/applications/{DEVOPS}", tenant.url);
    let wanted =
        json!({ "passwordCredential": { "displayName": "v2", "endDateTime": "2026-11-24T06:00:00Z" } });
    let added = post_json(&format!("{application}/addPassword"), Some(&graph), &wanted).await;
    let (secret, key_id) = (added.text_at("/secretText"), added.text_at("/keyId"));
    assert_eq!(secret.len(), 40);
    assert_eq!(added.text_at("/hint"), secret[..3]);
    let listed = get(&application, Some(&graph)).await;
    assert_eq!(listed.text_at("/passwordCredentials/0/keyId"), key_id);
    assert!(listed.json()["passwordCredentials"][0]["secretText"].is_null());
    let by_client = get(&format!("{}/v1.0/applications(appId='{DEVOPS}')", tenant.url), Some(&graph)).await;
    assert_eq!(by_client.json(), listed.json());

    let sign_in = async || {
        let changes =
            [("client_assertion", ""), ("client_assertion_type", ""), ("client_secret", secret.as_str())];
        tenant.ask(TENANT, &changes).await
    };
    let refused = |code: u32| json!([code]);
    assert_eq!(sign_in().await.json()["error_codes"], refused(7_000_215));
    tenant.hands.advance(Duration::from_secs(60));
    assert_eq!(sign_in().await.status, 200);
    // Kept over a restart, as a digest.
    let kept = serde_json::to_string(&tenant.sandbox.passwords()).unwrap();
    assert!(kept.contains(&key_id) && !kept.contains(&secret));

    let remove = async || {
        post_json(&format!("{application}/removePassword"), Some(&graph), &json!({ "keyId": key_id })).await
    };
    assert_eq!(remove().await.status, 204);
    assert_eq!(remove().await.text_at("/error/code"), "Request_BadRequest");
    assert_eq!(get(&application, Some(&graph)).await.json()["passwordCredentials"], json!([]));
    assert_eq!(sign_in().await.status, 200);
    tenant.hands.advance(Duration::from_secs(60));
    assert_eq!(sign_in().await.json()["error_codes"], refused(7_000_215));
}

#[tokio::test]
async fn a_new_password_works_now_and_then_before_it_works_always() {
    let tenant = Tenant::configured(|config, issuer| {
        config.propagation = Duration::from_secs(60);
        config.flapping = Duration::from_secs(120);
        config.apps = deputize_sandbox::azure::Apps::Any { issuers: vec![issuer.to_owned()] };
    })
    .await;
    let graph = tenant.token(BROKER, GRAPH).await;
    let application = format!("{}/v1.0/applications(appId='{DEVOPS}')", tenant.url);
    let added = post_json(&format!("{application}/addPassword"), Some(&graph), &json!({})).await;
    let secret = added.text_at("/secretText");
    let sign_in =
        async || tenant.ask(TENANT, &[("client_assertion", ""), ("client_secret", &secret)]).await.status;
    let four_times = async || [sign_in().await, sign_in().await, sign_in().await, sign_in().await];
    assert_eq!(four_times().await, [401; 4]);
    tenant.hands.advance(Duration::from_secs(60));
    assert_eq!(four_times().await, [200, 401, 200, 401]);
    tenant.hands.advance(Duration::from_secs(120));
    assert_eq!(four_times().await, [200; 4]);

    let selected = get(&format!("{application}?$select=passwordCredentials"), Some(&graph)).await.json();
    assert_eq!(selected.as_object().unwrap().len(), 1);
    let removed = json!({ "keyId": added.text_at("/keyId") });
    let removed = post_json(&format!("{application}/removePassword"), Some(&graph), &removed).await;
    assert_eq!(removed.status, 204);
}

#[tokio::test]
async fn a_password_that_ended_is_said_to_have() {
    let tenant = Tenant::start().await;
    let graph = tenant.token(BROKER, GRAPH).await;
    let application = format!("{}/v1.0/applications/{DEVOPS}", tenant.url);
    let until = |end: &str| json!({ "passwordCredential": { "endDateTime": end } });
    let add = format!("{application}/addPassword");
    let past = post_json(&add, Some(&graph), &until("2026-11-23T06:00:00Z")).await;
    assert_eq!((past.status, past.text_at("/error/code").as_str()), (400, "Request_BadRequest"));
    let added = post_json(&add, Some(&graph), &until("2026-11-23T06:10:00Z")).await;
    let secret = added.text_at("/secretText");
    tenant.hands.advance(Duration::from_secs(600));
    let ended = tenant.ask(TENANT, &[("client_assertion", ""), ("client_secret", &secret)]).await;
    assert_eq!(ended.json()["error_codes"], json!([7_000_222]));
}

#[tokio::test]
async fn only_an_owner_changes_the_passwords_of_an_application() {
    let tenant = Tenant::listed().await;
    let (broker, devops) = (tenant.token(BROKER, GRAPH).await, tenant.token(DEVOPS, GRAPH).await);
    let vault = tenant.token(BROKER, VAULT).await;
    let application = |id: &str| format!("{}/v1.0/applications/{id}", tenant.url);
    for (what, url, token, status, code) in [
        ("the owner", application("object-devops"), Some(&broker), 200, ""),
        ("of itself", application("object-broker"), Some(&broker), 403, "Authorization_RequestDenied"),
        (
            "without permission",
            application("object-devops"),
            Some(&devops),
            403,
            "Authorization_RequestDenied",
        ),
        (
            "a token for another service",
            application("object-devops"),
            Some(&vault),
            401,
            "InvalidAuthenticationToken",
        ),
        ("no token", application("object-devops"), None, 401, "InvalidAuthenticationToken"),
    ] {
        let found = get(&url, token.map(String::as_str)).await;
        assert_eq!(found.status, status, "{what}: {found:?}");
        if status != 200 {
            assert_eq!(found.text_at("/error/code"), code, "{what}");
            assert_eq!(found.text_at("/error/innerError/request-id").len(), 36);
        }
    }
    let anyone = Tenant::start().await;
    let token = anyone.token(BROKER, GRAPH).await;
    let missing = get(&format!("{}/v1.0/applications/nobody", anyone.url), Some(&token)).await;
    assert_eq!((missing.status, missing.text_at("/error/code").as_str()), (404, "Request_ResourceNotFound"));
}
