//! Federation, impersonation and the metadata server.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_sts::config::{BehaviorVersion, Credentials, Region};
use aws_smithy_async::time::StaticTimeSource;
use deputize_sandbox::IssuerKeys;
use deputize_sandbox::aws::SandboxAws;
use deputize_sandbox::gcp::{Accounts, Config, Grant, Provider, SandboxGcp, ServiceAccount};
use jsonwebtoken::Algorithm;
use jsonwebtoken::jwk::JwkSet;
use serde_json::{Value, json};

use crate::issuer::Issuer;
use crate::served::{Hands, Reply, get, key, place, post_form, post_json, reply, scrambled, serve};

pub(crate) const CLOUD_PLATFORM: &str = "https://www.googleapis.com/auth/cloud-platform";
pub(crate) const AGENT: &str = "agent-data-agent@acme-prod.iam.gserviceaccount.com";
const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";

/// A project that is being served, and an issuer that it trusts.
pub(crate) struct Project {
    pub(crate) sandbox: SandboxGcp,
    pub(crate) url: String,
    pub(crate) issuer: Issuer,
    pub(crate) hands: Hands,
    pub(crate) audience: String,
}

impl Project {
    pub(crate) async fn start() -> Self {
        Self::configured(|_| ()).await
    }

    pub(crate) async fn configured(configure: impl FnOnce(&mut Config)) -> Self {
        let (issuer, hands) = (Issuer::start().await, Hands::new());
        let (listener, base) = place().await;
        let url = format!("{base}/sandbox/gcp");
        let mut config = Config::new(key(), &url);
        config.providers = vec![Provider::new(&issuer.url)];
        let object = |name: &str| ("acme-data".to_owned(), name.to_owned());
        config.objects = BTreeMap::from([(object("a/1"), b"one".to_vec()), (object("b/2"), b"two".to_vec())]);
        configure(&mut config);
        let audience = config.audience(&config.providers[0]);
        let sandbox = SandboxGcp::new(config, hands.clock(), scrambled());
        serve(listener, sandbox.router_under("/sandbox/gcp"));
        Self { sandbox, url, issuer, hands, audience }
    }

    pub(crate) async fn exchange(&self, changes: &[(&str, &str)], token: &str) -> Reply {
        let mut form = BTreeMap::from([
            ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
            ("audience", self.audience.as_str()),
            ("scope", CLOUD_PLATFORM),
            ("requested_token_type", "urn:ietf:params:oauth:token-type:access_token"),
            ("subject_token", token),
            ("subject_token_type", JWT),
        ]);
        form.extend(changes.iter().copied());
        let form: Vec<(&str, &str)> = form.into_iter().collect();
        post_form(&format!("{}/v1/token", self.url), &form).await
    }

    /// A federated token for the subject.
    pub(crate) async fn federated(&self, subject: &str) -> String {
        let token = self.issuer.token(subject, &self.audience, json!({}));
        self.exchange(&[], &token).await.text_at("/access_token")
    }

    pub(crate) async fn generate(&self, caller: &str, email: &str, body: &Value) -> Reply {
        let url = format!("{}/v1/projects/-/serviceAccounts/{email}:generateAccessToken", self.url);
        post_json(&url, Some(caller), body).await
    }

    /// A token for the agent's service account, with these scopes.
    pub(crate) async fn agent(&self, scopes: &[&str]) -> String {
        let caller = self.federated("data-agent").await;
        self.generate(&caller, AGENT, &json!({ "scope": scopes })).await.text_at("/accessToken")
    }

    pub(crate) async fn object(&self, token: &str, name: &str) -> Reply {
        let name = name.replace('/', "%2F");
        get(&format!("{}/storage/v1/b/acme-data/o/{name}?alt=media", self.url), Some(token)).await
    }

    pub(crate) async fn authorize(&self, token: &str, permission: &str, resource: &str) -> Value {
        let question = json!({ "token": token, "permission": permission, "resource": resource });
        post_json(&format!("{}/authorize", self.url), None, &question).await.json()
    }
}

