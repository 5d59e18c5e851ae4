//! Why KMS did not do what it was asked for, and what that means to the broker.

use deputize_broker::ports::keys::KeyError;
use deputize_broker::ports::signing::SigningError;
use thiserror::Error;

/// The blob is not what this key wrapped in this context. A blob of a length that no key gives is a
/// `ValidationException`.
const REFUSED: &[&str] = &["IncorrectKeyException", "InvalidCiphertextException"];

/// The key is disabled, deleted, not of the right kind, or not ours to use.
const UNUSABLE: &[&str] = &[
    "AccessDeniedException",
    "DisabledException",
    "InvalidGrantTokenException",
    "InvalidKeyUsageException",
    "KMSInvalidStateException",
    "NotFoundException",
];

/// The key is none that signs.
const UNFIT: &[&str] = &["UnsupportedOperationException", "ValidationException"];

/// Why KMS did not do what it was asked for. It holds nothing of request or answer but what is no secret.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum KmsFailure {
    /// KMS answered with an error of this code.
    #[error("kms answered {status} {}", code.as_deref().unwrap_or("without a code"))]
    Answered {
        /// The HTTP status.
        status: u16,
        /// The error's code.
        code: Option<String>,
    },
    /// An answer that is none of KMS's.
    #[error("kms gave an answer that cannot be read")]
    Unreadable,
    /// No answer in time, or no connection.
    #[error("kms did not answer")]
    NoAnswer,
}

impl KmsFailure {
    /// What it means where a data key was to be made.
    pub(crate) fn generating(self, key_id: &str) -> KeyError {
        match self.code() {
            Some(code) if UNUSABLE.contains(&code) || code == "ValidationException" => {
                KeyError::Unusable { key_id: key_id.to_owned() }
            }
            _ => KeyError::Unavailable(Box::new(self)),
        }
    }

    /// What it means where a data key was to be unwrapped.
    pub(crate) fn unwrapping(self, key_id: &str) -> KeyError {
        match self.code() {
            Some(code) if REFUSED.contains(&code) || code == "ValidationException" => KeyError::Refused,
            Some(code) if UNUSABLE.contains(&code) => KeyError::Unusable { key_id: key_id.to_owned() },
            _ => KeyError::Unavailable(Box::new(self)),
        }
    }

    /// What it means where something was to be signed.
    pub(crate) fn signing(self, key_id: &str) -> SigningError {
        match self.code() {
            Some(code) if UNUSABLE.contains(&code) || UNFIT.contains(&code) => {
                SigningError::Unusable { key: key_id.to_owned(), source: Box::new(self) }
            }
            _ => SigningError::Unavailable(Box::new(self)),
        }
    }

    fn code(&self) -> Option<&str> {
        match self {
            Self::Answered { code, .. } => code.as_deref(),
            Self::Unreadable | Self::NoAnswer => None,
        }
    }
}
