//! A lease passed on with less than it has.

use serde_json::{Value, json};

use crate::fakes::{CANARY, DOCUMENT, Fixture};

const ONE_SERVICE: &str = "arn:aws:ecs:us-east-1:123456789012:service/prod/web";

#[tokio::test]
async fn a_lease_is_narrowed_to_part_of_what_it_has() {
    let fixture = Fixture::new().await;
    let parent = fixture.ask(&json!({ "cloud": "aws" })).await.json();
    let parent = parent["lease_id"].as_str().unwrap();
    let path = format!("/v1/leases/{parent}:narrow");
    let narrow =
        async |body: Value| fixture.call(&fixture.devops, "POST", &path, &[], body.to_string()).await;

    let wider = narrow(json!({ "permissions": ["ecs:DeleteService"] })).await;
    let problem = wider.is_problem(403, "outside_grant");
    assert_eq!(problem["findings"][0]["witness"]["action"], "ecs:DeleteService");
    narrow(json!({ "duration_seconds": 7200 })).await.is_problem(403, "outside_grant");
    fixture.call(&fixture.admin, "POST", &path, &[], "{}").await.is_problem(404, "not_found");

    let child = narrow(json!({ "resources": [ONE_SERVICE] })).await;
    assert_eq!(child.status, 201, "{}", child.text);
    let child = child.json();
    assert_eq!(child["lineage"], json!([parent]));
    assert_eq!(child["scope"]["resources"], json!([ONE_SERVICE]));
    assert_eq!(child["scope"]["permissions"], json!(["ecs:DescribeServices"]));
    assert!(child["expires_at"].as_str() <= Some("2026-05-01T13:00:00Z"), "{child}");

    // What the child has not, its own child cannot have, though the first lease has it.
    let path = format!("/v1/leases/{}:narrow", child["lease_id"].as_str().unwrap());
    let other = json!({ "resources": ["arn:aws:ecs:us-east-1:123456789012:service/prod/api"] });
    let answer = fixture.call(&fixture.devops, "POST", &path, &[], other.to_string()).await;
    answer.is_problem(403, "outside_grant");
}

#[tokio::test]
async fn a_holder_is_given_the_policy_to_narrow_its_session_with() {
    let fixture = Fixture::new().await;
    let parent = fixture.ask(&json!({ "cloud": "aws" })).await.json();
    let path = format!("/v1/leases/{}:narrow", parent["lease_id"].as_str().unwrap());
    // AWS asks the session's own policy.
    let body = json!({ "via": "scope_down", "resources": [ONE_SERVICE] });
    let answer = fixture.call(&fixture.devops, "POST", &path, &[], body.to_string()).await;
    let problem = answer.is_problem(403, "outside_grant");
    assert_eq!(problem["findings"][0]["witness"]["action"], "sts:GetScopedCredentials");

    let wider = DOCUMENT.replace("live_leases: 2", "live_leases: 9");
    let scope = "      - { cloud: aws, role: \"arn:aws:iam::123456789012:role/agent-devops\", permissions: [sts:GetScopedCredentials] }\n";
    let put = fixture.call(&fixture.admin, "PUT", "/v1/scopes", &[("if-match", "*")], wider + scope).await;
    assert_eq!(put.status, 200, "{}", put.text);
    let parent = fixture.ask(&json!({ "cloud": "aws" })).await.json();
    let path = format!("/v1/leases/{}:narrow", parent["lease_id"].as_str().unwrap());
    // Shorter than AWS would assume a role for.
    let body = json!({ "via": "scope_down", "resources": [ONE_SERVICE], "duration_seconds": 60 });
    let answer = fixture.call(&fixture.devops, "POST", &path, &[], body.to_string()).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    let answer = answer.json();
    assert_eq!(answer["credential"]["action"], "GetScopedCredentials");
    assert_eq!(answer["credential"]["duration_seconds"], 60);
    let policy: Value = serde_json::from_str(answer["credential"]["policy"].as_str().unwrap()).unwrap();
    assert!(policy.to_string().contains(ONE_SERVICE), "{policy}");
    assert!(answer["expires_at"].as_str() <= parent["expires_at"].as_str(), "{answer}");
    assert_eq!(answer["enforcement"], "session_policy");
    assert!(!answer.to_string().contains(CANARY));
}

#[tokio::test]
async fn a_lease_that_has_ended_or_is_revoked_is_not_narrowed() {
    let fixture = Fixture::new().await;
    let parent = fixture.ask(&json!({ "cloud": "aws" })).await.json();
    let lease = format!("/v1/leases/{}", parent["lease_id"].as_str().unwrap());
    fixture.call(&fixture.devops, "DELETE", &lease, &[], "").await;
    let path = format!("{lease}:narrow");
    fixture.call(&fixture.devops, "POST", &path, &[], "{}").await.is_problem(409, "conflict");
    for path in ["/v1/leases/none:narrow", &format!("{lease}:widen")] {
        fixture.call(&fixture.devops, "POST", path, &[], "{}").await.is_problem(404, "not_found");
    }
}
