//! The fuzzers' entry points, with as many inputs as a test run has time for.

use deputize_fuzz::{compiler, containment, parser};
use proptest::prelude::*;

const EXAMPLE: &[u8] = include_bytes!("../../../examples/mission.yaml");

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..400)
}

const CONNECTOR: &[u8] = include_bytes!("../../../examples/connectors/sandbox.yaml");

/// An example with some of its bytes overwritten.
fn mutated(example: &'static [u8]) -> impl Strategy<Value = Vec<u8>> {
    let edit =
        (0..example.len(), prop_oneof![any::<u8>(), prop::sample::select(b"{}[]:,-*&!#\"'\n \t".to_vec())]);
    prop::collection::vec(edit, 1..12).prop_map(move |edits| {
        let mut bytes = example.to_vec();
        for (at, byte) in edits {
            if let Some(place) = bytes.get_mut(at) {
                *place = byte;
            }
        }
        bytes
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn the_parser_keeps_its_promises_on_any_bytes(bytes in bytes()) {
        parser(&bytes);
    }

    #[test]
    fn the_parser_keeps_its_promises_on_a_damaged_document(bytes in mutated(EXAMPLE)) {
        parser(&bytes);
    }

    #[test]
    fn the_parser_keeps_its_promises_on_a_damaged_connector(bytes in mutated(CONNECTOR)) {
        parser(&bytes);
    }

    #[test]
    fn the_compiler_keeps_its_promises(bytes in bytes()) {
        compiler(&bytes);
    }

    #[test]
    fn containment_keeps_its_promises(bytes in bytes()) {
        containment(&bytes);
    }
}
