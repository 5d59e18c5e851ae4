//! Entra, managed identities, and what their tokens are good for.

use std::collections::BTreeMap;
use std::time::Duration;

use deputize_sandbox::azure::{
    App, Apps, Config, ExpiresOn, FederatedCredential, Identity, RoleAssignment, SandboxAzure, Secret,
    SecretVersion, Vault,
};
use jsonwebtoken::Algorithm;
use serde_json::{Value, json};

use crate::issuer::Issuer;
use crate::served::{Hands, Reply, get, key, place, post_form, post_json, reply, scrambled, serve};

pub(crate) const TENANT: &str = "00000000-0000-4000-8000-0000000000ff";
pub(crate) const DEVOPS: &str = "00000000-0000-4000-8000-000000000001";
pub(crate) const BROKER: &str = "00000000-0000-4000-8000-0000000000bb";
pub(crate) const VAULT_ID: &str =
    "/subscriptions/s/resourceGroups/prod/providers/Microsoft.KeyVault/vaults/acme";
const AUDIENCE: &str = FederatedCredential::AUDIENCE;

/// A tenant that is being served, and an issuer that its applications trust.
pub(crate) struct Tenant {
    pub(crate) sandbox: SandboxAzure,
    pub(crate) url: String,
    /// Where the vault `acme` is served alone.
    pub(crate) vault: String,
    pub(crate) issuer: Issuer,
    pub(crate) hands: Hands,
}

pub(crate) fn secret(version: &str, value: &str, enabled: bool) -> SecretVersion {
    let created_at = "2026-11-01T00:00:00Z".parse().unwrap();
    SecretVersion {
        version: version.to_owned(),
        value: value.to_owned(),
        enabled,
        created_at,
        expires_at: None,
    }
}

impl Tenant {
    pub(crate) async fn start() -> Self {
        Self::configured(|_, _| ()).await
    }

    /// Two applications: one for an agent, with roles, and the broker, which may change the agent's passwords.
    pub(crate) async fn listed() -> Self {
        Self::configured(|config, issuer| config.apps = apps(issuer)).await
    }

    pub(crate) async fn configured(configure: impl FnOnce(&mut Config, &str)) -> Self {
        let (issuer, hands) = (Issuer::start().await, Hands::new());
        let (listener, base) = place().await;
        let (vault_listener, vault) = place().await;
        let url = format!("{base}/sandbox/azure");
        let mut config = Config::new(key(), &url);
        config.apps = Apps::Any { issuers: vec![issuer.url.clone()] };
        let old = secret("00000000000000000000000000000001", "old", true);
        let new = secret("00000000000000000000000000000002", "new", true);
        let off = secret("00000000000000000000000000000003", "off", false);
        let secrets = BTreeMap::from([
            ("db".to_owned(), Secret { versions: vec![old, new] }),
            ("off".to_owned(), Secret { versions: vec![off] }),
        ]);
        let acme = Vault { url: vault.clone(), resource_id: VAULT_ID.to_owned(), secrets };
        config.vaults = BTreeMap::from([("acme".to_owned(), acme)]);
        configure(&mut config, &issuer.url);
        let sandbox = SandboxAzure::new(config, hands.clock(), scrambled());
        serve(listener, sandbox.router_under("/sandbox/azure"));
        serve(vault_listener, sandbox.vault_router("acme"));
        Self { sandbox, url, vault, issuer, hands }
    }

    pub(crate) async fn ask(&self, tenant: &str, changes: &[(&str, &str)]) -> Reply {
        let assertion = self.issuer.token("devops-agent", AUDIENCE, json!({}));
        let mut form = BTreeMap::from([
            ("grant_type", "client_credentials"),
            ("client_id", DEVOPS),
            ("scope", "https://management.azure.com/.default"),
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            ("client_assertion", assertion.as_str()),
        ]);
        for (name, value) in changes {
            // What is empty is left out.
            if value.is_empty() {
                form.remove(name);
            } else {
                form.insert(name, value);
            }
        }
        let form: Vec<(&str, &str)> = form.into_iter().collect();
        post_form(&format!("{}/{tenant}/oauth2/v2.0/token", self.url), &form).await
    }

