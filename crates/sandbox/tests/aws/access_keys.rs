//! Access keys of IAM users: made, used, switched off, deleted, and when each takes effect.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_sts::config::Credentials;
use deputize_sandbox::aws::{Fault, KeyPropagation, Users};

use crate::account::Account;
use crate::query::{Answer, IAM, STS};

const USER: (&str, &str) = ("UserName", "agent");

async fn iam(account: &Account, action: &str, form: &[(&str, &str)]) -> Answer {
    let form = [&[("Action", action)], form].concat();
    account.query(&account.root(), IAM, &form).await
}

async fn create(account: &Account) -> Credentials {
    let answer = iam(account, "CreateAccessKey", &[USER]).await;
    assert!(answer.text.contains("https://iam.amazonaws.com/doc/2010-05-08/"), "{answer:?}");
    assert_eq!((answer.status, answer.element("Status")), (200, "Active"));
    Credentials::new(answer.element("AccessKeyId"), answer.element("SecretAccessKey"), None, None, "test")
}

async fn who(account: &Account, key: &Credentials) -> Answer {
    account.query(key, STS, &[("Action", "GetCallerIdentity")]).await
}

const REFUSED: (u16, &str) = (403, "InvalidClientTokenId");

#[tokio::test]
async fn a_key_works_until_it_is_switched_off_or_deleted() {
    let account = Account::start().await;
    let key = create(&account).await;
    let id = ("AccessKeyId", key.access_key_id());
    assert_eq!(who(&account, &key).await.element("Arn"), "arn:aws:iam::123456789012:user/agent");
    let switch = async |status: &str| {
        assert_eq!(iam(&account, "UpdateAccessKey", &[USER, id, ("Status", status)]).await.status, 200);
    };
    switch("Inactive").await;
    assert_eq!(who(&account, &key).await.refusal(), REFUSED);
    switch("Active").await;
    assert_eq!(who(&account, &key).await.status, 200);
    assert_eq!(iam(&account, "DeleteAccessKey", &[USER, id]).await.status, 200);
    assert_eq!(who(&account, &key).await.refusal(), REFUSED);
    assert_eq!(iam(&account, "DeleteAccessKey", &[USER, id]).await.refusal(), (404, "NoSuchEntity"));
    // A wrong secret is told apart from a key that does not work.
    let other = create(&account).await;
    let forged = Credentials::new(other.access_key_id(), key.secret_access_key(), None, None, "test");
    assert_eq!(who(&account, &forged).await.refusal(), (403, "SignatureDoesNotMatch"));
}

#[tokio::test]
async fn a_user_has_two_keys_and_inactive_ones_count() {
    let account = Account::start().await;
    let (first, second) = (create(&account).await, create(&account).await);
    let off = [USER, ("AccessKeyId", first.access_key_id()), ("Status", "Inactive")];
    iam(&account, "UpdateAccessKey", &off).await;
    assert_eq!(iam(&account, "CreateAccessKey", &[USER]).await.refusal(), (409, "LimitExceeded"));
    let listed = iam(&account, "ListAccessKeys", &[USER]).await;
    for (key, status) in [(&first, "Inactive"), (&second, "Active")] {
        let member = format!("<AccessKeyId>{}</AccessKeyId><Status>{status}</Status>", key.access_key_id());
        assert!(listed.text.contains(&member), "{listed:?}");
    }
    assert!(!listed.text.contains("SecretAccessKey"));
    iam(&account, "DeleteAccessKey", &[USER, ("AccessKeyId", first.access_key_id())]).await;
    create(&account).await;
}

#[tokio::test]
async fn every_change_takes_its_while() {
    let account =
        Account::configured(|config| config.key_propagation = KeyPropagation::all(Duration::from_secs(10)))
            .await;
    let key = create(&account).await;
    let id = ("AccessKeyId", key.access_key_id());
    let works = async || who(&account, &key).await.status == 200;
    assert!(!works().await);
    account.advance(Duration::from_secs(10));
    assert!(works().await);
    for (status, before) in [("Inactive", true), ("Active", false)] {
        iam(&account, "UpdateAccessKey", &[USER, id, ("Status", status)]).await;
        assert_eq!(works().await, before, "{status}");
        account.advance(Duration::from_secs(10));
        assert_eq!(works().await, !before, "{status}");
    }
}

