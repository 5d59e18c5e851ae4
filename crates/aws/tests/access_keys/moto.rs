//! At moto, which is of another make. It looks at no key that a call is signed with.

use aws_sdk_iam::config::Credentials;
use deputize_aws::{AccessKeys, AccessKeysSettings};
use deputize_broker::Secret;
use deputize_broker::ports::rotation::{KeyProvider as _, OperationId};
use deputize_broker::stored::StoredSecret;
use deputize_broker::stored::secret::StoredAccessKey;
use deputize_e2e::{Environment, Moto};
use deputize_testkit::rotation::{Place, key_provider_contract, record_of};

use crate::account::config_at;

const VERSION: (&str, &str) = ("Version", "2010-05-08");
const USER: (&str, &str) = ("UserName", "agent");

fn element<'a>(xml: &'a str, name: &str) -> &'a str {
    let (_, rest) = xml.split_once(&format!("<{name}>")).unwrap();
    rest.split_once(&format!("</{name}>")).unwrap().0
}

#[tokio::test]
async fn it_keeps_there_what_every_provider_of_keys_promises() {
    let moto = Moto::start(&Environment::locate().unwrap()).await.unwrap();
    let iam = async |action: &str, form: &[(&str, &str)]| {
        moto.query("iam", action, &[&[VERSION], form].concat()).await.unwrap()
    };
    iam("CreateUser", &[USER]).await;
    let made = iam("CreateAccessKey", &[USER]).await;
    let current = StoredSecret::AwsAccessKey(StoredAccessKey {
        access_key_id: element(&made, "AccessKeyId").to_owned(),
        user_name: None,
        secret_access_key: Secret::new(element(&made, "SecretAccessKey").to_owned()),
    });
    let record = record_of(&current);
    let credentials = Credentials::new("AKIAEXAMPLE", "none", None, None, "test");
    let provider = AccessKeys::new(&config_at(moto.url(), credentials), AccessKeysSettings::default());
    let place = Place {
        provider: &provider,
        record: &record,
        current: &current,
        connector: None,
        refuses: false,
        settle: &|| (),
    };
    key_provider_contract(&place).await.unwrap();

    let key = provider.create(&place.subject(), OperationId::from_u128(1)).await.unwrap();
    let id = key.facts().key_id().unwrap();
    assert!(provider.disable(&place.subject(), &id).await.unwrap());
    let listed = iam("ListAccessKeys", &[USER]).await;
    let members = listed.split("<member>").find(|member| member.contains(id.as_str())).unwrap();
    assert_eq!(element(members, "Status"), "Inactive");
}
