//! The query protocol: who calls, what for, and the answer in XML.

use axum::Extension;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{OriginalUri, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};

use super::config::Endpoint;
use super::parameters::Parameters;
use super::principal::{Decision, Principal};
use super::refusal::{Code, Refusal};
use super::session::Session;
use super::signature::{Claim, Wire};
use super::xml::{self, Xml};
use super::{SandboxAws, assume_role, web_identity};
use crate::trouble::{Injected, Moment};

const VERSION: &str = "2011-06-15";

/// One call, authenticated.
#[derive(Debug)]
pub(super) struct Caller {
    pub(super) principal: Principal,
    pub(super) region: String,
    pub(super) endpoint: Endpoint,
    pub(super) moment: Moment,
}

pub(super) async fn call(
    State(sandbox): State<SandboxAws>,
    Extension(moment): Extension<Moment>,
    method: Method,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    if method != Method::POST {
        return StatusCode::NOT_FOUND.into_response();
    }
    let request_id = sandbox.unique();
    let outcome = match body {
        Err(rejection) => Err(Refusal {
            status: rejection.status().as_u16(),
            code: "RequestEntityTooLarge".into(),
            message: rejection.body_text(),
        }),
        Ok(body) => {
            let wire = Wire { method: &method, uri: &uri, headers: &headers, body: &body };
            sandbox.serve(&wire, moment, &request_id).await
        }
    };
    match outcome {
        Ok(text) => answer(StatusCode::OK, &request_id, text),
        Err(refusal) => refused(&refusal, &request_id),
    }
}

/// A refusal that was planned.
pub(super) fn injected(injected: &Injected, moment: Moment) -> Response {
    let throttled = || ("Throttling".to_owned(), "Rate exceeded".to_owned());
    let (code, message) = injected.error.clone().unwrap_or_else(throttled);
    let refusal = Refusal { status: injected.status.as_u16(), code: code.into(), message };
    refused(&refusal, &moment.id())
}

fn refused(refusal: &Refusal, request_id: &str) -> Response {
    tracing::debug!(code = %refusal.code, %request_id, "refused");
    let status = StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    answer(status, request_id, xml::error(refusal, request_id))
}

fn answer(status: StatusCode, request_id: &str, text: String) -> Response {
    let headers = [(header::CONTENT_TYPE.as_str(), "text/xml"), ("x-amzn-requestid", request_id)];
    (status, headers, text).into_response()
}

impl SandboxAws {
    async fn serve(&self, wire: &Wire<'_>, moment: Moment, request_id: &str) -> Result<String, Refusal> {
        let form = Parameters::parse(wire.body);
        let action = Action::of(&form)?;
        let caller = self.authenticate(wire, moment)?;
        let result = match action {
            Action::AssumeRole => assume_role::serve(self, &caller, &form)?,
            Action::GetCallerIdentity => self.caller_identity(&caller),
            Action::GetWebIdentityToken => web_identity::serve(self, &caller, &form).await?,
        };
        Ok(xml::response(action.as_str(), result, request_id))
    }

    fn caller_identity(&self, caller: &Caller) -> Xml {
        let (config, principal) = (&self.0.config, &caller.principal);
        Xml::default()
            .text("UserId", &principal.user_id(config))
            .text("Account", principal.account(config))
            .text("Arn", &principal.arn(config))
    }

    fn authenticate(&self, wire: &Wire<'_>, moment: Moment) -> Result<Caller, Refusal> {
        let claim = Claim::of(wire)?;
        let now = moment.now;
        let principal = self.principal(claim.access_key_id, claim.security_token)?;
        claim.verify(wire, &self.0.config.key.secret_of(claim.access_key_id), now)?;
        principal.check_expiry(now)?;
        let endpoint = if claim.is_global() { Endpoint::Global } else { self.0.config.endpoint };
        let region = claim.region.to_owned();
        if self.0.config.disabled_regions.iter().any(|disabled| disabled.as_str() == region) {
            let message = format!(
                "STS is not activated in this region for account:{}. Your account administrator can activate STS in \
                 this region using the IAM Console.",
                self.0.config.account
            );
            return Err(Refusal::new(Code::RegionDisabled, message));
        }
        Ok(Caller { principal, region, endpoint, moment })
    }

    /// Whom an access key belongs to. Neither its secret nor its expiry is looked at here.
    pub(super) fn principal(&self, access_key_id: &str, token: Option<&str>) -> Result<Principal, Refusal> {
        let key = &self.0.config.key;
        let principal = match token {
            Some(token) if access_key_id.starts_with("ASIA") => {
                Session::open(key, access_key_id, token).map(|session| Principal::Session(Box::new(session)))
            }
            None if access_key_id == key.operator().id => Some(Principal::Operator),
            _ => None,
        };
        let message = "The security token included in the request is invalid.";
        principal.ok_or_else(|| Refusal::new(Code::InvalidClientTokenId, message))
    }

    /// That the caller's policies allow this, with further keys of the request context.
    pub(super) fn check_allowed(
        &self,
        caller: &Caller,
        action: &str,
        resource: &str,
        context: &[(&str, Vec<String>)],
    ) -> Result<(), Refusal> {
        let (config, principal) = (&self.0.config, &caller.principal);
        let mut call = principal.call(config, action, resource, &caller.region, caller.moment.now);
        call.context.extend(context.iter().map(|(key, values)| ((*key).to_owned(), values.clone())));
        let because = match principal.decide(config, &call) {
            Decision::Allowed(_) => return Ok(()),
            Decision::ExplicitDeny(reason) => format!("with an explicit deny: {reason}"),
            Decision::ImplicitDeny(reason) => format!("because {reason}"),
        };
        Err(denied(&principal.arn(config), action, resource, &because))
    }
}

impl Principal {
    pub(super) fn check_expiry(&self, now: jiff::Timestamp) -> Result<(), Refusal> {
        match self.session() {
            Some(session) if session.expires_at <= now => {
                Err(Refusal::new(Code::ExpiredToken, "The security token included in the request is expired"))
            }
            _ => Ok(()),
        }
    }
}

pub(super) fn denied(principal: &str, action: &str, resource: &str, because: &str) -> Refusal {
    let message =
        format!("User: {principal} is not authorized to perform: {action} on resource: {resource} {because}");
    Refusal::new(Code::AccessDenied, message.trim_end())
}

#[derive(Clone, Copy, Debug)]
enum Action {
    AssumeRole,
    GetCallerIdentity,
    GetWebIdentityToken,
}

impl Action {
    const ALL: [Self; 3] = [Self::AssumeRole, Self::GetCallerIdentity, Self::GetWebIdentityToken];

    fn of(form: &Parameters) -> Result<Self, Refusal> {
        let name = form.text("Action").ok_or_else(|| {
            Refusal::new(Code::MissingAction, "The request is missing an Action parameter.")
        })?;
        let version = form.text("Version").unwrap_or(VERSION);
        if version != VERSION {
            let message = format!(
                "The requested version ({version}) of service AWS Security Token Service does not exist"
            );
            return Err(Refusal::new(Code::NoSuchVersion, message));
        }
        Self::ALL.into_iter().find(|action| action.as_str() == name).ok_or_else(|| {
            let message = format!("Could not find operation {name} for version {VERSION}");
            Refusal::new(Code::InvalidAction, message)
        })
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::AssumeRole => "AssumeRole",
            Self::GetCallerIdentity => "GetCallerIdentity",
            Self::GetWebIdentityToken => "GetWebIdentityToken",
        }
    }
}
