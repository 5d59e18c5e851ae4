//! What can go wrong at Microsoft, and what is known then of the secrets.

use std::time::Duration;

use deputize_azure::PasswordSettings;
use deputize_broker::Secret;
use deputize_broker::ports::rotation::{KeyId, KeyProvider as _, OperationId, ProviderError, Subject};
use deputize_broker::stored::StoredSecret;
use deputize_broker::stored::secret::StoredApiKey;
use deputize_sandbox::Fault;
use deputize_testkit::rotation::record_of;
use tokio::net::TcpListener;

use crate::directory::{AGENT, Directory, POWERLESS, current, provider_at, some_time};

const OPERATION: OperationId = OperationId::from_u128(1);

#[tokio::test]
async fn a_refusal_is_told_by_its_code_and_shows_no_secret() {
    let directory = Directory::configured(|_| ()).await;
    let provider = directory.provider();
    let StoredSecret::AzureClientSecret(agent) = current(AGENT) else { panic!("not a client secret") };
    let with = |change: &dyn Fn(&mut deputize_broker::stored::secret::StoredClientSecret)| {
        let mut changed = agent.clone();
        change(&mut changed);
        StoredSecret::AzureClientSecret(changed)
    };
    let key = StoredApiKey { key_id: None, key: Secret::new("canary".to_owned()) };
    for (current, code) in [
        (current(POWERLESS), "Authorization_RequestDenied"),
        (with(&|agent| agent.client_secret = Secret::new("canary-wrong".to_owned())), "AADSTS7000215"),
        (with(&|agent| agent.tenant_id = "00000000-0000-4000-8000-000000000000".to_owned()), "AADSTS90002"),
        (with(&|agent| agent.client_id = "00000000-0000-4000-8000-000000000009".to_owned()), "AADSTS700016"),
        (with(&|agent| agent.client_id = "agent')/x".to_owned()), "not_a_client_id"),
        (StoredSecret::ApiKey(key), "not_a_client_secret"),
    ] {
        let record = record_of(&current);
        let subject = Subject { record: &record, current: &current, connector: None };
        let errors = [
            provider.create(&subject, OPERATION).await.unwrap_err(),
            provider.list(&subject).await.unwrap_err(),
            provider.delete(&subject, &KeyId::new("00000000-0000-4000-8000-00000000000a")).await.unwrap_err(),
        ];
        for error in errors {
            assert!(matches!(&error, ProviderError::Refused { .. }), "{error:?}");
            assert_eq!(error.code(), code);
            assert!(!format!("{error:?} {provider:?}").contains("canary"), "{error:?}");
        }
    }
    let elsewhere = with(&|agent| agent.tenant_id = "../canary".to_owned());
    let record = record_of(&elsewhere);
    let subject = Subject { record: &record, current: &elsewhere, connector: None };
    let error = provider.list(&subject).await.unwrap_err();
    assert!(matches!(error, ProviderError::Unavailable { .. }), "{error:?}");
}

#[tokio::test]
async fn each_request_is_sent_once() {
    let directory = Directory::configured(|_| ()).await;
    let (provider, current) = (directory.provider(), current(AGENT));
    let record = record_of(&current);
    let subject = Subject { record: &record, current: &current, connector: None };
    for fault in [Fault::unavailable(), Fault::Drop, Fault::Truncate, Fault::Garbage] {
        directory.graph().always(fault.clone());
        let before = directory.graph().calls();
        let made = provider.create(&subject, OPERATION).await;
        assert!(matches!(made, Err(ProviderError::Lost(_))), "{fault:?}: {made:?}");
        let listed = provider.list(&subject).await;
        assert!(matches!(listed, Err(ProviderError::Unavailable { .. })), "{fault:?}: {listed:?}");
        assert_eq!(directory.graph().calls() - before, 2, "{fault:?}");
    }
}

#[tokio::test]
async fn without_a_token_nothing_is_changed() {
    let directory = Directory::configured(|_| ()).await;
    let (provider, current) = (directory.provider(), current(AGENT));
    let record = record_of(&current);
    let subject = Subject { record: &record, current: &current, connector: None };
    for fault in [Fault::unavailable(), Fault::Drop, Fault::Garbage] {
        directory.entra().always(fault.clone());
        let made = provider.create(&subject, OPERATION).await;
        assert!(matches!(made, Err(ProviderError::Unavailable { .. })), "{fault:?}: {made:?}");
        let probed = provider.probe(&subject, &current).await;
        assert!(matches!(probed, Err(ProviderError::Unavailable { .. })), "{fault:?}: {probed:?}");
    }
    assert_eq!((directory.entra().calls(), directory.graph().calls()), (6, 0));
}

#[tokio::test]
async fn silence_over_a_change_may_hide_it() {
    let directory = Directory::configured(|_| ()).await;
    let (provider, current) = (directory.provider(), current(AGENT));
    let record = record_of(&current);
    let subject = Subject { record: &record, current: &current, connector: None };
    directory.graph().always(Fault::Silence);
    let key = current.facts().key_id().unwrap();
    let (made, deleted) = tokio::join!(provider.create(&subject, OPERATION), provider.delete(&subject, &key));
    assert!(matches!(made, Err(ProviderError::Lost(_))), "{made:?}");
    assert!(matches!(deleted, Err(ProviderError::Lost(_))), "{deleted:?}");
}

#[tokio::test]
async fn what_never_left_has_changed_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let provider = provider_at(&url, some_time(), PasswordSettings::default());
    let current = current(AGENT);
    let record = record_of(&current);
    let subject = Subject { record: &record, current: &current, connector: None };
    let made = provider.create(&subject, OPERATION).await;
    assert!(matches!(made, Err(ProviderError::Unavailable { .. })), "{made:?}");
}

#[tokio::test]
async fn when_to_come_back_is_told_on() {
    let directory = Directory::configured(|_| ()).await;
    let (provider, current) = (directory.provider(), current(AGENT));
    let record = record_of(&current);
    let subject = Subject { record: &record, current: &current, connector: None };
    let seven = Duration::from_secs(7);
    directory.graph().next(Fault::TooManyRequests { retry_after: seven });
    let error = provider.create(&subject, OPERATION).await.unwrap_err();
    assert_eq!(error.retry_after(), Some(seven));
}
