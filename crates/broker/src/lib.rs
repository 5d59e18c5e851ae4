//! The domain: issue, revoke, list; ports. No SDK, no clock, no randomness of its own.