#[tokio::test]
async fn a_deleted_key_may_work_longer_than_a_new_one_fails() {
    let (made, deleted) = (Duration::from_secs(3), Duration::from_secs(9));
    let propagation = KeyPropagation { made, deleted, ..KeyPropagation::default() };
    let account = Account::configured(|config| config.key_propagation = propagation).await;
    let key = create(&account).await;
    let works = async || who(&account, &key).await.status == 200;
    assert!(!works().await);
    account.advance(made);
    assert!(works().await);
    iam(&account, "DeleteAccessKey", &[USER, ("AccessKeyId", key.access_key_id())]).await;
    assert!(!iam(&account, "ListAccessKeys", &[USER]).await.text.contains(key.access_key_id()));
    account.advance(made);
    assert!(works().await);
    account.advance(deleted);
    assert!(!works().await);
}

#[tokio::test]
async fn a_key_may_be_made_although_the_answer_says_that_it_was_not() {
    let account = Account::start().await;
    account.sandbox.faults().next(Fault::FailAfter { status: 500 });
    assert_eq!(iam(&account, "CreateAccessKey", &[USER]).await.refusal(), (500, "InternalError"));
    assert!(iam(&account, "ListAccessKeys", &[USER]).await.text.contains("<AccessKeyId>AKIA"));
}

#[tokio::test]
async fn the_last_use_of_a_key_is_known() {
    let account = Account::start().await;
    let key = create(&account).await;
    let id = ("AccessKeyId", key.access_key_id());
    let unused = iam(&account, "GetAccessKeyLastUsed", &[id]).await;
    assert_eq!((unused.element("UserName"), unused.element("ServiceName")), ("agent", "N/A"));
    assert!(!unused.text.contains("LastUsedDate"));
    account.advance(Duration::from_secs(60));
    who(&account, &key).await;
    let used = iam(&account, "GetAccessKeyLastUsed", &[id]).await;
    assert_eq!(used.element("LastUsedDate"), "2026-11-23T06:01:00Z");
    assert_eq!((used.element("ServiceName"), used.element("Region")), ("sts", "us-east-1"));
}

#[tokio::test]
async fn keys_outlive_a_restart_where_they_are_kept() {
    let account = Account::start().await;
    let key = create(&account).await;
    let kept = account.sandbox.access_keys();
    assert!(!serde_json::to_string(&kept).unwrap().contains(key.secret_access_key()));
    let restarted = Account::configured(|config| config.access_keys = kept).await;
    assert_eq!(who(&restarted, &key).await.status, 200);
    assert_eq!(who(&Account::start().await, &key).await.refusal(), REFUSED);
}

#[tokio::test]
async fn a_user_may_do_what_the_policy_says_and_mistakes_have_their_codes() {
    let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:ListAccessKeys",
        "Resource":"arn:aws:iam::123456789012:user/agent"}]}"#;
    let listed =
        BTreeMap::from([("agent".to_owned(), Some(policy.parse().unwrap())), ("free".to_owned(), None)]);
    let account = Account::configured(|config| config.users = Users::Listed(listed)).await;
    let key = create(&account).await;
    let call = async |form: &[(&str, &str)]| account.query(&key, IAM, form).await;
    assert_eq!(call(&[("Action", "ListAccessKeys")]).await.element("UserName"), "agent");
    assert_eq!(call(&[("Action", "CreateAccessKey")]).await.refusal(), (403, "AccessDenied"));
    assert_eq!(
        call(&[("Action", "ListAccessKeys"), ("UserName", "free")]).await.refusal(),
        (403, "AccessDenied")
    );
    for (action, form, expected) in [
        ("CreateAccessKey", vec![("UserName", "nobody")], (404, "NoSuchEntity")),
        ("CreateAccessKey", vec![], (400, "ValidationError")),
        ("CreateAccessKey", vec![("UserName", "a b")], (400, "ValidationError")),
        (
            "UpdateAccessKey",
            vec![USER, ("AccessKeyId", "AKIAAAAAAAAAAAAAAAAA"), ("Status", "Off")],
            (400, "ValidationError"),
        ),
        (
            "UpdateAccessKey",
            vec![USER, ("AccessKeyId", "AKIAAAAAAAAAAAAAAAAA"), ("Status", "Active")],
            (404, "NoSuchEntity"),
        ),
        ("GetAccessKeyLastUsed", vec![("AccessKeyId", "AKIAAAAAAAAAAAAAAAAA")], (404, "NoSuchEntity")),
        ("AssumeRole", vec![], (400, "InvalidAction")),
    ] {
        assert_eq!(iam(&account, action, &form).await.refusal(), expected, "{action} {form:?}");
    }
}
