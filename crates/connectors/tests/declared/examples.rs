//! The examples against the shapes of the real APIs: one whole rotation each.

use deputize_broker::ports::rotation::{KeyId, KeyProvider as _, ListedKey, OperationId, Subject};
use deputize_broker::stored::StoredSecret;
use deputize_testkit::rotation::record_of;
use deputize_testkit::stub::{Asked, Canned, Stub};
use serde_json::{Value, json};

use crate::place::{api_key, engine};

const CLOUDFLARE: &str = include_str!("../../../../examples/connectors/cloudflare-api-token.yaml");
const SENDGRID: &str = include_str!("../../../../examples/connectors/sendgrid-api-key.yaml");
const OPERATION: OperationId = OperationId::from_u128(7);

/// The example, with the stub in the provider's place.
fn at(stub: &Stub, example: &str, host: &str) -> String {
    let here = stub.url.trim_start_matches("http://");
    let text = example.replace(&format!("https://{host}"), &stub.url);
    text.replace(&format!("[{host}]"), &format!("[\"{here}\"]"))
}

fn sent(asked: &[Asked]) -> (String, String, Value) {
    let last = asked.last().unwrap();
    let body = serde_json::from_str(&last.body).unwrap_or(Value::Null);
    (last.line.clone(), last.headers["authorization"].clone(), body)
}

#[tokio::test]
async fn a_token_of_cloudflare_is_made_tried_listed_and_deleted() {
    let stub = Stub::start().await.unwrap();
    let connector = at(&stub, CLOUDFLARE, "api.cloudflare.com");
    let current = api_key(Some("old1"), "old-token");
    let record = record_of(&current);
    let subject = Subject { record: &record, current: &current, connector: Some(&connector) };
    let engine = engine();
    let envelope = |result: Value| {
        json!({ "success": true, "errors": [], "messages": [], "result": result }).to_string()
    };

    let result = json!({ "id": "new1", "name": OPERATION.label(), "status": "active", "value": "new-token" });
    stub.answers("POST /client/v4/user/tokens", [Canned::json(200, envelope(result))]);
    let made = engine.create(&subject, OPERATION).await.unwrap();
    assert_eq!(made.facts().key_id(), Some(KeyId::new("new1")));
    let (_, authorization, body) = sent(&stub.asked("POST"));
    assert_eq!(
        (authorization.as_str(), body["name"].as_str()),
        ("Bearer old-token", Some(&*OPERATION.label()))
    );
    assert_eq!(body["policies"][0]["effect"], "allow");

    let verify = "GET /client/v4/user/tokens/verify";
    let invalid = json!({ "success": false, "errors": [{ "code": 1000, "message": "Invalid API Token" }], "result": null });
    stub.answers(
        verify,
        [
            Canned::json(401, invalid.to_string()),
            Canned::json(200, envelope(json!({ "id": "new1", "status": "disabled" }))),
            Canned::json(200, envelope(json!({ "id": "new1", "status": "active" }))),
        ],
    );
    let mut works = Vec::new();
    for _ in 0..3 {
        works.push(engine.probe(&subject, &made).await.unwrap());
    }
    assert_eq!(works, [false, false, true]);
    assert_eq!(sent(&stub.asked(verify)).1, "Bearer new-token");

    let page = json!([{ "id": "old1", "name": "by hand" }, { "id": "new1", "name": OPERATION.label() }]);
    stub.answers("page=1", [Canned::json(200, envelope(page))]);
    stub.answers("page=2", [Canned::json(200, envelope(json!([])))]);
    let listed = engine.list(&subject).await.unwrap();
    let key = |id: &str, operation| ListedKey { id: KeyId::new(id), operation };
    assert_eq!(listed, [key("old1", None), key("new1", Some(OPERATION))]);

    let failed = json!({ "success": false, "errors": [{ "code": 9109, "message": "no" }], "result": null });
    stub.answers(
        "DELETE",
        [Canned::json(403, failed.to_string()), Canned::json(200, envelope(json!({ "id": "old1" })))],
    );
    assert_eq!(engine.delete(&subject, &KeyId::new("old1")).await.unwrap_err().code(), "9109");
    engine.delete(&subject, &KeyId::new("old1")).await.unwrap();
    assert_eq!(sent(&stub.asked("DELETE")).0, "DELETE /client/v4/user/tokens/old1");
    assert!(!engine.disable(&subject, &KeyId::new("old1")).await.unwrap());
}

