//! What the errors of Microsoft's services mean. Numbers and codes tell; texts quote the request.

use deputize_http::{Answer, CallFailure, ErrorCode, Problem};
use serde::Deserialize;

/// The assertion matches no federated credential (in general, by issuer, audience, subject): it is so for some minutes
/// after one was made. And an assertion that has not begun or has ended: over with the next one.
/// <https://learn.microsoft.com/entra/workload-id/workload-identity-federation-considerations>
const NOT_YET: [u32; 5] = [70_021, 700_211, 700_212, 700_213, 700_024];

/// Passing trouble, whatever the status: a transient error, throttling of the tenant.
/// <https://learn.microsoft.com/entra/identity-platform/reference-error-codes>
const PASSING: [u32; 2] = [90_033, 90_055];

/// An error of Entra's token endpoint.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Refused {
    error: Option<String>,
    error_codes: Vec<u32>,
}

/// Reads what Entra said.
pub(crate) fn entra(service: &'static str, answer: &Answer) -> CallFailure {
    let refused: Refused = answer.json().unwrap_or_default();
    let number = refused.error_codes.first().copied();
    let code = match number {
        Some(number) => ErrorCode::new(Some(&format!("AADSTS{number}"))),
        None => ErrorCode::new(refused.error.as_deref()),
    };
    let (status, retry_after) = (answer.status, answer.retry_after());
    let among = |numbers: &[u32]| refused.error_codes.iter().any(|number| numbers.contains(number));
    if among(&PASSING) {
        CallFailure::new(service, Problem::InTrouble { status, code, retry_after })
    } else if among(&NOT_YET) {
        CallFailure::new(service, Problem::NotYet { status, code })
    } else {
        CallFailure::of_status(service, status, code, retry_after)
    }
}

/// Reads what an identity endpoint of a machine said.
pub(crate) fn machine(service: &'static str, answer: &Answer) -> CallFailure {
    let refused: Refused = answer.json().unwrap_or_default();
    let code = ErrorCode::new(refused.error.as_deref());
    let (status, retry_after) = (answer.status, answer.retry_after());
    match status {
        // It is being set up, or updated:
        // https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token#error-handling
        404 | 410 => CallFailure::new(service, Problem::InTrouble { status, code, retry_after }),
        _ => CallFailure::of_status(service, status, code, retry_after),
    }
}

/// An error of Key Vault, or of Graph.
#[derive(Default, Deserialize)]
#[serde(default)]
struct VaultRefused {
    error: VaultError,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct VaultError {
    code: Option<String>,
}

/// Reads what Graph said.
pub(crate) fn graph(service: &'static str, answer: &Answer) -> CallFailure {
    let failure = vault(service, answer);
    match failure.problem {
        // Somebody else is changing the same application.
        Problem::Refused { status: 409, code } => {
            let retry_after = answer.retry_after();
            CallFailure::new(service, Problem::InTrouble { status: 409, code, retry_after })
        }
        problem => CallFailure::new(service, problem),
    }
}

/// Reads what a key vault said.
pub(crate) fn vault(service: &'static str, answer: &Answer) -> CallFailure {
    let refused: VaultRefused = answer.json().unwrap_or_default();
    let code = ErrorCode::new(refused.error.code.as_deref());
    CallFailure::of_status(service, answer.status, code, answer.retry_after())
}
