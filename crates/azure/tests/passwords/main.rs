//! Client secrets of applications, made and revoked at the sandbox's Graph.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, and its helpers are tests too"
)]

mod directory;
mod manager;
mod trouble;

use std::time::Duration;

use deputize_broker::ports::rotation::{KeyProvider as _, OperationId, Subject};
use deputize_sandbox::Fault;
use deputize_testkit::rotation::{
    Place, key_provider_contract, lost_answer_contract, record_of, unavailability_contract,
};

use crate::directory::{AGENT, Directory, current};

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn it_keeps_what_every_provider_of_keys_promises() {
    let directory = Directory::configured(|config| config.propagation = MINUTE).await;
    let (provider, current) = (directory.provider(), current(AGENT));
    let (record, settle) = (record_of(&current), || directory.advance(MINUTE));
    let place = Place {
        provider: &provider,
        record: &record,
        current: &current,
        connector: None,
        refuses: true,
        settle: &settle,
    };
    key_provider_contract(&place).await.unwrap();
    for fault in [Fault::Drop, Fault::Garbage, Fault::FailAfter { status: 503 }] {
        let lose = || directory.graph().next(fault.clone());
        lost_answer_contract(&place, &lose).await.unwrap();
    }
    let refuse = || directory.graph().next(Fault::TooManyRequests { retry_after: MINUTE });
    unavailability_contract(&place, &refuse).await.unwrap();
    let refuse = || {
        let (code, message) = ("ConcurrencyViolation".to_owned(), "canary".to_owned());
        directory.graph().next(Fault::Refuse { status: 409, code, message });
    };
    unavailability_contract(&place, &refuse).await.unwrap();
}

#[tokio::test]
async fn a_new_secret_is_labelled_and_ends_by_itself() {
    let directory = Directory::configured(|_| ()).await;
    let (provider, current) = (directory.provider(), current(AGENT));
    let record = record_of(&current);
    let subject = Subject { record: &record, current: &current, connector: None };
    let operation = OperationId::from_u128(7);
    let made = provider.create(&subject, operation).await.unwrap();
    let kept = directory.sandbox.passwords().remove(AGENT).unwrap().pop().unwrap();
    assert_eq!(made.facts().key_id().unwrap().as_str(), kept.key_id);
    assert_eq!(kept.display_name, Some(operation.label()));
    assert_eq!(kept.end.to_string(), "2026-11-30T06:00:00Z");

    let mut seldom = record_of(&current);
    seldom.schedule.every = 30 * 24 * 3_600;
    let subject = Subject { record: &seldom, ..subject };
    provider.create(&subject, operation).await.unwrap();
    let kept = directory.sandbox.passwords().remove(AGENT).unwrap().pop().unwrap();
    assert_eq!(kept.end.to_string(), "2027-02-21T06:00:00Z");
}

#[tokio::test]
async fn each_probe_is_a_fresh_token_so_that_flapping_shows() {
    let directory = Directory::configured(|config| {
        config.propagation = MINUTE;
        config.flapping = MINUTE;
    })
    .await;
    let (provider, current) = (directory.provider(), current(AGENT));
    let record = record_of(&current);
    let subject = Subject { record: &record, current: &current, connector: None };
    let made = provider.create(&subject, OperationId::from_u128(7)).await.unwrap();
    let thrice = async || {
        let mut found = Vec::new();
        for _ in 0..3 {
            found.push(provider.probe(&subject, &made).await.unwrap());
        }
        found
    };
    assert_eq!(thrice().await, [false; 3]);
    directory.advance(MINUTE);
    assert_eq!(thrice().await, [true, false, true]);
    directory.advance(MINUTE);
    assert_eq!(thrice().await, [true; 3]);
}
