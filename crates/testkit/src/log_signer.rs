//! What every keeper of a log's key must do, and one in memory.

use async_trait::async_trait;
use deputize_broker::ports::ledger::LogSigner;
use deputize_broker::ports::signing::SigningError;
use deputize_ledger::{Origin, VerifierKey};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};

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

/// A key in memory that signs a log: the same one in every run.
#[derive(Debug)]
pub struct MemoryLogKey(SigningKey);

impl Default for MemoryLogKey {
    fn default() -> Self {
        Self(SigningKey::from_bytes(&[7; 32]))
    }
}

impl MemoryLogKey {
    /// The key by which a log of this name is verified.
    ///
    /// # Panics
    /// Never: the key is one.
    #[allow(clippy::expect_used)]
    pub fn verifier(&self, origin: Origin) -> VerifierKey {
        VerifierKey::new(origin, self.0.verifying_key().as_bytes()).expect("a public key")
    }
}

#[async_trait]
impl LogSigner for MemoryLogKey {
    async fn public_key(&self) -> Result<[u8; 32], SigningError> {
        Ok(self.0.verifying_key().to_bytes())
    }

    async fn sign(&self, message: &[u8]) -> Result<[u8; 64], SigningError> {
        Ok(self.0.sign(message).to_bytes())
    }
}