#[tokio::test]
async fn a_key_of_sendgrid_is_made_tried_listed_and_deleted() {
    let stub = Stub::start().await.unwrap();
    let connector = at(&stub, SENDGRID, "api.sendgrid.com");
    let current = api_key(Some("old1"), "SG.old");
    let record = record_of(&current);
    let subject = Subject { record: &record, current: &current, connector: Some(&connector) };
    let engine = engine();

    let answer = json!({ "api_key": "SG.new", "api_key_id": "new1", "name": OPERATION.label(), "scopes": ["mail.send"] });
    stub.answers("POST /v3/api_keys", [Canned::json(201, answer.to_string())]);
    let made = engine.create(&subject, OPERATION).await.unwrap();
    let StoredSecret::ApiKey(key) = &made else { panic!("{made:?}") };
    assert_eq!((key.key.reveal(), key.key_id.as_deref()), ("SG.new", Some("new1")));
    let (_, authorization, body) = sent(&stub.asked("POST"));
    assert_eq!((authorization.as_str(), &body["name"]), ("Bearer SG.old", &json!(OPERATION.label())));

    stub.answers("GET /v3/scopes", [Canned::json(401, "{}"), Canned::json(200, r#"{"scopes":[]}"#)]);
    assert!(!engine.probe(&subject, &made).await.unwrap());
    assert!(engine.probe(&subject, &made).await.unwrap());

    let result = json!({ "result": [{ "name": OPERATION.label(), "api_key_id": "new1" }] });
    stub.answers("GET /v3/api_keys", [Canned::json(200, result.to_string())]);
    let listed = engine.list(&subject).await.unwrap();
    assert_eq!(listed, [ListedKey { id: KeyId::new("new1"), operation: Some(OPERATION) }]);

    stub.answers("DELETE", [Canned::Answer(204, "", Vec::new(), Vec::new()), Canned::json(404, "{}")]);
    for _ in 0..2 {
        engine.delete(&subject, &KeyId::new("old1")).await.unwrap();
    }
    assert_eq!(sent(&stub.asked("DELETE")).0, "DELETE /v3/api_keys/old1");
}

/// A provider that knows its callers by a name and the key, and wants the key in a body too.
const BASIC: &str = r#"
version: 1
name: basic
hosts: [api.example.com]
auth: { scheme: basic, user: "{credential}", password: "{key}" }
create: { url: "https://api.example.com/keys?as={credential}", body: { label: "{label}", by: "{key}" }, key: "/0", id: "/1" }
probe: { url: "https://api.example.com/me", headers: { X-Key-Id: "{key.id}" } }
list: { url: "https://api.example.com/keys", items: "", id: /id, label: /label }
revoke: { url: "https://api.example.com/keys/{key.id}" }
"#;

#[tokio::test]
async fn a_key_stands_in_headers_and_bodies_and_in_no_url() {
    let stub = Stub::start().await.unwrap();
    let connector = at(&stub, BASIC, "api.example.com");
    let current = api_key(Some("old/1"), "can\"ary");
    let record = record_of(&current);
    let subject = Subject { record: &record, current: &current, connector: Some(&connector) };
    let engine = engine();

    stub.answers("POST /keys", [Canned::json(200, r#"["new", 7]"#)]);
    let made = engine.create(&subject, OPERATION).await.unwrap();
    assert_eq!(made.facts().key_id(), Some(KeyId::new("7")));
    let (line, authorization, body) = sent(&stub.asked("POST"));
    assert_eq!(line, "POST /keys?as=deploy-key");
    // deploy-key:can"ary
    assert_eq!(authorization, "Basic ZGVwbG95LWtleTpjYW4iYXJ5");
    assert_eq!(body, json!({ "label": OPERATION.label(), "by": "can\"ary" }));

    stub.answers("GET /me", [Canned::json(200, "{}")]);
    assert!(engine.probe(&subject, &current).await.unwrap());
    assert_eq!(stub.asked("GET /me")[0].headers["x-key-id"], "old/1");
    let broken = api_key(Some("id"), "line\r\nbreak");
    assert_eq!(engine.probe(&subject, &broken).await.unwrap_err().code(), "unwritable");
    let nameless = api_key(None, "key");
    assert_eq!(engine.probe(&subject, &nameless).await.unwrap_err().code(), "unwritable");

    stub.answers("DELETE", [Canned::json(200, "{}")]);
    engine.delete(&subject, &KeyId::new("../old/1?x=y#z")).await.unwrap();
    assert_eq!(sent(&stub.asked("DELETE")).0, "DELETE /keys/..%2Fold%2F1%3Fx%3Dy%23z");
    assert_eq!(engine.delete(&subject, &KeyId::new("..")).await.unwrap_err().code(), "unwritable");
    assert!(stub.asked("").iter().all(|asked| !asked.line.contains("can")));
}
