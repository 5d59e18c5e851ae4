//! What the `oauth2` crate makes of an answer, as the broker's port says it. Nothing that a provider wrote is passed on
//! but the codes of RFC 6749.

use std::time::Duration;

use deputize_broker::Secret;
use deputize_broker::ports::oauth::{TokenAnswer, TokenError};
use oauth2::basic::{BasicRequestTokenError, BasicTokenResponse};
use oauth2::{RequestTokenError, TokenResponse as _};

use crate::client::Failure;

/// The longest code that is told.
const LONGEST_CODE: usize = 64;

/// The answer, where it is one; `former` is the refresh token that it was asked with.
pub(crate) fn answer(
    outcome: Result<BasicTokenResponse, BasicRequestTokenError<Failure>>,
    former: Option<&Secret>,
) -> Result<TokenAnswer, TokenError> {
    let response = outcome.map_err(error)?;
    let refresh_token = response.refresh_token().map(|token| token.secret().as_str());
    let refresh_token = refresh_token.filter(|next| former.is_none_or(|former| former.reveal() != *next));
    let token_type = response.token_type().as_ref();
    Ok(TokenAnswer {
        access_token: Secret::new(response.access_token().secret().clone()),
        // A word that clients compare without regard to case, and that goes into a header as it stands.
        token_type: if token_type.eq_ignore_ascii_case("bearer") { "Bearer" } else { token_type }.to_owned(),
        expires_in: response.expires_in(),
        refresh_token: refresh_token.map(|token| Secret::new(token.to_owned())),
    })
}

fn error(error: BasicRequestTokenError<Failure>) -> TokenError {
    match error {
        RequestTokenError::ServerResponse(refusal) => {
            TokenError::Refused { code: code(refusal.error().as_ref()) }
        }
        RequestTokenError::Request(failure) => of_failure(failure),
        // Its own error holds the body.
        RequestTokenError::Parse(..) => TokenError::Lost("the answer is not the JSON of a token".into()),
        RequestTokenError::Other(_) => TokenError::Lost("the answer is not one of a token endpoint".into()),
    }
}

fn of_failure(failure: Failure) -> TokenError {
    match failure {
        Failure::NotSent(_) | Failure::Unwritable => {
            TokenError::Unavailable { retry_after: None, source: Box::new(failure) }
        }
        Failure::Busy { retry_after, .. } => {
            let retry_after: Option<Duration> = retry_after;
            TokenError::Unavailable { retry_after, source: Box::new(failure) }
        }
        Failure::Foreign(status) => TokenError::Refused { code: format!("http_{}", status.as_u16()) },
        Failure::NoAnswer(_) | Failure::Failed(_) | Failure::TooLarge => TokenError::Lost(Box::new(failure)),
    }
}

/// A provider's code, where it is one of words: anything else could be anything.
fn code(text: &str) -> String {
    let is_code = (1..=LONGEST_CODE).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    if is_code { text.to_owned() } else { "other".to_owned() }
}