    /// A token for an application, for one service.
    pub(crate) async fn token(&self, client: &str, service: &str) -> String {
        let scope = format!("{service}/.default");
        let subject = if client == BROKER { "broker" } else { "devops-agent" };
        let assertion = self.issuer.token(subject, AUDIENCE, json!({}));
        let changes = [("client_id", client), ("scope", scope.as_str()), ("client_assertion", &assertion)];
        self.ask(TENANT, &changes).await.text_at("/access_token")
    }

    async fn authorize(&self, token: &str, operation: &str, scope: &str) -> Value {
        let question = json!({ "token": token, "operation": operation, "scope": scope });
        post_json(&format!("{}/authorize", self.url), None, &question).await.json()
    }
}

fn apps(issuer: &str) -> Apps {
    let role = |operation: &str, scope: &str| RoleAssignment {
        operations: vec![operation.to_owned()],
        scope: scope.to_owned(),
    };
    let devops = App {
        object_id: "object-devops".to_owned(),
        federated: vec![FederatedCredential::new(issuer, "devops-agent")],
        roles: vec![
            role("Microsoft.ContainerService/*/read", "/subscriptions/s/resourceGroups/prod"),
            role("Microsoft.KeyVault/vaults/secrets/getSecret/action", &format!("{VAULT_ID}/secrets/db")),
        ],
        owners: vec![BROKER.to_owned()],
        ..App::default()
    };
    let broker = App {
        object_id: "object-broker".to_owned(),
        federated: vec![FederatedCredential::new(issuer, "broker")],
        graph_permissions: vec!["Application.ReadWrite.OwnedBy".to_owned()],
        ..App::default()
    };
    Apps::Listed(BTreeMap::from([(DEVOPS.to_owned(), devops), (BROKER.to_owned(), broker)]))
}

#[tokio::test]
async fn an_assertion_becomes_a_token_for_one_service() {
    let tenant = Tenant::listed().await;
    let answer = tenant.ask(TENANT, &[]).await;
    assert_eq!(answer.json()["expires_in"], 3_599);
    assert_eq!(answer.json()["ext_expires_in"], 3_599);
    assert_eq!(answer.text_at("/token_type"), "Bearer");
    let token = answer.text_at("/access_token");
    let claims: Value = jsonwebtoken::dangerous::insecure_decode_claims(&token).unwrap();
    assert_eq!(claims["aud"], "https://management.azure.com");
    assert_eq!((claims["appid"].as_str(), claims["tid"].as_str()), (Some(DEVOPS), Some(TENANT)));
    let cluster =
        "/subscriptions/s/resourceGroups/prod/providers/Microsoft.ContainerService/managedClusters/c";
    for (operation, scope, decision) in [
        ("Microsoft.ContainerService/managedClusters/read", cluster, "allowed"),
        ("microsoft.containerservice/managedclusters/READ", cluster, "allowed"),
        ("Microsoft.ContainerService/managedClusters/delete", cluster, "not_assigned"),
        (
            "Microsoft.ContainerService/managedClusters/read",
            "/subscriptions/s/resourceGroups/test",
            "not_assigned",
        ),
        ("Microsoft.KeyVault/vaults/secrets/getSecret/action", VAULT_ID, "wrong_audience"),
    ] {
        let found = tenant.authorize(&token, operation, scope).await;
        assert_eq!(found["decision"], decision, "{operation} {scope}: {found}");
        assert_eq!(found["principal"], DEVOPS);
    }
    let read = async |token: &str, path: &str| get(&format!("{}{path}", tenant.url), Some(token)).await;
    let found = read(&token, &format!("{cluster}?api-version=2025-01-01")).await;
    assert_eq!(found.text_at("/type"), "Microsoft.ContainerService/managedClusters");
    let denied = read(&token, "/subscriptions/s?api-version=2025-01-01").await;
    assert_eq!((denied.status, denied.text_at("/error/code").as_str()), (403, "AuthorizationFailed"));
    assert_eq!(read(&token, cluster).await.text_at("/error/code"), "MissingApiVersionParameter");
    let other = tenant.token(DEVOPS, "https://vault.azure.net").await;
    let wrong = read(&other, &format!("{cluster}?api-version=2025-01-01")).await;
    assert_eq!(
        (wrong.status, wrong.text_at("/error/code").as_str()),
        (401, "InvalidAuthenticationTokenAudience")
    );
    tenant.hands.advance(Duration::from_secs(3_599));
    let late = read(&token, &format!("{cluster}?api-version=2025-01-01")).await;
    assert_eq!((late.status, late.text_at("/error/code").as_str()), (401, "InvalidAuthenticationToken"));
}

