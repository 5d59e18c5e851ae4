//! Stored credentials as callers meet them: who sees what, and that no secret is where it should not be.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

#[allow(dead_code, reason = "shared with the tests of the rest of the API")]
mod fakes;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use deputize_api::Authentication;
use deputize_broker::audit::What;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use fakes::Fixture;

const DOCUMENT: &str = "version: 1
tenant: acme
agents:
  devops: {}
  other: {}
credentials:
  - { id: github, type: api_key, agent: devops, risk: high, rotate: { every: 7d, connector: connectors/github.yaml } }
  - { id: others, type: api_key, agent: other, rotate: { every: 7d, connector: connectors/github.yaml } }
  - { id: build, type: aws_access_key, agent: devops }
  - { id: idp, type: oauth_token, agent: devops, rotate: { every: 4h } }
  - { id: entra, type: azure_service_principal, agent: devops }
";

const SECRET: &str = "canary-of-a-key";

async fn fixture() -> Fixture {
    let fixture = Fixture::empty(Authentication::BearerToken).await;
    let published = call(&fixture, &fixture.admin, "PUT", "/v1/scopes", DOCUMENT.to_owned()).await;
    assert_eq!(published.0, 201, "{}", published.1);
    fixture
}

async fn call(
    fixture: &Fixture,
    token: &str,
    method: &str,
    path: &str,
    body: String,
) -> (StatusCode, String) {
    let mut request =
        Request::builder().method(method).uri(path).header("authorization", format!("Bearer {token}"));
    if method == "PUT" {
        request = request.header("if-none-match", "*").header("content-type", "application/yaml");
    }
    let response = fixture.router.clone().oneshot(request.body(Body::from(body)).unwrap()).await.unwrap();
    let status = response.status();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(bytes.to_vec()).unwrap())
}

async fn import(fixture: &Fixture, id: &str, credential: Value) -> (StatusCode, Value) {
    let body = json!({ "id": id, "credential": credential }).to_string();
    let (status, text) = call(fixture, &fixture.admin, "POST", "/v1/credentials", body).await;
    assert!(!text.contains("canary"), "{text}");
    (status, serde_json::from_str(&text).unwrap())
}

async fn get(fixture: &Fixture, token: &str, path: &str) -> (StatusCode, Value) {
    let (status, text) = call(fixture, token, "GET", path, String::new()).await;
    (status, serde_json::from_str(&text).unwrap())
}

fn is_problem(answer: &(StatusCode, Value), status: u16, code: &str) {
    assert_eq!((answer.0.as_u16(), answer.1["code"].as_str()), (status, Some(code)), "{}", answer.1);
}

#[tokio::test]
async fn the_owner_reads_the_version_that_was_imported_last() {
    let fixture = fixture().await;
    let (status, record) = import(&fixture, "github", json!({ "api_key": "canary-1" })).await;
    assert_eq!(status, 201);
    let expected = json!({
        "id": "github", "type": "api_key", "agent": "devops", "risk": "high", "version": 1,
        "created_at": "2026-05-01T12:00:00Z", "updated_at": "2026-05-01T12:00:00Z", "facts": {},
        "rotation": {
            "phase": "steady", "every_seconds": 604_800, "connector": "connectors/github.yaml",
            "renewed_at": "2026-05-01T12:00:00Z", "due_at": "2026-05-08T12:00:00Z",
        },
    });
    assert_eq!(record, expected);
    assert_eq!(import(&fixture, "github", json!({ "api_key": SECRET })).await.1["version"], 2);

    let current = get(&fixture, &fixture.devops, "/v1/agents/devops/credentials/github/current").await;
    let expected =
        json!({ "id": "github", "type": "api_key", "version": 2, "credential": { "api_key": SECRET } });
    assert_eq!(current, (StatusCode::OK, expected));
    let recorded = fixture.world.recorded.lock().unwrap().clone();
    assert!(matches!(recorded.as_slice(), [What::SecretRead { lease: None, .. }]), "{recorded:?}");
    let changes = fixture.world.credentials.events();
    assert!(
        matches!(changes.as_slice(), [What::CredentialImported { .. }, What::CredentialVersionAdded { .. }]),
        "{changes:?}"
    );
}

