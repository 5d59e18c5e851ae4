//! The broker is killed at random, again and again, while agents go on using their keys.

use std::time::Duration;

use deputize_broker::Random as _;
use deputize_e2e::HarnessError;
use deputize_host::OsRandom;
use deputize_sandbox::keys::Service;
use deputize_sandbox::{Fault, Faults};
use tokio::time::Instant;

use crate::agent::{Agent, Pace, Resource, Tally};
use crate::broker::{Broker, Declared};
use crate::lapse::lapse;
use crate::number;
use crate::places::{Account, ApiKeys};
use crate::story::Story;

/// The longest that the broker lives.
const LIFE: u64 = 2_500;
/// All agents together leave the broker time to do something, and each uses a key for half a second before it asks again.
const PACE: Pace = Pace { uses_per_read: 20, pause: Duration::from_millis(20) };
const API_KEYS: usize = 6;
const ACCESS_KEYS: usize = 4;

/// Several, since one that a dead worker had in hand rests for a minute.
fn declared() -> Vec<Declared> {
    let of = |kind, count| {
        (1..=count).map(move |number| Declared {
            id: format!("{}-{number}", if kind == "api_key" { "api" } else { "aws" }),
            kind,
            // The first is used by two.
            agents: if number == 1 { vec!["one", "two"] } else { vec!["one"] },
        })
    };
    of("api_key", API_KEYS).chain(of("aws_access_key", ACCESS_KEYS)).collect()
}

/// A number below another.
fn below(most: u64) -> u64 {
    let mut bytes = [0; 8];
    OsRandom.fill(&mut bytes);
    u64::from_le_bytes(bytes) % most
}

/// Some of the next calls are carried out, and answered late or not at all.
fn fail_now_and_then(faults: &Faults) {
    for _ in 0..below(4) {
        faults.next(Fault::Delay(Duration::from_millis(below(500))));
    }
    if below(3) == 0 {
        faults.next(Fault::Drop);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_is_killed_at_random_leaves_each_agent_a_working_key_and_the_provider_no_other()
-> Result<(), HarnessError> {
    let kills = number("DEPUTIZE_KILLS", 6);
    let (keys, account) = (ApiKeys::start().await, Account::start().await);
    let declared = declared();
    let mut broker = Broker::start(&declared, Some(keys.connector()), &account.variables()).await?;
    let mut agents = Vec::new();
    for Declared { id, kind, agents: names } in &declared {
        let (first, resource) = if *kind == "api_key" {
            (keys.first_key().await, Resource::WhoAmI(keys.url.clone()))
        } else {
            (account.first_key(id).await, Resource::CallerIdentity(account.url.clone()))
        };
        broker.import(id, &first).await?;
        for name in names {
            agents.push(Agent::start(&broker, (*name, id.as_str()), resource.clone(), PACE)?);
        }
    }

    let began = Instant::now();
    let (mut asked, mut in_hand, mut waited_out) = (0, 0, 0);
    for kill in 0..kills {
        for Declared { id, .. } in &declared {
            asked += usize::from(broker.rotate_if_steady(id).await?);
        }
        fail_now_and_then(&keys.provider.faults(Service::Management));
        tokio::time::sleep(Duration::from_millis(below(LIFE))).await;
        broker.kill()?;
        // A dead worker's claims lapse in a minute. Every second time it has gone by.
        if kill % 2 == 0 {
            in_hand += lapse(broker.state()).await;
            waited_out += 1;
        }
        broker.restart().await?;
    }
    let killing = began.elapsed();

    keys.provider.faults(Service::Management).clear();
    broker.kill()?;
    lapse(broker.state()).await;
    broker.restart().await?;
    for Declared { id, agents, .. } in &declared {
        let record = broker.steady(id, 1).await?;
        let current = broker.current((agents[0], id)).await?;
        let (known, listed) = match current["api_key"].as_str() {
            Some(key) => (&record["facts"]["key_id"], keys.list(key).await),
            None => (&record["facts"]["access_key_id"], account.list(id)),
        };
        assert_eq!(listed, [(known.as_str().unwrap().to_owned(), true)], "{id}: {record}");
    }
    let converging = began.elapsed() - killing;

    let mut all = Tally::default();
    for agent in agents {
        all += agent.stop().await;
    }
    broker.kill()?;
    let story = Story::read(broker.state()).await;
    let completed: usize = declared.iter().map(|one| story.completed(&one.id)).sum();
    println!(
        "{kills} kills in {killing:.1?}, {} credentials: {in_hand} rotations were found in hand after {waited_out} of \
         them; {asked} rotations asked for, {completed} completed, {} rolled back, {} steps failed, {} orphans deleted; \
         steady {converging:.1?} after the last; {} uses, {} failed; /current read before every {} uses, \
         without an answer {} times",
        declared.len(),
        story.rolled_back(),
        story.failures(),
        story.orphans(),
        all.uses,
        all.failed.len(),
        PACE.uses_per_read,
        all.unanswered,
    );
    assert_eq!((all.failed, all.refused), (vec![], vec![]), "{}", broker.output());
    assert!(completed > 0 && all.uses > 0);
    Ok(())
}
