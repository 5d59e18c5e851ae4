//! Web identity tokens, verified by another library than made them.

use std::time::Duration;

use aws_sdk_sts::config::Region;
use aws_sdk_sts::operation::get_web_identity_token::builders::GetWebIdentityTokenFluentBuilder as Call;
use aws_sdk_sts::types::Tag;
use aws_sdk_sts::{Client, error::SdkError};
use deputize_sandbox::aws::{Endpoint, Roles};
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde_json::{Value, json};

use crate::account::{Account, REGION, ROLE, credentials, keys, refusal};

fn token(client: &Client) -> Call {
    client.get_web_identity_token().audience("api://AzureADTokenExchange").signing_algorithm("RS256")
}

fn tag(key: &str, value: &str) -> Tag {
    Tag::builder().key(key).value(value).build().unwrap()
}

/// The claims of a token, verified as a relying party does: from the issuer alone.
async fn verified(issuer: &str, token: &str, audience: &str) -> Value {
    let get = async |url: String| -> Value { reqwest::get(url).await.unwrap().json().await.unwrap() };
    let configuration = get(format!("{issuer}/.well-known/openid-configuration")).await;
    assert_eq!(configuration["issuer"], issuer);
    let set = get(configuration["jwks_uri"].as_str().unwrap().to_owned()).await;
    let set: JwkSet = serde_json::from_value(set).unwrap();
    let header = decode_header(token).unwrap();
    let key = DecodingKey::from_jwk(set.find(&header.kid.unwrap()).unwrap()).unwrap();
    let mut validation = Validation::new(header.alg);
    validation.set_issuer(&[issuer]);
    validation.set_audience(&[audience]);
    // The sandbox's clock stands still at a time of the test's choosing.
    validation.validate_exp = false;
    decode(token, &key, &validation).unwrap().claims
}

#[tokio::test]
async fn a_token_says_who_asked_and_verifies_from_its_issuer() {
    let account = Account::start().await;
    let session = credentials(account.assume().source_identity("devops").tags(tag("agent", "devops"))).await;
    let client = account.client(session);
    for (name, algorithm) in [("RS256", Algorithm::RS256), ("ES384", Algorithm::ES384)] {
        let call =
            token(&client).signing_algorithm(name).audience("https://sts.example").tags(tag("task", "t 9"));
        let output = call.send().await.unwrap();
        assert_eq!(output.expiration().unwrap().to_string(), "2026-11-23T06:05:00Z");
        let token = output.web_identity_token().unwrap();
        assert_eq!(decode_header(token).unwrap().alg, algorithm);
        let claims = verified(&account.endpoint, token, "https://sts.example").await;
        assert_eq!(claims["aud"], json!(["api://AzureADTokenExchange", "https://sts.example"]));
        assert_eq!(claims["sub"], ROLE);
        assert_eq!(
            (claims["iat"].as_i64(), claims["exp"].as_i64()),
            (Some(1_795_413_600), Some(1_795_413_900))
        );
        assert_eq!(
            claims["https://sts.amazonaws.com/"],
            json!({
                "aws_account": "123456789012",
                "source_region": REGION,
                "original_session_exp": "2026-11-23T07:00:00Z",
                "source_identity": "devops",
                "principal_tags": {"agent": "devops"},
                "request_tags": {"task": "t 9"},
            })
        );
    }
}

#[tokio::test]
async fn the_keys_outlive_a_restart() {
    let first = Account::start().await;
    let output = token(&first.operator()).send().await.unwrap();
    let endpoint = first.endpoint.clone();
    let restarted = Account::configured(|config| config.issuer = Some(endpoint.clone())).await;
    let published = async |account: &Account| -> Value {
        let url = format!("{}/.well-known/jwks.json", account.endpoint);
        reqwest::get(url).await.unwrap().json().await.unwrap()
    };
    assert_eq!(published(&first).await, published(&restarted).await);
    let token = output.web_identity_token().unwrap();
    let claims = verified(&endpoint, token, "api://AzureADTokenExchange").await;
    assert_eq!(claims["sub"], "arn:aws:iam::123456789012:user/sandbox");
}