#[tokio::test]
async fn a_token_of_aws_becomes_one_of_a_service_account() {
    let hands = Hands::new();
    let (listener, issuer) = place().await;
    let mut config = deputize_sandbox::aws::Config::new(key());
    config.issuer = Some(issuer.clone());
    let account = SandboxAws::new(config, hands.clock(), scrambled());
    serve(listener, account.router());
    let root = account.root_credentials();
    let now = u64::try_from(hands.now().as_second()).unwrap();
    let sts = aws_sdk_sts::Client::from_conf(
        aws_sdk_sts::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .credentials_provider(Credentials::new(root.id, root.secret.as_str(), None, None, "test"))
            .region(Region::new("eu-central-1"))
            .endpoint_url(&issuer)
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .time_source(StaticTimeSource::from_secs(now))
            .build(),
    );
    let project = Project::configured(|config| config.providers = vec![Provider::new(&issuer)]).await;
    let asked = sts.get_web_identity_token().audience(&project.audience).signing_algorithm("RS256");
    let subject_token = asked.send().await.unwrap().web_identity_token().unwrap().to_owned();

    let exchanged = project.exchange(&[], &subject_token).await;
    assert_eq!(exchanged.json()["expires_in"], 3_600);
    assert_eq!(exchanged.text_at("/issued_token_type"), "urn:ietf:params:oauth:token-type:access_token");
    let federated = exchanged.text_at("/access_token");
    assert!(federated.starts_with("ya29."));
    let body = json!({ "delegates": null, "scope": [CLOUD_PLATFORM], "lifetime": "900s" });
    let generated = project.generate(&federated, AGENT, &body).await;
    assert_eq!(generated.text_at("/expireTime"), "2026-11-23T06:15:00Z");
    let token = generated.text_at("/accessToken");
    assert_eq!(project.object(&token, "a/1").await.text, "one");
    // Nothing but impersonation is bound to a federated identity.
    assert_eq!(project.object(&federated, "a/1").await.status, 403);
    project.hands.advance(Duration::from_secs(900));
    let late = project.object(&token, "a/1").await;
    assert_eq!((late.status, late.text_at("/error/status").as_str()), (401, "UNAUTHENTICATED"));
}

