//! Invocations between the test, which makes them, and the function, which takes and answers them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use tokio::sync::{mpsc, oneshot};

use crate::HarnessError;

#[derive(Debug)]
pub(super) struct Calls {
    number: AtomicU64,
    sender: mpsc::UnboundedSender<Call>,
    queue: tokio::sync::Mutex<mpsc::UnboundedReceiver<Call>>,
    waiting: Mutex<HashMap<String, oneshot::Sender<Outcome>>>,
    init_error: Mutex<Option<FunctionError>>,
}

/// One invocation, as the function is told of it.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) id: String,
    pub(super) event: String,
}

pub(super) type Outcome = Result<Value, FunctionError>;

/// An error in the form in which a function reports it.
#[derive(Clone, Debug)]
pub(super) struct FunctionError {
    pub(super) kind: String,
    pub(super) message: String,
}

impl Calls {
    pub(super) fn new() -> Self {
        let (sender, receiver) = mpsc::unbounded_channel();
        Self {
            number: AtomicU64::new(1),
            sender,
            queue: tokio::sync::Mutex::new(receiver),
            waiting: Mutex::default(),
            init_error: Mutex::default(),
        }
    }

    /// Queues an event for the next function that asks.
    pub(super) fn submit(&self, event: &Value) -> oneshot::Receiver<Outcome> {
        let number = self.number.fetch_add(1, Ordering::Relaxed);
        // Lambda's request ids are UUIDs, and a runtime may insist on it.
        let id = format!("00000000-0000-4000-8000-{number:012}");
        let (sender, receiver) = oneshot::channel();
        lock(&self.waiting).insert(id.clone(), sender);
        // The queue's other end lives in the same value, so it is never closed.
        let _ = self.sender.send(Call { id, event: event.to_string() });
        receiver
    }

    /// The next invocation, waiting for one where there is none.
    pub(super) async fn next(&self) -> Option<Call> {
        self.queue.lock().await.recv().await
    }

    /// Whether an invocation of that id was waiting for its outcome.
    pub(super) fn settle(&self, id: &str, outcome: Outcome) -> bool {
        match lock(&self.waiting).remove(id) {
            // A test that no longer waits has seen its time-out.
            Some(waiting) => waiting.send(outcome).is_ok(),
            None => false,
        }
    }

    pub(super) fn fail_init(&self, error: FunctionError) {
        *lock(&self.init_error) = Some(error);
    }

    pub(super) fn init_error(&self) -> Option<FunctionError> {
        lock(&self.init_error).clone()
    }
}

impl FunctionError {
    pub(super) fn abandoned() -> Self {
        Self { kind: "Harness.Abandoned".to_owned(), message: "the host dropped the invocation".to_owned() }
    }
}

impl From<FunctionError> for HarnessError {
    fn from(error: FunctionError) -> Self {
        Self::Function { kind: error.kind, message: error.message }
    }
}

/// A test that panicked with a lock held has already failed; the others may go on.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
