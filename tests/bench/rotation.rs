//! What rotation costs on the embedded engine: each write durable before it is answered, real sealing, and a provider
//! that answers at once.
//!
//! The sweep: a tick that finds a hundred due, in a small store and in a large one, taken in turns so that what else the
//! machine does meets both. The pace: how many rotations a tick takes up in a second, beside how many rows one after the
//! other are written in the same minute.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use deputize_e2e::{HarnessError, InstantProvider, Shelf};

use crate::samples::Samples;
use crate::table::Table;

/// How many are due when a sweep is measured, and of how many in the small store.
const DUE: usize = 100;
const FEW: usize = 1_000;
/// How many are due when the pace is measured, of how many, and how often it is.
const DUE_AT_ONCE: usize = 2_000;
const STORED: usize = 10_000;
const ROUNDS: usize = 3;
/// How many rows the yardstick writes.
const ROWS: u32 = 1_000;

/// What one tick took.
struct Swept {
    requests: BTreeMap<String, u64>,
    time: Duration,
}

/// The sweep. `runs`: how often each store is swept. `many`: how full the large one is.
pub(crate) async fn sweep(runs: usize, many: usize) -> Result<Table, HarnessError> {
    let provider = InstantProvider::with_probes(1);
    let mut stores = Vec::new();
    for stored in [FEW, many] {
        let shelf = Shelf::fill(stored, provider, |there| report(there, stored)).await?;
        eprintln!("{stored} stored credentials, {} MB", shelf.bytes()? / 1_000_000);
        stores.push((stored, shelf, Vec::new()));
    }
    // The first round of each is not counted: it is what fills the caches.
    for round in 0..=runs {
        for (_, shelf, swept) in &mut stores {
            let tick = tick(shelf, DUE).await?;
            if round > 0 {
                swept.push(tick);
            }
        }
    }
    let columns = ["requests, least", "requests, most", "of them writes", "tick p50, ms", "tick p10, ms"];
    let mut table = Table::new("sweep, 100 due", &columns);
    for (stored, _, swept) in stores {
        let times: Samples = swept.iter().map(|tick| tick.time).collect();
        let requests = || swept.iter().map(|tick| tick.requests.values().sum::<u64>());
        let (least, most) = (requests().min().unwrap_or(0), requests().max().unwrap_or(0));
        let writes = swept.iter().map(writes).max().unwrap_or(0);
        let values = [least as f64, most as f64, writes as f64, times.percentile(50), times.percentile(10)];
        table.row(&format!("{stored} stored"), &values);
    }
    Ok(table)
}

/// The pace.
pub(crate) async fn pace() -> Result<Table, HarnessError> {
    let columns = ["per second", "writes per second", "writes for each", "p50 of all, ms"];
    let mut table = Table::new("rotations, 2000 due", &columns);
    let kinds = [
        ("claimed, and left for later", InstantProvider::busy()),
        ("agents told, after 1 probe", InstantProvider::with_probes(1)),
        ("agents told, after 3 probes", InstantProvider::with_probes(3)),
    ];
    for (name, provider) in kinds {
        let mut shelf = Shelf::fill(STORED, provider, |_| {}).await?;
        if table.is_empty() {
            let rate = rows_per_second(&shelf).await?;
            table.row("rows, one after the other", &[rate, rate, 1.0, f64::from(ROWS) / rate * 1e3]);
        }
        let mut ticks = Vec::new();
        for _ in 0..ROUNDS {
            ticks.push(tick(&mut shelf, DUE_AT_ONCE).await?);
        }
        let written = ticks.iter().map(writes).max().unwrap_or(0) as f64;
        let times: Samples = ticks.iter().map(|tick| tick.time).collect();
        let median = times.percentile(50);
        let rate = DUE_AT_ONCE as f64 / median * 1e3;
        let for_each = written / DUE_AT_ONCE as f64;
        table.row(name, &[rate, rate * for_each, for_each, median]);
    }
    Ok(table)
}

/// A tick that takes all that is due, once.
#[expect(clippy::disallowed_methods, reason = "this measures time")]
async fn tick(shelf: &mut Shelf, due: usize) -> Result<Swept, HarnessError> {
    shelf.make_due(due).await?;
    shelf.requests().take();
    let start = Instant::now();
    let ticked = shelf.tick().await?;
    let time = start.elapsed();
    if ticked.taken as usize != due || ticked.left != 0 {
        let message = format!("{due} were due, and a tick did this: {ticked:?}");
        return Err(HarnessError::Function { kind: "rotation".to_owned(), message });
    }
    Ok(Swept { requests: shelf.requests().take(), time })
}

#[expect(clippy::disallowed_methods, reason = "this measures time")]
async fn rows_per_second(shelf: &Shelf) -> Result<f64, HarnessError> {
    let start = Instant::now();
    for _ in 0..ROWS {
        shelf.write_one_row().await?;
    }
    Ok(f64::from(ROWS) / start.elapsed().as_secs_f64())
}

/// The requests that write; those that wait together are committed together.
fn writes(tick: &Swept) -> u64 {
    let is_write = |operation: &str| operation.starts_with("Put") || operation.starts_with("Transact");
    tick.requests.iter().filter(|(name, _)| is_write(name)).map(|(_, many)| many).sum()
}

fn report(there: usize, stored: usize) {
    if there.is_multiple_of(100_000) && there < stored {
        eprintln!("{there} of {stored} are stored");
    }
}
