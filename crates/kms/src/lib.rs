//! Key adapter: data keys wrapped by AWS KMS.
