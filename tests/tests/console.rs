//! The console in Chromium: the scope page, served by `deputize up`, and the audit page, beside a log that verifies and
//! is then tampered with. Each scenario also fails where the page asks anybody else for anything, breaks its own security
//! policy, or has an error.

use deputize_e2e::{AuditScenario, Environment, HarnessError, Scenario};

#[tokio::test]
async fn a_misspelt_field_is_underlined_explained_and_mended() -> Result<(), HarnessError> {
    Environment::locate()?.play(Scenario::Mend).await
}

#[tokio::test]
async fn what_every_cloud_is_sent_is_shown() -> Result<(), HarnessError> {
    Environment::locate()?.play(Scenario::Clouds).await
}

#[tokio::test]
async fn a_request_beyond_its_grant_is_refuted_by_a_call() -> Result<(), HarnessError> {
    Environment::locate()?.play(Scenario::Compare).await
}

#[tokio::test]
async fn the_keyboard_alone_reaches_everything_and_leaves_every_editor() -> Result<(), HarnessError> {
    Environment::locate()?.play(Scenario::Keyboard).await
}

#[tokio::test]
async fn axe_finds_no_barrier_in_light_and_in_dark() -> Result<(), HarnessError> {
    Environment::locate()?.play(Scenario::Barriers).await
}

#[tokio::test]
async fn a_document_is_published_over_the_one_that_was_loaded_and_over_no_other() -> Result<(), HarnessError>
{
    Environment::locate()?.play(Scenario::Publish).await
}

#[tokio::test]
async fn entries_are_found_listed_page_by_page_and_read() -> Result<(), HarnessError> {
    Environment::locate()?.play_audit(AuditScenario::Browse).await
}

#[tokio::test]
async fn an_entry_is_verified_by_the_key_that_somebody_has_pinned_and_by_no_other() -> Result<(), HarnessError>
{
    Environment::locate()?.play_audit(AuditScenario::Verify).await
}

#[tokio::test]
async fn an_entry_that_was_tampered_with_is_refused_with_the_reason() -> Result<(), HarnessError> {
    Environment::locate()?.play_audit(AuditScenario::Tampered).await
}

#[tokio::test]
async fn evidence_is_collected_with_a_proof_of_every_entry() -> Result<(), HarnessError> {
    Environment::locate()?.play_audit(AuditScenario::Evidence).await
}

#[tokio::test]
async fn the_keyboard_alone_reaches_everything_on_the_audit_page() -> Result<(), HarnessError> {
    Environment::locate()?.play_audit(AuditScenario::Keyboard).await
}

#[tokio::test]
async fn axe_finds_no_barrier_on_the_audit_page_in_light_and_in_dark() -> Result<(), HarnessError> {
    Environment::locate()?.play_audit(AuditScenario::Barriers).await
}
