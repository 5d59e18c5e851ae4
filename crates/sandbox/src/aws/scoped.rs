//! GetScopedCredentials: the calling session once more, able to do less, or for a shorter time.
//! <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetScopedCredentials.html>

use std::str::FromStr as _;

use deputize_scope::aws::policy::PolicyDocument;

use super::SandboxAws;
use super::assume_role::{MAX_POLICY, check_packed, issued, policy_characters};
use super::config::Endpoint;
use super::packed::packed_percentage;
use super::parameters::{Constraints, Parameters};
use super::principal::Principal;
use super::refusal::{Code, Refusal};
use super::service::Caller;
use super::session::{MAX_TOKEN_SIZE, Session};
use super::xml::Xml;

/// In seconds: 36 hours.
const MAX_DURATION: u32 = 129_600;

pub(super) fn serve(sandbox: &SandboxAws, caller: &Caller, form: &Parameters) -> Result<Xml, Refusal> {
    if caller.endpoint == Endpoint::Global {
        let message =
            "GetScopedCredentials is not available on the STS global endpoint. Use a regional endpoint.";
        return Err(Refusal::new(Code::InvalidAction, message));
    }
    let mut constraints = Constraints::default();
    let duration = constraints.number("durationSeconds", form.text("DurationSeconds"), 1..=MAX_DURATION);
    let policy = form.text("Policy");
    if let Some(policy) = policy {
        constraints.length("policy", policy, 1..=MAX_POLICY);
        policy_characters(&mut constraints, policy);
    }
    let size = form.text("MinimumSessionTokenSize");
    let minimum = constraints.number("minimumSessionTokenSize", size, 0..=4_096).unwrap_or(0);
    constraints.check()?;

    let Principal::Session(session) = &caller.principal else {
        let message = "Cannot call GetScopedCredentials with non-temporary credentials.";
        return Err(Refusal::new(Code::AccessDenied, message));
    };
    let resource = session.arn();
    sandbox.check_allowed(caller, "sts:GetScopedCredentials", &resource, &[])?;
    if let Some(Err(error)) = policy.map(PolicyDocument::from_str) {
        let message = format!("This policy contains the following error: {error}");
        return Err(Refusal::new(Code::MalformedPolicyDocument, message));
    }
    let scoped = narrowed(session, caller, policy, duration)?;
    // Every policy of the chain travels in the token.
    let texts: Vec<&str> = scoped.policy.iter().chain(&scoped.scope_down).map(String::as_str).collect();
    let packed = packed_percentage(&texts, &scoped.tags);
    check_packed(packed, &scoped.tags)?;

    let minimum = usize::try_from(minimum).unwrap_or(MAX_TOKEN_SIZE);
    let answer = issued(sandbox, &scoped, packed, minimum)?;
    let scoped_session = Xml::default()
        .text("Arn", &resource)
        .text("ScopedSessionId", &session.user_id(&sandbox.0.config.key));
    Ok(answer.element("ScopedSession", scoped_session))
}

/// Who it is stays the same; what it may do and how long it lasts only shrink.
fn narrowed(
    session: &Session,
    caller: &Caller,
    policy: Option<&str>,
    duration: Option<u32>,
) -> Result<Session, Refusal> {
    let mut scoped = session.clone();
    scoped.scope_down.extend(policy.map(str::to_owned));
    let Some(duration) = duration else { return Ok(scoped) };
    if caller.moment.until(session.expires_at) < i64::from(duration) {
        let message = "The requested duration exceeds the remaining duration of the calling session.";
        return Err(Refusal::new(Code::ValidationError, message));
    }
    scoped.expires_at = caller.moment.after(duration);
    Ok(scoped)
}