#[tokio::test]
async fn a_key_is_issued_under_a_lease_and_it_is_told_that_nothing_ends_it() {
    let fixture = fixture().await;
    import(&fixture, "github", json!({ "api_key": SECRET })).await;
    let ask = async |body: Value| {
        let path = "/v1/agents/devops/credentials";
        let (status, text) = call(&fixture, &fixture.devops, "POST", path, body.to_string()).await;
        (status, serde_json::from_str::<Value>(&text).unwrap())
    };
    let (status, issued) = ask(json!({ "type": "api_key", "duration_seconds": 900 })).await;
    let expected = json!({
        "lease_id": issued["lease_id"],
        "type": "api_key",
        "credential": { "api_key": SECRET },
        "expires_at": "2026-05-01T12:15:00Z",
        "scope": { "target": "github", "permissions": [], "resources": [], "regions": [] },
        "enforcement": "none",
        "revocation": { "method": "none" },
    });
    assert_eq!((status.as_u16(), issued), (201, expected));
    let foreign = ask(json!({ "type": "api_key", "target": "others" })).await;
    is_problem(&foreign, 403, "outside_grant");
    assert_eq!(foreign.1["findings"][0]["code"], "nothing_stored");
}

#[tokio::test]
async fn each_type_is_read_in_its_own_fields() {
    let fixture = fixture().await;
    let key = json!({ "access_key_id": "AKIAEXAMPLE", "secret_access_key": SECRET });
    let secret = json!({ "tenant_id": "contoso", "client_id": "app", "client_secret": SECRET });
    for (id, fields) in [("build", &key), ("entra", &secret)] {
        assert_eq!(import(&fixture, id, fields.clone()).await.0, 201);
        let path = format!("/v1/agents/devops/credentials/{id}/current");
        assert_eq!(get(&fixture, &fixture.devops, &path).await.1["credential"], *fields);
    }
}

#[tokio::test]
async fn what_renews_access_tokens_is_not_given_out() {
    let fixture = fixture().await;
    let client = json!({
        "token_url": "https://idp.example.com/token", "client_id": "fleet", "refresh_token": SECRET, "scopes": ["a", "b"],
    });
    let (status, record) = import(&fixture, "idp", client).await;
    assert_eq!((status.as_u16(), &record["facts"]["grant"]), (201, &json!("refresh_token")), "{record}");
    let current = get(&fixture, &fixture.devops, "/v1/agents/devops/credentials/idp/current").await;
    is_problem(&current, 409, "conflict");
    assert!(!current.1.to_string().contains("canary"));
}

#[tokio::test]
async fn nobody_else_reads_a_secret_and_each_attempt_is_written_down() {
    let fixture = fixture().await;
    import(&fixture, "github", json!({ "api_key": SECRET })).await;
    import(&fixture, "others", json!({ "api_key": SECRET })).await;
    let path = "/v1/agents/devops/credentials/github/current";
    for (token, path, status, code) in [
        (&fixture.admin, path, 403, "not_your_agent"),
        (&fixture.auditor, path, 403, "not_your_agent"),
        (&fixture.devops, "/v1/agents/other/credentials/others/current", 403, "not_your_agent"),
        (&fixture.devops, "/v1/agents/devops/credentials/others/current", 404, "not_found"),
        (&fixture.devops, "/v1/agents/devops/credentials/missing/current", 404, "not_found"),
        (&fixture.devops, "/v1/agents/devops/credentials/NO%20NAME/current", 404, "not_found"),
    ] {
        let answer = get(&fixture, token, path).await;
        is_problem(&answer, status, code);
        let recorded = fixture.world.recorded.lock().unwrap().pop();
        let is_refusal =
            matches!(&recorded, Some(What::SecretReadRefused { code: told, .. }) if told == code);
        assert!(is_refusal, "{path}: {recorded:?}");
    }
}

