//! Sessions at AWS for whoever another issuer vouches for.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_sts::Client;
use aws_sdk_sts::config::{BehaviorVersion, Region};
use aws_sdk_sts::error::ProvideErrorMetadata as _;
use deputize_sandbox::IssuerKeys;
use deputize_sandbox::aws::{Config, OidcProvider, RoleConfig, Roles, SandboxAws};
use jsonwebtoken::Algorithm;
use serde_json::json;

use crate::issuer::Issuer;
use crate::served::{Hands, key, place, scrambled, serve};

const ROLE: &str = "arn:aws:iam::123456789012:role/devops";
const AUDIENCE: &str = "sts.amazonaws.com";

/// A client without credentials: the call is not signed.
async fn unsigned(issuer: &Issuer, configure: impl FnOnce(&mut Config)) -> Client {
    let (listener, url) = place().await;
    let mut config = Config::new(key());
    config.issuer = Some(url.clone());
    let (issuer, audiences) = (issuer.url.clone(), vec![AUDIENCE.to_owned()]);
    config.oidc_providers = vec![OidcProvider { issuer, audiences, keys: IssuerKeys::Discovered }];
    configure(&mut config);
    let sandbox = SandboxAws::new(config, Hands::new().clock(), scrambled());
    serve(listener, sandbox.router());
    let config = aws_sdk_sts::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-central-1"))
        .endpoint_url(url)
        .http_client(aws_smithy_http_client::Builder::new().build_http());
    Client::from_conf(config.build())
}

fn listed(config: &mut Config) {
    let web_identities = BTreeSet::from(["devops-agent".to_owned()]);
    let role = RoleConfig { web_identities, ..RoleConfig::default() };
    config.roles = Roles::Listed(BTreeMap::from([("devops".to_owned(), role)]));
}

#[tokio::test]
async fn a_token_of_a_provider_gets_a_session() {
    let issuer = Issuer::start().await;
    let client = unsigned(&issuer, listed).await;
    for algorithm in [Algorithm::RS256, Algorithm::ES256] {
        let token = issuer.signed(algorithm, "devops-agent", AUDIENCE, json!({}));
        let call = client.assume_role_with_web_identity().role_arn(ROLE).role_session_name("lease-1");
        let output = call.web_identity_token(token).duration_seconds(900).send().await.unwrap();
        let credentials = output.credentials().unwrap();
        assert_eq!(credentials.expiration().to_string(), "2026-11-23T06:15:00Z");
        assert_eq!(output.subject_from_web_identity_token(), Some("devops-agent"));
        assert_eq!(output.audience(), Some(AUDIENCE));
        let arn = "arn:aws:sts::123456789012:assumed-role/devops/lease-1";
        assert_eq!(output.assumed_role_user().unwrap().arn(), arn);
    }
}

#[tokio::test]
async fn every_reason_to_refuse_a_token_has_its_code() {
    let issuer = Issuer::start().await;
    let client = unsigned(&issuer, listed).await;
    let stranger = Issuer::start().await;
    let from = |subject: &str, audience: &str, claims| issuer.token(subject, audience, claims);
    let forged = stranger.signed(Algorithm::ES256, "devops-agent", AUDIENCE, json!({ "iss": issuer.url }));
    for (what, token, code) in [
        ("another subject", from("someone", AUDIENCE, json!({})), "AccessDenied"),
        ("another audience", from("devops-agent", "x", json!({})), "InvalidIdentityToken"),
        ("another issuer", stranger.token("devops-agent", AUDIENCE, json!({})), "InvalidIdentityToken"),
        ("a forged one", forged, "InvalidIdentityToken"),
        (
            "one that ended",
            from("devops-agent", AUDIENCE, json!({ "exp": 1_795_413_300 })),
            "ExpiredTokenException",
        ),
        (
            "one that has not begun",
            from("devops-agent", AUDIENCE, json!({ "nbf": 1_795_413_901 })),
            "InvalidIdentityToken",
        ),
        ("no token", "a.b.c".to_owned(), "InvalidIdentityToken"),
    ] {
        let call = client.assume_role_with_web_identity().role_arn(ROLE).role_session_name("lease-1");
        let error = call.web_identity_token(token).send().await.unwrap_err();
        assert_eq!(error.code(), Some(code), "{what}: {error:?}");
    }
    let (listener, away) = place().await;
    drop(listener);
    let client = unsigned(&issuer, |config| config.oidc_providers[0].issuer = away.clone()).await;
    let call = client.assume_role_with_web_identity().role_arn(ROLE).role_session_name("lease-1");
    let token = from("devops-agent", AUDIENCE, json!({ "iss": away }));
    let error = call.web_identity_token(token).send().await.unwrap_err();
    assert_eq!(error.code(), Some("IDPCommunicationError"));
}