#[tokio::test]
async fn every_reason_to_refuse_has_its_number() {
    let tenant = Tenant::listed().await;
    let issuer = &tenant.issuer;
    let stranger = Issuer::start().await;
    let assertion = |subject: &str, audience: &str, claims: Value| issuer.token(subject, audience, claims);
    let good = assertion("devops-agent", AUDIENCE, json!({}));
    let mut forged = good.clone();
    let last = forged.pop().unwrap();
    forged.push(if last == 'A' { 'Q' } else { 'A' });
    let of_strangers = stranger.token("devops-agent", AUDIENCE, json!({}));
    let elliptic = issuer.signed(Algorithm::ES256, "devops-agent", AUDIENCE, json!({}));
    let another = assertion("someone", AUDIENCE, json!({}));
    let elsewhere = assertion("devops-agent", "https://elsewhere.example", json!({}));
    let both = assertion("devops-agent", AUDIENCE, json!({ "aud": [AUDIENCE, "x"] }));
    let ended = assertion("devops-agent", AUDIENCE, json!({ "exp": 1_795_413_300 }));
    let early = assertion("devops-agent", AUDIENCE, json!({ "nbf": 1_795_413_901 }));
    let nearly = assertion("devops-agent", AUDIENCE, json!({ "exp": 1_795_413_301 }));
    let case = assertion("Devops-Agent", AUDIENCE, json!({}));
    let (two, bare) = (
        "https://vault.azure.net/.default https://storage.azure.com/.default",
        "https://vault.azure.net/secrets",
    );
    let nobody = "00000000-0000-4000-8000-0000000000ee";
    for (what, tenant_id, changes, expected) in [
        ("as it should be", TENANT, vec![], None),
        ("an assertion that just ended", TENANT, vec![("client_assertion", nearly.as_str())], None),
        ("another tenant", "elsewhere", vec![], Some(("invalid_request", 90_002))),
        ("no grant type", TENANT, vec![("grant_type", "")], Some(("invalid_request", 900_144))),
        (
            "another grant type",
            TENANT,
            vec![("grant_type", "password")],
            Some(("unsupported_grant_type", 70_003)),
        ),
        ("no client", TENANT, vec![("client_id", "")], Some(("invalid_request", 900_144))),
        ("an unknown client", TENANT, vec![("client_id", nobody)], Some(("unauthorized_client", 700_016))),
        ("no credential", TENANT, vec![("client_assertion", "")], Some(("invalid_client", 7_000_218))),
        (
            "a wrong secret",
            TENANT,
            vec![("client_assertion", ""), ("client_secret", "x")],
            Some(("invalid_client", 7_000_215)),
        ),
        (
            "no assertion at all",
            TENANT,
            vec![("client_assertion", "a.b.c")],
            Some(("invalid_client", 50_027)),
        ),
        ("a forged signature", TENANT, vec![("client_assertion", &forged)], Some(("invalid_client", 50_013))),
        (
            "another algorithm",
            TENANT,
            vec![("client_assertion", &elliptic)],
            Some(("invalid_client", 5_002_738)),
        ),
        (
            "another issuer",
            TENANT,
            vec![("client_assertion", &of_strangers)],
            Some(("invalid_client", 700_211)),
        ),
        ("another subject", TENANT, vec![("client_assertion", &another)], Some(("invalid_client", 700_213))),
        (
            "the subject in other letters",
            TENANT,
            vec![("client_assertion", &case)],
            Some(("invalid_client", 700_213)),
        ),
        (
            "another audience",
            TENANT,
            vec![("client_assertion", &elsewhere)],
            Some(("invalid_client", 700_212)),
        ),
        ("two audiences", TENANT, vec![("client_assertion", &both)], Some(("invalid_client", 700_212))),
        (
            "an assertion that ended",
            TENANT,
            vec![("client_assertion", &ended)],
            Some(("invalid_client", 700_024)),
        ),
        (
            "one that has not begun",
            TENANT,
            vec![("client_assertion", &early)],
            Some(("invalid_client", 700_024)),
        ),
        ("no scope", TENANT, vec![("scope", "")], Some(("invalid_request", 900_144))),
        ("two services", TENANT, vec![("scope", two)], Some(("invalid_scope", 28_000))),
        ("no .default", TENANT, vec![("scope", bare)], Some(("invalid_scope", 1_002_012))),
        (
            "an unknown service",
            TENANT,
            vec![("scope", "api://nobody/.default")],
            Some(("invalid_resource", 500_011)),
        ),
    ] {
        let found = tenant.ask(tenant_id, &changes).await;
        let Some((error, code)) = expected else {
            assert_eq!(found.status, 200, "{what}: {found:?}");
            continue;
        };
        let status = if error == "invalid_client" { 401 } else { 400 };
        assert_eq!((found.status, found.text_at("/error").as_str()), (status, error), "{what}: {found:?}");
        assert_eq!(found.json()["error_codes"], json!([code]), "{what}");
        assert!(found.text_at("/error_description").starts_with(&format!("AADSTS{code}: ")), "{what}");
        assert_eq!(found.text_at("/timestamp"), "2026-11-23 06:00:00Z");
        assert_eq!(found.text_at("/trace_id").len(), 36);
        assert_eq!(found.text_at("/correlation_id").len(), 36);
    }
}

