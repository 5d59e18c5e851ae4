//! AWS adapter: sessions by STS AssumeRole.
