//! What scopes allow at all clouds together: what `deputize contains` and the playground compare.

use std::fmt;

use serde::Serialize;

use crate::document::Scope;
use crate::proof::Certainty;
use crate::{aws, azure, gcp};

/// The calls that some scopes allow.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grant {
    /// At AWS.
    pub aws: aws::authority::Authority,
    /// At Google Cloud.
    pub gcp: gcp::authority::Authority,
    /// At Azure.
    pub azure: azure::authority::Authority,
}

impl Grant {
    /// The union of what each of the scopes allows.
    pub fn of(scopes: &[Scope]) -> Self {
        let (mut aws, mut gcp, mut azure) = (Vec::new(), Vec::new(), Vec::new());
        for scope in scopes {
            match scope {
                Scope::Aws(scope) => aws.extend_from_slice(scope.authority().statements()),
                Scope::Gcp(scope) => gcp.extend_from_slice(scope.authority().statements()),
                Scope::Azure(scope) => azure.extend_from_slice(scope.authority().statements()),
            }
        }
        Self {
            aws: aws::authority::Authority::new(aws),
            gcp: gcp::authority::Authority::new(gcp),
            azure: azure::authority::Authority::new(azure),
        }
    }

    /// Proves that every call of `request` is among these, or names one that is not.
    pub fn contains(&self, request: &Self) -> Result<(), Witness> {
        self.aws.contains(&request.aws).map_err(Witness::Aws)?;
        self.gcp.contains(&request.gcp).map_err(Witness::Gcp)?;
        self.azure.contains(&request.azure).map_err(Witness::Azure)
    }
}

/// One concrete call that a request allows and a grant does not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Witness {
    /// At AWS.
    Aws(aws::authority::Witness),
    /// At Google Cloud.
    Gcp(gcp::authority::Witness),
    /// At Azure.
    Azure(azure::authority::Witness),
}

impl Witness {
    /// Whether the call is known to be outside the grant.
    pub fn certainty(&self) -> Certainty {
        match self {
            Self::Aws(witness) => witness.certainty,
            Self::Gcp(witness) => witness.certainty,
            Self::Azure(witness) => witness.certainty,
        }
    }
}

impl fmt::Display for Witness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Aws(witness) => witness.fmt(f),
            Self::Gcp(witness) => witness.fmt(f),
            Self::Azure(witness) => witness.fmt(f),
        }
    }
}
