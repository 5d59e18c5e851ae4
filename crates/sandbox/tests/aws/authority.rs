//! Who a session is, and what it may do.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_sts::types::{PolicyDescriptorType, Tag};
use deputize_sandbox::aws::{RoleConfig, Roles, SandboxAws};
use serde_json::json;

use crate::account::{Account, REGION, ROLE, assume_with, credentials, keys, refusal};

const OBJECT: &str = "arn:aws:s3:::reports/2026/november.csv";

const READ_REPORTS: &str = r#"{"Version":"2012-10-17","Statement":[
    {"Effect":"Allow","Action":"s3:Get*","Resource":"arn:aws:s3:::reports/*",
     "Condition":{"StringEquals":{"aws:RequestedRegion":"eu-central-1"}}},
    {"Effect":"Deny","Action":["sts:Assume*","sts:GetWebIdentityToken"],"Resource":"*"}]}"#;

#[tokio::test]
async fn the_operator_is_a_user_who_may_do_anything() {
    let account = Account::start().await;
    let identity = account.operator().get_caller_identity().send().await.unwrap();
    assert_eq!(identity.arn(), Some("arn:aws:iam::123456789012:user/sandbox"));
    assert_eq!(identity.account(), Some("123456789012"));
    assert!(identity.user_id().unwrap().starts_with("AIDA"));
    let key = account.sandbox.root_credentials();
    let operator = keys(&key.id, key.secret.as_str(), None);
    let (status, answer) = account.authorize(&operator, "iam:CreateUser", "*").await;
    assert_eq!((status, &answer["allowed"], &answer["expires_at"]), (200, &json!(true), &json!(null)));
}

#[tokio::test]
async fn an_answer_holds_what_sts_answers() {
    let account = Account::start().await;
    let tag = Tag::builder().key("agent").value("devops").build().unwrap();
    let call =
        account.assume().policy(READ_REPORTS).source_identity("devops").tags(tag).duration_seconds(900);
    let output = call.minimum_session_token_size(2_000).send().await.unwrap();
    let user = output.assumed_role_user().unwrap();
    assert_eq!(user.arn(), "arn:aws:sts::123456789012:assumed-role/devops/lease-1");
    assert!(user.assumed_role_id().starts_with("AROA") && user.assumed_role_id().ends_with(":lease-1"));
    assert_eq!(output.source_identity(), Some("devops"));
    #[expect(deprecated, reason = "its successor tells of the token, and callers keep both")]
    let packed = output.packed_policy_size().unwrap();
    assert!((1..=100).contains(&packed), "{packed}");
    let issued = output.credentials().unwrap();
    assert!(issued.access_key_id().starts_with("ASIA") && issued.access_key_id().len() == 20);
    assert_eq!(issued.secret_access_key().len(), 40);
    assert_eq!(issued.expiration().to_string(), "2026-11-23T06:15:00Z");
    let size = issued.session_token().len();
    assert_eq!(output.session_token_size(), Some(i32::try_from(size).unwrap()));
    assert!(size >= 2_000 && output.session_token_utilization() == Some(49), "{output:?}");
}

#[tokio::test]
async fn a_session_knows_who_it_is_whatever_its_policy_says() {
    let account = Account::start().await;
    let nothing = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}"#;
    let session = account.session(Some(nothing)).await;
    let identity = account.client(session.clone()).get_caller_identity().send().await.unwrap();
    assert_eq!(identity.arn(), Some("arn:aws:sts::123456789012:assumed-role/devops/lease-1"));
    let (_, answer) = account.authorize(&session, "sts:GetCallerIdentity", "*").await;
    assert_eq!(answer["decision"], "allowed");
}

#[tokio::test]
async fn a_session_may_do_what_its_policy_says_and_nothing_else() {
    let account = Account::start().await;
    let session = account.session(Some(READ_REPORTS)).await;
    for (action, resource, decision) in [
        ("s3:GetObject", OBJECT, "allowed"),
        ("s3:getobjectacl", OBJECT, "allowed"),
        ("s3:PutObject", OBJECT, "implicit_deny"),
        ("s3:GetObject", "arn:aws:s3:::report/2026/november.csv", "implicit_deny"),
        ("sts:AssumeRole", ROLE, "explicit_deny"),
        ("sts:GetWebIdentityToken", "*", "explicit_deny"),
        ("ec2:RunInstances", "*", "implicit_deny"),
    ] {
        let (status, answer) = account.authorize(&session, action, resource).await;
        assert_eq!(
            (status, answer["decision"].as_str()),
            (200, Some(decision)),
            "{action} {resource}: {answer}"
        );
        assert_eq!(answer["allowed"], decision == "allowed");
        assert_eq!(answer["principal"], "arn:aws:sts::123456789012:assumed-role/devops/lease-1");
        assert_eq!(answer["expires_at"], "2026-11-23T07:00:00Z");
    }
    let elsewhere = json!({
        "access_key_id": session.access_key_id(), "session_token": session.session_token(),
        "action": "s3:GetObject", "resource": OBJECT, "region": "us-east-1",
    });
    assert_eq!(account.ask(&elsewhere).await.1["decision"], "implicit_deny");
}

