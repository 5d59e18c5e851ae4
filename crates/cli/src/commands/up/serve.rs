//! Serving, and what is done beside it each second.

use std::time::Duration;

use anyhow::Context as _;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::state::State;
use super::tokens;
use super::wiring::Served;

/// How often leases that ended are settled and new agents get their tokens.
const BEAT: Duration = Duration::from_secs(1);

/// How long rotations are taken up before the scope document is looked at again.
const ROTATING: Duration = Duration::from_secs(30);

/// How long the ledger takes in what waits before it publishes, and looks back again.
const SEALING: Duration = Duration::from_secs(5);

/// How often what has lapsed is removed from the file: sealed answers are to be gone soon after their leases.
const SWEEP: Duration = Duration::from_secs(600);

/// How many leases are settled at a time.
const REAPED_AT_ONCE: u32 = 100;

/// How long requests under way may take when the process is asked to stop.
const GRACE: Duration = Duration::from_secs(10);

/// Serves until the process is asked to stop. `ready` is called once it does.
pub(super) async fn until_stopped(
    listener: TcpListener,
    served: &Served,
    state: &State,
    ready: impl FnOnce() -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let (stop, stopping) = oneshot::channel::<()>();
    let server = axum::serve(listener, served.router.clone())
        // A stop that is dropped is one, too.
        .with_graceful_shutdown(async { stopping.await.unwrap_or_default() });
    let mut server = tokio::spawn(server.into_future());
    ready()?;
    tokio::select! {
        ended = &mut server => return ended?.context("the server ended"),
        () = beat(served, state) => {}
        () = sweep(served) => {}
        () = rotate(served) => {}
        () = seal(served) => {}
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("stopping");
    // The server may have ended by itself in this very moment.
    stop.send(()).ok();
    match timeout(GRACE, server).await {
        Ok(ended) => ended?.context("the server ended"),
        Err(_) => {
            tracing::warn!("requests under way were cut off");
            Ok(())
        }
    }
}

/// What is done each second. It goes on whatever fails: the next second may be better.
async fn beat(served: &Served, state: &State) {
    let mut ticks = interval(BEAT);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut seen = None;
    loop {
        ticks.tick().await;
        if let Err(error) = served.broker.reap(REAPED_AT_ONCE).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "leases that ended were not settled");
        }
        let version = match served.broker.scopes().await {
            Ok(scopes) => scopes.map(|scopes| scopes.head.version),
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "the scope document was not read");
                continue;
            }
        };
        if version != seen {
            match tokens::hand_out(served, state).await {
                Ok(()) => seen = version,
                Err(error) => tracing::warn!(error = format!("{error:#}"), "token files were not written"),
            }
        }
    }
}

/// Takes rotations on, each second. It goes on whatever fails, as the function does that is called each minute.
async fn rotate(served: &Served) {
    let mut ticks = interval(BEAT);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let until = served.broker.clock().monotonic() + ROTATING;
        if let Err(error) = Box::pin(served.rotator.tick(until)).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "what is due was not rotated");
        }
    }
}

/// Takes what waits in the outbox into the ledger, each second. It goes on whatever fails, as the function does.
async fn seal(served: &Served) {
    let mut ticks = interval(BEAT);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let until = served.broker.clock().monotonic() + SEALING;
        if let Err(error) = Box::pin(served.sequencer.seal(until)).await {
            tracing::error!(error = &error as &dyn std::error::Error, "what waits was not sealed");
        }
    }
}

/// Removes what has lapsed, from the start on.
async fn sweep(served: &Served) {
    let mut ticks = interval(SWEEP);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        match served.database.sweep().await {
            Ok(0) => {}
            Ok(removed) => tracing::debug!(removed, "what had lapsed is removed"),
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "what has lapsed was not removed");
            }
        }
    }
}