#[tokio::test]
async fn admins_and_auditors_see_what_is_stored_but_no_secret() {
    let fixture = fixture().await;
    for id in ["github", "others"] {
        import(&fixture, id, json!({ "api_key": SECRET })).await;
    }
    for token in [&fixture.admin, &fixture.auditor] {
        let (status, page) = get(&fixture, token, "/v1/credentials?limit=1").await;
        assert_eq!((status.as_u16(), &page["next"]), (200, &json!("github")), "{page}");
        let (_, rest) = get(&fixture, token, "/v1/credentials?cursor=github").await;
        assert_eq!((&rest["credentials"][0]["id"], &rest["next"]), (&json!("others"), &Value::Null));
        let (status, record) = get(&fixture, token, "/v1/credentials/github").await;
        assert_eq!((status.as_u16(), &record["agent"]), (200, &json!("devops")));
        assert!(!format!("{page}{rest}{record}").contains("canary"));
        is_problem(&get(&fixture, token, "/v1/credentials/missing").await, 404, "not_found");
        is_problem(&get(&fixture, token, "/v1/credentials?limit=0").await, 400, "invalid_request");
    }
    is_problem(&get(&fixture, &fixture.devops, "/v1/credentials").await, 403, "forbidden");
    is_problem(&get(&fixture, &fixture.devops, "/v1/credentials/github").await, 403, "forbidden");
}

#[tokio::test]
async fn an_import_is_an_admins_and_of_what_the_scope_document_declares() {
    let fixture = fixture().await;
    let body = json!({ "id": "github", "credential": { "api_key": SECRET } }).to_string();
    for token in [&fixture.auditor, &fixture.devops] {
        let (status, text) = call(&fixture, token, "POST", "/v1/credentials", body.clone()).await;
        assert_eq!(status, 403, "{text}");
    }
    let undeclared = import(&fixture, "gitlab", json!({ "api_key": SECRET })).await;
    is_problem(&undeclared, 404, "not_found");
    for (id, fields) in [
        ("github", json!({ "refresh_token": SECRET })),
        ("github", json!({ "api_key": SECRET, "client_secret": SECRET })),
        ("github", json!({ "api_key": format!("{SECRET}\n") })),
        ("github", json!({ "api_key": SECRET, SECRET: 1 })),
        ("github", json!(SECRET)),
        (
            "idp",
            json!({ "token_url": "http://idp.example.com/token", "client_id": "a", "client_secret": SECRET }),
        ),
        ("NO NAME", json!({ "api_key": SECRET })),
    ] {
        is_problem(&import(&fixture, id, fields).await, 400, "invalid_request");
    }
    let large = json!({ "api_key": "x".repeat(300 * 1024) });
    is_problem(&import(&fixture, "github", large).await, 413, "too_large");
    assert!(fixture.world.credentials.events().is_empty());
}

#[tokio::test]
async fn a_secret_is_not_given_where_the_read_cannot_be_written_down() {
    let fixture = fixture().await;
    import(&fixture, "github", json!({ "api_key": SECRET })).await;
    let path = "/v1/agents/devops/credentials/github/current";
    assert_eq!(get(&fixture, &fixture.devops, path).await.0, 200);
    fixture.world.outbox_is_full.store(true, std::sync::atomic::Ordering::Relaxed);
    let answer = get(&fixture, &fixture.devops, path).await;
    is_problem(&answer, 503, "audit_unavailable");
    assert!(!answer.1.to_string().contains("canary"));
}

