//! Sessions minted at the sandbox, over HTTP, by AWS's own client.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, and its helpers are tests too"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use aws_sdk_sts::config::{BehaviorVersion, Credentials, SharedCredentialsProvider};
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_async::time::{SharedTimeSource, StaticTimeSource};
use aws_smithy_http_client::Builder as HttpClient;
use aws_types::SdkConfig;
use aws_types::region::Region;
use deputize_aws::{AwsMinter, AwsMinterSettings};
use deputize_broker::credential::{AwsSession, Credential};
use deputize_broker::decision::{AwsPlan, Plan};
use deputize_broker::ports::minter::{MintError, MintOrder, Minter as _};
use deputize_sandbox::aws::{Config, Fault, Faults, Key, SandboxAws};
use deputize_scope::Seconds;
use deputize_scope::aws::authority::{Authority, Statement};
use deputize_scope::aws::compile::compile;
use deputize_scope::aws::region::Regions;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::time::Instant;

const LEASE: &str = "0198f0aa-7d3a-7c4e-8f00-0123456789ab";
const ROLE: &str = "arn:aws:iam::123456789012:role/devops";
const REGION: &str = "eu-central-1";
const NOW: &str = "2026-11-23T06:00:00Z";

/// A sandbox that is being served at a time that stands still.
struct Account {
    sandbox: SandboxAws,
    endpoint: String,
}

impl Account {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}/sandbox/aws", listener.local_addr().unwrap());
        let now: Timestamp = NOW.parse().unwrap();
        let next = AtomicU8::new(0);
        let random = move |bytes: &mut [u8]| {
            bytes.iter_mut().for_each(|byte| *byte = next.fetch_add(1, Ordering::Relaxed));
        };
        let config = Config::new(Key::new([7; 32]));
        let sandbox = SandboxAws::new(config, Arc::new(move || now), Arc::new(random));
        let router = sandbox.router_under("/sandbox/aws");
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { sandbox, endpoint }
    }

    fn faults(&self) -> Faults {
        self.sandbox.faults()
    }

    fn minter(&self) -> AwsMinter {
        let root = self.sandbox.root_credentials();
        minter_at(&self.endpoint, &root.id, root.secret.as_str())
    }

    async fn decision(&self, session: &AwsSession, action: &str, resource: &str) -> String {
        let question = json!({
            "access_key_id": session.access_key_id,
            "secret_access_key": session.secret_access_key.reveal(),
            "session_token": session.session_token.reveal(),
            "action": action,
            "resource": resource,
            "region": REGION,
        });
        let url = format!("{}/authorize", self.endpoint);
        let answer = reqwest::Client::new().post(url).json(&question).send().await.unwrap();
        let answer: Value = answer.json().await.unwrap();
        answer["decision"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
    }
}

fn minter_at(endpoint: &str, id: &str, secret: &str) -> AwsMinter {
    let now: Timestamp = NOW.parse().unwrap();
    let clock = StaticTimeSource::from_secs(u64::try_from(now.as_second()).unwrap());
    let keys = Credentials::new(id, secret, None, None, "test");
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .credentials_provider(SharedCredentialsProvider::new(keys))
        .endpoint_url(endpoint)
        .http_client(HttpClient::new().build_http())
        .region(Region::new("us-east-1"))
        .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
        .time_source(SharedTimeSource::new(clock))
        .build();
    AwsMinter::new(&config, AwsMinterSettings { chained: false, region: Some(REGION.into()) })
}

fn order() -> MintOrder {
    let statement = Statement {
        actions: vec!["s3:Get*".parse().unwrap()],
        resources: vec!["arn:aws:s3:::reports/*".parse().unwrap()],
        regions: Regions::All,
    };
    MintOrder {
        lease: LEASE.parse().unwrap(),
        tenant: "acme".parse().unwrap(),
        agent: "devops-agent".parse().unwrap(),
        plan: Plan::AwsSession(AwsPlan {
            role: ROLE.parse().unwrap(),
            external_id: None,
            policy: compile(&Authority::new(vec![statement])).unwrap(),
        }),
        duration: Seconds::new(900),
    }
}

