//! Entries by name and by what they tell of; files of any width; proofs.

use deputize_broker::ledger::EntryFilter;
use deputize_ledger::tile::Kind;
use deputize_ledger::{TilePath, verify_entry};

use crate::world::World;

#[tokio::test]
async fn every_entry_is_proved_whatever_the_size_of_the_log() {
    let world = World::new();
    let mut events = Vec::new();
    for many in [1, 2, 250, 4, 300] {
        events.extend(world.happen(many));
        world.seal().await;
        let reader = world.reader();
        for event in [events.first(), events.get(events.len() / 2), events.last()].into_iter().flatten() {
            let proven = reader.prove(*event).await.unwrap().unwrap();
            let checkpoint = proven.checkpoint.to_string();
            verify_entry(&proven.found.bytes, &proven.proof, &checkpoint, &world.key(2026)).unwrap();
        }
    }
}

#[tokio::test]
async fn a_tile_is_read_as_narrow_as_it_was_when_its_checkpoint_was_new() {
    let world = World::new();
    world.happen(9);
    world.seal().await;
    let reader = world.reader();
    let narrow = TilePath::new(Kind::Entries, 0, 10).unwrap();
    let hashes = TilePath::new(Kind::Hashes(0), 0, 10).unwrap();
    let before = [reader.tile(2026, &narrow).await.unwrap(), reader.tile(2026, &hashes).await.unwrap()];
    assert!(before.iter().all(Option::is_some));
    for more in [3, 400] {
        world.happen(more);
        world.seal().await;
        let after = [reader.tile(2026, &narrow).await.unwrap(), reader.tile(2026, &hashes).await.unwrap()];
        assert_eq!(after, before);
    }
    let beyond = TilePath::new(Kind::Entries, 1, 200).unwrap();
    assert_eq!(reader.tile(2026, &beyond).await.unwrap(), None);
}

#[tokio::test]
async fn entries_are_found_by_what_they_tell_of_newest_first_in_pages() {
    let world = World::new();
    let events = world.happen(600);
    world.seal().await;
    let filter = EntryFilter { kinds: vec!["connector_changed".to_owned()], ..EntryFilter::default() };
    let (mut found, mut before) = (Vec::new(), None);
    loop {
        let page = world.reader().search(2026, &filter, before, 70).await.unwrap();
        found.extend(page.entries.iter().map(|one| one.entry.sequence));
        before = page.next;
        if before.is_none() {
            break;
        }
    }
    assert_eq!(found.len(), events.len());
    assert!(found.windows(2).all(|pair| pair[0] > pair[1]));
    let none = EntryFilter { from: Some("2026-07-01T00:00:00Z".parse().unwrap()), ..EntryFilter::default() };
    assert_eq!(world.reader().search(2026, &none, None, 10).await.unwrap(), Default::default());
}
