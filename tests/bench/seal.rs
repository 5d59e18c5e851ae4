//! Sealing and opening stored secrets, beside what this machine's AES-256-GCM gives in the same minute, by
//! `openssl speed`: for a megabyte, where the cipher is what counts, and for an API key, where the envelope is.

use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use deputize_broker::Random;
use deputize_broker::ports::keys::{DataKey, EncryptionContext, KeyError, KeyKeeper, WrappedKey};
use deputize_broker::seal::{open, seal};
use deputize_e2e::HarnessError;
use tokio::process::Command;

use crate::table::Table;

/// What is sealed: a key, a page, a megabyte.
const SIZES: [usize; 3] = [64, 16 * 1024, 1024 * 1024];
/// How long each thing is done.
const MEASUREMENT: Duration = Duration::from_secs(1);

pub(crate) async fn run() -> Result<Table, HarnessError> {
    let columns = ["64 B, MB/s", "16 KiB, MB/s", "1 MiB, MB/s"];
    let mut table = Table::new("stored secrets", &columns);
    let mut cipher = [0.0; 3];
    let (mut sealing, mut opening) = ([0.0; 3], [0.0; 3]);
    for (column, size) in SIZES.into_iter().enumerate() {
        let (sealed, opened) = ours(size).await?;
        for (row, rate) in
            [(&mut cipher, openssl(size).await?), (&mut sealing, sealed), (&mut opening, opened)]
        {
            row.iter_mut().skip(column).take(1).for_each(|cell| *cell = rate);
        }
    }
    table.row("openssl, aes-256-gcm", &cipher);
    table.row("seal", &sealing);
    table.row("open", &opening);
    Ok(table)
}

/// Megabytes a second of the machine's cipher, on one core.
async fn openssl(size: usize) -> Result<f64, HarnessError> {
    let size = size.to_string();
    let arguments = ["speed", "-mr", "-seconds", "1", "-bytes", &size, "-evp", "aes-256-gcm"];
    let output = Command::new("openssl").args(arguments).output().await;
    let output = output.map_err(|source| HarnessError::Io { what: "running openssl".to_owned(), source })?;
    let text = String::from_utf8_lossy(&output.stdout);
    let rate =
        text.lines().find_map(|line| line.strip_prefix("+F:")?.rsplit(':').next()?.parse::<f64>().ok());
    rate.map(|bytes| bytes / 1e6).ok_or_else(|| broken("openssl speed told nothing"))
}

/// Megabytes a second of sealing and of opening.
async fn ours(size: usize) -> Result<(f64, f64), HarnessError> {
    let (keys, random) = (OneKey, Counting(AtomicU64::new(1)));
    let context = EncryptionContext::new([
        ("tenant", "acme"),
        ("credential", "github"),
        ("version", "1"),
        ("type", "api_key"),
    ]);
    let secret = vec![b'k'; size];
    let sealed = seal(&keys, &random, &context, &secret).await.map_err(|_| broken("nothing was sealed"))?;
    let sealing = rate(size, async || drop(black_box(seal(&keys, &random, &context, &secret).await))).await;
    let opening = rate(size, async || drop(black_box(open(&keys, &context, &sealed).await))).await;
    Ok((sealing, opening))
}

#[expect(clippy::disallowed_methods, reason = "this measures time")]
async fn rate(size: usize, what: impl AsyncFn()) -> f64 {
    let start = Instant::now();
    let mut done = 0_u32;
    while start.elapsed() < MEASUREMENT {
        for _ in 0..16 {
            what().await;
            done += 1;
        }
    }
    f64::from(done) * size as f64 / 1e6 / start.elapsed().as_secs_f64()
}

fn broken(message: &str) -> HarnessError {
    HarnessError::Function { kind: "seal".to_owned(), message: message.to_owned() }
}

/// A keeper that costs nothing: what is measured is the envelope, not KMS.
struct OneKey;

#[async_trait]
impl KeyKeeper for OneKey {
    async fn generate(&self, _: &EncryptionContext) -> Result<(DataKey, WrappedKey), KeyError> {
        let wrapped = WrappedKey { key_id: "bench".to_owned(), ciphertext: vec![1; 32] };
        Ok((DataKey::new([7; 32]), wrapped))
    }

    async fn unwrap(&self, _: &WrappedKey, _: &EncryptionContext) -> Result<DataKey, KeyError> {
        Ok(DataKey::new([7; 32]))
    }
}

/// Nonces that are counted.
struct Counting(AtomicU64);

impl Random for Counting {
    fn fill(&self, buffer: &mut [u8]) {
        let count = self.0.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        buffer.iter_mut().zip(count.into_iter().cycle()).for_each(|(byte, count)| *byte = count);
    }
}
