//! Declared connectors against the sandbox's provider of API keys, and against the shapes of real ones.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

mod examples;
mod faults;
mod network;
mod place;

use deputize_broker::ports::rotation::{KeyProvider as _, OperationId, ProviderError};
use deputize_testkit::rotation::{
    Place, key_provider_contract, lost_answer_contract, unavailability_contract,
};

use deputize_sandbox::Fault;
use place::Provider;

#[tokio::test]
async fn a_declared_connector_keeps_the_contract_of_all_providers() {
    let provider = Provider::start().await;
    let settle = || provider.settle();
    key_provider_contract(&provider.place(&settle)).await.unwrap();
}

#[tokio::test]
async fn a_change_whose_answer_is_lost_is_told_as_such() {
    for fault in [Fault::Drop, Fault::Truncate, Fault::Garbage, Fault::FailAfter { status: 500 }] {
        let provider = Provider::start().await;
        let settle = || provider.settle();
        let lose = || provider.management.next(fault.clone());
        let place: Place<'_> = provider.place(&settle);
        lost_answer_contract(&place, &lose).await.unwrap();
    }
}

#[tokio::test]
async fn a_key_whose_answer_cannot_be_read_to_its_end_was_made() {
    for fault in [Fault::Truncate, Fault::Huge, Fault::ContentType("text/html".to_owned())] {
        let provider = Provider::start().await;
        let subject = provider.subject();
        provider.management.next(fault.clone());
        let error = provider.engine.create(&subject, OperationId::from_u128(5)).await.unwrap_err();
        assert!(matches!(error, ProviderError::Lost(_)), "{fault:?}: {error:?}");
        let listed = provider.engine.list(&subject).await.unwrap();
        assert!(listed.iter().any(|key| key.operation == Some(OperationId::from_u128(5))), "{fault:?}");
    }
}

#[tokio::test]
async fn a_request_that_is_not_taken_changes_nothing() {
    let provider = Provider::start().await;
    let settle = || provider.settle();
    let retry_after = std::time::Duration::from_secs(7);
    let refuse = || provider.management.next(Fault::TooManyRequests { retry_after });
    unavailability_contract(&provider.place(&settle), &refuse).await.unwrap();
}

#[tokio::test]
async fn a_list_is_read_over_all_of_its_pages() {
    let provider = Provider::start().await;
    let subject = provider.subject();
    for number in 1..=3 {
        provider.engine.create(&subject, OperationId::from_u128(number)).await.unwrap();
    }
    let listed = provider.engine.list(&subject).await.unwrap();
    let operations: Vec<Option<OperationId>> = listed.iter().map(|key| key.operation).collect();
    let made = |number| Some(OperationId::from_u128(number));
    assert_eq!(operations, [None, made(1), made(2), made(3)]);
}
