//! A sealed version of a stored credential opens where it was sealed, and nowhere else: over all fields of its context,
//! and all parts of the blob.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use deputize_broker::ports::keys::EncryptionContext;
use deputize_broker::seal::{Sealed, open, seal};
use deputize_broker::stored::{CredentialRecord, Facts, VersionNumber};
use deputize_keyring::Keyring;
use deputize_scope::document::StoredCredential;
use deputize_scope::identifier::{CredentialType, Risk};
use deputize_testkit::keys::Scrambled;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

/// All that a version is bound to.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    tenant: String,
    credential: String,
    kind: CredentialType,
    version: u64,
}

impl Place {
    fn context(&self) -> EncryptionContext {
        let time = "2026-05-01T12:00:00Z".parse().unwrap();
        let declared = StoredCredential {
            id: self.credential.parse().unwrap(),
            kind: self.kind,
            agent: "devops".parse().unwrap(),
            consumers: None,
            rotate: None,
            risk: Risk::Medium,
        };
        let record = CredentialRecord::first(
            &self.tenant.parse().unwrap(),
            &declared,
            Facts::ApiKey { key_id: None },
            time,
        );
        record.context(VersionNumber(self.version))
    }
}

/// Few different names, so that two places often differ in one field only.
fn places() -> impl Strategy<Value = Place> {
    let name = || prop_oneof![Just("aa".to_owned()), Just("aaa".to_owned()), "[a-z0-9]{2,12}"];
    let kind = proptest::sample::select(CredentialType::ALL);
    (name(), name(), kind, prop_oneof![1..3_u64, any::<u64>()])
        .prop_map(|(tenant, credential, kind, version)| Place { tenant, credential, kind, version })
}

/// A change of one byte of one part, or the loss of its end.
fn damaged(sealed: &Sealed, part: usize, at: prop::sample::Index, bit: u8, cut: bool) -> Sealed {
    let mut sealed = sealed.clone();
    let damage = |bytes: &mut Vec<u8>| {
        let at = at.index(bytes.len());
        if cut {
            bytes.truncate(at);
        } else if let Some(byte) = bytes.get_mut(at) {
            *byte ^= 1 << (bit % 8);
        }
    };
    match part % 3 {
        0 => damage(&mut sealed.ciphertext),
        1 => damage(&mut sealed.key.ciphertext),
        _ => {
            let at = at.index(sealed.nonce.len());
            sealed.nonce.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= 1 << (bit % 8));
        }
    }
    sealed
}

#[test]
fn a_blob_moved_to_another_row_version_tenant_or_type_does_not_open() {
    let directory = tempfile::tempdir().unwrap();
    let random = Arc::new(Scrambled::new(1));
    let keys = Keyring::open_or_create(directory.path().join("keys.json"), random.clone()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let cases = (
        (places(), places(), prop::collection::vec(any::<u8>(), 0..64)),
        (0..3_usize, any::<prop::sample::Index>(), any::<u8>(), any::<bool>()),
    );
    let mut runner = TestRunner::new(ProptestConfig::with_cases(2_000));
    let outcome = runner.run(&cases, |((here, elsewhere, secret), (part, at, bit, cut))| {
        runtime.block_on(async {
            let sealed = seal(&keys, &*random, &here.context(), &secret).await.unwrap();
            let opened = open(&keys, &here.context(), &sealed).await;
            prop_assert!(opened.is_ok_and(|plain| *plain == secret));
            prop_assert_eq!(open(&keys, &elsewhere.context(), &sealed).await.is_ok(), here == elsewhere);
            let damaged = damaged(&sealed, part, at, bit, cut);
            prop_assert!(open(&keys, &here.context(), &damaged).await.is_err());
            for other in others(&here.context()) {
                prop_assert!(open(&keys, &other, &sealed).await.is_err(), "{:?}", other);
            }
            Ok(())
        })
    });
    outcome.unwrap();
}

/// The context with any one of its pairs changed, renamed, missing or added.
fn others(context: &EncryptionContext) -> Vec<EncryptionContext> {
    let mut others = Vec::new();
    for name in context.pairs().keys() {
        let pairs = context.pairs().clone();
        let mut changed = pairs.clone();
        changed.entry(name.clone()).and_modify(|value| value.push('0'));
        let mut added = pairs.clone();
        added.insert(format!("{name}s"), String::new());
        let mut missing = pairs;
        let value = missing.remove(name).unwrap();
        let mut renamed = missing.clone();
        renamed.insert(format!("{name}s"), value);
        others.extend([changed, added, missing, renamed].map(EncryptionContext::new));
    }
    others
}

#[test]
fn a_context_is_exactly_tenant_credential_version_and_type() {
    let (tenant, credential) = ("acme".to_owned(), "github".to_owned());
    let place = Place { tenant, credential, kind: CredentialType::ApiKey, version: 3 };
    let expected = [("tenant", "acme"), ("credential", "github"), ("version", "3"), ("type", "api_key")];
    assert_eq!(place.context(), EncryptionContext::new(expected));
}
