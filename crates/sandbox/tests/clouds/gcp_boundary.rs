//! Tokens narrowed by a Credential Access Boundary.

use std::time::Duration;

use serde_json::{Value, json};

use crate::gcp::{AGENT, CLOUD_PLATFORM, Project};
use crate::served::{Reply, get};

const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
const BUCKET: &str = "//storage.googleapis.com/projects/_/buckets/acme-data";
const BELOW_A: &str = "resource.name.startsWith('projects/_/buckets/acme-data/objects/a/')";

fn rule(condition: Option<&str>) -> Value {
    let mut rule = json!({
        "availableResource": BUCKET,
        "availablePermissions": ["inRole:roles/storage.objectViewer"],
    });
    if let Some(expression) = condition {
        rule["availabilityCondition"] = json!({ "expression": expression, "title": "t", "description": "d" });
    }
    rule
}

async fn narrow(project: &Project, token: &str, rules: &[Value]) -> Reply {
    let options = json!({ "accessBoundary": { "accessBoundaryRules": rules } }).to_string();
    // Google's library for Python encodes the JSON before the form is.
    let options: String = options.bytes().map(|byte| format!("%{byte:02X}")).collect();
    project
        .exchange(
            &[("subject_token_type", ACCESS_TOKEN), ("options", &options), ("audience", ""), ("scope", "")],
            token,
        )
        .await
}

#[tokio::test]
async fn a_narrowed_token_reads_below_its_prefix_and_no_longer_than_its_source() {
    let project = Project::start().await;
    let source = project.agent(&[CLOUD_PLATFORM]).await;
    project.hands.advance(Duration::from_secs(600));
    let narrowed = narrow(&project, &source, &[rule(Some(BELOW_A))]).await;
    assert_eq!(narrowed.json()["expires_in"], 3_000);
    let token = narrowed.text_at("/access_token");
    assert_eq!(project.object(&source, "b/2").await.text, "two");
    assert_eq!(project.object(&token, "a/1").await.text, "one");
    assert_eq!(project.object(&token, "b/2").await.status, 403);
    let object = format!("{BUCKET}/objects/a/1");
    assert_eq!(project.authorize(&token, "storage.objects.get", &object).await["decision"], "allowed");
    for (permission, resource) in [
        ("storage.objects.create", object.as_str()),
        ("storage.objects.get", "//storage.googleapis.com/projects/_/buckets/acme-data-2/objects/a/1"),
        ("compute.instances.get", "//compute.googleapis.com/projects/acme-prod"),
    ] {
        let found = project.authorize(&token, permission, resource).await;
        assert_eq!(found["decision"], "outside_boundary", "{permission} {resource}");
    }
    // It leads to no other token.
    assert_eq!(narrow(&project, &token, &[rule(None)]).await.text_at("/error"), "invalid_grant");
    let generated = project.generate(&token, AGENT, &json!({ "scope": [CLOUD_PLATFORM] })).await;
    assert_eq!(generated.status, 403);
    project.hands.advance(Duration::from_secs(3_000));
    assert_eq!(project.object(&token, "a/1").await.status, 401);
}

#[tokio::test]
async fn a_list_is_narrowed_by_the_prefix_that_it_is_asked_for() {
    let project = Project::start().await;
    let source = project.agent(&[CLOUD_PLATFORM]).await;
    let condition = format!(
        "{BELOW_A} || api.getAttribute('storage.googleapis.com/objectListPrefix', '').startsWith('a/')"
    );
    let token = narrow(&project, &source, &[rule(Some(&condition))]).await.text_at("/access_token");
    let list = async |prefix: &str| {
        get(&format!("{}/storage/v1/b/acme-data/o?prefix={prefix}", project.url), Some(&token)).await.status
    };
    assert_eq!((list("a/").await, list("b/").await, list("").await), (200, 403, 403));
}

#[tokio::test]
async fn every_limit_of_a_boundary_is_kept() {
    let project = Project::start().await;
    let source = project.agent(&[CLOUD_PLATFORM]).await;
    let with = |name: &str, value: Value| {
        let mut changed = rule(None);
        changed[name] = value;
        vec![changed]
    };
    let long = |length: usize| {
        let start = "resource.name.startsWith('";
        format!("{start}{}')", "x".repeat(length - start.len() - 2))
    };
    for (what, rules, allowed) in [
        ("10 rules", vec![rule(None); 10], true),
        ("11 rules", vec![rule(None); 11], false),
        ("no rule", vec![], false),
        ("an expression of 2048", vec![rule(Some(&long(2_048)))], true),
        ("an expression of 2049", vec![rule(Some(&long(2_049)))], false),
        ("an expression that nobody understands", vec![rule(Some("true"))], false),
        ("BigQuery", with("availableResource", json!("//bigquery.googleapis.com/projects/p")), false),
        ("an object", with("availableResource", json!(format!("{BUCKET}/objects/a"))), false),
        ("a permission", with("availablePermissions", json!(["storage.objects.get"])), false),
        ("an unknown role", with("availablePermissions", json!(["inRole:roles/owner"])), false),
        ("no permission", with("availablePermissions", json!([])), false),
        ("an unknown member", with("x", json!(1)), false),
    ] {
        let found = narrow(&project, &source, &rules).await;
        if allowed {
            assert_eq!(found.status, 200, "{what}: {found:?}");
        } else {
            assert_eq!((found.status, found.text_at("/error").as_str()), (400, "invalid_request"), "{what}");
        }
    }
    assert_eq!(narrow(&project, "ya29.other", &[rule(None)]).await.text_at("/error"), "invalid_grant");
    // Some libraries do not encode twice.
    let options = json!({ "accessBoundary": { "accessBoundaryRules": [rule(None)] } }).to_string();
    let changes = [("subject_token_type", ACCESS_TOKEN), ("options", options.as_str())];
    assert_eq!(project.exchange(&changes, &source).await.status, 200);
}
