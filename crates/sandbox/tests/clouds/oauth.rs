//! The authorization server: every grant, and what ends it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use deputize_sandbox::oauth::{Client, Config, SandboxOauth, Service};
use deputize_sandbox::{Fault, Faults};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::served::{Hands, Reply, get, key, place, post_form, reply, scrambled, serve};

const REDIRECT: &str = "http://127.0.0.1:4711/callback";
const VERIFIER: &str = "a-verifier-of-at-least-forty-three-characters";

struct Server {
    url: String,
    hands: Hands,
    faults: Faults,
}

fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()))
}

impl Server {
    async fn start() -> Self {
        let hands = Hands::new();
        let (listener, base) = place().await;
        let url = format!("{base}/sandbox/oauth");
        let mut config = Config::new(key(), &url);
        let scopes = BTreeSet::from(["read".to_owned(), "write".to_owned()]);
        let mut machine = Client::confidential(&key(), "s3 cret:%");
        machine.scopes = scopes.clone();
        let mut public = Client::public();
        public.scopes = scopes;
        public.redirect_uris = vec!["http://127.0.0.1/callback".to_owned()];
        let other = Client::public();
        config.clients = BTreeMap::from([
            ("machine".to_owned(), machine),
            ("public".to_owned(), public),
            ("other".to_owned(), other),
        ]);
        let sandbox = SandboxOauth::new(config, hands.clock(), scrambled());
        serve(listener, sandbox.router_under("/sandbox/oauth"));
        Self { url, hands, faults: sandbox.faults(Service::Server) }
    }

    async fn token(&self, form: &[(&str, &str)]) -> Reply {
        post_form(&format!("{}/token", self.url), form).await
    }

    /// What comes back to the redirect_uri, by name.
    async fn authorize(&self, changes: &[(&str, &str)]) -> Result<BTreeMap<String, String>, Reply> {
        let challenge = challenge(VERIFIER);
        let mut query = BTreeMap::from([
            ("response_type", "code"),
            ("client_id", "public"),
            ("redirect_uri", REDIRECT),
            ("code_challenge", challenge.as_str()),
            ("code_challenge_method", "S256"),
            ("state", "xyz"),
        ]);
        query.extend(changes.iter().copied());
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let found = reply(client.get(format!("{}/authorize?{query}", self.url))).await;
        if found.status != 302 {
            return Err(found);
        }
        let (place, query) = found.headers["location"].split_once('?').unwrap();
        assert_eq!(place, REDIRECT);
        Ok(form_urlencoded::parse(query.as_bytes()).into_owned().collect())
    }

    async fn code(&self) -> String {
        self.authorize(&[]).await.unwrap()["code"].clone()
    }

    async fn redeem(&self, code: &str, changes: &[(&str, &str)]) -> Reply {
        let mut form = BTreeMap::from([
            ("grant_type", "authorization_code"),
            ("client_id", "public"),
            ("code", code),
            ("redirect_uri", REDIRECT),
            ("code_verifier", VERIFIER),
        ]);
        form.extend(changes.iter().copied());
        self.token(&form.into_iter().collect::<Vec<_>>()).await
    }

    async fn refresh(&self, token: &str) -> Reply {
        self.token(&[("grant_type", "refresh_token"), ("client_id", "public"), ("refresh_token", token)])
            .await
    }

    async fn use_token(&self, token: &str) -> Reply {
        get(&format!("{}/resource", self.url), Some(token)).await
    }
}

