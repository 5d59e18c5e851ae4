//! The API as a caller meets it: what comes back, under which status and headers.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

#[path = "../fakes/mod.rs"]
mod fakes;
mod narrowing;

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;

use axum::body::Body;
use axum::http::{Request, Response, StatusCode};
use deputize_api::{ApiDescription, Authentication, RequestId};
use deputize_broker::CallerIdentity;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;
use utoipa::OpenApi as _;

use fakes::{CANARY, DOCUMENT, Fixture, Weather};

const CREDENTIALS: &str = "/v1/agents/devops/credentials";

struct Answer {
    status: StatusCode,
    headers: axum::http::HeaderMap,
    text: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Asserts that this is the problem of that code, told as RFC 9457 says.
    fn is_problem(&self, status: u16, code: &str) -> Value {
        let body = self.json();
        assert_eq!((self.status.as_u16(), body["code"].as_str()), (status, Some(code)), "{}", self.text);
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert!(!self.header("x-request-id").is_empty());
        assert_eq!(body["status"], status);
        assert_eq!(body["type"], format!("urn:deputize:problem:{code}"));
        assert!(body["title"].is_string() && body["detail"].is_string(), "{}", self.text);
        body
    }
}

impl Fixture {
    async fn send(&self, request: Request<Body>) -> Answer {
        let response: Response<Body> = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        Answer { status: parts.status, headers: parts.headers, text }
    }

    async fn call(
        &self,
        token: &str,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if !token.is_empty() {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(body.into()).unwrap()).await
    }

    async fn ask(&self, body: &Value) -> Answer {
        self.call(&self.devops, "POST", CREDENTIALS, &[], body.to_string()).await
    }
}

#[tokio::test]
async fn an_agent_gets_what_it_is_granted() {
    let fixture = Fixture::new().await;
    let answer = fixture.ask(&json!({ "cloud": "aws", "purpose": "look" })).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    assert_eq!(answer.header("cache-control"), "no-store");
    assert!(answer.header("server-timing").starts_with("broker;dur="), "{}", answer.header("server-timing"));
    let body = answer.json();
    let expected = json!({
        "lease_id": body["lease_id"],
        "cloud": "aws",
        "type": "aws_iam_role",
        "credential": {
            "access_key_id": "ASIAEXAMPLE",
            "secret_access_key": CANARY,
            "session_token": format!("{CANARY}-session"),
            "expiration": "2026-05-01T13:00:00Z",
        },
        "expires_at": "2026-05-01T13:00:00Z",
        "scope": {
            "target": "arn:aws:iam::123456789012:role/agent-devops",
            "permissions": ["ecs:DescribeServices"],
            "resources": ["arn:aws:ecs:us-east-1:123456789012:service/prod/*"],
            "regions": ["us-east-1"],
        },
        "enforcement": "session_policy",
        "revocation": { "method": "at_expiry", "effective_at": "2026-05-01T13:00:00Z" },
    });
    assert_eq!(body, expected);
}

#[tokio::test]
async fn a_request_sent_again_under_its_key_is_replayed() {
    let fixture = Fixture::new().await;
    let key = [("idempotency-key", "k1")];
    let body = r#"{"cloud":"aws"}"#;
    let first = fixture.call(&fixture.devops, "POST", CREDENTIALS, &key, body).await;
    let again = fixture.call(&fixture.devops, "POST", CREDENTIALS, &key, body).await;
    assert_eq!((first.status, again.status), (StatusCode::CREATED, StatusCode::CREATED), "{}", again.text);
    assert_eq!((first.header("idempotent-replayed"), again.header("idempotent-replayed")), ("", "true"));
    assert_eq!(first.json(), again.json());

    let other = r#"{"cloud":"aws","duration_seconds":900}"#;
    fixture.call(&fixture.devops, "POST", CREDENTIALS, &key, other).await.is_problem(409, "conflict");
    let bad = [("idempotency-key", "two words")];
    let answer = fixture.call(&fixture.devops, "POST", CREDENTIALS, &bad, body).await;
    answer.is_problem(400, "invalid_request");
}