#[tokio::test]
async fn a_session_that_is_denied_the_pivots_cannot_use_them() {
    let account = Account::start().await;
    let client = account.client(account.session(Some(READ_REPORTS)).await);
    let (status, code, message) = refusal(assume_with(&client).send().await);
    assert_eq!((status, code.as_str()), (403, "AccessDenied"));
    assert_eq!(
        message,
        format!(
            "User: arn:aws:sts::123456789012:assumed-role/devops/lease-1 is not authorized to perform: \
             sts:AssumeRole on resource: {ROLE} with an explicit deny: statement 2 of the session policy denies it"
        )
    );
    let call = client.get_web_identity_token().audience("a").signing_algorithm("ES384");
    assert_eq!(refusal(call.send().await).1, "AccessDenied");
}

#[tokio::test]
async fn the_role_limits_its_sessions_and_any_session_policy_may_allow() {
    let allow = |action: &str| {
        let statement = json!({"Effect": "Allow", "Action": action, "Resource": "*"});
        json!({"Version": "2012-10-17", "Statement": [statement]}).to_string()
    };
    let arn = "arn:aws:iam::123456789012:policy/Queues";
    let account = Account::configured(|config| {
        let identity_policy = Some(allow("s?s:*").parse().unwrap());
        let role = RoleConfig { identity_policy, ..RoleConfig::default() };
        config.roles = Roles::Listed(BTreeMap::from([("devops".to_owned(), role)]));
        config.managed_policies = BTreeMap::from([(arn.to_owned(), allow("sqs:*").parse().unwrap())]);
    })
    .await;
    let managed = PolicyDescriptorType::builder().arn(arn).build();
    let unlimited = account.session(None).await;
    let limited = credentials(account.assume().policy(allow("s3:*")).policy_arns(managed)).await;
    for (session, action, decision, reason) in [
        (&unlimited, "sns:Publish", "allowed", "statement 1 of the role's policy allows it"),
        (&unlimited, "s3:GetObject", "implicit_deny", "no identity-based policy allows it"),
        (
            &limited,
            "sqs:SendMessage",
            "allowed",
            &format!("statement 1 of the session policy {arn} allows it"),
        ),
        (&limited, "sns:Publish", "implicit_deny", "no session policy allows it"),
        (&limited, "s3:GetObject", "implicit_deny", "no identity-based policy allows it"),
    ] {
        let (_, answer) = account.authorize(session, action, "*").await;
        assert_eq!(
            (answer["decision"].as_str(), answer["reason"].as_str()),
            (Some(decision), Some(reason)),
            "{action}"
        );
    }
}

#[tokio::test]
async fn tags_and_source_identity_reach_the_policy() {
    let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*",
        "Condition":{"StringEquals":{"aws:PrincipalTag/agent":"devops","aws:SourceIdentity":"devops",
        "aws:PrincipalArn":"arn:aws:iam::123456789012:role/team/devops"},"StringLike":{"aws:userid":"AROA*:lease-1"}}}]}"#;
    let account = Account::start().await;
    let call = |agent: &str| {
        let tag = Tag::builder().key("agent").value(agent).build().unwrap();
        account.assume().policy(policy).source_identity("devops").tags(tag)
    };
    for (agent, decision) in [("devops", "allowed"), ("other", "implicit_deny")] {
        let session = credentials(call(agent)).await;
        assert_eq!(account.authorize(&session, "s3:GetObject", OBJECT).await.1["decision"], decision);
    }
}

#[tokio::test]
async fn a_chain_keeps_its_source_identity_and_its_transitive_tags() {
    let account = Account::start().await;
    let tag = |key: &str| Tag::builder().key(key).value("v").build().unwrap();
    let call = account.assume().source_identity("devops").tags(tag("agent")).tags(tag("task"));
    let first = account.client(credentials(call.transitive_tag_keys("agent")).await);

    let (status, code, _) = refusal(assume_with(&first).source_identity("other").send().await);
    assert_eq!((status, code.as_str()), (403, "AccessDenied"));
    let (status, code, _) = refusal(assume_with(&first).tags(tag("AGENT")).send().await);
    assert_eq!((status, code.as_str()), (400, "InvalidParameterValue"));

    let tagged = |key: &str| {
        let condition = json!({"StringEquals": {format!("aws:PrincipalTag/{key}"): "v"}});
        let statement = json!({"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition});
        json!({"Version": "2012-10-17", "Statement": statement}).to_string()
    };
    for (key, decision) in [("agent", "allowed"), ("task", "implicit_deny")] {
        let output = assume_with(&first).policy(tagged(key)).send().await.unwrap();
        assert_eq!(output.source_identity(), Some("devops"));
        let second = credentials(assume_with(&first).policy(tagged(key))).await;
        assert_eq!(account.authorize(&second, "s3:GetObject", OBJECT).await.1["decision"], decision);
    }
}

#[tokio::test]
async fn tagging_and_naming_a_source_need_permissions_of_their_own() {
    let policy =
        r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"*"}}"#;
    let account = Account::start().await;
    let client = account.client(account.session(Some(policy)).await);
    assert!(assume_with(&client).send().await.is_ok());
    let tag = Tag::builder().key("k").value("v").build().unwrap();
    for (call, action) in [
        (assume_with(&client).tags(tag), "sts:TagSession"),
        (assume_with(&client).source_identity("me"), "sts:SetSourceIdentity"),
    ] {
        let (_, code, message) = refusal(call.send().await);
        assert!(code == "AccessDenied" && message.contains(action), "{message}");
    }
}

