//! What can go wrong at AWS, and what is known then of the keys.

use std::time::Duration;

use aws_sdk_iam::config::Credentials;
use deputize_aws::{AccessKeys, AccessKeysSettings};
use deputize_broker::ports::rotation::{KeyId, KeyProvider as _, OperationId, ProviderError, Subject};
use deputize_broker::stored::StoredSecret;
use deputize_broker::stored::secret::StoredApiKey;
use deputize_sandbox::aws::Fault;
use deputize_testkit::rotation::record_of;
use tokio::net::TcpListener;

use crate::account::{Account, config_at, stored};

const OPERATION: OperationId = OperationId::from_u128(1);

#[tokio::test]
async fn each_call_is_sent_once() {
    let account = Account::configured(|_| ()).await;
    let provider = account.access_keys(AccessKeysSettings::default());
    let current = stored(&account.key_of("agent").await);
    let record = record_of(&current);
    let subject = Subject { record: &record, current: &current, connector: None };
    for fault in [Fault::unavailable(), Fault::throttled(), Fault::Drop] {
        account.faults().always(fault);
        let before = account.faults().calls();
        provider.create(&subject, OPERATION).await.unwrap_err();
        provider.list(&subject).await.unwrap_err();
        provider.probe(&subject, &current).await.unwrap_err();
        assert_eq!(account.faults().calls() - before, 3);
    }
}

#[tokio::test]
async fn a_probe_that_says_nothing_of_the_key_is_no_answer() {
    let account = Account::configured(|_| ()).await;
    let provider = account.access_keys(AccessKeysSettings::default());
    let current = stored(&account.key_of("agent").await);
    let record = record_of(&current);
    let subject = Subject { record: &record, current: &current, connector: None };
    for fault in [Fault::unavailable(), Fault::throttled(), Fault::Drop, Fault::Garbage] {
        account.faults().next(fault.clone());
        let error = provider.probe(&subject, &current).await.unwrap_err();
        assert!(matches!(error, ProviderError::Unavailable { .. }), "{fault:?}: {error:?}");
    }
    assert!(provider.probe(&subject, &current).await.unwrap());
}

#[tokio::test]
async fn what_fails_inside_of_aws_may_have_changed_something() {
    let account = Account::configured(|_| ()).await;
    let provider = account.access_keys(AccessKeysSettings::default());
    let key = account.key_of("agent").await;
    let (id, current) = (KeyId::new(&key.access_key_id), stored(&key));
    let record = record_of(&current);
    let subject = Subject { record: &record, current: &current, connector: None };
    account.faults().always(Fault::unavailable());
    let made = provider.create(&subject, OPERATION).await;
    assert!(matches!(made, Err(ProviderError::Lost(_))), "{made:?}");
    let deleted = provider.delete(&subject, &id).await;
    assert!(matches!(deleted, Err(ProviderError::Lost(_))), "{deleted:?}");
    let listed = provider.list(&subject).await;
    assert!(matches!(listed, Err(ProviderError::Unavailable { .. })), "{listed:?}");
}

#[tokio::test]
async fn silence_over_a_creation_may_hide_a_key_and_over_a_listing_hides_nothing() {
    let account = Account::configured(|_| ()).await;
    let provider = account.access_keys(AccessKeysSettings::default());
    let current = stored(&account.key_of("agent").await);
    let record = record_of(&current);
    let subject = Subject { record: &record, current: &current, connector: None };
    account.faults().always(Fault::Silence);
    let (made, listed) = tokio::join!(provider.create(&subject, OPERATION), provider.list(&subject));
    assert!(matches!(made, Err(ProviderError::Lost(_))), "{made:?}");
    assert!(matches!(listed, Err(ProviderError::Unavailable { .. })), "{listed:?}");
}

#[tokio::test]
async fn what_never_left_has_changed_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let account = Account::configured(|_| ()).await;
    let key = account.key_of("agent").await;
    let current = stored(&key);
    let record = record_of(&current);
    let subject = Subject { record: &record, current: &current, connector: None };
    let credentials = Credentials::new("AKIAEXAMPLE", "none", None, None, "test");
    let mut anonymous = account.operator().to_builder();
    anonymous.set_credentials_provider(None);
    for (what, config) in
        [("nobody there", config_at(&endpoint, credentials)), ("no credentials", anonymous.build())]
    {
        let provider = AccessKeys::new(&config, AccessKeysSettings::default());
        let made = provider.create(&subject, OPERATION).await;
        assert!(matches!(made, Err(ProviderError::Unavailable { .. })), "{what}: {made:?}");
        let deleted = provider.delete(&subject, &KeyId::new(&key.access_key_id)).await;
        assert!(matches!(deleted, Err(ProviderError::Unavailable { .. })), "{what}: {deleted:?}");
    }
}

#[tokio::test]
async fn a_refusal_is_told_by_its_code_and_shows_no_secret() {
    let account = Account::configured(|_| ()).await;
    let key = account.key_of("agent").await;
    let current = stored(&key);
    let record = record_of(&current);
    let subject = Subject { record: &record, current: &current, connector: None };
    let wrong = Credentials::new(&key.access_key_id, "canary-of-a-secret", None, None, "test");
    let provider = AccessKeys::new(&account.config(wrong), AccessKeysSettings::default());
    let error = provider.create(&subject, OPERATION).await.unwrap_err();
    assert!(matches!(&error, ProviderError::Refused { .. }), "{error:?}");
    assert_eq!(error.code(), "SignatureDoesNotMatch");
    assert!(!format!("{error:?} {provider:?}").contains("canary"));

    account.faults().next(Fault::TooManyRequests { retry_after: Duration::from_secs(7) });
    let error = provider.list(&subject).await.unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_secs(7)));

    let other = StoredSecret::ApiKey(StoredApiKey { key_id: None, key: key.secret_access_key });
    let record = record_of(&other);
    let subject = Subject { record: &record, current: &other, connector: None };
    assert_eq!(provider.abilities(&subject).unwrap_err().code(), "not_an_access_key");
    assert_eq!(provider.list(&subject).await.unwrap_err().code(), "not_an_access_key");
}
