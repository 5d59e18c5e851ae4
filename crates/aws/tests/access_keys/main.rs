//! Access keys of IAM users, made and revoked at the sandbox and at moto by AWS's own clients.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, and its helpers are tests too"
)]

mod account;
mod moto;
mod owners;
mod trouble;

use std::time::Duration;

use account::{Account, stored};
use deputize_aws::AccessKeysSettings;
use deputize_broker::ports::rotation::{KeyId, KeyProvider as _, Subject};
use deputize_sandbox::aws::{Fault, KeyPropagation};
use deputize_testkit::rotation::{
    Place, key_provider_contract, lost_answer_contract, record_of, unavailability_contract,
};

#[tokio::test]
async fn it_keeps_what_every_provider_of_keys_promises() {
    let propagation = KeyPropagation::all(Duration::from_secs(20));
    let account = Account::configured(|config| config.key_propagation = propagation).await;
    let provider = account.access_keys(AccessKeysSettings::default());
    let current = stored(&account.key_of("agent").await);
    let (record, settle) = (record_of(&current), || account.advance(Duration::from_secs(20)));
    let place = Place {
        provider: &provider,
        record: &record,
        current: &current,
        connector: None,
        refuses: true,
        settle: &settle,
    };
    key_provider_contract(&place).await.unwrap();
    for fault in [Fault::Drop, Fault::Truncate, Fault::Garbage, Fault::FailAfter { status: 500 }] {
        let lose = || account.faults().next(fault.clone());
        lost_answer_contract(&place, &lose).await.unwrap();
    }
    let too_many = Fault::TooManyRequests { retry_after: Duration::from_secs(7) };
    for fault in [Fault::throttled(), too_many] {
        let refuse = || account.faults().next(fault.clone());
        unavailability_contract(&place, &refuse).await.unwrap();
    }
}

#[tokio::test]
async fn a_use_of_a_key_is_evidence_and_its_listing_is_none() {
    let account = Account::configured(|_| ()).await;
    let provider = account.access_keys(AccessKeysSettings::default());
    let key = account.key_of("agent").await;
    let (id, current) = (KeyId::new(&key.access_key_id), stored(&key));
    let record = record_of(&current);
    let subject = Subject { record: &record, current: &current, connector: None };
    provider.list(&subject).await.unwrap();
    assert_eq!(provider.last_used(&subject, &id).await.unwrap(), None);
    assert!(provider.probe(&subject, &current).await.unwrap());
    let told = account.time();
    assert_eq!(provider.last_used(&subject, &id).await.unwrap(), Some(told));
}