#[tokio::test]
async fn a_client_gets_a_token_by_its_secret_in_either_place() {
    let server = Server::start().await;
    let form = [("grant_type", "client_credentials"), ("scope", "read")];
    let url = format!("{}/token", server.url);
    // Both are encoded as in a form first.
    let basic = reqwest::Client::new().post(&url).basic_auth("machine", Some("s3+cret%3A%25")).form(&form);
    let body = [("client_id", "machine"), ("client_secret", "s3 cret:%")];
    for found in [reply(basic).await, server.token(&[&form[..], &body].concat()).await] {
        assert_eq!(found.headers["cache-control"], "no-store");
        assert_eq!(
            (found.json()["expires_in"].as_i64(), found.text_at("/scope").as_str()),
            (Some(3_600), "read")
        );
        assert!(found.json().get("refresh_token").is_none());
        let token = found.text_at("/access_token");
        assert_eq!(
            server.use_token(&token).await.json(),
            json!({ "subject": "machine", "scopes": ["read"] })
        );
    }
    for (what, form, status, error) in [
        ("a wrong secret", vec![("client_id", "machine"), ("client_secret", "x")], 401, "invalid_client"),
        ("no secret", vec![("client_id", "machine")], 401, "invalid_client"),
        ("an unknown client", vec![("client_id", "nobody"), ("client_secret", "x")], 401, "invalid_client"),
        ("no client", vec![], 401, "invalid_client"),
        ("a public client", vec![("client_id", "public")], 400, "unauthorized_client"),
        ("too much", vec![body[0], body[1], ("scope", "read admin")], 400, "invalid_scope"),
        (
            "a parameter twice",
            vec![body[0], body[1], ("scope", "read"), ("scope", "write")],
            400,
            "invalid_request",
        ),
    ] {
        let found = server.token(&[&form[..], &[("grant_type", "client_credentials")]].concat()).await;
        assert_eq!((found.status, found.text_at("/error").as_str()), (status, error), "{what}");
    }
    assert_eq!(server.token(&body).await.text_at("/error"), "invalid_request");
    let password = server.token(&[body[0], body[1], ("grant_type", "password")]).await;
    assert_eq!(password.text_at("/error"), "unsupported_grant_type");
}

#[tokio::test]
async fn a_code_is_good_once_for_whoever_knows_its_verifier() {
    let server = Server::start().await;
    let answer = server.authorize(&[("scope", "read")]).await.unwrap();
    assert_eq!((answer["state"].as_str(), answer["iss"].as_str()), ("xyz", server.url.as_str()));
    for (what, changes) in [
        ("another verifier", ("code_verifier", "b-verifier-of-at-least-forty-three-characters")),
        ("another address", ("redirect_uri", "http://127.0.0.1:4712/callback")),
        ("another client", ("client_id", "other")),
    ] {
        let found = server.redeem(&answer["code"], &[changes]).await;
        assert_eq!((found.status, found.text_at("/error").as_str()), (400, "invalid_grant"), "{what}");
    }
    let first = server.redeem(&answer["code"], &[]).await;
    let token = first.text_at("/access_token");
    assert_eq!(server.use_token(&token).await.text_at("/subject"), "user@acme.example");
    // Used once more, it ends what came of it.
    assert_eq!(server.redeem(&answer["code"], &[]).await.text_at("/error"), "invalid_grant");
    assert_eq!(server.use_token(&token).await.status, 401);
    assert_eq!(server.refresh(&first.text_at("/refresh_token")).await.text_at("/error"), "invalid_grant");
    let late = server.code().await;
    server.hands.advance(Duration::from_secs(60));
    assert_eq!(server.redeem(&late, &[]).await.text_at("/error"), "invalid_grant");
}

#[tokio::test]
async fn an_error_goes_back_only_to_an_address_of_the_clients() {
    let server = Server::start().await;
    let plain = challenge(VERIFIER);
    for (changes, error) in [
        (vec![("code_challenge_method", "plain")], "invalid_request"),
        (vec![("code_challenge", "")], "invalid_request"),
        (vec![("response_type", "token")], "unsupported_response_type"),
        (vec![("scope", "admin"), ("code_challenge", plain.as_str())], "invalid_scope"),
    ] {
        let answer = server.authorize(&changes).await.unwrap();
        assert_eq!((answer["error"].as_str(), answer["state"].as_str()), (error, "xyz"), "{changes:?}");
    }
    for changes in [("client_id", "nobody"), ("redirect_uri", "https://evil.example/"), ("redirect_uri", "")]
    {
        assert_eq!(server.authorize(&[changes]).await.unwrap_err().status, 400, "{changes:?}");
    }
}

