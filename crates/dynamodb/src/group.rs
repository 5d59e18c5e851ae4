//! Transactions that wait for the engine at the same time are committed together: each commit ends with an fsync, and one
//! fsync makes all of them durable. Nobody is answered before it.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use dynoxide::actions::transact_write_items::{
    TransactWriteItem, TransactWriteItemsRequest as Request, TransactWriteItemsResponse as Response,
};
use dynoxide::{Database, DynoxideError};

/// How many actions one transaction takes
/// (docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html).
const MOST_ACTIONS: usize = 100;

type Answer = Result<Response, DynoxideError>;

/// The transactions that wait. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct Group {
    waiting: Arc<Mutex<Vec<Waiting>>>,
    /// Whoever holds it commits for all.
    turn: Arc<Mutex<()>>,
}

struct Waiting {
    actions: Vec<TransactWriteItem>,
    answer: Sender<Answer>,
}

impl Group {
    /// Writes a transaction, alone or with others that wait. Blocks until it is durable, or refused.
    pub(crate) fn write(&self, database: &Database, actions: Vec<TransactWriteItem>) -> Answer {
        let (sender, answer): (_, Receiver<Answer>) = channel();
        locked(&self.waiting).push(Waiting { actions, answer: sender });
        loop {
            let _turn = locked(&self.turn);
            if let Ok(answer) = answer.try_recv() {
                return answer;
            }
            let together = self.next();
            if together.is_empty() {
                // It was taken by somebody who did not get to its answer.
                return Err(DynoxideError::InternalServerError("a transaction was not answered".to_owned()));
            }
            commit(database, together);
        }
    }

    /// Those that have waited longest, as many as fit into one transaction; one at least.
    fn next(&self) -> Vec<Waiting> {
        let mut waiting = locked(&self.waiting);
        let mut actions = 0;
        let fit = waiting.iter().take_while(|one| {
            actions += one.actions.len();
            actions <= MOST_ACTIONS
        });
        let many = fit.count().max(1).min(waiting.len());
        waiting.drain(..many).collect()
    }
}

/// Commits them as one. Where one of them is refused, or two are at the same item, nothing of that is written, and each is
/// committed by itself.
fn commit(database: &Database, together: Vec<Waiting>) {
    let is_one = together.len() == 1;
    if !is_one {
        let actions = together.iter().flat_map(|one| one.actions.iter().cloned()).collect();
        if run(database, actions).is_ok() {
            together.into_iter().for_each(|one| tell(&one.answer, Ok(Response::default())));
            return;
        }
    }
    for one in together {
        let answer = run(database, one.actions);
        tell(&one.answer, answer);
    }
}

/// Without the token that makes a repetition harmless: between this client and its engine no answer is ever lost, and
/// the engine looks at every token of the last ten minutes each time it is given one.
fn run(database: &Database, transact_items: Vec<TransactWriteItem>) -> Answer {
    database.transact_write_items(Request { transact_items, ..Request::default() })
}

fn tell(waiting: &Sender<Answer>, answer: Answer) {
    // Who waits holds the other end until it is told.
    let _ = waiting.send(answer);
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
