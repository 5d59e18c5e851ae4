//! What a minute of waiting comes to.

use std::path::Path;

use deputize_broker::Clock as _;
use deputize_broker::ports::credentials::{CredentialChange, CredentialStore as _};
use deputize_broker::rotation::{Phase, Rotation};
use deputize_broker::stored::CredentialRecord;
use deputize_dynamodb::Embedded;
use deputize_host::SystemClock;

/// Has the claims of a worker that was killed lapse, and what was to be tried again later be due. The process must not
/// be running. How many rotations it had in hand.
pub(crate) async fn lapse(state: &Path) -> usize {
    let database = Embedded::open(&state.join("deputize.db")).unwrap();
    let store = deputize_dynamodb::store(database.client(), "deputize");
    let now = SystemClock::start().now();
    let page = store.list(&"acme".parse().unwrap(), None, 100).await.unwrap();
    let mut in_hand = 0;
    for before in page.records {
        let rotation = &before.rotation;
        in_hand += usize::from(rotation.claim.is_some());
        if matches!(rotation.phase, Phase::Steady | Phase::Failed { .. }) && rotation.claim.is_none() {
            continue;
        }
        let rotation = Rotation { claim: None, due: Some(now), ..rotation.clone() };
        let after = CredentialRecord { rotation, revision: before.revision + 1, ..before.clone() };
        let change = CredentialChange { before: Some(before), after, version: None, event: None };
        store.change(change).await.unwrap();
    }
    in_hand
}
