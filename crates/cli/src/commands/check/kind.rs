//! What kinds of files can be checked.

use std::str::FromStr;

use deputize_scope::catalogue::Catalogues;
use deputize_scope::iam::PolicyKind;
use deputize_scope::{Connector, Finding, check};
use thiserror::Error;

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Scope,
    Connector,
    AwsPolicy(PolicyKind),
}

impl Kind {
    pub(super) fn findings(self, bytes: &[u8], catalogues: &Catalogues) -> Vec<Finding> {
        match self {
            Self::Scope => check::document_bytes(bytes, catalogues).findings,
            Self::Connector => Connector::parse_bytes(bytes).findings,
            Self::AwsPolicy(kind) => check::policy_bytes(bytes, kind, catalogues).findings,
        }
    }
}

#[derive(Clone, Copy, Debug, Error)]
#[error(
    "the kinds are scope, connector and aws-policy, the last with =identity, =session, =trust or =managed"
)]
pub(super) struct UnknownKind;

impl FromStr for Kind {
    type Err = UnknownKind;

    fn from_str(text: &str) -> Result<Self, UnknownKind> {
        match text.split_once('=') {
            None if text == "scope" => Ok(Self::Scope),
            None if text == "connector" => Ok(Self::Connector),
            None if text == "aws-policy" => Ok(Self::AwsPolicy(PolicyKind::default())),
            Some(("aws-policy", kind)) => kind.parse().map(Self::AwsPolicy).map_err(|_| UnknownKind),
            _ => Err(UnknownKind),
        }
    }
}
