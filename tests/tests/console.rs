//! The scope page in Chromium, served by `deputize up`. Each scenario also fails where the page asks anybody else for
//! anything, breaks its own security policy, or has an error.

use deputize_e2e::{Environment, HarnessError, Scenario};

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
