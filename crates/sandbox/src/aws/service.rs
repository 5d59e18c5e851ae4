//! The query protocol: who calls, what for, and the answer in XML.

use axum::Extension;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{OriginalUri, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};

use super::access_keys::LastUsed;
use super::config::Endpoint;
use super::parameters::Parameters;
use super::principal::{Decision, Principal};
use super::refusal::{Code, Refusal};
use super::session::Session;
use super::signature::{Claim, Wire};
use super::xml::{self, Namespace, Xml};
use super::{SandboxAws, assume_role, external, iam, scoped, web_identity};
use crate::trouble::{Injected, Moment};

const STS_VERSION: &str = "2011-06-15";
const IAM_VERSION: &str = "2010-05-08";

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
        let result = match action {
            Action::AssumeRoleWithWebIdentity => external::serve(self, moment, &form).await?,
            _ => self.serve_caller(&self.authenticate(wire, action, moment)?, action, &form).await?,
        };
        Ok(xml::response(action.namespace(), action.as_str(), result, request_id))
    }

    /// A call whose signature is right.
    async fn serve_caller(&self, caller: &Caller, action: Action, form: &Parameters) -> Result<Xml, Refusal> {
        match action {
            Action::AssumeRole => assume_role::serve(self, caller, form),
            Action::GetCallerIdentity => Ok(self.caller_identity(caller)),
            Action::GetScopedCredentials => scoped::serve(self, caller, form),
            Action::GetWebIdentityToken => web_identity::serve(self, caller, form).await,
            _ => iam::serve(self, caller, action, form),
        }
    }

    fn caller_identity(&self, caller: &Caller) -> Xml {
        let (config, principal) = (&self.0.config, &caller.principal);
        Xml::default()
            .text("UserId", &principal.user_id(config))
            .text("Account", principal.account(config))
            .text("Arn", &principal.arn(config))
    }

    fn authenticate(&self, wire: &Wire<'_>, action: Action, moment: Moment) -> Result<Caller, Refusal> {
        let claim = Claim::of(wire)?;
        let now = moment.now;
        let principal = self.principal(claim.access_key_id, claim.security_token, now)?;
        let service = action.service();
        claim.verify(wire, service, &self.0.config.key.secret_of(claim.access_key_id), now)?;
        principal.check_expiry(now)?;
        let endpoint = if claim.is_global() { Endpoint::Global } else { self.0.config.endpoint };
        let region = claim.region.to_owned();
        if let Principal::User(name) = &principal {
            let usage = LastUsed { at: now, service: service.to_owned(), region: region.clone() };
            self.0.access_keys.used(name, claim.access_key_id, usage);
        }
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
    pub(super) fn principal(
        &self,
        access_key_id: &str,
        token: Option<&str>,
        now: jiff::Timestamp,
    ) -> Result<Principal, Refusal> {
        let key = &self.0.config.key;
        let principal = match token {
            Some(token) if access_key_id.starts_with("ASIA") => {
                Session::open(key, access_key_id, token).map(|session| Principal::Session(Box::new(session)))
            }
            None if access_key_id == key.operator().id => Some(Principal::Operator),
            None => self.0.access_keys.user_of_working(access_key_id, now).map(Principal::User),
            Some(_) => None,
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

/// The calls that there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    AssumeRole,
    AssumeRoleWithWebIdentity,
    GetCallerIdentity,
    GetScopedCredentials,
    GetWebIdentityToken,
    CreateAccessKey,
    DeleteAccessKey,
    GetAccessKeyLastUsed,
    ListAccessKeys,
    UpdateAccessKey,
}

impl Action {
    const ALL: [Self; 10] = [
        Self::AssumeRole,
        Self::AssumeRoleWithWebIdentity,
        Self::GetCallerIdentity,
        Self::GetScopedCredentials,
        Self::GetWebIdentityToken,
        Self::CreateAccessKey,
        Self::DeleteAccessKey,
        Self::GetAccessKeyLastUsed,
        Self::ListAccessKeys,
        Self::UpdateAccessKey,
    ];

    /// Both services are served at one address: the version tells them apart.
    fn of(form: &Parameters) -> Result<Self, Refusal> {
        let name = form.text("Action").ok_or_else(|| {
            Refusal::new(Code::MissingAction, "The request is missing an Action parameter.")
        })?;
        let version = form.text("Version").unwrap_or(STS_VERSION);
        let namespace = match version {
            STS_VERSION => Namespace::Sts,
            IAM_VERSION => Namespace::Iam,
            _ => {
                let message = format!(
                    "The requested version ({version}) of service AWS Security Token Service does not exist"
                );
                return Err(Refusal::new(Code::NoSuchVersion, message));
            }
        };
        let named = |action: &Self| action.as_str() == name && action.namespace() == namespace;
        Self::ALL.into_iter().find(named).ok_or_else(|| {
            let message = format!("Could not find operation {name} for version {version}");
            Refusal::new(Code::InvalidAction, message)
        })
    }

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::AssumeRole => "AssumeRole",
            Self::AssumeRoleWithWebIdentity => "AssumeRoleWithWebIdentity",
            Self::GetCallerIdentity => "GetCallerIdentity",
            Self::GetScopedCredentials => "GetScopedCredentials",
            Self::GetWebIdentityToken => "GetWebIdentityToken",
            Self::CreateAccessKey => "CreateAccessKey",
            Self::DeleteAccessKey => "DeleteAccessKey",
            Self::GetAccessKeyLastUsed => "GetAccessKeyLastUsed",
            Self::ListAccessKeys => "ListAccessKeys",
            Self::UpdateAccessKey => "UpdateAccessKey",
        }
    }

    fn namespace(self) -> Namespace {
        match self {
            Self::AssumeRole
            | Self::AssumeRoleWithWebIdentity
            | Self::GetCallerIdentity
            | Self::GetScopedCredentials
            | Self::GetWebIdentityToken => Namespace::Sts,
            Self::CreateAccessKey
            | Self::DeleteAccessKey
            | Self::GetAccessKeyLastUsed
            | Self::ListAccessKeys
            | Self::UpdateAccessKey => Namespace::Iam,
        }
    }

    /// The service by its name in signatures.
    fn service(self) -> &'static str {
        match self.namespace() {
            Namespace::Sts => "sts",
            Namespace::Iam => "iam",
        }
    }
}
