use deputize_broker::Random;

/// The operating system's source of randomness, fit for keys.
///
/// Where the system has none to give, the process aborts: names and nonces that repeat would be worse than no answer,
/// and there is nothing that could be tried instead. On Linux that is a kernel without `getrandom` and without
/// `/dev/urandom`, and shows at the first call.
#[derive(Clone, Copy, Debug, Default)]
pub struct OsRandom;

impl Random for OsRandom {
    fn fill(&self, buffer: &mut [u8]) {
        if let Err(error) = getrandom::fill(buffer) {
            ::tracing::error!(%error, "the operating system has no randomness to give; aborting");
            std::process::abort();
        }
    }
}

#[cfg(test)]
mod tests {
    use deputize_broker::ports::clock::random_bytes;

    use super::*;

    #[test]
    fn two_readings_differ() {
        assert_ne!(random_bytes::<32>(&OsRandom), random_bytes::<32>(&OsRandom));
    }
}