#[tokio::test]
async fn every_reason_to_refuse_a_token_has_its_error() {
    let project = Project::configured(|config| {
        config.providers[0].subjects =
            vec!["data-agent".to_owned(), "s".repeat(127), "s".repeat(128), "caf\u{e9}".to_owned()]
    })
    .await;
    let (audience, issuer) = (project.audience.as_str(), &project.issuer);
    let good = issuer.token("data-agent", audience, json!({}));
    // The key pair of curve P-256 is the issuer's own; that of RSA is the same one in all of these tests.
    let stranger = Issuer::start().await;
    let stranger = stranger.signed(Algorithm::ES256, "data-agent", audience, json!({ "iss": issuer.url }));
    let mut forged = good.clone();
    let last = forged.pop().unwrap();
    forged.push(if last == 'A' { 'Q' } else { 'A' });
    let elliptic = issuer.signed(Algorithm::ES256, "data-agent", audience, json!({}));
    let shared = issuer.signed(Algorithm::HS256, "data-agent", audience, json!({}));
    let from = |claims: Value| issuer.token("data-agent", audience, claims);
    let with = |name: &'static str, value: &'static str| vec![(name, value)];
    let https = format!("https:{audience}");
    for (what, changes, token, expected) in [
        ("as it should be", vec![], good.clone(), None),
        ("ES256", vec![], elliptic, None),
        ("the audience with https:", vec![], issuer.token("data-agent", &https, json!({})), None),
        ("within the leeway", vec![], from(json!({ "exp": 1_795_413_541 })), None),
        ("a subject of 127", vec![], issuer.token(&"s".repeat(127), audience, json!({})), None),
        ("no grant type", with("grant_type", ""), good.clone(), Some("invalid_request")),
        ("another grant type", with("grant_type", "password"), good.clone(), Some("unsupported_grant_type")),
        ("no scope", with("scope", ""), good.clone(), Some("invalid_scope")),
        ("no audience", with("audience", ""), good.clone(), Some("invalid_request")),
        (
            "another provider",
            with("audience", "//iam.googleapis.com/projects/1"),
            good.clone(),
            Some("invalid_target"),
        ),
        ("another kind of token", with("subject_token_type", "urn:x"), good.clone(), Some("invalid_request")),
        ("no token", vec![], String::new(), Some("invalid_request")),
        ("no JSON Web Token", vec![], "a.b.c".to_owned(), Some("invalid_grant")),
        ("a forged signature", vec![], forged, Some("invalid_grant")),
        ("a shared secret", vec![], shared, Some("invalid_grant")),
        (
            "another issuer's name",
            vec![],
            from(json!({ "iss": "https://elsewhere.example" })),
            Some("invalid_grant"),
        ),
        ("another issuer's token", vec![], stranger, Some("invalid_grant")),
        (
            "another audience",
            vec![],
            issuer.token("data-agent", "elsewhere", json!({})),
            Some("invalid_grant"),
        ),
        ("ended", vec![], from(json!({ "exp": 1_795_413_540 })), Some("invalid_grant")),
        ("without an end", vec![], from(json!({ "exp": null })), Some("invalid_grant")),
        ("not yet begun", vec![], from(json!({ "nbf": 1_795_413_661 })), Some("invalid_grant")),
        ("issued in the future", vec![], from(json!({ "iat": 1_795_413_661 })), Some("invalid_grant")),
        (
            "a subject of 128",
            vec![],
            issuer.token(&"s".repeat(128), audience, json!({})),
            Some("invalid_grant"),
        ),
        ("no subject", vec![], issuer.token("", audience, json!({})), Some("invalid_grant")),
        (
            "a subject that is not let in",
            vec![],
            issuer.token("ops", audience, json!({})),
            Some("invalid_grant"),
        ),
    ] {
        let found = project.exchange(&changes, &token).await;
        match expected {
            None => assert_eq!(found.status, 200, "{what}: {found:?}"),
            Some(error) => {
                assert_eq!(
                    (found.status, found.text_at("/error").as_str()),
                    (400, error),
                    "{what}: {found:?}"
                );
                assert!(!found.text_at("/error_description").is_empty(), "{what}");
            }
        }
    }
}

#[tokio::test]
async fn an_issuer_that_is_away_is_said_to_be() {
    let (listener, away) = place().await;
    drop(listener);
    let project = Project::configured(|config| config.providers = vec![Provider::new(&away)]).await;
    let token = project.issuer.token("data-agent", &project.audience, json!({ "iss": away }));
    let found = project.exchange(&[], &token).await;
    assert!(found.text_at("/error_description").contains("Error connecting"), "{found:?}");
    // Its keys may have been uploaded instead.
    let keys = project.issuer.keys();
    let project = Project::configured(|config| {
        let keys = IssuerKeys::Given(keys.clone());
        config.providers = vec![Provider { keys, ..Provider::new(&away) }];
    })
    .await;
    let token = project.issuer.token("data-agent", &project.audience, json!({ "iss": away }));
    assert_eq!(project.exchange(&[], &token).await.status, 200);
}

