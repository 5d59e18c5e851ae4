//! Checkpoints, signed by the log and cosigned by witnesses.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use deputize_ledger::note::{InvalidKey, cosignature_message};
use deputize_ledger::{Checkpoint, CosignerKey, Hash, NoteError, Origin, SignedCheckpoint, VerifierKey};
use ed25519_dalek::{Signer, SigningKey};
use proptest::prelude::*;

const AT: u64 = 1_764_000_000;

fn log() -> (SigningKey, VerifierKey) {
    let key = SigningKey::from_bytes(&[1; 32]);
    let origin = Origin::of("ledger.example.com", "acme", 2026).unwrap();
    let verifier = VerifierKey::new(origin, key.verifying_key().as_bytes()).unwrap();
    (key, verifier)
}

fn witness(name: &str, seed: u8) -> (SigningKey, CosignerKey) {
    let key = SigningKey::from_bytes(&[seed; 32]);
    let cosigner = CosignerKey::new(name.parse().unwrap(), key.verifying_key().as_bytes()).unwrap();
    (key, cosigner)
}

fn checkpoint(size: u64) -> Checkpoint {
    Checkpoint { origin: log().1.name().clone(), size, root: Hash([5; 32]) }
}

fn signed(size: u64) -> SignedCheckpoint {
    let (key, verifier) = log();
    let signature = key.sign(checkpoint(size).message().as_bytes()).to_bytes();
    SignedCheckpoint::sign_with(checkpoint(size), &verifier, signature).unwrap()
}

#[test]
fn a_checkpoint_is_three_lines_and_signatures_below() {
    let note = signed(42).to_string();
    let lines: Vec<_> = note.lines().collect();
    assert_eq!(lines[..4], ["ledger.example.com/acme/2026", "42", &Hash([5; 32]).to_string(), ""]);
    assert!(lines[4].starts_with("— ledger.example.com/acme/2026 "), "{note}");
    assert_eq!(note.parse::<SignedCheckpoint>().unwrap(), signed(42));
    assert_eq!(signed(42).verify(&log().1).unwrap(), checkpoint(42));
}

#[test]
fn the_library_for_notes_believes_it_too() {
    let known = signed_note::StandardVerifier::new(&log().1.to_string()).unwrap();
    let note = signed_note::Note::from_bytes(signed(42).to_string().as_bytes()).unwrap();
    let (verified, unverified) = note.verify(&signed_note::VerifierList::new(vec![Box::new(known)])).unwrap();
    assert_eq!((verified.len(), unverified.len()), (1, 0));
}

#[test]
fn what_another_key_signed_is_not_put_together() {
    let other = SigningKey::from_bytes(&[2; 32]);
    let signature = other.sign(checkpoint(42).message().as_bytes()).to_bytes();
    let refused = SignedCheckpoint::sign_with(checkpoint(42), &log().1, signature);
    assert!(matches!(refused, Err(NoteError::WrongSignature(_))), "{refused:?}");
    let elsewhere = Origin::of("ledger.example.com", "other", 2026).unwrap();
    let key = VerifierKey::new(elsewhere, log().0.verifying_key().as_bytes()).unwrap();
    assert!(matches!(signed(42).verify(&key), Err(NoteError::OtherLog { .. })));
}

#[test]
fn witnesses_say_when_they_saw_it() {
    let (mut note, (first, first_key), (second, second_key)) =
        (signed(42), witness("witness.example.com/w1", 8), witness("witness.example.com/w2", 9));
    let message = |at| cosignature_message(&checkpoint(42), at);
    assert_eq!(
        message(AT),
        [b"cosignature/v1\ntime 1764000000\n", checkpoint(42).message().as_bytes()].concat()
    );

    note.add_cosignature(&first_key, AT, first.sign(&message(AT)).to_bytes()).unwrap();
    note.add_cosignature(&second_key, AT + 9, second.sign(&message(AT + 9)).to_bytes()).unwrap();
    let note: SignedCheckpoint = note.to_string().parse().unwrap();
    note.verify(&log().1).unwrap();
    let stranger = witness("witness.example.com/w3", 10).1;
    let known = [second_key.clone(), stranger, first_key.clone()];
    assert_eq!(note.cosignatures(&known), [(second_key, AT + 9), (first_key.clone(), AT)]);

    // A later one takes the place of the earlier.
    let mut later = note;
    later.add_cosignature(&first_key, AT + 60, first.sign(&message(AT + 60)).to_bytes()).unwrap();
    assert_eq!(later.cosignatures(std::slice::from_ref(&first_key)), [(first_key, AT + 60)]);
    assert_eq!(later.to_string().lines().count(), 7);
}

#[test]
fn cosignatures_of_one_checkpoint_are_put_together_and_strangers_are_left_out() {
    let cosigned = |size, name, seed| {
        let ((key, cosigner), mut note) = (witness(name, seed), signed(size));
        let signature = key.sign(&cosignature_message(&checkpoint(size), AT)).to_bytes();
        note.add_cosignature(&cosigner, AT, signature).unwrap();
        (note, cosigner)
    };
    let (mut note, first) = cosigned(42, "witness.example.com/w1", 8);
    let (other, second) = cosigned(42, "witness.example.com/w2", 9);
    let (later, third) = cosigned(43, "witness.example.com/w3", 10);
    let known = [first.clone(), second.clone(), third];
    note.join(&other, &known);
    // Of another checkpoint, a cosignature says nothing.
    note.join(&later, &known);
    assert_eq!(note.cosignatures(&known), [(first.clone(), AT), (second, AT)]);

    note.keep(&log().1, std::slice::from_ref(&first));
    assert_eq!(note, cosigned(42, "witness.example.com/w1", 8).0);
}

