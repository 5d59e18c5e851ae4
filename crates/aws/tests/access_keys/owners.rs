//! Whose key it is, and by which role it is changed.

use std::collections::BTreeMap;

use aws_sdk_iam::config::Credentials;
use deputize_aws::{AccessKeys, AccessKeysSettings};
use deputize_broker::ports::rotation::{KeyProvider as _, OperationId, Subject};
use deputize_broker::stored::StoredSecret;
use deputize_broker::stored::secret::StoredAccessKey;
use deputize_sandbox::aws::{RoleConfig, Roles, Users};
use deputize_testkit::rotation::{Place, key_provider_contract, record_of};

use crate::account::{Account, stored};

/// An account in which a broker may do nothing but assume a role that changes keys.
async fn account() -> Account {
    let policy = |action: &str, resource: &str| {
        let statement = format!(r#"{{"Effect":"Allow","Action":"{action}","Resource":"{resource}"}}"#);
        format!(r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#).parse().unwrap()
    };
    let role = "arn:aws:iam::123456789012:role/rotation";
    let users = [
        ("agent".to_owned(), Some(policy("s3:*", "*"))),
        ("broker".to_owned(), Some(policy("sts:AssumeRole", role))),
    ];
    let rotation = RoleConfig {
        identity_policy: Some(policy("iam:*", "arn:aws:iam::123456789012:user/*")),
        ..RoleConfig::default()
    };
    Account::configured(|config| {
        config.users = Users::Listed(BTreeMap::from(users));
        config.roles = Roles::Listed(BTreeMap::from([("rotation".to_owned(), rotation)]));
    })
    .await
}

fn settings(role_template: &str) -> AccessKeysSettings {
    AccessKeysSettings { role_template: Some(role_template.to_owned()), ..AccessKeysSettings::default() }
}

async fn broker(account: &Account, settings: AccessKeysSettings) -> AccessKeys {
    let StoredAccessKey { access_key_id, secret_access_key, .. } = account.key_of("broker").await;
    let credentials = Credentials::new(access_key_id, secret_access_key.reveal(), None, None, "test");
    AccessKeys::new(&account.config(credentials), settings)
}

#[tokio::test]
async fn keys_are_changed_by_the_role_of_their_account_where_there_is_a_template() {
    let account = account().await;
    let current = stored(&account.key_of("agent").await);
    let record = record_of(&current);
    let provider = broker(&account, settings("arn:aws:iam::{account}:role/rotation")).await;
    let place = Place {
        provider: &provider,
        record: &record,
        current: &current,
        connector: None,
        refuses: true,
        settle: &|| (),
    };
    key_provider_contract(&place).await.unwrap();

    let subject = place.subject();
    let provider = broker(&account, AccessKeysSettings::default()).await;
    assert_eq!(provider.list(&subject).await.unwrap_err().code(), "AccessDenied");
    let provider = AccessKeys::new(&account.operator(), settings("arn:aws:iam::{account}:role/nobody"));
    assert_eq!(provider.list(&subject).await.unwrap_err().code(), "AccessDenied");
    let provider = AccessKeys::new(&account.operator(), settings("a role"));
    assert_eq!(provider.list(&subject).await.unwrap_err().code(), "not_a_role");
}

#[tokio::test]
async fn the_user_is_found_out_by_the_key_where_nobody_told() {
    let account = Account::configured(|_| ()).await;
    let provider = account.access_keys(AccessKeysSettings::default());
    let told = account.key_of("agent").await;
    let untold = StoredSecret::AwsAccessKey(StoredAccessKey { user_name: None, ..told.clone() });
    let record = record_of(&untold);
    let subject = Subject { record: &record, current: &untold, connector: None };
    let listed = provider.list(&subject).await.unwrap();
    assert_eq!(listed[0].id.as_str(), told.access_key_id);
    let made = provider.create(&subject, OperationId::from_u128(1)).await.unwrap();
    let StoredSecret::AwsAccessKey(made) = made else { panic!("not an access key") };
    assert_eq!(made.user_name.as_deref(), Some("agent"));
}
