//! What every keeper of a log's key must do.

use deputize_broker::ports::ledger::LogSigner;
use deputize_broker::ports::signing::SigningError;
use ed25519_dalek::{Signature, VerifyingKey};

/// Holds a log's signer to its contract: what it signs verifies under its public half by a library of another make, and
/// as no other message; the same message has the same signature, as RFC 8032 has it; the key stays the same.
///
/// Messages have from 1 to 4,096 bytes: KMS takes no others.
///
/// # Errors
/// [`SigningError`] where the signer does not do what it is asked for.
///
/// # Panics
/// Where the signer breaks the contract: it is called by tests.
pub async fn log_signer_contract(signer: &dyn LogSigner) -> Result<(), SigningError> {
    let key = signer.public_key().await?;
    assert_eq!(signer.public_key().await?, key, "the key stays the same");
    for message in [&b"a"[..], b"log.example.com/acme\n1\nroot\n", &[b'a'; 4_096]] {
        let signature = signer.sign(message).await?;
        assert!(verifies(&key, message, &signature), "a signature is that of its key");
        assert!(!verifies(&key, b"other", &signature), "a signature is of its message");
        assert_eq!(signer.sign(message).await?, signature, "a message has one signature");
    }
    let [one, other] = [signer.sign(b"1").await?, signer.sign(b"2").await?];
    assert_ne!(one, other, "messages have signatures of their own");
    assert_eq!(signer.public_key().await?, key, "signing changes no key");
    Ok(())
}

/// Whether this is the message's Ed25519 signature under that key, in the strict sense: no key of small order, and no
/// signature that can be rewritten.
pub fn verifies(key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
    let signature = Signature::from_bytes(signature);
    VerifyingKey::from_bytes(key).is_ok_and(|key| key.verify_strict(message, &signature).is_ok())
}
