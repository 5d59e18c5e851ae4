//! What every place for a log's files must do, and one in memory that loses writes when it is told to.

// A broken promise of a store ends the test that tries it.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use deputize_broker::ports::StoreError;
use deputize_broker::ports::ledger::{LogObjects, ObjectPath, PutError};
use futures_util::future::join_all;

/// Holds a place for a log's files to its contract. Everything it leaves there is below `contract`.
///
/// # Panics
/// Where the place breaks the contract: it is called by tests.
pub async fn log_objects_contract(objects: &dyn LogObjects) {
    what_was_put_is_there_as_it_was_put(objects).await;
    what_was_put_stays(objects).await;
    of_rivals_exactly_one_is_there(objects).await;
    the_same_put_by_many_at_once_is_one(objects).await;
    what_is_replaced_is_what_came_last(objects).await;
    what_is_removed_is_gone_and_makes_room(objects).await;
    large_and_empty_ones_are_kept(objects).await;
    names_that_look_alike_are_apart(objects).await;
}

fn path(text: &str) -> ObjectPath {
    ObjectPath::parse(&format!("contract/{text}")).unwrap()
}

async fn found(objects: &dyn LogObjects, path: &ObjectPath) -> Option<Vec<u8>> {
    objects.get(path).await.unwrap()
}

async fn what_was_put_is_there_as_it_was_put(objects: &dyn LogObjects) {
    let tile = path("put/tile/0/x001/067.p/12");
    assert_eq!(found(objects, &tile).await, None, "there is nothing before it is put");
    let every_byte: Vec<u8> = (0..=255).collect();
    objects.put(&tile, &every_byte).await.unwrap();
    assert_eq!(found(objects, &tile).await, Some(every_byte));
}

async fn what_was_put_stays(objects: &dyn LogObjects) {
    let tile = path("stays");
    objects.put(&tile, b"one").await.unwrap();
    objects.put(&tile, b"one").await.unwrap();
    for other in [&b"two"[..], b"one ", b"on", b""] {
        let refused = objects.put(&tile, other).await;
        assert!(matches!(&refused, Err(PutError::Different(at)) if *at == tile), "{refused:?}");
    }
    assert_eq!(found(objects, &tile).await.as_deref(), Some(&b"one"[..]));
}

async fn of_rivals_exactly_one_is_there(objects: &dyn LogObjects) {
    let tile = path("rivals");
    let histories: Vec<[u8; 1]> = (0..8).map(|n| [n]).collect();
    let outcomes = join_all(histories.iter().map(|bytes| objects.put(&tile, bytes))).await;
    let there = found(objects, &tile).await;
    for (bytes, outcome) in histories.iter().zip(outcomes) {
        match outcome {
            Ok(()) => assert_eq!(there.as_deref(), Some(&bytes[..]), "who was told so, wrote it"),
            Err(PutError::Different(_)) => assert_ne!(there.as_deref(), Some(&bytes[..])),
            // May or may not have written: nothing is promised.
            Err(PutError::Store(_)) => {}
        }
    }
    assert!(there.is_some(), "one of them is there");
}

async fn the_same_put_by_many_at_once_is_one(objects: &dyn LogObjects) {
    let tile = path("same");
    for outcome in join_all((0..8).map(|_| objects.put(&tile, b"same"))).await {
        assert!(!matches!(outcome, Err(PutError::Different(_))), "the same is nothing else: {outcome:?}");
    }
    assert_eq!(found(objects, &tile).await.as_deref(), Some(&b"same"[..]));
}

async fn what_is_replaced_is_what_came_last(objects: &dyn LogObjects) {
    let checkpoint = path("checkpoint");
    for size in [&b"1"[..], b"2", b"2", b"10"] {
        objects.replace(&checkpoint, size).await.unwrap();
        assert_eq!(found(objects, &checkpoint).await.as_deref(), Some(size));
    }
}

async fn what_is_removed_is_gone_and_makes_room(objects: &dyn LogObjects) {
    let partial = path("tile/0/000.p/3");
    objects.remove(&partial).await.unwrap();
    objects.put(&partial, b"abc").await.unwrap();
    objects.remove(&partial).await.unwrap();
    assert_eq!(found(objects, &partial).await, None);
    objects.remove(&partial).await.unwrap();
    objects.put(&partial, b"xyz").await.unwrap();
    assert_eq!(found(objects, &partial).await.as_deref(), Some(&b"xyz"[..]));
}

async fn large_and_empty_ones_are_kept(objects: &dyn LogObjects) {
    let (large, empty) = (path("large"), path("empty"));
    // A pattern as long as no block of any store, so that pieces in a wrong order show.
    let mut bytes: Vec<u8> = (0..1024 * 1024).map(|n: u32| (n % 251) as u8).collect();
    objects.put(&large, &bytes).await.unwrap();
    assert!(found(objects, &large).await.as_ref() == Some(&bytes), "a megabyte is kept");
    objects.put(&large, &bytes).await.unwrap();
    if let Some(last) = bytes.last_mut() {
        *last ^= 1;
    }
    let refused = objects.put(&large, &bytes).await;
    assert!(matches!(refused, Err(PutError::Different(_))), "{refused:?}");
    objects.replace(&large, b"small").await.unwrap();
    assert_eq!(found(objects, &large).await.as_deref(), Some(&b"small"[..]));

    objects.put(&empty, b"").await.unwrap();
    assert_eq!(found(objects, &empty).await, Some(Vec::new()));
    let refused = objects.put(&empty, b"a").await;
    assert!(matches!(refused, Err(PutError::Different(_))), "nothing is something: {refused:?}");
}