#[tokio::test]
async fn every_limit_of_a_token_is_kept() {
    let account = Account::start().await;
    let client = account.operator();
    let audiences =
        |count: usize| (1..count).fold(token(&client), |call, number| call.audience(number.to_string()));
    let tags = |count: usize| {
        (0..count).fold(token(&client), |call, number| call.tags(tag(&format!("k{number}"), "v")))
    };
    let bare = || client.get_web_identity_token();
    let long = |length: usize| bare().signing_algorithm("ES384").audience("a".repeat(length));
    let big =
        (0..40).fold(token(&client), |call, number| call.tags(tag(&format!("k{number}"), &"v".repeat(256))));
    const INVALID: &str = "ValidationError";
    for (what, call, code) in [
        ("no audience", bare().signing_algorithm("ES384"), Some(INVALID)),
        ("10 audiences", audiences(10), None),
        ("11 audiences", audiences(11), Some(INVALID)),
        ("an audience of 1000", long(1_000), None),
        ("an audience of 1001", long(1_001), Some(INVALID)),
        ("no algorithm", bare().audience("a"), Some(INVALID)),
        ("an unknown algorithm", token(&client).signing_algorithm("HS256"), Some(INVALID)),
        ("59 s", token(&client).duration_seconds(59), Some(INVALID)),
        ("60 s", token(&client).duration_seconds(60), None),
        ("3600 s", token(&client).duration_seconds(3_600), None),
        ("3601 s", token(&client).duration_seconds(3_601), Some(INVALID)),
        ("50 tags", tags(50), None),
        ("51 tags", tags(51), Some(INVALID)),
        (
            "a tag twice",
            token(&client).tags(tag("a", "b")).tags(tag("A", "b")),
            Some("InvalidParameterValue"),
        ),
        ("a large payload", big, Some("JWTPayloadSizeExceededException")),
    ] {
        match (call.send().await, code) {
            (outcome, None) => assert!(outcome.is_ok(), "{what}: {:?}", refusal(outcome)),
            (outcome, Some(code)) => {
                let (status, found, message) = refusal(outcome);
                assert_eq!((status, found.as_str()), (400, code), "{what}: {message}");
            }
        }
    }
}

#[tokio::test]
async fn a_token_ends_no_later_than_its_session() {
    let account = Account::start().await;
    let session = credentials(account.assume().duration_seconds(900)).await;
    account.advance(Duration::from_secs(600));
    let client = account.client(session);
    assert!(token(&client).duration_seconds(300).send().await.is_ok());
    let (status, code, _) = refusal(token(&client).duration_seconds(301).send().await);
    assert_eq!((status, code.as_str()), (403, "SessionDurationEscalationException"));
}

#[tokio::test]
async fn the_global_endpoint_has_no_tokens() {
    let global = Account::configured(|config| config.endpoint = Endpoint::Global).await;
    assert_eq!(refusal(token(&global.operator()).send().await).1, "InvalidAction");
    assert!(global.operator().get_caller_identity().send().await.is_ok());

    let account = Account::start().await;
    let key = account.sandbox.root_credentials();
    let config = account.client_config(keys(&key.id, key.secret.as_str(), None));
    let client = Client::from_conf(config.region(Region::new("aws-global")).build());
    match token(&client).send().await {
        Err(SdkError::ServiceError(error)) => assert_eq!(error.err().meta().code(), Some("InvalidAction")),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_account_without_federation_has_no_tokens() {
    let account = Account::configured(|config| {
        config.outbound_federation = false;
        config.roles = Roles::Any { max_session: Duration::from_secs(3_600) };
    })
    .await;
    let (status, code, _) = refusal(token(&account.operator()).send().await);
    assert_eq!((status, code.as_str()), (403, "OutboundWebIdentityFederationDisabledException"));
}
