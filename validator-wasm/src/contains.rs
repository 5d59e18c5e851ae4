//! Whether one set of scopes lies within another.

use deputize_scope::aws::authority::{self, Authority, Certainty};
use deputize_scope::document::parse_scopes;
use deputize_scope::{Scope, Severity};
use serde::Serialize;
use tsify::Tsify;

use crate::finding::told;
use crate::refusal::Refusal;

/// Whether a request lies within a grant.
///
/// In TypeScript, `{ contained: true }` or `{ contained: false, witness: Witness }`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Containment {
    /// Whether the grant allows all that the request asks for.
    pub contained: bool,
    /// A call that is not granted; there exactly where the request is not contained.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub witness: Option<Witness>,
}

/// One concrete call that a request allows and a grant does not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Tsify)]
pub struct Witness {
    /// `service:Name`.
    pub action: String,
    /// The resource's ARN; `*` where the call that has no resource of its own is the one that is not granted.
    pub resource: String,
    /// The region; absent where the grant does not allow the call in any.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[tsify(optional)]
    pub region: Option<String>,
    /// `undecided` where the search was given up, which counts as not contained: the call is then only one of
    /// those that the request allows.
    #[tsify(type = "\"shown\" | \"undecided\"")]
    pub certainty: Certainty,
}

impl From<authority::Witness> for Witness {
    fn from(witness: authority::Witness) -> Self {
        let authority::Witness { action, resource, region, certainty } = witness;
        Self { action, resource, region: region.map(|region| region.as_str().to_owned()), certainty }
    }
}

/// Proves that the scopes of `request` lie within those of `grant`, or names a call that does not. Each text holds
/// one scope or a list of them.
pub fn contains(grant: &str, request: &str) -> Result<Containment, Refusal> {
    let (grant, request) = (authority("grant", grant)?, authority("request", request)?);
    let witness = grant.contains(&request).err().map(Witness::from);
    Ok(Containment { contained: witness.is_none(), witness })
}

/// The union of what the scopes of a text allow on AWS.
fn authority(argument: &'static str, text: &str) -> Result<Authority, Refusal> {
    let (scopes, findings) = parse_scopes(text);
    if findings.iter().any(|finding| finding.severity == Severity::Error) {
        return Err(Refusal::InvalidScope { argument, findings: told(text, findings) });
    }
    let mut statements = Vec::new();
    for scope in &scopes {
        match scope {
            Scope::Aws(scope) => statements.extend_from_slice(scope.authority().statements()),
            other => return Err(Refusal::UnsupportedCloud { cloud: other.cloud() }),
        }
    }
    Ok(Authority::new(statements))
}