async fn names_that_look_alike_are_apart(objects: &dyn LogObjects) {
    let long = "n".repeat(512 - "contract/".len());
    let names =
        ["a", "a/b", "a/b/c", "a.b", "a-b", "a_b", "ab", "a/bc", "a..b", "-", "_", "0", long.as_str()];
    for name in names {
        objects.put(&path(name), name.as_bytes()).await.unwrap();
    }
    for name in names {
        assert_eq!(found(objects, &path(name)).await.as_deref(), Some(name.as_bytes()), "{name}");
    }
    objects.remove(&path("a/b")).await.unwrap();
    let left: Vec<_> = join_all(names.map(path).iter().map(|path| found(objects, path))).await;
    assert_eq!(left.iter().flatten().count(), names.len() - 1, "only that one is gone");
}

/// How a write goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteFault {
    /// Nothing is written, and the writer is told that it failed.
    Lost,
    /// It is written, and the writer is told that it failed.
    WrittenAndReportedFailed,
}

/// Both ways in which a write goes wrong.
pub const WRITE_FAULTS: [WriteFault; 2] = [WriteFault::Lost, WriteFault::WrittenAndReportedFailed];

/// Objects in memory.
#[derive(Debug, Default)]
pub struct MemoryObjects(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    objects: BTreeMap<ObjectPath, Vec<u8>>,
    writes: usize,
    planned: BTreeMap<usize, WriteFault>,
}

impl MemoryObjects {
    /// How many writes were tried so far: puts, replacements and removals.
    pub fn writes(&self) -> usize {
        self.state().writes
    }

    /// The write of this number goes wrong. The first one that was ever tried is number 0: plan
    /// `objects.writes() + n` for one that is to come.
    pub fn plan(&self, write: usize, fault: WriteFault) {
        self.state().planned.insert(write, fault);
    }

    /// All that is there.
    pub fn objects(&self) -> BTreeMap<ObjectPath, Vec<u8>> {
        self.state().objects.clone()
    }

    /// Writes behind everybody's back: `None` removes. No fault that is planned happens to it.
    pub fn tamper(&self, path: &ObjectPath, bytes: Option<Vec<u8>>) {
        let mut state = self.state();
        match bytes {
            Some(bytes) => state.objects.insert(path.clone(), bytes),
            None => state.objects.remove(path),
        };
    }

    /// Carries a write out, or lets it fail as it is planned.
    fn write<E: From<StoreError>>(
        &self,
        write: impl FnOnce(&mut BTreeMap<ObjectPath, Vec<u8>>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut state = self.state();
        let number = state.writes;
        state.writes += 1;
        match state.planned.remove(&number) {
            None => write(&mut state.objects),
            Some(WriteFault::Lost) => Err(failed().into()),
            Some(WriteFault::WrittenAndReportedFailed) => {
                write(&mut state.objects)?;
                Err(failed().into())
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl LogObjects for MemoryObjects {
    async fn put(&self, path: &ObjectPath, bytes: &[u8]) -> Result<(), PutError> {
        self.write(|objects| {
            let there = objects.entry(path.clone()).or_insert_with(|| bytes.to_vec());
            if there == bytes { Ok(()) } else { Err(PutError::Different(path.clone())) }
        })
    }

    async fn replace(&self, path: &ObjectPath, bytes: &[u8]) -> Result<(), StoreError> {
        self.write(|objects| {
            objects.insert(path.clone(), bytes.to_vec());
            Ok(())
        })
    }

    async fn get(&self, path: &ObjectPath) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.state().objects.get(path).cloned())
    }

    async fn remove(&self, path: &ObjectPath) -> Result<(), StoreError> {
        self.write(|objects| {
            objects.remove(path);
            Ok(())
        })
    }
}

fn failed() -> StoreError {
    StoreError::Unavailable("the connection broke".into())
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[test]
    fn it_keeps_files_as_every_place_does() {
        log_objects_contract(&MemoryObjects::default()).now_or_never().unwrap();
    }

    #[test]
    fn a_write_that_goes_wrong_is_lost_or_there_and_the_next_one_is_sound() {
        let tile = path("tile");
        for (fault, there) in WRITE_FAULTS.into_iter().zip([None, Some(b"a".to_vec())]) {
            let objects = MemoryObjects::default();
            objects.plan(objects.writes(), fault);
            assert!(matches!(objects.put(&tile, b"a").now_or_never(), Some(Err(PutError::Store(_)))));
            assert_eq!(objects.get(&tile).now_or_never().unwrap().unwrap(), there);
            objects.put(&tile, b"a").now_or_never().unwrap().unwrap();
            assert_eq!(objects.objects(), BTreeMap::from([(tile.clone(), b"a".to_vec())]));

            objects.plan(objects.writes() + 1, fault);
            objects.replace(&tile, b"b").now_or_never().unwrap().unwrap();
            objects.remove(&tile).now_or_never().unwrap().unwrap_err();
            let left = objects.objects().into_values().next();
            assert_eq!(left.is_some(), fault == WriteFault::Lost);
        }
    }
}