#[tokio::test]
async fn a_token_for_a_service_account_keeps_every_limit() {
    let listed = |config: &mut Config| {
        let anyone = vec![
            "principalSet://iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/agents/*"
                .to_owned(),
        ];
        let account = |long_lived| ServiceAccount {
            impersonators: anyone.clone(),
            long_lived,
            ..ServiceAccount::default()
        };
        config.accounts = Accounts::Listed(BTreeMap::from([
            ("short@p.iam.gserviceaccount.com".to_owned(), account(false)),
            ("long@p.iam.gserviceaccount.com".to_owned(), account(true)),
        ]));
    };
    let project = Project::configured(listed).await;
    let caller = project.federated("data-agent").await;
    let (short, long) = ("short@p.iam.gserviceaccount.com", "long@p.iam.gserviceaccount.com");
    let lasting = |lifetime: &str| json!({ "scope": [CLOUD_PLATFORM], "lifetime": lifetime });
    for (what, email, body, expected) in [
        ("an hour by default", short, json!({ "scope": [CLOUD_PLATFORM] }), Ok("2026-11-23T07:00:00Z")),
        ("3600 s", short, lasting("3600s"), Ok("2026-11-23T07:00:00Z")),
        ("3601 s", short, lasting("3601s"), Err(400)),
        ("43200 s where the policy allows it", long, lasting("43200s"), Ok("2026-11-23T18:00:00Z")),
        ("43201 s", long, lasting("43201s"), Err(400)),
        ("no second", short, lasting("0s"), Err(400)),
        ("no duration", short, lasting("1h"), Err(400)),
        ("no scope", short, json!({ "scope": [] }), Err(400)),
        ("an unknown member", short, json!({ "scope": [CLOUD_PLATFORM], "x": 1 }), Err(400)),
        ("nobody", "nobody@p.iam.gserviceaccount.com", lasting("60s"), Err(404)),
    ] {
        let found = project.generate(&caller, email, &body).await;
        match expected {
            Ok(end) => assert_eq!(found.text_at("/expireTime"), end, "{what}"),
            Err(status) => {
                let code = found.json()["error"]["code"].as_u64();
                assert_eq!((found.status, code), (status, Some(u64::from(status))), "{what}: {found:?}");
            }
        }
    }
    let elsewhere = format!("{}/v1/projects/p/serviceAccounts/{short}:generateAccessToken", project.url);
    assert_eq!(post_json(&elsewhere, Some(&caller), &lasting("60s")).await.status, 400);
}

#[tokio::test]
async fn only_those_named_may_impersonate_and_only_along_a_chain() {
    let (pool, service) =
        ("projects/123456789012/locations/global/workloadIdentityPools/agents", "serviceAccount:");
    let project = Project::configured(|config| {
        let by = |member: String| ServiceAccount { impersonators: vec![member], ..ServiceAccount::default() };
        config.accounts = Accounts::Listed(BTreeMap::from([
            ("first@p".to_owned(), by(format!("principal://iam.googleapis.com/{pool}/subject/data-agent"))),
            ("second@p".to_owned(), by(format!("{service}first@p"))),
            (
                "off@p".to_owned(),
                ServiceAccount {
                    disabled: true,
                    ..by(format!("principal://iam.googleapis.com/{pool}/subject/data-agent"))
                },
            ),
        ]));
    })
    .await;
    let (agent, other) = (project.federated("data-agent").await, project.federated("ops").await);
    let body = json!({ "scope": [CLOUD_PLATFORM] });
    let through = json!({ "scope": [CLOUD_PLATFORM], "delegates": ["projects/-/serviceAccounts/first@p"] });
    let bad = json!({ "scope": [CLOUD_PLATFORM], "delegates": ["first@p"] });
    for (what, caller, email, body, status) in [
        ("who is named", &agent, "first@p", &body, 200),
        ("who is not", &other, "first@p", &body, 403),
        ("who is one step away", &agent, "second@p", &body, 403),
        ("through the step", &agent, "second@p", &through, 200),
        ("through a step that is not one's own", &other, "second@p", &through, 403),
        ("through a step by another name", &agent, "second@p", &bad, 400),
        ("a disabled one", &agent, "off@p", &body, 400),
    ] {
        let found = project.generate(caller, email, body).await;
        assert_eq!(found.status, status, "{what}: {found:?}");
    }
    let denied = project.generate(&other, "first@p", &body).await;
    assert_eq!(denied.text_at("/error/status"), "PERMISSION_DENIED");
    assert_eq!(denied.text_at("/error/details/0/metadata/permission"), "iam.serviceAccounts.getAccessToken");
    // A token that is for storage alone is for nothing else.
    let token = project.issuer.token("data-agent", &project.audience, json!({}));
    let scope = "https://www.googleapis.com/auth/devstorage.read_only";
    let narrow = project.exchange(&[("scope", scope)], &token).await.text_at("/access_token");
    let found = project.generate(&narrow, "first@p", &body).await;
    assert_eq!(found.text_at("/error/details/0/reason"), "ACCESS_TOKEN_SCOPE_INSUFFICIENT");
    assert_eq!(project.generate("ya29.nonsense", "first@p", &body).await.status, 401);
}