#[tokio::test]
async fn a_federated_credential_takes_a_while_to_be_found() {
    let tenant = Tenant::configured(|config, issuer| {
        let created_at = Some("2026-11-23T06:00:00Z".parse().unwrap());
        let federated =
            vec![FederatedCredential { created_at, ..FederatedCredential::new(issuer, "devops-agent") }];
        let app = App { federated, ..App::default() };
        config.apps = Apps::Listed(BTreeMap::from([(DEVOPS.to_owned(), app)]));
        config.propagation = Duration::from_secs(120);
    })
    .await;
    assert_eq!(tenant.ask(TENANT, &[]).await.json()["error_codes"], json!([70_021]));
    tenant.hands.advance(Duration::from_secs(120));
    assert_eq!(tenant.ask(TENANT, &[]).await.status, 200);
}

#[tokio::test]
async fn clients_find_the_endpoint_and_the_keys() {
    let tenant = Tenant::start().await;
    let document = get(&format!("{}/{TENANT}/v2.0/.well-known/openid-configuration", tenant.url), None).await;
    assert_eq!(document.text_at("/token_endpoint"), format!("{}/{TENANT}/oauth2/v2.0/token", tenant.url));
    let keys = get(&document.text_at("/jwks_uri"), None).await;
    let set: jsonwebtoken::jwk::JwkSet = serde_json::from_value(keys.json()).unwrap();
    let token = tenant.token(DEVOPS, "https://graph.microsoft.com").await;
    let header = jsonwebtoken::decode_header(&token).unwrap();
    assert_eq!(header.alg, Algorithm::RS256);
    let decoding = jsonwebtoken::DecodingKey::from_jwk(set.find(&header.kid.unwrap()).unwrap()).unwrap();
    let mut validation = jsonwebtoken::Validation::new(header.alg);
    validation.set_audience(&["https://graph.microsoft.com"]);
    validation.validate_exp = false;
    assert!(jsonwebtoken::decode::<Value>(&token, &decoding, &validation).is_ok());
    let wrong = get(&format!("{}/elsewhere/v2.0/.well-known/openid-configuration", tenant.url), None).await;
    assert_eq!(wrong.json()["error_codes"], json!([90_002]));
    let instance = format!("{}/common/discovery/instance?api-version=1.1", tenant.url);
    let found = get(&instance, None).await;
    assert!(found.text_at("/tenant_discovery_endpoint").ends_with("/v2.0/.well-known/openid-configuration"));
}

