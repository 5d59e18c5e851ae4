//! Trees and proofs, against the library that they are read by, and against another one altogether.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use deputize_ledger::proof::BuildError;
use deputize_ledger::tile::Kind;
use deputize_ledger::{ConsistencyProof, Edge, Hash, InclusionProof, ProofError, TilePath, leaf_hash};
use proptest::prelude::*;
use sha2::Sha256;

fn leaf(sequence: u64) -> Hash {
    leaf_hash(&sequence.to_be_bytes())
}

/// Every tile of a log that grew in these steps, under its name.
fn grow(steps: &[u64]) -> (Edge, BTreeMap<TilePath, Vec<u8>>) {
    let (mut edge, mut tiles) = (Edge::default(), BTreeMap::new());
    for step in steps {
        let from = edge.size();
        let new = edge.append((from..from + step).map(leaf));
        let expected: BTreeSet<String> = tlog_tiles::Tile::new_tiles(8, from, edge.size())
            .iter()
            .map(|tile| named(&tile.path()))
            .collect();
        let names: BTreeSet<String> = new.iter().map(|tile| tile.path.to_string()).collect();
        assert_eq!(names, expected, "from {from} on by {step}");
        assert_eq!(names.len(), new.len(), "none twice");
        tiles.extend(new.into_iter().map(|tile| (tile.path, tile.bytes)));
    }
    (edge, tiles)
}

/// The library's names tell the height of tiles, which c2sp.org/tlog-tiles has fixed.
fn named(path: &str) -> String {
    path.replacen("tile/8/", "tile/", 1)
}

fn other_tree(size: u64) -> MemoryBackedTree<Sha256, Vec<u8>> {
    let mut tree = MemoryBackedTree::new();
    (0..size).for_each(|sequence| tree.push(sequence.to_be_bytes().to_vec()));
    tree
}

#[test]
fn a_tree_grows_alike_in_steps_of_any_size() {
    for size in [1, 2, 255, 256, 257, 511, 512, 513, 65_535, 65_536, 65_537, 66_000] {
        let (at_once, tiles) = grow(&[size]);
        assert_eq!(at_once.root().as_bytes()[..], other_tree(size).root().as_bytes()[..], "{size}");
        let (in_steps, _) = grow(&[size / 3, 1, size - size / 3 - 1]);
        assert_eq!(in_steps, at_once);
        let paths: Vec<_> = TilePath::of_hashes(size).collect();
        assert_eq!(tiles.keys().copied().collect::<BTreeSet<_>>(), paths.into_iter().collect());
        for (path, bytes) in tiles {
            assert_eq!(bytes.len(), usize::from(path.width()) * 32);
        }
    }
}

#[test]
fn an_edge_survives_being_written_and_no_other_is_read() {
    let (edge, _) = grow(&[700]);
    let mut text = serde_json::to_value(&edge).unwrap();
    assert_eq!(serde_json::from_value::<Edge>(text.clone()).unwrap(), edge);
    text["size"] = 701.into();
    assert!(serde_json::from_value::<Edge>(text.clone()).is_err());
    text["size"] = u64::MAX.into();
    assert!(serde_json::from_value::<Edge>(text).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn tiles_are_those_that_the_library_expects(steps in prop::collection::vec(0_u64..700, 1..8)) {
        let (edge, tiles) = grow(&steps);
        prop_assert_eq!(edge.root().as_bytes().to_vec(), other_tree(edge.size()).root().as_bytes().to_vec());
        for path in TilePath::of_hashes(edge.size()) {
            prop_assert!(tiles.contains_key(&path), "{}", path);
        }
        // What a tile says never changes, it only becomes wider.
        for (path, bytes) in &tiles {
            let wider = TilePath::within(edge.size(), path.kind(), path.index()).unwrap();
            prop_assert!(tiles[&wider].starts_with(bytes), "{}", path);
        }
    }

    #[test]
    fn another_library_believes_every_proof(size in 1_u64..1500, at in any::<prop::sample::Index>(), from in any::<prop::sample::Index>()) {
        let (edge, tiles) = grow(&[size]);
        let (sequence, from) = (at.index(size as usize) as u64, from.index(size as usize) as u64 + 1);
        let tile = |path: &TilePath| tiles.get(path);
        let (tree, root) = (other_tree(size), edge.root());

        let inclusion = InclusionProof::build(sequence, size, tile).unwrap();
        inclusion.verify(leaf(sequence), root).unwrap();
        let theirs = ct_merkle::InclusionProof::<Sha256>::from_bytes(joined(&inclusion.hashes));
        prop_assert!(tree.root().verify_inclusion(&sequence.to_be_bytes().to_vec(), sequence, &theirs).is_ok());
        prop_assert_eq!(joined(&inclusion.hashes), tree.prove_inclusion(sequence as usize).as_bytes().to_vec());

        let consistency = ConsistencyProof::build(from, size, tile).unwrap();
        let (before, _) = grow(&[from]);
        consistency.verify(before.root(), root).unwrap();
        // Of a log and itself nothing needs to be proved, which the other library takes for a mistake.
        if from < size {
            let theirs = ct_merkle::ConsistencyProof::<Sha256>::try_from_bytes(joined(&consistency.hashes)).unwrap();
            prop_assert!(tree.root().verify_consistency(&other_tree(from).root(), &theirs).is_ok());
        }
        prop_assert_eq!(joined(&consistency.hashes), tree.prove_consistency((size - from) as usize).as_bytes().to_vec());
    }

    #[test]
    fn a_proof_that_was_changed_proves_nothing(size in 2_u64..900, at in any::<prop::sample::Index>(), change in any::<prop::sample::Index>(), bit in 0_usize..256) {
        let (edge, tiles) = grow(&[size]);
        let sequence = at.index(size as usize) as u64;
        let proof = InclusionProof::build(sequence, size, |path| tiles.get(path)).unwrap();
        let (leaf, root) = (leaf(sequence), edge.root());
        let mut flipped = proof.clone();
        let place = change.index(flipped.hashes.len());
        flipped.hashes[place].0[bit / 8] ^= 1 << (bit % 8);
        let mut shorter = proof.clone();
        shorter.hashes.remove(place);
        let mut longer = proof.clone();
        longer.hashes.insert(place, Hash([9; 32]));
        let mut elsewhere = proof.clone();
        elsewhere.sequence = (sequence + 1) % size;
        for wrong in [flipped, shorter, longer, elsewhere] {
            prop_assert!(wrong.verify(leaf, root).is_err(), "{:?}", wrong);
        }
    }

    #[test]
    fn hostile_proofs_are_refused_and_never_panic(
        sequence in number(), size in number(), from in number(),
        hashes in prop::collection::vec(any::<[u8; 32]>().prop_map(Hash), 0..80),
    ) {
        let root = Hash([1; 32]);
        let inclusion = InclusionProof { sequence, size, hashes: hashes.clone() };
        prop_assert!(inclusion.verify(root, Hash([2; 32])).is_err());
        let consistency = ConsistencyProof { from, to: size, hashes };
        prop_assert!(consistency.verify(root, Hash([2; 32])).is_err());
        let none = |_: &TilePath| None::<Vec<u8>>;
        drop((InclusionProof::needs(sequence, size), ConsistencyProof::needs(from, size)));
        drop((InclusionProof::build(sequence, size, none), ConsistencyProof::build(from, size, none)));
    }

    #[test]
    fn any_text_is_a_path_or_is_not_and_never_panics(text in "tile/([0-9]{1,3}|entries)/[x0-9/]{0,12}(\\.p/[0-9]{0,4})?") {
        if let Ok(path) = text.parse::<TilePath>() {
            prop_assert_eq!(path.to_string(), text);
        }
    }
}

/// Numbers of any size, and small ones, that go together.
fn number() -> impl Strategy<Value = u64> {
    prop_oneof![0_u64..2000, any::<u64>(), (1_u64 << 52)..(1 << 54)]
}

fn joined(hashes: &[Hash]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| hash.0).collect()
}