#[tokio::test]
async fn a_session_may_do_what_the_plan_says_and_nothing_else() {
    let account = Account::start().await;
    let minted = account.minter().mint(&order()).await.unwrap();
    let Credential::AwsSession(session) = &minted.credential else { panic!("not a session") };
    for (action, resource, allowed) in [
        ("s3:GetObject", "arn:aws:s3:::reports/november.csv", true),
        ("s3:PutObject", "arn:aws:s3:::reports/november.csv", false),
        ("s3:GetObject", "arn:aws:s3:::secrets/november.csv", false),
        ("ec2:RunInstances", "*", false),
        ("sts:AssumeRole", ROLE, false),
    ] {
        let decision = account.decision(session, action, resource).await;
        assert_eq!(decision == "allowed", allowed, "{action} {resource}: {decision}");
    }
    let outcome = minted.outcome;
    assert_eq!(outcome.expires_at, "2026-11-23T06:15:00Z".parse().unwrap());
    assert!(outcome.session.is_some_and(|name| name.starts_with("AROA") && name.ends_with(LEASE)));
    assert!(outcome.packed_policy_size.is_some_and(|percent| (1..=100).contains(&percent)));
}

#[tokio::test]
async fn passing_trouble_is_overcome() {
    let account = Account::start().await;
    account.faults().next(Fault::unavailable());
    account.faults().next(Fault::Drop);
    assert!(account.minter().mint(&order()).await.is_ok());
    assert_eq!(account.faults().calls(), 3);
}

#[tokio::test]
async fn lasting_trouble_is_unavailability_after_three_attempts() {
    for fault in [Fault::unavailable(), Fault::throttled(), Fault::Drop] {
        let account = Account::start().await;
        account.faults().always(fault.clone());
        let error = account.minter().mint(&order()).await.unwrap_err();
        assert!(matches!(error, MintError::Unavailable { .. }), "{fault:?}: {error:?}");
        assert_eq!(account.faults().calls(), 3, "{fault:?}");
    }
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_is_unavailability() {
    let account = Account::start().await;
    account.faults().always(Fault::Garbage);
    let error = account.minter().mint(&order()).await.unwrap_err();
    assert!(matches!(error, MintError::Unavailable { .. }), "{error:?}");
}

#[tokio::test]
async fn silence_ends_after_eight_seconds() {
    let account = Account::start().await;
    account.faults().always(Fault::Delay(Duration::from_secs(30)));
    let begun = Instant::now();
    let error = account.minter().mint(&order()).await.unwrap_err();
    assert!(matches!(error, MintError::Unavailable { .. }), "{error:?}");
    assert!((3..12).contains(&begun.elapsed().as_secs()), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn nobody_there_is_unavailability() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = minter_at(&endpoint, "AKIAEXAMPLE", "none").mint(&order()).await.unwrap_err();
    assert!(matches!(error, MintError::Unavailable { .. }), "{error:?}");
}

#[tokio::test]
async fn a_refusal_is_told_by_its_code_and_not_tried_again() {
    let account = Account::start().await;
    let root = account.sandbox.root_credentials();
    let error = minter_at(&account.endpoint, &root.id, "wrong-canary").mint(&order()).await.unwrap_err();
    assert!(
        matches!(&error, MintError::Refused { code, .. } if code == "SignatureDoesNotMatch"),
        "{error:?}"
    );
    assert_eq!(account.faults().calls(), 1);
    let shown = format!("{error:?}");
    assert!(!shown.contains("canary") && !shown.contains("reports"), "{shown}");
}

#[tokio::test]
async fn the_brokers_own_expired_credentials_are_unavailability() {
    let account = Account::start().await;
    let message = "The security token included in the request is expired".to_owned();
    account.faults().always(Fault::Refuse { status: 403, code: "ExpiredToken".into(), message });
    let error = account.minter().mint(&order()).await.unwrap_err();
    assert!(matches!(error, MintError::Unavailable { .. }), "{error:?}");
}
