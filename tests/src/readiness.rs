//! Waiting for the real thing, never for a number of seconds.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::HarnessError;

/// How often something is asked whether it is there.
const INTERVAL: Duration = Duration::from_millis(5);

/// Asks `probe` until it has a value.
///
/// # Errors
/// [`HarnessError::TimedOut`] where it has none within `limit`, and whatever error `probe` itself
/// gives up with.
pub async fn until<T>(
    what: &str,
    limit: Duration,
    mut probe: impl AsyncFnMut() -> Result<Option<T>, HarnessError>,
) -> Result<T, HarnessError> {
    let deadline = Instant::now() + limit;
    loop {
        if let Some(value) = probe().await? {
            return Ok(value);
        }
        if Instant::now() >= deadline {
            return Err(HarnessError::TimedOut { what: what.to_owned(), limit });
        }
        sleep(INTERVAL).await;
    }
}