#[test]
fn what_lacks_for_a_proof_is_named() {
    let (_, tiles) = grow(&[700]);
    let lacking: TilePath = "tile/0/001".parse().unwrap();
    let needs = InclusionProof::needs(300, 700);
    assert!(needs.contains(&lacking), "{needs:?}");
    let without = |path: &TilePath| tiles.get(path).filter(|_| *path != lacking);
    assert_eq!(InclusionProof::build(300, 700, without).unwrap_err(), BuildError::Missing(lacking));
    let cut = |path: &TilePath| tiles.get(path).map(|bytes| &bytes[..32]);
    assert!(matches!(InclusionProof::build(300, 700, cut), Err(BuildError::Length(_))));
    assert_eq!(
        InclusionProof::build(700, 700, without).unwrap_err(),
        BuildError::Beyond { at: 700, size: 700 }
    );
}

#[test]
fn everything_began_with_nothing() {
    let (edge, tiles) = grow(&[3]);
    let proof = ConsistencyProof::build(0, 3, |path| tiles.get(path)).unwrap();
    proof.verify(Hash::EMPTY_TREE, edge.root()).unwrap();
    assert!(matches!(proof.verify(edge.root(), edge.root()), Err(ProofError::OtherRoot)));
}

#[test]
fn paths_are_written_as_tlog_tiles_has_them() {
    for (kind, index, width, text) in [
        (Kind::Hashes(0), 1_067, 256, "tile/0/x001/067"),
        (Kind::Hashes(3), 1_234_067, 256, "tile/3/x001/x234/067"),
        (Kind::Entries, 1_067, 12, "tile/entries/x001/067.p/12"),
        (Kind::Entries, 0, 255, "tile/entries/000.p/255"),
        (Kind::Hashes(63), 999, 1, "tile/63/999.p/1"),
    ] {
        let path = TilePath::new(kind, index, width).unwrap();
        assert_eq!(path.to_string(), text);
        assert_eq!(text.parse(), Ok(path));
    }
    for wrong in [
        "",
        "tile",
        "tile/",
        "tile/0",
        "tile/0/",
        "tile/0/1",
        "tile/0/0001",
        "tile/00/001",
        "tile/64/001",
        "tile/0/001.p/0",
        "tile/0/001.p/256",
        "tile/0/001.p/01",
        "tile/0/001.p/",
        "tile/0/001.p",
        "tile/0/x001",
        "tile/0/x000/001",
        "tile/0/001/002",
        "tile/0/xx001/002",
        "tile/8/0/001",
        "tile/data/001",
        "tile/-1/001",
        "tile/0/+01",
        "/tile/0/001",
        "tile/0/001 ",
        "tile/0/x999/x999/x999/x999/x999/x999/x999/999",
    ] {
        assert!(wrong.parse::<TilePath>().is_err(), "{wrong}");
    }
    let sizes = |size| TilePath::of_entries(size).map(|path| path.to_string()).collect::<Vec<_>>();
    assert_eq!(sizes(0), [""; 0]);
    assert_eq!(sizes(256), ["tile/entries/000"]);
    assert_eq!(sizes(513), ["tile/entries/000", "tile/entries/001", "tile/entries/002.p/1"]);
}
