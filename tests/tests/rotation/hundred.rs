//! One rotation after the other, while an agent uses the key as fast as it can.

use std::time::Duration;

use deputize_e2e::{Environment, HarnessError, Moto};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::agent::{Agent, Pace, Resource};
use crate::broker::{Broker, Declared};
use crate::number;
use crate::places::{Account, ApiKeys, operator};
use crate::story::Story;

const AGENT: &str = "deploy-agent";
const ID: &str = "deploy-key";
const VERSION: (&str, &str) = ("Version", "2010-05-08");

/// Rotates again as soon as that is over. What is on record in the end, and the key.
async fn rotate(
    mut broker: Broker,
    first: &Value,
    (resource, uses_per_read): (Resource, u64),
) -> Result<(Value, Value), HarnessError> {
    let rotations = number("DEPUTIZE_ROTATIONS", 5);
    broker.import(ID, first).await?;
    let pace = Pace { uses_per_read, pause: Duration::ZERO };
    let agent = Agent::start(&broker, (AGENT, ID), resource.clone(), pace)?;
    let began = Instant::now();
    let mut record = broker.steady(ID, 1).await?;
    for version in 2..=rotations as u64 + 1 {
        assert!(broker.rotate_if_steady(ID).await?, "{record}");
        record = broker.steady(ID, version).await?;
    }
    let took = began.elapsed();
    let tally = agent.stop().await;
    println!(
        "{resource:?}: {rotations} rotations in {took:.1?}; {} uses, {} failed; /current read before every {uses_per_read} \
         uses; {} versions used, {} adopted",
        tally.uses,
        tally.failed.len(),
        tally.versions.len(),
        tally.adopted,
    );
    assert_eq!((tally.failed, tally.refused, tally.unanswered), (vec![], vec![], 0), "{}", broker.output());
    assert_eq!(tally.versions, (1..=rotations as u64 + 1).collect());
    let current = broker.current((AGENT, ID)).await?;
    broker.kill()?;
    let story = Story::read(broker.state()).await;
    assert_eq!((story.completed(ID), story.rolled_back()), (rotations, 0));
    Ok((record, current))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_use_of_an_iam_key_fails_while_it_is_rotated_again_and_again() -> Result<(), HarnessError> {
    let moto = Moto::start(&Environment::locate()?).await?;
    let iam = async |action: &str, form: &[(&str, &str)]| {
        moto.query("iam", action, &[&[VERSION], form].concat()).await
    };
    let user = ("UserName", "deploy");
    let policy = json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow",
            "Action": [
                "iam:CreateAccessKey", "iam:DeleteAccessKey", "iam:GetAccessKeyLastUsed", "iam:ListAccessKeys",
                "iam:UpdateAccessKey",
            ],
            "Resource": "*",
        }],
    })
    .to_string();
    let mut keys = Vec::new();
    for name in ["deploy", "broker"] {
        iam("CreateUser", &[("UserName", name)]).await?;
        let made = iam("CreateAccessKey", &[("UserName", name)]).await?;
        keys.push((element(&made, "AccessKeyId").to_owned(), element(&made, "SecretAccessKey").to_owned()));
    }
    let rule = [("UserName", "broker"), ("PolicyName", "rotation"), ("PolicyDocument", &policy)];
    iam("PutUserPolicy", &rule).await?;
    moto.authorize_calls(true).await?;

    let [(id, secret), (own_id, own_secret)] = &keys[..] else { panic!("two keys were made") };
    let aws = operator(moto.url(), own_id, own_secret);
    let declared = Declared { id: ID.to_owned(), kind: "aws_access_key", agents: vec![AGENT] };
    let broker = Broker::start(&[declared], None, &aws).await?;
    let first = json!({ "access_key_id": id, "secret_access_key": secret, "user_name": "deploy" });
    let resource = Resource::CallerIdentity(moto.url().to_owned());
    let (record, current) = rotate(broker, &first, (resource, 20)).await?;

    moto.authorize_calls(false).await?;
    let listed = iam("ListAccessKeys", &[user]).await?;
    assert_eq!(listed.matches("<AccessKeyId>").count(), 1, "{listed}");
    assert_eq!(element(&listed, "AccessKeyId"), record["facts"]["access_key_id"]);
    assert_eq!(current["access_key_id"], record["facts"]["access_key_id"]);
    assert_eq!(element(&listed, "Status"), "Active");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_use_of_an_api_key_fails_while_it_is_rotated_again_and_again() -> Result<(), HarnessError> {
    let (keys, account) = (ApiKeys::start().await, Account::start().await);
    let declared = Declared { id: ID.to_owned(), kind: "api_key", agents: vec![AGENT] };
    let broker = Broker::start(&[declared], Some(keys.connector()), &account.variables()).await?;
    let first = keys.first_key().await;
    let (record, current) = rotate(broker, &first, (Resource::WhoAmI(keys.url.clone()), 100)).await?;
    let id = record["facts"]["key_id"].as_str().unwrap().to_owned();
    assert_eq!(keys.list(current["api_key"].as_str().unwrap()).await, [(id, true)]);
    Ok(())
}

fn element<'a>(xml: &'a str, name: &str) -> &'a str {
    let (_, rest) = xml.split_once(&format!("<{name}>")).unwrap();
    rest.split_once(&format!("</{name}>")).unwrap().0
}
