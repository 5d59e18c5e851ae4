//! GetScopedCredentials: the same session, with less.

use std::time::Duration;

use aws_sdk_sts::config::Credentials;
use deputize_sandbox::aws::Endpoint;

use crate::account::{Account, credentials};
use crate::query::{Answer, STS};

const READ: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:Get*","Resource":"*"}]}"#;
/// Whoever is to narrow once more must have been left the permission to.
const ACME: &str = r#"{"Version":"2012-10-17","Statement":[
    {"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::acme/*"},
    {"Effect":"Allow","Action":"sts:GetScopedCredentials","Resource":"*"}]}"#;

async fn scoped(account: &Account, caller: &Credentials, form: &[(&str, &str)]) -> Answer {
    account.query(caller, STS, &[&[("Action", "GetScopedCredentials")], form].concat()).await
}

#[tokio::test]
async fn the_result_may_do_what_all_of_the_chain_allow_and_keeps_its_name() {
    let account = Account::start().await;
    let tag = aws_sdk_sts::types::Tag::builder().key("agent").value("devops").build().unwrap();
    let session = credentials(account.assume().tags(tag).source_identity("devops")).await;
    let narrowed = scoped(&account, &session, &[("Policy", ACME)]).await;
    assert_eq!(narrowed.element("Expiration"), "2026-11-23T07:00:00Z");
    let arn = "arn:aws:sts::123456789012:assumed-role/devops/lease-1";
    let result = narrowed.text.split_once("<ScopedSession>").unwrap().1;
    assert!(result.contains(&format!("<Arn>{arn}</Arn>")) && result.contains(":lease-1</ScopedSessionId>"));
    let first = narrowed.credentials();
    let second = scoped(&account, &first, &[("Policy", READ)]).await.credentials();
    assert_eq!(scoped(&account, &second, &[]).await.refusal(), (403, "AccessDenied"));
    for key in [&first, &second] {
        let identity = account.client(key.clone()).get_caller_identity().send().await.unwrap();
        assert_eq!(identity.arn(), Some(arn));
    }
    for (action, resource, allowed) in [
        ("s3:GetObject", "arn:aws:s3:::acme/a", [true, true, true]),
        ("s3:PutObject", "arn:aws:s3:::acme/a", [true, true, false]),
        ("s3:GetObject", "arn:aws:s3:::other/a", [true, false, false]),
        ("ec2:RunInstances", "arn:aws:ec2:us-east-1:123456789012:instance/i", [true, false, false]),
    ] {
        for (key, allowed) in [&session, &first, &second].into_iter().zip(allowed) {
            let (_, found) = account.authorize(key, action, resource).await;
            assert_eq!(found["allowed"], allowed, "{action} {resource}: {found}");
        }
    }
    // Tags and source identity stay: a web identity token tells them.
    let web = account.client(scoped(&account, &session, &[("DurationSeconds", "900")]).await.credentials());
    let web = web.get_web_identity_token().audience("a").signing_algorithm("RS256").send().await.unwrap();
    let claims: serde_json::Value =
        jsonwebtoken::dangerous::insecure_decode_claims(web.web_identity_token().unwrap()).unwrap();
    let sts = &claims["https://sts.amazonaws.com/"];
    assert_eq!(
        (sts["source_identity"].as_str(), sts["principal_tags"]["agent"].as_str()),
        (Some("devops"), Some("devops"))
    );
}

#[tokio::test]
async fn the_time_only_shrinks() {
    let account = Account::start().await;
    let session = account.session(None).await;
    account.advance(Duration::from_secs(600));
    let lasting = async |caller: &Credentials, seconds: &str| {
        scoped(&account, caller, &[("DurationSeconds", seconds)]).await
    };
    assert_eq!(lasting(&session, "3000").await.element("Expiration"), "2026-11-23T07:00:00Z");
    for (seconds, code) in
        [("3001", "ValidationError"), ("0", "ValidationError"), ("129601", "ValidationError")]
    {
        assert_eq!(lasting(&session, seconds).await.refusal(), (400, code), "{seconds}");
    }
    let short = lasting(&session, "1").await.credentials();
    assert_eq!(lasting(&short, "2").await.refusal(), (400, "ValidationError"));
    account.advance(Duration::from_secs(1));
    assert_eq!(lasting(&short, "1").await.refusal(), (403, "ExpiredToken"));
}

#[tokio::test]
async fn it_is_for_temporary_credentials_and_sound_policies_at_regional_endpoints() {
    let account = Account::start().await;
    assert_eq!(scoped(&account, &account.root(), &[]).await.refusal(), (403, "AccessDenied"));
    let session = account.session(None).await;
    let long = format!("{}{}", READ, " ".repeat(2_049 - READ.len()));
    for (what, policy, code) in [
        ("too long", long.as_str(), "ValidationError"),
        ("no policy", "{}", "MalformedPolicyDocument"),
        ("no JSON", "x", "MalformedPolicyDocument"),
    ] {
        assert_eq!(scoped(&account, &session, &[("Policy", policy)]).await.refusal(), (400, code), "{what}");
    }
    let padded = scoped(&account, &session, &[("Policy", READ), ("MinimumSessionTokenSize", "4096")]).await;
    assert!(padded.element("SessionToken").len() >= 4_096);
    let global = Account::configured(|config| config.endpoint = Endpoint::Global).await;
    let session = global.session(None).await;
    assert_eq!(scoped(&global, &session, &[]).await.refusal(), (400, "InvalidAction"));
}