#[tokio::test]
async fn a_token_can_do_what_is_granted_and_its_scopes_let_through() {
    let project = Project::configured(|config| {
        let grant = |permission: &str, resource: &str| Grant {
            permissions: vec![permission.to_owned()],
            resource: resource.to_owned(),
        };
        let grants = vec![
            grant("roles/storage.objectViewer", "//storage.googleapis.com/projects/_/buckets/acme-data"),
            grant("bigquery.jobs.create", "//bigquery.googleapis.com/projects/acme-prod"),
        ];
        let pool = "projects/123456789012/locations/global/workloadIdentityPools/agents";
        let impersonators = vec![format!("principalSet://iam.googleapis.com/{pool}/*")];
        let account = ServiceAccount { impersonators, grants, ..ServiceAccount::default() };
        config.accounts = Accounts::Listed(BTreeMap::from([(AGENT.to_owned(), account)]));
    })
    .await;
    let everything = project.agent(&[CLOUD_PLATFORM]).await;
    let storage = project.agent(&["https://www.googleapis.com/auth/devstorage.read_only"]).await;
    let (object, job) = (
        "//storage.googleapis.com/projects/_/buckets/acme-data/objects/a/1",
        "//bigquery.googleapis.com/projects/acme-prod/jobs/1",
    );
    let sibling = "//storage.googleapis.com/projects/_/buckets/acme-data-2/objects/a";
    for (token, permission, resource, decision) in [
        (&everything, "storage.objects.get", object, "allowed"),
        (&everything, "storage.objects.create", object, "not_granted"),
        (&everything, "storage.objects.get", sibling, "not_granted"),
        (&everything, "bigquery.jobs.create", job, "allowed"),
        (&storage, "storage.objects.get", object, "allowed"),
        (&storage, "bigquery.jobs.create", job, "scope_insufficient"),
    ] {
        let found = project.authorize(token, permission, resource).await;
        assert_eq!(found["decision"], decision, "{permission} {resource}: {found}");
        assert_eq!(found["allowed"], decision == "allowed");
        assert_eq!(found["principal"], format!("serviceAccount:{AGENT}"));
    }
    let listed = get(&format!("{}/storage/v1/b/acme-data/o?prefix=a/", project.url), Some(&storage)).await;
    assert_eq!(listed.text_at("/items/0/name"), "a/1");
    assert_eq!(listed.json()["items"].as_array().unwrap().len(), 1);
    assert_eq!(project.object(&storage, "missing").await.status, 404);
}