#[tokio::test]
async fn a_machine_gets_tokens_of_its_identities() {
    let tenant = Tenant::configured(|config, _| {
        config.apps = Apps::Listed(BTreeMap::new());
        let roles = vec![RoleAssignment { operations: vec!["*/read".to_owned()], scope: "/".to_owned() }];
        config.identities = vec![
            Identity { client_id: BROKER.to_owned(), system_assigned: true, roles: Vec::new() },
            Identity { client_id: DEVOPS.to_owned(), system_assigned: false, roles },
        ];
    })
    .await;
    let ask = async |query: &str, header: (&str, &str)| {
        let url = format!("{}/metadata/identity/oauth2/token?{query}", tenant.url);
        reply(reqwest::Client::new().get(url).header(header.0, header.1)).await
    };
    let marked = ("Metadata", "true");
    let base = "api-version=2018-02-01&resource=https://management.azure.com";
    let own = ask(base, marked).await;
    assert_eq!(own.text_at("/client_id"), BROKER);
    let named = ask(&format!("{base}&client_id={DEVOPS}"), marked).await;
    assert_eq!(
        (named.text_at("/client_id"), named.text_at("/expires_in"), named.text_at("/expires_on")),
        (DEVOPS.to_owned(), "86400".to_owned(), "1795500000".to_owned())
    );
    assert_eq!(named.text_at("/resource"), "https://management.azure.com");
    for (answer, decision) in [(own, "not_assigned"), (named, "allowed")] {
        let token = answer.text_at("/access_token");
        let found =
            tenant.authorize(&token, "Microsoft.Compute/virtualMachines/read", "/subscriptions/s").await;
        assert_eq!(found["decision"], decision);
    }
    let stranger = format!("{base}&client_id=00000000-0000-4000-8000-0000000000ee");
    for (what, query, header, error, description) in [
        ("a stranger", stranger.as_str(), marked, "invalid_request", "Identity not found"),
        ("no header", base, ("x", "y"), "invalid_request", "Required metadata header not specified"),
        (
            "no version",
            "resource=https://vault.azure.net",
            marked,
            "invalid_request",
            "Required query variable 'api-version' is missing",
        ),
        (
            "no resource",
            "api-version=2018-02-01",
            marked,
            "invalid_request",
            "Required query variable 'resource' is missing",
        ),
        (
            "an unknown resource",
            "api-version=2018-02-01&resource=https://x.example",
            marked,
            "invalid_resource",
            "AADSTS500011: The resource principal was not found in the tenant.",
        ),
    ] {
        let found = ask(query, header).await;
        assert_eq!(
            (found.status, found.text_at("/error").as_str(), found.text_at("/error_description").as_str()),
            (400, error, description),
            "{what}"
        );
    }
}

#[tokio::test]
async fn app_service_wants_its_header_and_writes_the_end_as_it_likes() {
    for (form, expected) in [
        (ExpiresOn::Number, json!(1_795_500_000)),
        (ExpiresOn::Text, json!("1795500000")),
        (ExpiresOn::Date, json!("11/24/2026 06:00:00 AM +00:00")),
    ] {
        let tenant = Tenant::configured(|config, _| config.expires_on = form).await;
        let ask = async |secret: &str, query: &str| {
            let url = format!("{}/msi/token/?{query}", tenant.url);
            reply(reqwest::Client::new().get(url).header("X-IDENTITY-HEADER", secret)).await
        };
        let query = "api-version=2019-08-01&resource=https://vault.azure.net";
        let found = ask("sandbox", &format!("{query}&client_id={DEVOPS}")).await;
        assert_eq!(found.json()["expires_on"], expected);
        assert_eq!(found.text_at("/client_id"), DEVOPS);
        let wrong = ask("guessed", query).await;
        assert_eq!((wrong.status, wrong.json()["statusCode"].as_u64()), (401, Some(401)));
        assert_eq!(ask("sandbox", "resource=https://vault.azure.net").await.status, 400);
        let nobody = ask("sandbox", &format!("{query}&client_id=nobody")).await;
        assert!(nobody.text_at("/message").starts_with("No User Assigned"), "{nobody:?}");
    }
}
