//! Who changes what waits is found out.

use std::collections::BTreeSet;

use deputize_broker::audit::Anomaly;
use deputize_broker::ports::audit::Waiting;
use deputize_e2e::HarnessError;
use serde_json::Value;

use crate::world::{Deployment, Files};

#[tokio::test]
async fn a_row_that_is_changed_or_removed_before_it_is_sealed_is_told() -> Result<(), HarnessError> {
    let mut cloud = Deployment::start(Files::InABucket).await?;
    cloud.issue_many(3).await?;
    let waiting = cloud.waiting().await;
    let [removed, changed, poisoned, sound @ ..] = waiting.as_slice() else { panic!("{waiting:?}") };
    cloud.tamper(removed, None).await;
    // With the hash beside it that it should have.
    let Waiting::Event { event, .. } = changed else { panic!("{changed:?}") };
    let mut other = serde_json::to_value(event).unwrap();
    other["at"] = "2026-01-01T00:00:00Z".into();
    cloud.tamper(changed, Some(&other.to_string())).await;
    cloud.tamper(poisoned, Some("no event at all")).await;
    cloud.pump().await?;
    assert!(cloud.waiting().await.is_empty(), "one that cannot be read keeps nobody waiting");

    let log = cloud.log().await;
    let ids = log.ids();
    assert!(sound.iter().all(|one| ids.contains(&one.key().name)), "the rest is sealed");
    let anomalies = log.anomalies();
    let told = anomalies.iter().map(|anomaly| match anomaly {
        Anomaly::EventRemoved { id, .. } => ("removed", id.as_str()),
        Anomaly::EventModified { id, .. } => ("modified", id.as_str()),
        Anomaly::EventQuarantined { id, .. } => ("quarantined", id.as_str()),
        other => panic!("{other:?}"),
    });
    let [removed, changed, poisoned] = [removed, changed, poisoned].map(|one| one.key().name.as_str());
    assert_eq!(
        told.collect::<BTreeSet<_>>(),
        BTreeSet::from([
            ("removed", removed),
            ("modified", changed),
            ("modified", poisoned),
            ("quarantined", poisoned)
        ])
    );
    assert_eq!(anomalies.len(), 4, "each once: {anomalies:?}");
    assert_eq!(cloud.archived("alerts").await?, 4, "somebody is told of each at once");
    let alerts: Vec<Value> = cloud.aws.published();
    let alerts = alerts.iter().filter(|entry| entry["Source"] == "deputize");
    assert!(alerts.clone().all(|alert| alert["DetailType"] == "ledger_anomaly"));
    assert!(alerts.clone().all(|alert| alert["Detail"].as_str().unwrap().contains(r#""severity":"HIGH""#)));
    Ok(())
}
