//! Every type of credential that a cloud mints, and a stored one, with where least privilege is enforced.

use deputize_e2e::HarnessError;
use reqwest::Method;
use serde_json::json;

use crate::{admin, agent, up};

#[tokio::test]
async fn every_cloud_issues_each_of_its_types_and_it_is_told_what_enforces_it() -> Result<(), HarnessError> {
    let process = up().await?;
    for (kind, cloud, name, permission, enforcement) in [
        ("aws_iam_role", "aws", "devops-agent", "ecs:DescribeServices", "session_policy"),
        ("gcp_workload_identity", "gcp", "devops-agent", "container.clusters.get", "role_assignment"),
        ("gcp_service_account", "gcp", "data-agent", "bigquery.jobs.create", "role_assignment"),
        (
            "azure_service_principal",
            "azure",
            "devops-agent",
            "Microsoft.ContainerService/managedClusters/read",
            "role_assignment",
        ),
        (
            "azure_managed_identity",
            "azure",
            "devops-agent",
            "Microsoft.ContainerService/managedClusters/read",
            "role_assignment",
        ),
    ] {
        let body = json!({ "type": kind, "permissions": [permission], "purpose": "try" });
        let reply = agent(&process, name)?.ask(name, &body, &[]).await?;
        assert_eq!(reply.status, 201, "{kind}: {}", reply.text);
        let issued = reply.json();
        let told = [&issued["type"], &issued["cloud"], &issued["enforcement"]];
        assert_eq!(told, [kind, cloud, enforcement]);
        assert_eq!(issued["credential"]["expiration"], issued["expires_at"], "{kind}");
        assert_eq!(issued["scope"]["permissions"], json!([permission]), "{kind}");
    }
    Ok(())
}

#[tokio::test]
async fn a_token_of_google_is_narrowed_to_what_its_lease_has() -> Result<(), HarnessError> {
    let process = up().await?;
    let client = agent(&process, "devops-agent")?;
    let body =
        json!({ "cloud": "gcp", "permissions": ["container.clusters.get", "container.clusters.list"] });
    let parent = client.ask("devops-agent", &body, &[]).await?.json();
    let path = format!("/v1/leases/{}:narrow", parent["lease_id"].as_str().unwrap());
    let narrow = async |permission: &str| {
        let body = json!({ "permissions": [permission] }).to_string();
        client.send(Method::POST, &path, &[("content-type", "application/json")], body).await
    };
    let child = narrow("container.clusters.get").await?;
    assert_eq!(child.status, 201, "{}", child.text);
    let child = child.json();
    assert_eq!(child["lineage"], json!([parent["lease_id"]]));
    assert_ne!(child["credential"]["access_token"], parent["credential"]["access_token"]);
    // Granted to the agent, and not to the lease.
    assert_eq!(narrow("container.pods.get").await?.json()["code"], "outside_grant");
    Ok(())
}

#[tokio::test]
async fn a_stored_key_is_imported_and_given_to_its_agent_alone() -> Result<(), HarnessError> {
    let process = up().await?;
    let early =
        agent(&process, "devops-agent")?.ask("devops-agent", &json!({ "type": "api_key" }), &[]).await?;
    assert_eq!(
        (early.status.as_u16(), &early.json()["findings"][0]["code"]),
        (409, &json!("not_imported")),
        "{}",
        early.text
    );
    let body = json!({ "id": "devops-github", "credential": { "api_key": "canary-of-a-key" } }).to_string();
    let headers = [("content-type", "application/json")];
    let imported = admin(&process)?.send(Method::POST, "/v1/credentials", &headers, body).await?;
    assert_eq!(imported.status, 201, "{}", imported.text);
    let issued =
        agent(&process, "devops-agent")?.ask("devops-agent", &json!({ "type": "api_key" }), &[]).await?;
    assert_eq!(issued.status, 201, "{}", issued.text);
    assert_eq!(issued.json()["credential"]["api_key"], "canary-of-a-key");
    assert_eq!(issued.json()["enforcement"], "none");
    let other = agent(&process, "data-agent")?.ask("data-agent", &json!({ "type": "api_key" }), &[]).await?;
    assert_eq!(other.status, 403, "{}", other.text);
    Ok(())
}
