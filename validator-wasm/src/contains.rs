//! Whether one set of scopes lies within another.

use deputize_scope::aws::authority::Certainty;
use deputize_scope::document::parse_scopes;
use deputize_scope::{Grant, Severity, grant};
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
    /// What is called: an action of AWS, a permission of Google Cloud, an operation of Azure.
    pub action: String,
    /// The resource; at AWS `*` where the call that has no resource of its own is the one that is not granted.
    pub resource: String,
    /// The region; absent where the grant does not allow the call in any, and at other clouds than AWS.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[tsify(optional)]
    pub region: Option<String>,
    /// The service account or client id, where the request names one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[tsify(optional)]
    pub identity: Option<String>,
    /// `undecided` where the search was given up, which counts as not contained: the call is then only one of
    /// those that the request allows.
    #[tsify(type = "\"shown\" | \"undecided\"")]
    pub certainty: Certainty,
}

impl From<grant::Witness> for Witness {
    fn from(witness: grant::Witness) -> Self {
        let certainty = witness.certainty();
        let (action, resource, region, identity) = match witness {
            grant::Witness::Aws(call) => {
                (call.action, call.resource, call.region.map(|region| region.as_str().to_owned()), None)
            }
            grant::Witness::Gcp(call) => {
                let account = call.service_account.map(|account| account.as_str().to_owned());
                (call.permission, call.resource, None, account)
            }
            grant::Witness::Azure(call) => {
                (call.operation, call.resource, None, call.client_id.map(|id| id.as_str().to_owned()))
            }
        };
        Self { action, resource, region, identity, certainty }
    }
}

/// Proves that the scopes of `request` lie within those of `grant`, or names a call that does not. Each text holds
/// one scope or a list of them.
pub fn contains(grant: &str, request: &str) -> Result<Containment, Refusal> {
    let (grant, request) = (granted("grant", grant)?, granted("request", request)?);
    let witness = grant.contains(&request).err().map(Witness::from);
    Ok(Containment { contained: witness.is_none(), witness })
}

/// The union of what the scopes of a text allow.
fn granted(argument: &'static str, text: &str) -> Result<Grant, Refusal> {
    let (scopes, findings) = parse_scopes(text);
    if findings.iter().any(|finding| finding.severity == Severity::Error) {
        return Err(Refusal::InvalidScope { argument, findings: told(text, findings) });
    }
    Ok(Grant::of(&scopes))
}
