//! What is renewed by an exchange at a token endpoint, and what is renewed by nothing.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use deputize_broker::Secret;
use deputize_broker::audit::What;
use deputize_broker::caller::Role;
use deputize_broker::ports::minter::Minter as _;
use deputize_broker::ports::oauth::{TokenAnswer, TokenEndpoint, TokenError};
use deputize_broker::rotation::{AskError, Phase, Reason, Severity};
use deputize_broker::stored::secret::StoredOauth;
use deputize_broker::stored::{SecretForm, VersionNumber};
use deputize_testkit::provider::abilities;
use jiff::SignedDuration;

use crate::world::{ID, World};

/// Takes each refresh token once, and only the newest; half a second later it answers.
struct Endpoint(Mutex<u32>);

impl Endpoint {
    fn newest(&self) -> u32 {
        *self.0.lock().unwrap()
    }

    /// Somebody else uses the newest refresh token.
    fn steal(&self) {
        *self.0.lock().unwrap() += 1;
    }
}

#[async_trait]
impl TokenEndpoint for Endpoint {
    async fn token(&self, client: &StoredOauth) -> Result<TokenAnswer, TokenError> {
        let next = {
            let mut newest = self.0.lock().unwrap();
            let sent = client.refresh_token.as_ref().map(|token| token.reveal().to_owned());
            if sent != Some(format!("canary-{newest}")) {
                return Err(TokenError::Refused { code: "invalid_grant".into() });
            }
            *newest += 1;
            *newest
        };
        tokio::time::sleep(Duration::from_millis(500)).await;
        Ok(TokenAnswer {
            access_token: Secret::new("canary-access".into()),
            token_type: "Bearer".into(),
            expires_in: Some(Duration::from_secs(300)),
            refresh_token: Some(Secret::new(format!("canary-{next}"))),
        })
    }
}

fn form() -> SecretForm {
    SecretForm {
        token_url: Some("https://idp.example.com/token".into()),
        client_id: Some("fleet".into()),
        refresh_token: Some(Secret::new("canary-0".into())),
        ..SecretForm::default()
    }
}

async fn connected() -> (World, Arc<Endpoint>) {
    let world = World::empty(abilities(true, false));
    world.publish("type: oauth_token").await;
    world.import_form(form()).await;
    let endpoint = Arc::new(Endpoint(Mutex::new(0)));
    world.exchange_at(endpoint.clone());
    (world, endpoint)
}

#[tokio::test(start_paused = true)]
async fn a_refresh_token_is_exchanged_every_four_hours() {
    let (world, endpoint) = connected().await;
    for version in 2..6 {
        world.advance(SignedDuration::from_hours(4) - SignedDuration::from_secs(1));
        world.tick().await;
        assert_eq!(world.record().await.current, VersionNumber(version - 1), "not before its time");
        world.advance(SignedDuration::from_secs(1));
        world.tick().await;
        let record = world.record().await;
        assert_eq!((record.current, record.refreshing), (VersionNumber(version), None));
        assert_eq!(record.rotation.due, Some(world.now() + SignedDuration::from_hours(4)));
    }
    assert_eq!(endpoint.newest(), 4);
    assert_eq!(world.story(), ["steady completed"; 4]);
}

#[tokio::test(start_paused = true)]
async fn a_refresh_token_that_somebody_else_has_used_stops_everything_and_is_told_of() {
    let (world, endpoint) = connected().await;
    world.next_tick().await;
    endpoint.steal();
    world.next_tick().await;
    let record = world.record().await;
    assert!(matches!(record.rotation.phase, Phase::Failed { reason: Reason::RefreshTokenReused }));
    assert_eq!((record.rotation.due, record.compromised_at.is_some()), (None, true));
    assert!(matches!(
        world.alerts().as_slice(),
        [What::RotationFailed { severity: Severity::High, reason: Reason::RefreshTokenReused, .. }]
    ));
    let asked = world.broker.ask_to_rotate(&world.caller(Role::Admin), &ID.parse().unwrap()).await;
    assert!(matches!(asked, Err(AskError::Compromised)), "{asked:?}");
    world.advance(SignedDuration::from_hours(100));
    world.tick().await;
    assert_eq!(endpoint.newest(), 2, "it is not sent again");

    world.import_form(SecretForm { refresh_token: Some(Secret::new("canary-2".into())), ..form() }).await;
    world.next_tick().await;
    assert_eq!((endpoint.newest(), world.record().await.rotation.phase), (3, Phase::Steady));
}

#[tokio::test(start_paused = true)]
async fn a_token_that_an_agent_gets_meanwhile_is_not_lost_to_the_rotation_nor_the_other_way_round() {
    let (world, endpoint) = connected().await;
    let minter = world.exchange_at(endpoint.clone());
    for _ in 0..5 {
        world.advance(SignedDuration::from_hours(4));
        let order = world.order();
        let (minted, ()) = tokio::join!(minter.mint(&order), world.tick());
        minted.unwrap();
        world.next_tick().await;
    }
    let record = world.record().await;
    assert_eq!(
        (record.rotation.phase, record.refreshing, record.compromised_at),
        (Phase::Steady, None, None)
    );
    let newest = u64::from(endpoint.newest());
    assert_eq!(record.current, VersionNumber(newest + 1), "the newest token is the one that is stored");
}

#[tokio::test(start_paused = true)]
async fn what_nothing_renews_is_reminded_of_and_never_passed_over_in_silence() {
    let world = World::empty(abilities(true, false));
    world.publish("type: api_key").await;
    let key = SecretForm { api_key: Some(Secret::new("canary".into())), ..SecretForm::default() };
    world.import_form(key).await;
    for times in 1..4 {
        world.next_tick().await;
        assert_eq!(world.story(), vec!["MEDIUM no_connector"; times]);
        let due = world.record().await.rotation.due;
        assert_eq!(due, Some(world.now() + SignedDuration::from_hours(7 * 24)));
    }
}