#[tokio::test]
async fn an_admin_asks_for_a_rotation_and_sees_it_due_at_once() {
    let fixture = fixture().await;
    import(&fixture, "github", json!({ "api_key": SECRET, "key_id": "k-1" })).await;
    let ask = async |token: &str, path: &str| {
        let (status, text) = call(&fixture, token, "POST", path, String::new()).await;
        (status, serde_json::from_str::<Value>(&text).unwrap())
    };
    for token in [&fixture.auditor, &fixture.devops] {
        is_problem(&ask(token, "/v1/credentials/github:rotate").await, 403, "forbidden");
    }
    is_problem(&ask(&fixture.admin, "/v1/credentials/gitlab:rotate").await, 404, "not_found");
    is_problem(&ask(&fixture.admin, "/v1/credentials/github").await, 404, "not_found");
    let (status, record) = ask(&fixture.admin, "/v1/credentials/github:rotate").await;
    assert_eq!(status, 202, "{record}");
    assert_eq!(record["rotation"]["due_at"], "2026-05-01T12:00:00Z");
    assert_eq!(record["facts"]["key_id"], "k-1");
    let changes = fixture.world.credentials.events();
    assert!(matches!(changes.as_slice(), [_, What::RotationAsked { .. }]), "{changes:?}");
}

#[tokio::test]
async fn a_receipt_is_its_agents_own_and_for_a_version_that_is_to_be_used() {
    let fixture = fixture().await;
    import(&fixture, "github", json!({ "api_key": SECRET })).await;
    let adopt = async |token: &str, path: &str, body: Value| {
        let path = format!("/v1/agents/{path}/adopted");
        let (status, text) = call(&fixture, token, "POST", &path, body.to_string()).await;
        (status, serde_json::from_str::<Value>(&text).unwrap_or_default())
    };
    let own = "devops/credentials/github/versions/1";
    assert_eq!(adopt(&fixture.devops, own, json!({})).await.0, 204);
    let evidence = json!({ "used_at": "2026-05-01T12:00:00Z", "used_for": "request 17" });
    assert_eq!(adopt(&fixture.devops, own, evidence).await.0, 204);
    is_problem(&adopt(&fixture.admin, own, json!({})).await, 403, "not_your_agent");
    let of_other = "other/credentials/others/versions/1";
    is_problem(&adopt(&fixture.devops, of_other, json!({})).await, 403, "not_your_agent");
    let not_its_own = "devops/credentials/others/versions/1";
    is_problem(&adopt(&fixture.devops, not_its_own, json!({})).await, 404, "not_found");
    let later = "devops/credentials/github/versions/2";
    is_problem(&adopt(&fixture.devops, later, json!({})).await, 409, "conflict");
    for wrong in [json!({ "used_at": "yesterday" }), json!({ "used_for": "" }), json!({ "secret": "x" })] {
        is_problem(&adopt(&fixture.devops, own, wrong).await, 400, "invalid_request");
    }
    assert_eq!(adopt(&fixture.devops, "devops/credentials/github/versions/one", json!({})).await.0, 400);
}

#[tokio::test]
async fn connectors_are_put_by_admins_and_only_where_they_are_whole() {
    let fixture = fixture().await;
    let text = include_str!("../../../examples/connectors/sandbox.yaml");
    let put = async |token: &str, name: &str, text: &str| {
        let body = json!({ "name": name, "text": text }).to_string();
        let request = Request::put("/v1/connectors").header("authorization", format!("Bearer {token}"));
        let request = request.header("content-type", "application/json").body(Body::from(body)).unwrap();
        let response = fixture.router.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice::<Value>(&bytes).unwrap())
    };
    let name = "connectors/github.yaml";
    is_problem(&put(&fixture.auditor, name, text).await, 403, "forbidden");
    is_problem(&put(&fixture.admin, "../github.yaml", text).await, 400, "invalid_request");
    let refused = put(&fixture.admin, name, "version: 1").await;
    is_problem(&refused, 400, "invalid_request");
    assert!(!refused.1["findings"].as_array().unwrap().is_empty());
    for _ in 0..2 {
        assert_eq!(put(&fixture.admin, name, text).await.0, 200);
    }
    let listed = get(&fixture, &fixture.auditor, "/v1/connectors").await;
    assert_eq!(listed.1, json!({ "connectors": [{ "name": name, "text": text }] }));
    is_problem(&get(&fixture, &fixture.devops, "/v1/connectors").await, 403, "forbidden");
    let changes = fixture.world.credentials.events();
    assert!(matches!(changes.as_slice(), [What::ConnectorChanged { .. }]), "{changes:?}");
}
