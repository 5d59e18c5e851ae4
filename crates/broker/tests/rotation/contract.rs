//! The provider in memory is held to what every provider is held to, or what is shown with it would say little.

use std::sync::Arc;
use std::time::Duration;

use deputize_broker::ports::rotation::Abilities;
use deputize_testkit::provider::{Asked, Fault, MemoryProvider, abilities};
use deputize_testkit::rotation::{
    Place, key_provider_contract, lost_answer_contract, record_of, unavailability_contract,
};
use deputize_testkit::time::FixedClock;
use jiff::Timestamp;

const CHANGES_OR_LISTS: fn(&Asked) -> bool = |asked| !matches!(asked, Asked::Probe(_) | Asked::LastUsed(_));

#[tokio::test]
async fn the_provider_in_memory_keeps_to_the_contract() {
    for labels in [true, false] {
        let abilities: Abilities = abilities(labels, true);
        let provider = MemoryProvider::new(abilities, Arc::new(FixedClock(Timestamp::UNIX_EPOCH)));
        let current = provider.first();
        let record = record_of(&current);
        let settle = || {};
        let place = Place {
            provider: &provider,
            record: &record,
            current: &current,
            connector: None,
            refuses: true,
            settle: &settle,
        };
        key_provider_contract(&place).await.unwrap();
        lost_answer_contract(&place, &|| provider.plan(CHANGES_OR_LISTS, Fault::AnswerLost)).await.unwrap();
        let busy = || provider.plan(CHANGES_OR_LISTS, Fault::Busy(Duration::from_secs(1)));
        unavailability_contract(&place, &busy).await.unwrap();
    }
}