#[tokio::test]
async fn a_refusal_shows_a_call_that_is_not_granted() {
    let fixture = Fixture::new().await;
    let answer = fixture.ask(&json!({ "cloud": "aws", "permissions": ["s3:DeleteBucket"] })).await;
    let body = answer.is_problem(403, "outside_grant");
    let finding = &body["findings"][0];
    assert_eq!(finding["code"], "outside_grant");
    assert_eq!(finding["severity"], "error");
    assert_eq!(finding["witness"]["action"], "s3:DeleteBucket");
    assert_eq!(finding["witness"]["certainty"], "shown");
    assert!(finding["message"].is_string() && finding["help"].is_string());

    let body = fixture.ask(&json!({ "cloud": "gcp" })).await.is_problem(403, "outside_grant");
    assert_eq!(body["findings"][0]["code"], "no_grant");
    let body = fixture.ask(&json!({ "cloud": "aws", "duration_seconds": 7200 })).await;
    assert_eq!(body.is_problem(403, "outside_grant")["findings"][0]["code"], "too_long");
}

#[tokio::test]
async fn a_request_that_is_malformed_is_told_where() {
    let fixture = Fixture::new().await;
    for (body, hint) in [
        (r#"{"cloud":"aws","permision":[]}"#, "permision"),
        (r#"{"cloud":"aws","duration_seconds":0}"#, "nonzero"),
        (r#"{"cloud":"aws","duration_seconds":-1}"#, "-1"),
        (r#"{"cloud":"aws","duration_seconds":4294967296}"#, "u32"),
        (r#"{"cloud":"mars"}"#, "mars"),
        (r#"{"cloud":"aws""#, "EOF"),
        ("{}", "cloud"),
        ("", "EOF"),
        (r#"{"cloud":"aws","permissions":[]}"#, "permissions"),
        (r#"{"cloud":"aws","purpose":""}"#, "purpose"),
        (r#"{"cloud":"aws","context":{"":"x"}}"#, "context"),
    ] {
        let answer = fixture.call(&fixture.devops, "POST", CREDENTIALS, &[], body).await;
        let problem = answer.is_problem(400, "invalid_request");
        assert!(problem["detail"].as_str().unwrap().contains(hint), "{body}: {}", problem["detail"]);
    }
    let answer = fixture.call(&fixture.devops, "POST", CREDENTIALS, &[], vec![0xff, 0xfe]).await;
    answer.is_problem(400, "invalid_request");
    let form = [("content-type", "text/plain")];
    let answer = fixture.call(&fixture.devops, "POST", CREDENTIALS, &form, r#"{"cloud":"aws"}"#).await;
    answer.is_problem(400, "invalid_request");
}

#[tokio::test]
async fn a_body_is_bounded() {
    let fixture = Fixture::new().await;
    for size in [256 * 1024, 256 * 1024 + 1] {
        let answer = fixture.call("", "POST", "/v1/scopes:check", &[], " ".repeat(size)).await;
        let expected = if size > 256 * 1024 { 413 } else { 200 };
        assert_eq!(answer.status, expected, "{size}");
        if expected == 413 {
            answer.is_problem(413, "too_large");
            assert_eq!(answer.header("connection"), "close");
        }
    }
}

#[tokio::test]
async fn nobody_acts_without_proving_who_they_are() {
    let fixture = Fixture::new().await;
    let forged = format!("{}0", &fixture.admin[..fixture.admin.len() - 1]);
    for token in ["", "nonsense", &forged] {
        let answer = fixture.call(token, "GET", "/v1/leases", &[], "").await;
        answer.is_problem(401, "unauthenticated");
        assert!(answer.header("www-authenticate").starts_with("Bearer"));
    }
    let second = format!("Bearer {}", fixture.admin);
    let headers = [("authorization", second.as_str())];
    let answer = fixture.call(&fixture.devops, "GET", "/v1/leases", &headers, "").await;
    answer.is_problem(401, "unauthenticated");
}

#[tokio::test]
async fn behind_a_gateway_only_the_gateway_is_believed() {
    let fixture = Fixture::empty(Authentication::Gateway).await;
    let answer = fixture.call(&fixture.admin, "GET", "/v1/scopes", &[], "").await;
    answer.is_problem(401, "unauthenticated");

    let fixture = Fixture::behind_gateway().await;
    let mut request = Request::get("/v1/agents/devops/scopes").body(Body::empty()).unwrap();
    let arn = "arn:aws:sts::111122223333:assumed-role/devops-runtime/session".parse().unwrap();
    request.extensions_mut().insert(CallerIdentity::Aws(arn));
    request.extensions_mut().insert(RequestId("named-by-the-gateway".into()));
    let answer = fixture.send(request).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.header("x-request-id"), "named-by-the-gateway");
}

#[tokio::test]
async fn an_agent_is_kept_to_itself() {
    let fixture = Fixture::new().await;
    let (devops, admin) = (&fixture.devops, &fixture.admin);
    let body = r#"{"cloud":"aws"}"#;
    for token in [devops, admin] {
        let answer = fixture.call(token, "POST", "/v1/agents/other/credentials", &[], body).await;
        answer.is_problem(403, "not_your_agent");
    }
    fixture.call(devops, "GET", "/v1/agents/other/scopes", &[], "").await.is_problem(403, "not_your_agent");
    fixture.call(admin, "GET", "/v1/agents/other/scopes", &[], "").await.is_problem(404, "unknown_agent");
    fixture.call(devops, "GET", "/v1/leases?agent=other", &[], "").await.is_problem(403, "not_your_agent");
    fixture.call(devops, "GET", "/v1/scopes", &[], "").await.is_problem(403, "forbidden");
    fixture.call(devops, "PUT", "/v1/scopes", &[], DOCUMENT).await.is_problem(403, "forbidden");
    let grant = fixture.call(devops, "GET", "/v1/agents/devops/scopes", &[], "").await.json();
    assert_eq!(grant["budget"], json!({ "live_leases": 2, "per_minute": 30 }));
    assert_eq!(grant["scopes"][0]["cloud"], "aws");
}

#[tokio::test]
async fn leases_are_listed_by_page_and_revoked() {
    let fixture = Fixture::new().await;
    let lease = fixture.ask(&json!({ "cloud": "aws" })).await.json()["lease_id"].clone();
    fixture.ask(&json!({ "cloud": "aws" })).await;
    let answer = fixture.ask(&json!({ "cloud": "aws" })).await;
    answer.is_problem(429, "budget_exhausted");
    assert!(answer.header("retry-after").parse::<u64>().unwrap() >= 1);

    let page = fixture.call(&fixture.auditor, "GET", "/v1/leases?limit=1", &[], "").await;
    assert!(!page.text.contains(CANARY));
    let next = format!("/v1/leases?limit=1&cursor={}", page.json()["next"].as_str().unwrap());
    let second = fixture.call(&fixture.auditor, "GET", &next, &[], "").await.json();
    assert_eq!((&second["leases"][0]["lease_id"], &second["next"]), (&lease, &Value::Null));
    for query in ["limit=0", "limit=101", "cursor=x", "agent=A!", "unknown=1", "limit=x"] {
        let answer = fixture.call(&fixture.admin, "GET", &format!("/v1/leases?{query}"), &[], "").await;
        answer.is_problem(400, "invalid_request");
    }

    let path = format!("/v1/leases/{}", lease.as_str().unwrap());
    fixture.call(&fixture.auditor, "DELETE", &path, &[], "").await.is_problem(403, "forbidden");
    let revoked = fixture.call(&fixture.devops, "DELETE", &path, &[], "").await.json();
    assert_eq!(revoked["state"], "revoked");
    assert_eq!(revoked["revocation"]["effective_at"], "2026-05-01T13:00:00Z");
    for missing in ["/v1/leases/x", "/v1/leases/0198f0aa-7d3a-7c4e-8f00-0123456789ab"] {
        fixture.call(&fixture.admin, "DELETE", missing, &[], "").await.is_problem(404, "not_found");
    }
}

#[tokio::test]
async fn a_cloud_is_quoted_by_its_code_only() {
    let fixture = Fixture::new().await;
    *fixture.world.weather.lock().unwrap() = Weather::Refusing;
    let answer = fixture.ask(&json!({ "cloud": "aws" })).await;
    let body = answer.is_problem(502, "cloud_refused");
    assert!(body["detail"].as_str().unwrap().contains("AccessDenied") && body["lease_id"].is_string());
    assert!(!answer.text.contains("the whole answer of the cloud"));

    *fixture.world.weather.lock().unwrap() = Weather::Silent;
    let answer = fixture.ask(&json!({ "cloud": "aws" })).await;
    answer.is_problem(503, "cloud_unavailable");
    assert_eq!(answer.header("retry-after"), "7");
}

#[tokio::test]
async fn a_defect_is_answered_and_says_nothing_of_what_was_in_hand() {
    let fixture = Fixture::new().await;
    *fixture.world.weather.lock().unwrap() = Weather::Broken;
    let answer = fixture.ask(&json!({ "cloud": "aws" })).await;
    answer.is_problem(500, "internal");
    assert!(!answer.text.contains(CANARY), "{}", answer.text);
}

#[tokio::test]
async fn what_cannot_be_recorded_does_not_happen() {
    let fixture = Fixture::new().await;
    fixture.world.store_is_down.store(true, Ordering::Relaxed);
    for answer in [
        fixture.ask(&json!({ "cloud": "aws" })).await,
        fixture.call(&fixture.admin, "GET", "/v1/scopes", &[], "").await,
    ] {
        answer.is_problem(503, "audit_unavailable");
        assert_eq!(answer.header("retry-after"), "1");
        assert!(!answer.text.contains("table-of-secrets"));
    }
}

#[tokio::test]
async fn a_scope_document_is_replaced_only_by_who_has_seen_it() {
    let fixture = Fixture::empty(Authentication::BearerToken).await;
    let put = async |headers: &[(&str, &str)], text: &str| {
        fixture.call(&fixture.admin, "PUT", "/v1/scopes", headers, text.to_owned()).await
    };
    fixture.call(&fixture.admin, "GET", "/v1/scopes", &[], "").await.is_problem(404, "not_found");
    put(&[("if-match", "*")], DOCUMENT).await.is_problem(412, "precondition_failed");
    let body = put(&[], "version: 1\ntenant: acme\nagents: 3\n").await.is_problem(400, "invalid_scope");
    assert!(body["findings"][0]["span"]["line"].is_u64(), "{body}");
    put(&[], &DOCUMENT.replace("acme", "other")).await.is_problem(400, "invalid_scope");
    assert_eq!(put(&[("if-none-match", "*")], DOCUMENT).await.status, 201);

    let shown = fixture.call(&fixture.auditor, "GET", "/v1/scopes", &[], "").await;
    assert_eq!((shown.text.as_str(), shown.header("content-type")), (DOCUMENT, "application/yaml"));
    let etag = shown.header("etag");
    let changed = DOCUMENT.replace("live_leases: 2", "live_leases: 3");
    let problem = put(&[], &changed).await.is_problem(412, "precondition_failed");
    assert!(problem["detail"].as_str().unwrap().contains("If-Match"));
    put(&[("if-none-match", "*")], &changed).await.is_problem(412, "precondition_failed");
    put(&[("if-match", "\"0\"")], &changed).await.is_problem(412, "precondition_failed");
    put(&[("if-match", &format!("W/{etag}"))], &changed).await.is_problem(412, "precondition_failed");
    put(&[("if-match", "bare")], &changed).await.is_problem(400, "invalid_request");

    let replaced = put(&[("if-match", etag)], &changed).await;
    assert_eq!((replaced.status, &replaced.json()["version"]), (StatusCode::OK, &json!(2)));
    assert_ne!(replaced.header("etag"), etag);
    put(&[("if-match", etag)], DOCUMENT).await.is_problem(412, "precondition_failed");
    assert_eq!(put(&[("if-match", "*")], DOCUMENT).await.status, 200);
}

#[tokio::test]
async fn a_document_is_checked_without_being_published() {
    let fixture = Fixture::empty(Authentication::BearerToken).await;
    let check = async |text: &'static str| {
        fixture.call("", "POST", "/v1/scopes:check", &[], text).await.json()["findings"].clone()
    };
    let errors = |findings: &Value| {
        findings.as_array().unwrap().iter().filter(|finding| finding["severity"] == "error").count()
    };
    assert_eq!(errors(&check(DOCUMENT).await), 0);
    assert!(errors(&check("version: 2").await) > 0);
    // What the catalogue and the rules of escalation know is told too, here and where it is published.
    let text = "version: 1\ntenant: acme\nagents: { ops: { scopes: [{ cloud: aws, permissions: [iam:PutUserPolicy, s3:GetObjekt] }] } }\n";
    let codes = |findings: &Value| -> Vec<String> {
        findings.as_array().unwrap().iter().map(|one| one["code"].as_str().unwrap().to_owned()).collect()
    };
    let checked = codes(&check(text).await);
    for code in ["escalation", "unknown-permission"] {
        assert!(checked.iter().any(|one| one == code), "{checked:?}");
    }
    let published = fixture.call(&fixture.admin, "PUT", "/v1/scopes", &[], text.to_owned()).await;
    assert_eq!(codes(&published.json()["findings"]), checked);
    let schema = fixture.call("", "GET", "/schema/scope.json", &[], "").await;
    assert!(schema.json()["$schema"].is_string());
}

#[tokio::test]
async fn a_path_or_method_that_is_not_there_is_a_problem_too() {
    let fixture = Fixture::new().await;
    fixture.call("", "GET", "/v1/nothing", &[], "").await.is_problem(404, "not_found");
    let answer = fixture.call("", "PATCH", "/v1/scopes", &[], "").await;
    answer.is_problem(405, "method_not_allowed");
    assert!(answer.header("allow").contains("PUT"), "{}", answer.header("allow"));
    fixture
        .call(&fixture.admin, "GET", "/v1/agents/%ff/scopes", &[], "")
        .await
        .is_problem(400, "invalid_request");
}

#[tokio::test]
async fn the_committed_description_is_the_generated_one() {
    let generated = ApiDescription::openapi().to_pretty_json().unwrap() + "\n";
    if std::env::var_os("DEPUTIZE_UPDATE_SCHEMA").is_some() {
        let committed = concat!(env!("CARGO_MANIFEST_DIR"), "/../../schema/openapi.json");
        return std::fs::write(committed, &generated).unwrap();
    }
    let served = Fixture::new().await.call("", "GET", "/openapi.json", &[], "").await.text;
    assert!(
        served == generated,
        "DEPUTIZE_UPDATE_SCHEMA=1 cargo test -p deputize-api writes schema/openapi.json"
    );
}

#[tokio::test]
async fn the_description_lists_the_routes_that_there_are() {
    let fixture = Fixture::new().await;
    assert_eq!(fixture.call("", "GET", "/healthz", &[], "").await.status, 200);
    let description = fixture.call("", "GET", "/openapi.json", &[], "").await.json();
    let mut described = BTreeSet::new();
    for (path, methods) in description["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            described.insert(format!("{} {path}", method.to_uppercase()));
        }
    }
    let expected = [
        "POST /v1/agents/{agent}/credentials",
        "GET /v1/agents/{agent}/credentials/{id}/current",
        "POST /v1/agents/{agent}/credentials/{id}/versions/{n}/adopted",
        "GET /v1/agents/{agent}/scopes",
        "GET /v1/audit/checkpoint",
        "GET /v1/audit/checkpoint/cosigned",
        "POST /v1/audit/cosignatures",
        "GET /v1/audit/entries",
        "GET /v1/audit/entries/{id}",
        "GET /v1/audit/entries/{id}/proof",
        "POST /v1/audit/events",
        "POST /v1/audit/exports",
        "GET /v1/audit/key",
        "GET /v1/audit/logs",
        "GET /v1/audit/logs/{year}/checkpoint",
        "GET /v1/audit/logs/{year}/checkpoint/cosigned",
        "GET /v1/audit/logs/{year}/key",
        "GET /v1/audit/logs/{year}/tile/{path}",
        "POST /v1/audit/subjects:erase",
        "GET /v1/audit/tile/{path}",
        "GET /v1/connectors",
        "PUT /v1/connectors",
        "POST /v1/credentials/{id}:rotate",
        "GET /v1/credentials",
        "POST /v1/credentials",
        "GET /v1/credentials/{id}",
        "GET /v1/leases",
        "DELETE /v1/leases/{id}",
        "GET /v1/scopes",
        "PUT /v1/scopes",
        "POST /v1/leases/{id}:narrow",
        "POST /v1/scopes:check",
        "GET /schema/scope.json",
        "GET /.well-known/openid-configuration",
        "GET /.well-known/jwks.json",
        "GET /healthz",
        "GET /openapi.json",
    ];
    assert_eq!(described, expected.map(str::to_owned).into());
    for route in described {
        let (method, path) = route.split_once(' ').unwrap();
        let path = path.replace("{agent}", "devops").replace("{id}", "x").replace("{n}", "1");
        let answer = fixture.call("", method, &path, &[], "").await;
        let there = !matches!(answer.status, StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED);
        assert!(there, "{route}: {}", answer.text);
        assert!(!answer.header("x-request-id").is_empty(), "{route} is not in the request log");
        let is_public = answer.header("cache-control").starts_with("public");
        assert_eq!(is_public, path.starts_with("/.well-known/"), "{route}");
    }
    let schemas = description["components"]["schemas"].as_object().unwrap();
    for name in [
        "Problem",
        "Finding",
        "Witness",
        "CredentialRequest",
        "IssuedCredential",
        "LeasePage",
        "StoredCredential",
    ] {
        assert!(schemas.contains_key(name), "{name} of {:?}", schemas.keys());
    }
    let dangling: Vec<_> =
        references(&description).into_iter().filter(|name| !schemas.contains_key(name)).collect();
    assert!(dangling.is_empty(), "{dangling:?}");
}

/// The names of all schemas that are referred to.
fn references(value: &Value) -> BTreeSet<String> {
    match value {
        Value::Object(fields) => {
            let own = fields.get("$ref").and_then(Value::as_str);
            let own = own.map(|path| path.rsplit('/').next().unwrap().to_owned());
            fields.values().flat_map(references).chain(own).collect()
        }
        Value::Array(items) => items.iter().flat_map(references).collect(),
        _ => BTreeSet::new(),
    }
}

#[tokio::test]
async fn the_ledger_is_for_auditors_and_admins_and_says_when_nothing_is_sealed_yet() {
    let fixture = Fixture::new().await;
    for path in ["/v1/audit/checkpoint", "/v1/audit/key", "/v1/audit/tile/0/000.p/1"] {
        for reader in [&fixture.auditor, &fixture.admin] {
            let answer = fixture.call(reader, "GET", path, &[], "").await;
            answer.is_problem(404, "not_sealed");
            assert_eq!(answer.header("retry-after"), "5");
        }
        let answer = fixture.call(&fixture.devops, "GET", path, &[], "").await;
        answer.is_problem(403, "forbidden");
    }
    // What an auditor may not: forget.
    let body = r#"{"identity":"somebody"}"#;
    let answer = fixture.call(&fixture.auditor, "POST", "/v1/audit/subjects:erase", &[], body).await;
    answer.is_problem(403, "forbidden");
    let answer = fixture.call(&fixture.admin, "POST", "/v1/audit/subjects:erase", &[], body).await;
    answer.is_problem(404, "not_found");
}