#[tokio::test]
async fn a_role_is_assumed_only_if_it_is_there_and_trusts_the_caller() {
    let account = Account::configured(|config| {
        let role = RoleConfig { external_id: Some("tenant-7".to_owned()), ..RoleConfig::default() };
        config.roles = Roles::Listed(BTreeMap::from([("devops".to_owned(), role)]));
    })
    .await;
    assert!(account.assume().external_id("tenant-7").send().await.is_ok());
    for call in [
        account.assume(),
        account.assume().external_id("tenant-8"),
        account.assume().external_id("tenant-7").role_arn("arn:aws:iam::123456789012:role/other"),
        account.assume().external_id("tenant-7").role_arn("arn:aws:iam::210987654321:role/devops"),
    ] {
        let (status, code, message) = refusal(call.send().await);
        assert_eq!((status, code.as_str()), (403, "AccessDenied"));
        assert!(
            message.contains("is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::"),
            "{message}"
        );
    }
}

#[tokio::test]
async fn a_session_ends_when_it_says() {
    let account = Account::start().await;
    let session = credentials(account.assume().duration_seconds(900)).await;
    account.advance(Duration::from_secs(899));
    assert!(account.client(session.clone()).get_caller_identity().send().await.is_ok());
    account.advance(Duration::from_secs(1));
    let (status, code, _) = refusal(account.client(session.clone()).get_caller_identity().send().await);
    assert_eq!((status, code.as_str()), (403, "ExpiredToken"));
    let (status, answer) = account.authorize(&session, "s3:GetObject", OBJECT).await;
    assert_eq!((status, answer["code"].as_str()), (403, Some("ExpiredToken")));
}

#[tokio::test]
async fn a_session_outlives_a_restart_with_the_same_key_and_no_other() {
    let session = Account::start().await.session(None).await;
    let restarted = Account::start().await;
    assert!(restarted.client(session.clone()).get_caller_identity().send().await.is_ok());
    let other = Account::configured(|config| config.key = deputize_sandbox::aws::Key::new([8; 32])).await;
    assert_eq!(refusal(other.client(session).get_caller_identity().send().await).1, "InvalidClientTokenId");
}

#[tokio::test]
async fn forged_credentials_are_not_judged() {
    let account = Account::start().await;
    let session = account.session(None).await;
    let (id, secret) = (session.access_key_id(), session.secret_access_key());
    let token = session.session_token().unwrap();
    for (id, secret, token, code) in [
        ("ASIAAAAAAAAAAAAAAAAA", secret, Some(token), "InvalidClientTokenId"),
        (id, secret, Some("forged"), "InvalidClientTokenId"),
        (id, secret, None, "InvalidClientTokenId"),
        (id, "wrong", Some(token), "SignatureDoesNotMatch"),
    ] {
        let forged = keys(id, secret, token.map(str::to_owned));
        let (status, answer) = account.authorize(&forged, "s3:GetObject", OBJECT).await;
        assert_eq!((status, answer["code"].as_str()), (403, Some(code)));
    }
}

#[tokio::test]
async fn a_question_is_about_one_concrete_call() {
    let account = Account::start().await;
    let key = account.sandbox.root_credentials();
    let good =
        json!({"access_key_id": key.id, "action": "s3:GetObject", "resource": OBJECT, "region": REGION});
    assert_eq!(account.ask(&good).await.0, 200);
    for (member, value) in [
        ("action", "s3:*"),
        ("action", "GetObject"),
        ("resource", "reports"),
        ("region", "Frankfurt"),
        ("colour", "red"),
    ] {
        let mut bad = good.clone();
        bad[member] = json!(value);
        let (status, answer) = account.ask(&bad).await;
        assert!(
            (400..500).contains(&status) && answer["code"] == "InvalidRequest",
            "{member}: {status} {answer}"
        );
    }
}

#[test]
fn debug_output_of_an_account_shows_no_secret() {
    let config = deputize_sandbox::aws::Config::new(deputize_sandbox::aws::Key::new([7; 32]));
    let clock = || jiff::Timestamp::UNIX_EPOCH;
    let sandbox = SandboxAws::new(config, std::sync::Arc::new(clock), std::sync::Arc::new(|_: &mut [u8]| ()));
    assert!(!format!("{sandbox:?}").contains("7, 7"));
}
