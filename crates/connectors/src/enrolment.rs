//! A first refresh token, from a person who agrees in a browser: authorisation code with PKCE (RFC 6749 4.1, RFC 7636),
//! redirected to this very machine (RFC 8252 7.3).

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use deputize_broker::ports::clock::random_bytes;
use deputize_broker::ports::oauth::TokenError;
use deputize_broker::stored::facts::TokenUrl;
use deputize_broker::{Random, Secret};
use oauth2::basic::BasicClient;
use oauth2::{
    AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken, PkceCodeChallenge, PkceCodeVerifier,
    RedirectUrl, Scope,
};
use thiserror::Error;

use crate::client::{Client, NoClient};
use crate::endpoint::TIMEOUT;
use crate::exchange::answer;

/// Who asks for what, and where.
#[derive(Clone, Debug)]
pub struct EnrolmentRequest {
    /// Where a person agrees.
    pub authorize_url: String,
    /// Where tokens are asked for.
    pub token_url: TokenUrl,
    /// The client's name at the provider.
    pub client_id: String,
    /// Proves to be the client, where it has a secret.
    pub client_secret: Option<Secret>,
    /// What is asked for.
    pub scopes: Vec<String>,
    /// Where the browser comes back to: an address of this very machine.
    pub redirect_url: String,
}

/// An enrolment that waits for the browser to come back.
pub struct Enrolment {
    request: EnrolmentRequest,
    url: String,
    state: Secret,
    verifier: Secret,
}

impl fmt::Debug for Enrolment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Enrolment").field("request", &self.request).finish_non_exhaustive()
    }
}

/// What the provider gave.
#[derive(Clone, Debug)]
pub struct Enrolled {
    /// What gets access tokens from now on.
    pub refresh_token: Secret,
}

/// Why there is no refresh token.
#[derive(Debug, Error)]
pub enum EnrolmentError {
    /// An address that is none.
    #[error("{0} is not an address")]
    Url(&'static str),
    /// The browser came back with another enrolment's answer, or with none.
    #[error("the answer in the browser is not the one that was waited for")]
    Foreign,
    /// The person or the provider said no.
    #[error("the provider refused: {0}")]
    Refused(String),
    /// No client.
    #[error(transparent)]
    Client(#[from] NoClient),
    /// The token endpoint gave nothing.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// There is nothing to renew access with.
    #[error("the provider gave no refresh token; most want a scope such as offline_access for it")]
    NoRefreshToken,
}

impl Enrolment {
    /// Begins an enrolment.
    pub fn begin(request: EnrolmentRequest, random: &dyn Random) -> Result<Self, EnrolmentError> {
        // 43 characters of 256 bits, as RFC 7636 4.1 recommends.
        let word = || URL_SAFE_NO_PAD.encode(random_bytes::<32>(random));
        let (state, verifier) = (word(), word());
        let authorize = AuthUrl::new(request.authorize_url.clone());
        let authorize = authorize.map_err(|_| EnrolmentError::Url("the authorize URL"))?;
        let client = BasicClient::new(ClientId::new(request.client_id.clone()))
            .set_auth_uri(authorize)
            .set_redirect_uri(redirect(&request)?);
        let challenge =
            PkceCodeChallenge::from_code_verifier_sha256(&PkceCodeVerifier::new(verifier.clone()));
        let (url, _) = client
            .authorize_url(|| CsrfToken::new(state.clone()))
            .add_scopes(request.scopes.iter().cloned().map(Scope::new))
            .set_pkce_challenge(challenge)
            .url();
        let (state, verifier) = (Secret::new(state), Secret::new(verifier));
        Ok(Self { request, url: url.into(), state, verifier })
    }

    /// The address to open in a browser.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The code of the address that the browser came back to, told by its query. Only the answer to this very
    /// enrolment has one.
    pub fn code(&self, query: &str) -> Result<Secret, EnrolmentError> {
        let pairs: Vec<_> = form_urlencoded::parse(query.as_bytes()).collect();
        let one = |name: &str| {
            let mut values = pairs.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_ref());
            values.next().filter(|_| values.next().is_none())
        };
        if one("state") != Some(self.state.reveal()) {
            return Err(EnrolmentError::Foreign);
        }
        if let Some(error) = one("error") {
            let word = |c: &char| c.is_ascii_alphanumeric() || *c == '_';
            return Err(EnrolmentError::Refused(error.chars().filter(word).take(64).collect()));
        }
        one("code").map(|code| Secret::new(code.to_owned())).ok_or(EnrolmentError::Foreign)
    }

    /// Changes the code for a refresh token. The access token that comes with it is dropped.
    pub async fn exchange(&self, code: &Secret) -> Result<Enrolled, EnrolmentError> {
        let request = &self.request;
        let url = oauth2::TokenUrl::new(request.token_url.to_string());
        let url = url.map_err(|_| EnrolmentError::Url("the token URL"))?;
        let mut client = BasicClient::new(ClientId::new(request.client_id.clone()))
            .set_token_uri(url)
            .set_redirect_uri(redirect(request)?);
        if let Some(secret) = &request.client_secret {
            client = client.set_client_secret(ClientSecret::new(secret.reveal().to_owned()));
        }
        let http = Client::new(TIMEOUT)?;
        let outcome = client
            .exchange_code(AuthorizationCode::new(code.reveal().to_owned()))
            .set_pkce_verifier(PkceCodeVerifier::new(self.verifier.reveal().to_owned()))
            .request_async(&http)
            .await;
        let refresh_token = answer(outcome, None)?.refresh_token.ok_or(EnrolmentError::NoRefreshToken)?;
        Ok(Enrolled { refresh_token })
    }
}

fn redirect(request: &EnrolmentRequest) -> Result<RedirectUrl, EnrolmentError> {
    RedirectUrl::new(request.redirect_url.clone()).map_err(|_| EnrolmentError::Url("the redirect URL"))
}