#[tokio::test]
async fn a_token_tells_what_it_is_and_outlives_a_restart() {
    let project = Project::start().await;
    let token = project.agent(&[CLOUD_PLATFORM]).await;
    let info = get(&format!("{}/tokeninfo?access_token={token}", project.url), None).await.json();
    assert_eq!((info["email"].as_str(), info["expires_in"].as_str()), (Some(AGENT), Some("3600")));
    let federated = project.federated("data-agent").await;
    let introspect = format!("{}/v1/introspect", project.url);
    let known = post_form(&introspect, &[("token", &federated)]).await.json();
    assert_eq!(known["active"], true);
    assert!(
        known["username"].as_str().unwrap().ends_with("/workloadIdentityPools/agents/subject/data-agent")
    );
    let unknown = post_form(&introspect, &[("token", "ya29.other")]).await.json();
    assert_eq!(unknown, json!({ "active": false }));
    let again = Project::start().await;
    assert_eq!(again.object(&token, "a/1").await.text, "one");
    let mut forged = token.clone();
    forged.replace_range(10..11, if &token[10..11] == "A" { "B" } else { "A" });
    assert_eq!(again.object(&forged, "a/1").await.status, 401);
    let locations = format!("{}/v1/projects/-/serviceAccounts/{AGENT}/allowedLocations", project.url);
    assert_eq!(get(&locations, Some(&federated)).await.text_at("/encodedLocations"), "0x0");
    assert_eq!(get(&locations, None).await.status, 401);
}

#[tokio::test]
async fn a_machine_finds_its_own_identity() {
    let project = Project::start().await;
    let ask = async |path: &str| {
        let url = format!("{}/computeMetadata/v1/{path}", project.url);
        reply(reqwest::Client::new().get(url).header("Metadata-Flavor", "Google")).await
    };
    let broker = "broker@acme-prod.iam.gserviceaccount.com";
    for (path, text) in [
        ("project/project-id", "acme-prod"),
        ("project/numeric-project-id", "123456789012"),
        ("universe/universe-domain", "googleapis.com"),
        ("instance/service-accounts/default/email", broker),
        ("instance/service-accounts/", &format!("default/\n{broker}/\n")),
    ] {
        let found = ask(path).await;
        assert_eq!((found.status, found.text.as_str()), (200, text), "{path}");
        assert_eq!(found.headers["metadata-flavor"], "Google");
    }
    let described = ask("instance/service-accounts/default/?recursive=true").await.json();
    assert_eq!(described, json!({ "aliases": ["default"], "email": broker, "scopes": [CLOUD_PLATFORM] }));
    let token = ask("instance/service-accounts/default/token").await;
    assert_eq!(
        (token.json()["expires_in"].as_i64(), token.text_at("/token_type").as_str()),
        (Some(3_600), "Bearer")
    );
    let generated =
        project.generate(&token.text_at("/access_token"), AGENT, &json!({ "scope": [CLOUD_PLATFORM] })).await;
    assert_eq!(generated.status, 200, "{generated:?}");

    let identity =
        ask("instance/service-accounts/default/identity?audience=https://b.example&format=full").await;
    let set: JwkSet =
        serde_json::from_value(get(&format!("{}/.well-known/jwks.json", project.url), None).await.json())
            .unwrap();
    let header = jsonwebtoken::decode_header(&identity.text).unwrap();
    let decoding = jsonwebtoken::DecodingKey::from_jwk(set.find(&header.kid.unwrap()).unwrap()).unwrap();
    let mut validation = jsonwebtoken::Validation::new(header.alg);
    validation.set_audience(&["https://b.example"]);
    validation.set_issuer(&[&project.url]);
    validation.validate_exp = false;
    let claims: Value = jsonwebtoken::decode(&identity.text, &decoding, &validation).unwrap().claims;
    assert_eq!(claims["email"], broker);

    for (path, status) in [
        ("instance/service-accounts/other@p/token", 404),
        ("instance/service-accounts/default/nonsense", 404),
        ("instance/service-accounts/default/identity", 400),
        ("nonsense", 404),
    ] {
        assert_eq!(ask(path).await.status, status, "{path}");
    }
    // A browser that was tricked into asking does not set the header.
    let unmarked = format!("{}/computeMetadata/v1/instance/service-accounts/default/token", project.url);
    assert_eq!(get(&unmarked, None).await.status, 403);
    let laptop = Project::configured(|config| config.ambient = None).await;
    let url = format!("{}/computeMetadata/v1/project/project-id", laptop.url);
    assert_eq!(reply(reqwest::Client::new().get(url).header("Metadata-Flavor", "Google")).await.status, 404);
}
