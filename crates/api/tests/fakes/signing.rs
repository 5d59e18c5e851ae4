//! An issuer with one key.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use deputize_broker::Clock;
use deputize_broker::issuer::{Issuer, IssuerSettings, Schedule};
use deputize_broker::ports::signing::{KeyId, NewKey, PublicKey, SigningError, SigningKey, SigningKeys};
use deputize_testkit::keys::Scrambled;
use jiff::Timestamp;

pub(crate) const CANARY: &str = "canary of the keeper";

/// A key that is there, unless its keeper is away.
#[derive(Default)]
pub(crate) struct OneKey {
    pub(crate) away: AtomicBool,
}

#[async_trait]
impl SigningKeys for OneKey {
    async fn keys(&self) -> Result<Vec<SigningKey>, SigningError> {
        if self.away.load(Ordering::Relaxed) {
            return Err(SigningError::Unavailable(CANARY.into()));
        }
        let public = PublicKey::rsa(&[0x99; 256], &[1, 0, 1]).unwrap();
        Ok(vec![SigningKey { public, signs_from: Timestamp::UNIX_EPOCH }])
    }

    async fn add(&self, _: &NewKey) -> Result<Vec<SigningKey>, SigningError> {
        self.keys().await
    }

    async fn sign(&self, _: &KeyId, _: &[u8]) -> Result<Vec<u8>, SigningError> {
        Err(SigningError::Unavailable(CANARY.into()))
    }
}

pub(crate) fn issuer(keys: Arc<OneKey>, clock: Arc<dyn Clock>) -> Arc<Issuer> {
    let settings = IssuerSettings {
        url: "https://broker.example.com".parse().unwrap(),
        subject: "broker".parse().unwrap(),
        schedule: Schedule::default(),
    };
    Arc::new(Issuer::new(settings, keys, clock, Arc::new(Scrambled::new(1))))
}
