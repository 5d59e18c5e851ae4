//! Key adapter: data keys wrapped by a local key file.
