//! What a tick costs: what is due, and nothing of what is stored. `cargo xtask bench sweep` shows the same for a million.

use std::collections::BTreeMap;

use deputize_e2e::{HarnessError, InstantProvider, Shelf};

/// What a tick asks the store for that finds ten due among so many.
async fn requests_among(stored: usize) -> Result<BTreeMap<String, u64>, HarnessError> {
    let mut shelf = Shelf::fill(stored, InstantProvider::with_probes(1), |_| {}).await?;
    shelf.make_due(10).await?;
    shelf.requests().take();
    let ticked = shelf.tick().await?;
    assert_eq!((ticked.taken, ticked.left), (10, 0));
    Ok(shelf.requests().take())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tick_asks_a_hundred_times_fuller_store_for_exactly_as_much() -> Result<(), HarnessError> {
    let (few, many) = (requests_among(20).await?, requests_among(2_000).await?);
    assert_eq!(few, many);
    // Each of the ten is begun, asked for, made and told of.
    assert_eq!(few.get("TransactWriteItems"), Some(&40), "{few:?}");
    Ok(())
}
