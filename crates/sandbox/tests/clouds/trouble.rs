//! Faults on demand, alike at every service.

use std::time::Duration;

use deputize_sandbox::{Fault, Faults, azure, gcp};
use jiff::{SignedDuration, Timestamp};
use reqwest::{Client, RequestBuilder, Response};
use serde_json::{Value, json};

use crate::azure::{DEVOPS, TENANT, Tenant};
use crate::gcp::{AGENT, CLOUD_PLATFORM, Project};

/// A call that succeeds unless something is planned, and the faults of its service.
struct Call {
    what: &'static str,
    request: Box<dyn Fn() -> RequestBuilder>,
    faults: Faults,
}

impl Call {
    fn new(what: &'static str, faults: Faults, request: impl Fn() -> RequestBuilder + 'static) -> Self {
        Self { what, request: Box::new(request), faults }
    }

    async fn send(&self) -> reqwest::Result<Response> {
        (self.request)().send().await
    }

    async fn after(&self, fault: Fault) -> reqwest::Result<Response> {
        self.faults.next(fault);
        self.send().await
    }
}

async fn calls() -> (Project, Tenant, Vec<Call>) {
    let (project, tenant) = (Project::start().await, Tenant::start().await);
    let mut calls = Vec::new();

    let caller = project.federated("data-agent").await;
    let token = project.agent(&[CLOUD_PLATFORM]).await;
    let url = format!("{}/v1/introspect", project.url);
    let faults = |service| project.sandbox.faults(service);
    calls.push(Call::new("Google's STS", faults(gcp::Service::SecurityTokens), move || {
        Client::new().post(&url).form(&[("token", "x")])
    }));
    let url = format!("{}/v1/projects/-/serviceAccounts/{AGENT}:generateAccessToken", project.url);
    calls.push(Call::new("impersonation", faults(gcp::Service::Credentials), move || {
        Client::new().post(&url).bearer_auth(&caller).json(&json!({ "scope": [CLOUD_PLATFORM] }))
    }));
    let url = format!("{}/computeMetadata/v1/instance/service-accounts/default/token", project.url);
    calls.push(Call::new("the metadata server", faults(gcp::Service::Metadata), move || {
        Client::new().get(&url).header("Metadata-Flavor", "Google")
    }));
    let url = format!("{}/storage/v1/b/acme-data/o/a%2F1", project.url);
    calls.push(Call::new("Cloud Storage", faults(gcp::Service::Storage), move || {
        Client::new().get(&url).bearer_auth(&token)
    }));

    let faults = |service| tenant.sandbox.faults(service);
    let url = format!("{}/{TENANT}/v2.0/.well-known/openid-configuration", tenant.url);
    calls.push(Call::new("Entra", faults(azure::Service::Entra), move || Client::new().get(&url)));
    let query = "api-version=2018-02-01&resource=https://vault.azure.net";
    let url = format!("{}/metadata/identity/oauth2/token?{query}", tenant.url);
    calls.push(Call::new("IMDS", faults(azure::Service::Identity), move || {
        Client::new().get(&url).header("Metadata", "true")
    }));
    let token = tenant.token(DEVOPS, "https://vault.azure.net").await;
    let url = format!("{}/secrets/db?api-version=7.4", tenant.vault);
    calls.push(Call::new("Key Vault", faults(azure::Service::KeyVault), move || {
        Client::new().get(&url).bearer_auth(&token)
    }));
    let token = tenant.token(DEVOPS, "https://graph.microsoft.com").await;
    let url = format!("{}/v1.0/applications/{DEVOPS}", tenant.url);
    calls.push(Call::new("Graph", faults(azure::Service::Graph), move || {
        Client::new().get(&url).bearer_auth(&token)
    }));
    let token = tenant.token(DEVOPS, "https://management.azure.com").await;
    let url = format!("{}/subscriptions/s?api-version=2025-01-01", tenant.url);
    calls.push(Call::new("the management plane", faults(azure::Service::Management), move || {
        Client::new().get(&url).bearer_auth(&token)
    }));
    (project, tenant, calls)
}

