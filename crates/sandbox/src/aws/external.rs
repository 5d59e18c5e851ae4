//! AssumeRoleWithWebIdentity: a session for whoever another issuer vouches for. The call is not signed.
//! <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html>

use jsonwebtoken::Algorithm;

use super::SandboxAws;
use super::assume_role::{AssumeRole, check_packed, issued};
use super::config::{OidcProvider, RoleConfig, Roles};
use super::packed::packed_percentage;
use super::parameters::{Constraints, Parameters};
use super::refusal::{Code, Refusal};
use super::session::Session;
use super::xml::Xml;
use crate::oidc::{Claims, Untimely, Unverified};
use crate::trouble::Moment;

const ALGORITHMS: [Algorithm; 3] = [Algorithm::RS256, Algorithm::ES256, Algorithm::ES384];
/// How far the clocks of issuers may be off, in seconds.
const LEEWAY: i64 = 300;

pub(super) async fn serve(sandbox: &SandboxAws, moment: Moment, form: &Parameters) -> Result<Xml, Refusal> {
    let mut constraints = Constraints::default();
    let token = constraints.required("webIdentityToken", form.text("WebIdentityToken"));
    if form.text("WebIdentityToken").is_some() {
        constraints.length("webIdentityToken", token, 4..=20_000);
    }
    constraints.check()?;
    let request = AssumeRole::parse(form)?;
    request.check_policies(&sandbox.0.config)?;
    let (claims, provider) = sandbox.verified(token, moment).await?;
    let audience = provider.check(&claims, moment)?;
    let role = sandbox.trusting_role(&request, &claims).ok_or_else(|| {
        Refusal::new(Code::AccessDenied, "Not authorized to perform sts:AssumeRoleWithWebIdentity")
    })?;
    let duration = request.duration_within(role.max_session, false)?;
    let packed = packed_percentage(&request.policy_texts(), &[]);
    check_packed(packed, &[])?;
    let session = Session {
        policy: request.policy.map(str::to_owned),
        managed_policies: request.managed_policies.iter().map(|arn| (*arn).to_owned()).collect(),
        ..Session::new(request.role.clone(), request.name, moment.now, moment.after(duration))
    };
    let user = Xml::default()
        .text("Arn", &session.arn())
        .text("AssumedRoleId", &session.user_id(&sandbox.0.config.key));
    let host = claims.iss.split_once("://").map_or(claims.iss.as_str(), |(_, rest)| rest);
    let answer = issued(sandbox, &session, packed, request.minimum_token_size)?;
    Ok(answer
        .element("AssumedRoleUser", user)
        .text("SubjectFromWebIdentityToken", &claims.sub)
        .text("Audience", &audience)
        .text("Provider", &format!("arn:aws:iam::{}:oidc-provider/{host}", sandbox.0.config.account)))
}

impl SandboxAws {
    async fn verified(&self, token: &str, moment: Moment) -> Result<(Claims, &OidcProvider), Refusal> {
        let invalid = |message: String| Refusal::new(Code::InvalidIdentityToken, message);
        let claimed = Claims::unverified(token)
            .ok_or_else(|| invalid("The ID Token provided is not a valid JWT.".to_owned()))?;
        let providers = &self.0.config.oidc_providers;
        // Its own web identity tokens are for others.
        let provider = providers
            .iter()
            .find(|provider| provider.issuer == claimed.iss && claimed.iss != self.issuer())
            .ok_or_else(|| {
                invalid(format!("No OpenIDConnect provider found in your account for {}", claimed.iss))
            })?;
        if claimed.hold(moment.now, LEEWAY) == Err(Untimely::Expired) {
            let end = claimed.exp.map_or_else(String::new, |end| end.to_string());
            let now = moment.now.as_second();
            let message = format!(
                "Token expired: current date/time {now} must be before the expiration date/time {end}"
            );
            return Err(Refusal::new(Code::ExpiredTokenException, message));
        }
        let verified = self.0.issuers.verify(token, &provider.issuer, &provider.keys, &ALGORITHMS).await;
        let claims = verified.map_err(|error| match error {
            Unverified::Unreachable => {
                let message = "Couldn't retrieve verification key from your identity provider, please reference \
                               AssumeRoleWithWebIdentity documentation for requirements";
                Refusal::new(Code::IdpCommunicationError, message)
            }
            Unverified::Malformed | Unverified::Algorithm | Unverified::UnknownKey | Unverified::Signature => {
                invalid("The signature of the ID Token could not be verified.".to_owned())
            }
        })?;
        Ok((claims, provider))
    }

    /// The role, if it is there and lets the subject in.
    fn trusting_role(&self, request: &AssumeRole<'_>, claims: &Claims) -> Option<RoleConfig> {
        let config = &self.0.config;
        match &config.roles {
            Roles::Any { max_session } => {
                Some(RoleConfig { max_session: *max_session, ..RoleConfig::default() })
            }
            Roles::Listed(roles) if request.role.account() == config.account.as_str() => {
                let role = roles.get(request.role.name())?;
                role.web_identities.contains(&claims.sub).then(|| role.clone())
            }
            Roles::Listed(_) => None,
        }
    }
}

impl OidcProvider {
    /// The audience that the token and the provider have in common.
    fn check(&self, claims: &Claims, moment: Moment) -> Result<String, Refusal> {
        let invalid = |message: &str| Refusal::new(Code::InvalidIdentityToken, message);
        if claims.hold(moment.now, LEEWAY).is_err() {
            return Err(invalid("The ID Token is not yet valid."));
        }
        let audience = claims.audiences().iter().find(|audience| self.audiences.contains(audience));
        audience.cloned().ok_or_else(|| invalid("Incorrect token audience"))
    }
}
