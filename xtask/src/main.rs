//! Set-up, tests, benchmarks and builds.

fn main() {}
