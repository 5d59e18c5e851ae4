use std::borrow::Cow;

/// An error as the service answers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: u16,
    pub(super) code: Cow<'static, str>,
    pub(super) message: String,
}

impl Refusal {
    pub(super) fn new(code: Code, message: impl Into<String>) -> Self {
        Self { status: code.status(), code: Cow::Borrowed(code.as_str()), message: message.into() }
    }

    /// Whose fault it is, in the words of the query protocol.
    pub(super) fn blames(&self) -> &'static str {
        if self.status >= 500 { "Receiver" } else { "Sender" }
    }
}

/// The errors that STS and IAM document, and those that all services of the query protocol have in common.
/// <https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html>
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Code {
    AccessDenied,
    ExpiredToken,
    ExpiredTokenException,
    IdpCommunicationError,
    IncompleteSignature,
    InternalFailure,
    InvalidAction,
    InvalidClientTokenId,
    InvalidIdentityToken,
    InvalidParameterValue,
    JwtPayloadSizeExceeded,
    LimitExceeded,
    MalformedPolicyDocument,
    MissingAction,
    MissingAuthenticationToken,
    NoSuchEntity,
    NoSuchVersion,
    OutboundWebIdentityFederationDisabled,
    PackedPolicyTooLarge,
    RegionDisabled,
    SessionDurationEscalation,
    SignatureDoesNotMatch,
    ValidationError,
}

impl Code {
    /// The code on the wire. Some carry the suffix of their exception's name and some do not.
    fn as_str(self) -> &'static str {
        match self {
            Self::AccessDenied => "AccessDenied",
            Self::ExpiredToken => "ExpiredToken",
            Self::ExpiredTokenException => "ExpiredTokenException",
            Self::IdpCommunicationError => "IDPCommunicationError",
            Self::IncompleteSignature => "IncompleteSignature",
            Self::InternalFailure => "InternalFailure",
            Self::InvalidAction => "InvalidAction",
            Self::InvalidClientTokenId => "InvalidClientTokenId",
            Self::InvalidIdentityToken => "InvalidIdentityToken",
            Self::InvalidParameterValue => "InvalidParameterValue",
            Self::JwtPayloadSizeExceeded => "JWTPayloadSizeExceededException",
            Self::LimitExceeded => "LimitExceeded",
            Self::MalformedPolicyDocument => "MalformedPolicyDocument",
            Self::MissingAction => "MissingAction",
            Self::MissingAuthenticationToken => "MissingAuthenticationToken",
            Self::NoSuchEntity => "NoSuchEntity",
            Self::NoSuchVersion => "NoSuchVersion",
            Self::OutboundWebIdentityFederationDisabled => "OutboundWebIdentityFederationDisabledException",
            Self::PackedPolicyTooLarge => "PackedPolicyTooLarge",
            Self::RegionDisabled => "RegionDisabledException",
            Self::SessionDurationEscalation => "SessionDurationEscalationException",
            Self::SignatureDoesNotMatch => "SignatureDoesNotMatch",
            Self::ValidationError => "ValidationError",
        }
    }

    fn status(self) -> u16 {
        match self {
            Self::AccessDenied
            | Self::ExpiredToken
            | Self::InvalidClientTokenId
            | Self::MissingAuthenticationToken
            | Self::OutboundWebIdentityFederationDisabled
            | Self::RegionDisabled
            | Self::SessionDurationEscalation
            | Self::SignatureDoesNotMatch => 403,
            Self::InternalFailure => 500,
            Self::LimitExceeded => 409,
            Self::NoSuchEntity => 404,
            Self::ExpiredTokenException
            | Self::IdpCommunicationError
            | Self::IncompleteSignature
            | Self::InvalidAction
            | Self::InvalidIdentityToken
            | Self::InvalidParameterValue
            | Self::JwtPayloadSizeExceeded
            | Self::MalformedPolicyDocument
            | Self::MissingAction
            | Self::NoSuchVersion
            | Self::PackedPolicyTooLarge
            | Self::ValidationError => 400,
        }
    }
}