#[tokio::test]
async fn every_service_fails_as_planned_and_then_no_more() {
    let (_project, _tenant, calls) = calls().await;
    for call in calls {
        let what = call.what;
        let begun = call.faults.calls();
        for status in [400, 401, 403, 404, 410, 500] {
            let (code, message) = ("PLANNED".to_owned(), "planned".to_owned());
            let refused = call.after(Fault::Refuse { status, code, message }).await.unwrap();
            assert_eq!(refused.status(), status, "{what}");
            let text = refused.text().await.unwrap();
            assert!(text.contains("planned"), "{what}: {text}");
        }
        let retry_after = Duration::from_secs(7);
        let throttled = call.after(Fault::TooManyRequests { retry_after }).await.unwrap();
        assert_eq!(
            (throttled.status().as_u16(), &throttled.headers()["retry-after"]),
            (429, &"7".parse().unwrap())
        );

        assert!(call.after(Fault::Drop).await.is_err(), "{what}");
        let cut = call.after(Fault::Truncate).await;
        assert!(cut.is_err() || cut.unwrap().bytes().await.is_err(), "{what}");

        let garbage = call.after(Fault::Garbage).await.unwrap();
        assert!(garbage.status().is_success() && garbage.json::<Value>().await.is_err(), "{what}");
        let kind = call.after(Fault::ContentType("text/html".to_owned())).await.unwrap();
        assert_eq!(kind.headers()["content-type"], "text/html", "{what}");
        assert!(kind.json::<Value>().await.is_ok(), "{what}");
        let huge = call.after(Fault::Huge).await.unwrap().bytes().await.unwrap();
        assert!(huge.len() == 3 * 1_024 * 1_024 && serde_json::from_slice::<Value>(&huge).is_ok(), "{what}");

        let delayed = call.after(Fault::Delay(Duration::from_millis(50))).await.unwrap();
        assert!(delayed.status().is_success(), "{what}");
        call.faults.next(Fault::Silence);
        let silent = (call.request)().timeout(Duration::from_millis(100)).send().await;
        assert!(silent.unwrap_err().is_timeout(), "{what}");

        let good = call.send().await.unwrap();
        assert!(good.status().is_success(), "{what}");
        assert_eq!(good.headers()["date"], "Mon, 23 Nov 2026 06:00:00 GMT", "{what}");
        assert_eq!(call.faults.calls() - begun, 15, "{what}");
    }
}

#[tokio::test]
async fn a_clock_may_be_off_and_a_token_may_have_ended() {
    let (project, tenant, calls) = calls().await;
    for call in &calls {
        // No token that a call presents ends within five minutes.
        let ahead = call.after(Fault::Skew(SignedDuration::from_mins(5))).await.unwrap();
        assert_eq!(ahead.headers()["date"], "Mon, 23 Nov 2026 06:05:00 GMT", "{}", call.what);
        let behind = call.after(Fault::Skew(SignedDuration::from_mins(-5))).await.unwrap();
        assert_eq!(behind.headers()["date"], "Mon, 23 Nov 2026 05:55:00 GMT", "{}", call.what);
    }
    let ended = Fault::Expired(Duration::from_secs(60));
    let past: Timestamp = "2026-11-23T05:59:00Z".parse().unwrap();

    project.sandbox.faults(gcp::Service::SecurityTokens).next(ended.clone());
    let token = project.issuer.token("data-agent", &project.audience, json!({}));
    assert_eq!(project.exchange(&[], &token).await.json()["expires_in"], -60);
    let caller = project.federated("data-agent").await;
    project.sandbox.faults(gcp::Service::Credentials).next(ended.clone());
    let generated = project.generate(&caller, AGENT, &json!({ "scope": [CLOUD_PLATFORM] })).await;
    assert_eq!(generated.text_at("/expireTime"), past.to_string());
    assert_eq!(project.object(&generated.text_at("/accessToken"), "a/1").await.status, 401);
    tenant.sandbox.faults(azure::Service::Entra).next(ended.clone());
    assert_eq!(tenant.ask(TENANT, &[]).await.json()["expires_in"], -60);
    tenant.sandbox.faults(azure::Service::Identity).next(ended);
    let imds = calls.iter().find(|call| call.what == "IMDS").unwrap().send().await.unwrap();
    let imds: Value = imds.json().await.unwrap();
    assert_eq!(imds["expires_on"], past.as_second().to_string());
}
