//! The connector against the sandbox's authorization server: every grant, and every way that an answer can fail.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

mod faults;
mod provider;
mod refresh;

use deputize_broker::Secret;
use deputize_broker::ports::oauth::TokenEndpoint as _;
use deputize_connectors::{Enrolment, EnrolmentError, OauthEndpoint};
use deputize_testkit::keys::Scrambled;

use provider::{Provider, with_refresh_token};

#[tokio::test]
async fn a_client_gets_a_token_by_its_secret() {
    let provider = Provider::start().await;
    let answer = OauthEndpoint::default().token(&provider.machine()).await.unwrap();
    assert_eq!((answer.token_type.as_str(), answer.refresh_token.is_none()), ("Bearer", true));
    assert_eq!(answer.expires_in.unwrap().as_secs(), 3_600);
    assert_eq!(provider.use_token(answer.access_token.reveal()).await, 200);
}

#[tokio::test]
async fn a_person_who_agrees_gives_a_refresh_token_that_gets_access_tokens() {
    let provider = Provider::start().await;
    let enrolled = provider.enrol().await;
    let client = with_refresh_token(&provider.public(), &enrolled.refresh_token);
    let answer = OauthEndpoint::default().token(&client).await.unwrap();
    assert_eq!(provider.use_token(answer.access_token.reveal()).await, 200);
    let successor = answer.refresh_token.unwrap();
    assert_ne!(successor.reveal(), enrolled.refresh_token.reveal());
}

#[tokio::test]
async fn an_answer_in_the_browser_is_taken_for_the_enrolment_that_it_answers_only() {
    let provider = Provider::start().await;
    let random = Scrambled::new(3);
    let ours = Enrolment::begin(provider.enrolment(), &random).unwrap();
    let other = Enrolment::begin(provider.enrolment(), &random).unwrap();
    assert!(ours.url().contains("code_challenge_method=S256"), "{}", ours.url());
    let answered = provider.agree(ours.url()).await;
    assert!(ours.code(&answered).is_ok());
    let state = answered.split('&').find(|pair| pair.starts_with("state=")).unwrap();
    for query in ["", "code=a", "state=b&code=a", state, &format!("{answered}&{state}")] {
        assert!(matches!(ours.code(query), Err(EnrolmentError::Foreign)), "{query}");
    }
    assert!(matches!(other.code(&answered), Err(EnrolmentError::Foreign)));
    let refused = ours.code(&format!("{state}&error=access_denied<script>"));
    assert!(matches!(refused, Err(EnrolmentError::Refused(code)) if code == "access_deniedscript"));

    // The code is of no use to whoever does not have the verifier.
    let code = Secret::new(ours.code(&answered).unwrap().reveal().to_owned());
    assert!(other.exchange(&code).await.is_err());
}