#[tokio::test]
async fn a_refresh_token_is_good_once_and_its_reuse_ends_the_family() {
    let server = Server::start().await;
    let first = server.redeem(&server.code().await, &[]).await;
    let second = server.refresh(&first.text_at("/refresh_token")).await;
    assert_ne!(first.text_at("/refresh_token"), second.text_at("/refresh_token"));
    let third = server.refresh(&second.text_at("/refresh_token")).await;
    assert_eq!(server.use_token(&third.text_at("/access_token")).await.status, 200);
    let reused = server.refresh(&first.text_at("/refresh_token")).await;
    assert_eq!((reused.status, reused.text_at("/error").as_str()), (400, "invalid_grant"));
    assert_eq!(server.refresh(&third.text_at("/refresh_token")).await.text_at("/error"), "invalid_grant");
    assert_eq!(server.use_token(&third.text_at("/access_token")).await.status, 401);

    let other = server.redeem(&server.code().await, &[]).await.text_at("/refresh_token");
    let narrower =
        [("grant_type", "refresh_token"), ("client_id", "public"), ("refresh_token", other.as_str())];
    let wider = server.token(&[&narrower[..], &[("scope", "read admin")]].concat()).await;
    assert_eq!(wider.text_at("/error"), "invalid_scope");
    let narrowed = server.token(&[&narrower[..], &[("scope", "read")]].concat()).await;
    assert_eq!(narrowed.text_at("/scope"), "read");
    // What was approved stays approved.
    assert_eq!(server.refresh(&narrowed.text_at("/refresh_token")).await.text_at("/scope"), "read write");
    let old = server.redeem(&server.code().await, &[]).await.text_at("/refresh_token");
    server.hands.advance(Duration::from_secs(30 * 86_400));
    assert_eq!(server.refresh(&old).await.text_at("/error"), "invalid_grant");
}

#[tokio::test]
async fn tokens_are_looked_up_and_revoked_by_their_client() {
    let server = Server::start().await;
    let issued = server.redeem(&server.code().await, &[]).await;
    let (access, refresh) = (issued.text_at("/access_token"), issued.text_at("/refresh_token"));
    let ask = async |path: &str, client: &str, token: &str| {
        post_form(&format!("{}/{path}", server.url), &[("client_id", client), ("token", token)]).await
    };
    let known = ask("introspect", "public", &access).await.json();
    assert_eq!(
        known,
        json!({
            "active": true, "client_id": "public", "sub": "user@acme.example", "scope": "read write",
            "exp": 1_795_417_200, "iss": server.url,
        })
    );
    assert_eq!(ask("introspect", "public", &refresh).await.json()["active"], true);
    let inactive: Value = json!({ "active": false });
    assert_eq!(ask("introspect", "public", "nonsense").await.json(), inactive);
    assert_eq!(ask("introspect", "nobody", &access).await.status, 401);

    assert_eq!(ask("revoke", "other", &access).await.text_at("/error"), "invalid_grant");
    assert_eq!(ask("revoke", "public", "nonsense").await.status, 200);
    assert_eq!(ask("revoke", "public", &access).await.status, 200);
    assert_eq!(ask("introspect", "public", &access).await.json(), inactive);
    let next = server.refresh(&refresh).await;
    assert_eq!(ask("introspect", "public", &refresh).await.json(), inactive);
    assert_eq!(ask("revoke", "public", &next.text_at("/refresh_token")).await.status, 200);
    assert_eq!(server.use_token(&next.text_at("/access_token")).await.status, 401);
    assert_eq!(server.refresh(&next.text_at("/refresh_token")).await.text_at("/error"), "invalid_grant");
    let refused = server.use_token("nonsense").await;
    assert_eq!(refused.headers["www-authenticate"], "Bearer error=\"invalid_token\"");
}

#[tokio::test]
async fn a_client_finds_everything_and_its_troubles() {
    let server = Server::start().await;
    let found = get(&format!("{}/.well-known/oauth-authorization-server", server.url), None).await;
    assert_eq!(found.text_at("/token_endpoint"), format!("{}/token", server.url));
    assert_eq!(found.json()["code_challenge_methods_supported"], json!(["S256"]));
    let refresh = server.redeem(&server.code().await, &[]).await.text_at("/refresh_token");
    server.faults.next(Fault::TooManyRequests { retry_after: Duration::from_secs(3) });
    let throttled = server.refresh(&refresh).await;
    assert_eq!((throttled.status, throttled.headers["retry-after"].as_str()), (429, "3"));
    server.faults.next(Fault::Expired(Duration::from_secs(60)));
    assert_eq!(server.refresh(&refresh).await.json()["expires_in"], -60);
}
