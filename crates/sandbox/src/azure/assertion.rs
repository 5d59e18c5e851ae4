//! Client assertions: tokens of other issuers, for an application that trusts them.
//! <https://learn.microsoft.com/entra/workload-id/workload-identity-federation>

use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::Algorithm;

use super::SandboxAzure;
use super::config::{App, Apps, FederatedCredential};
use super::refusal::EntraError;
use crate::oidc::{Claims, Unverified};
use crate::trouble::Moment;

const ALGORITHMS: [Algorithm; 1] = [Algorithm::RS256];
/// How far the clocks of issuers may be off, in seconds.
const LEEWAY: i64 = 300;
/// Of issuer and subject, in characters.
const MAX_NAME: usize = 600;

impl SandboxAzure {
    /// That the assertion was signed by an issuer that the application trusts, for a subject that it trusts, just now.
    pub(super) async fn check_assertion(
        &self,
        app: Option<&App>,
        assertion: &str,
        moment: Moment,
    ) -> Result<(), EntraError> {
        let claims = Claims::unverified(assertion)
            .ok_or_else(|| EntraError::client(50_027, "JWT token is invalid or malformed."))?;
        self.check_trusted(app, &claims, moment.now)?;
        let discovered = Default::default();
        let keys = self.0.config.issuer_keys.get(&claims.iss).unwrap_or(&discovered);
        let verified = self.0.issuers.verify(assertion, &claims.iss, keys, &ALGORITHMS).await;
        let claims = verified.map_err(|error| {
            tracing::debug!(%error, "a client assertion was not verified");
            unverified(error)
        })?;
        claims.hold(moment.now, LEEWAY).map_err(|_| {
            let written = |seconds: Option<i64>| {
                let time = seconds.and_then(|seconds| Timestamp::from_second(seconds).ok());
                time.map_or_else(String::new, |time| time.to_string())
            };
            EntraError::client(
                700_024,
                format!(
                    "Client assertion is not within its valid time range. Current time: {}, assertion valid from {}, \
                     expiry time of assertion {}.",
                    moment.now,
                    written(claims.nbf.or(claims.iat)),
                    written(claims.exp)
                ),
            )
        })
    }

    /// Issuer, subject and audience to the letter.
    fn check_trusted(&self, app: Option<&App>, claims: &Claims, now: Timestamp) -> Result<(), EntraError> {
        let too_long = |name: &str| name.chars().count() > MAX_NAME;
        if too_long(&claims.iss) || too_long(&claims.sub) {
            return Err(no_match(700_213, "subject", &claims.sub));
        }
        let credentials = self.federated(app, claims, now);
        if credentials.is_empty() {
            return Err(EntraError::client(
                70_021,
                format!(
                    "No matching federated identity record found for presented assertion. Assertion Issuer: '{}'. \
                     Assertion Subject: '{}'. Assertion Audience: '{}'.",
                    claims.iss,
                    claims.sub,
                    claims.audiences().join(", ")
                ),
            ));
        }
        let of_issuer: Vec<&FederatedCredential> =
            credentials.iter().filter(|credential| credential.issuer == claims.iss).collect();
        let of_subject: Vec<&&FederatedCredential> =
            of_issuer.iter().filter(|credential| credential.subject == claims.sub).collect();
        if of_issuer.is_empty() {
            Err(no_match(700_211, "issuer", &claims.iss))
        } else if of_subject.is_empty() {
            Err(no_match(700_213, "subject", &claims.sub))
        } else if of_subject.iter().any(|credential| claims.audiences() == [credential.audience.clone()]) {
            Ok(())
        } else {
            Err(no_match(700_212, "audience", &claims.audiences().join(", ")))
        }
    }

    /// The application's federated credentials, as far as they have become known.
    fn federated(&self, app: Option<&App>, claims: &Claims, now: Timestamp) -> Vec<FederatedCredential> {
        let delay = SignedDuration::try_from(self.0.config.propagation).unwrap_or(SignedDuration::MAX);
        match (&self.0.config.apps, app) {
            (Apps::Any { issuers }, _) => {
                issuers.iter().map(|issuer| FederatedCredential::new(issuer, &claims.sub)).collect()
            }
            (Apps::Listed(_), None) => Vec::new(),
            (Apps::Listed(_), Some(app)) => {
                let known = |credential: &&FederatedCredential| {
                    credential.created_at.is_none_or(|made| now.duration_since(made) >= delay)
                };
                app.federated.iter().filter(known).cloned().collect()
            }
        }
    }
}

fn no_match(code: u32, what: &str, found: &str) -> EntraError {
    EntraError::client(
        code,
        format!(
            "No matching federated identity record found for presented assertion {what} '{found}'. Check your federated \
             identity credential Subject, Audience and Issuer against the presented assertion."
        ),
    )
}

fn unverified(error: Unverified) -> EntraError {
    match error {
        Unverified::Malformed => EntraError::client(50_027, "JWT token is invalid or malformed."),
        Unverified::Algorithm => EntraError::client(
            5_002_738,
            "The client assertion is signed with an algorithm that is not supported.",
        ),
        Unverified::Unreachable => EntraError::request(50_166, "Request to External OIDC endpoint failed."),
        Unverified::UnknownKey => {
            let message = "Assertion failed signature validation. [Reason - The key was not found.]";
            EntraError::client(50_013, message)
        }
        Unverified::Signature => {
            let message = "Assertion failed signature validation. [Reason - The provided signature value did not match \
                           the expected signature value.]";
            EntraError::client(50_013, message)
        }
    }
}