#[test]
fn a_cosignature_of_another_time_or_of_the_plain_note_is_none() {
    let (key, cosigner) = witness("witness.example.com/w1", 8);
    let mut note = signed(42);
    let for_now = key.sign(&cosignature_message(&checkpoint(42), AT)).to_bytes();
    let plain = key.sign(checkpoint(42).message().as_bytes()).to_bytes();
    assert!(matches!(note.add_cosignature(&cosigner, AT + 1, for_now), Err(NoteError::WrongSignature(_))));
    assert!(matches!(note.add_cosignature(&cosigner, AT, plain), Err(NoteError::WrongSignature(_))));
    // c2sp.org/tlog-cosignature: no time beyond 2^63 - 1.
    let never = key.sign(&cosignature_message(&checkpoint(42), 1 << 63)).to_bytes();
    assert!(note.add_cosignature(&cosigner, 1 << 63, never).is_err());
    assert_eq!(note, signed(42), "and it is as it was");
}

#[test]
fn a_note_carries_a_hundred_signatures_and_no_more() {
    let mut note = signed(42);
    for number in 0..99 {
        let (key, cosigner) = witness(&format!("witness.example.com/{number}"), number);
        note.add_cosignature(&cosigner, AT, key.sign(&cosignature_message(&checkpoint(42), AT)).to_bytes())
            .unwrap();
    }
    let (key, cosigner) = witness("witness.example.com/more", 200);
    let more =
        note.add_cosignature(&cosigner, AT, key.sign(&cosignature_message(&checkpoint(42), AT)).to_bytes());
    assert_eq!(more, Err(NoteError::TooManySignatures));
    assert_eq!(note.to_string().parse::<SignedCheckpoint>().unwrap(), note);
}

#[test]
fn texts_that_are_no_checkpoint_of_ours_are_refused() {
    let note = signed(42).to_string();
    for (wrong, why) in [
        (note.replace("\n42\n", "\n042\n"), "a leading zero"),
        (note.replace("\n42\n", "\n+42\n"), "a plus"),
        (note.replace("\n42\n", "\n9007199254740992\n"), "more than a log can have"),
        (note.replace("\n42\n", "\n-1\n"), "less than nothing"),
        (note.replacen("=\n\n", "=\nextension\n\n", 1), "a line more"),
        (note.replacen("=\n\n", "\n\n", 1), "a hash that is cut"),
        (note.replace('\n', "\r\n"), "other ends of lines"),
        (note.trim_end().to_owned(), "no end of line"),
        (format!("{note}\n"), "an empty line after"),
        (note.lines().take(3).collect::<Vec<_>>().join("\n"), "no signature"),
        (String::new(), "nothing"),
        ("\n\n\n\n".to_owned(), "only lines"),
    ] {
        assert!(wrong.parse::<SignedCheckpoint>().is_err(), "{why}");
    }
}

#[test]
fn keys_that_verify_anything_are_refused() {
    // The neutral element of the curve: every signature that is zero would be good.
    let mut neutral = [0; 32];
    neutral[0] = 1;
    let refused = VerifierKey::new("log.example.com".parse().unwrap(), &neutral);
    assert_eq!(refused, Err(InvalidKey::Point));
}

#[test]
fn names_are_of_one_log_only() {
    assert_eq!(log().1.name().as_str(), "ledger.example.com/acme/2026");
    for tenant in ["", "acme/2025", "ac me", "ac+me", "ac\nme", "ac\u{1}me", "ac\u{2003}me"] {
        assert!(Origin::of("ledger.example.com", tenant, 2026).is_err(), "{tenant:?}");
    }
    assert!("x".repeat(256).parse::<Origin>().is_err());
}

proptest! {
    #[test]
    fn any_text_is_a_note_or_is_not_and_never_panics(text in any::<String>(), lines in prop::collection::vec("[a—0-9+/= ]{0,60}", 0..8)) {
        drop(text.parse::<SignedCheckpoint>());
        drop(lines.join("\n").parse::<SignedCheckpoint>());
        drop(text.parse::<VerifierKey>());
        drop(lines.join("+").parse::<CosignerKey>());
    }

    #[test]
    fn a_bit_of_a_note_that_is_another_makes_it_another_note(bit in any::<prop::sample::Index>()) {
        let mut bytes = signed(42).to_string().into_bytes();
        let bit = bit.index(bytes.len() * 8);
        bytes[bit / 8] ^= 1 << (bit % 8);
        let believed = String::from_utf8(bytes).ok()
            .and_then(|note| note.parse::<SignedCheckpoint>().ok())
            .and_then(|note| note.verify(&log().1).ok());
        prop_assert_eq!(believed, None);
    }
}
