use jiff::Timestamp;

/// What a sandbox takes for the present. Any closure of the right shape is one.
pub trait Clock: Send + Sync {
    /// The time now.
    fn now(&self) -> Timestamp;
}

impl<F: Fn() -> Timestamp + Send + Sync> Clock for F {
    fn now(&self) -> Timestamp {
        self()
    }
}

/// Where a sandbox takes its random bytes from. Any closure of the right shape is one.
pub trait Random: Send + Sync {
    /// Overwrites `bytes` with unpredictable ones.
    fn fill(&self, bytes: &mut [u8]);
}

impl<F: Fn(&mut [u8]) + Send + Sync> Random for F {
    fn fill(&self, bytes: &mut [u8]) {
        self(bytes);
    }
}
