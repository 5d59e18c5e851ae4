//! How long the calls of an issuance take on the embedded store: `cargo run --release --example latency`.

use std::error::Error;

use deputize_broker::audit::{AuditEvent, What};
use deputize_broker::caller::Actor;
use deputize_broker::idempotency::Answer;
use deputize_broker::lease::{Enforcement, Lease, LeaseId, LeaseScope, LeaseState};
use deputize_broker::ports::leases::{Intent, LeaseStore, Settlement};
use deputize_broker::ports::scopes::ScopeStore;
use deputize_broker::scopes::ScopesVersion;
use deputize_dynamodb::{Embedded, create_table, store};
use deputize_scope::identifier::CredentialType;
use deputize_scope::{Budget, Seconds};
use deputize_testkit::keys::Scrambled;
use deputize_testkit::time::SteppingClock;
use tokio::time::Instant;

const ROUNDS: u32 = 500;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let directory = tempfile::tempdir_in(".")?;
    let client = Embedded::open(&directory.path().join("latency.db"))?.client();
    create_table(&client, "deputize").await?;
    let store = store(client, "deputize");
    let clock = SteppingClock::new(jiff::Timestamp::UNIX_EPOCH);
    let random = Scrambled::new(1);
    let (tenant, agent): (deputize_scope::TenantId, deputize_scope::AgentId) =
        ("acme".parse()?, "devops".parse()?);
    let event = |lease: LeaseId| {
        let what = What::LeaseExpired { lease, agent: agent.clone() };
        AuditEvent::new(&tenant, Actor::Broker, what, &clock, &random)
    };
    let (mut reads, mut begins, mut settles) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let lease = Lease {
            id: LeaseId::fresh(&clock, &random),
            tenant: tenant.clone(),
            agent: agent.clone(),
            kind: CredentialType::AwsIamRole,
            scope: LeaseScope {
                target: "arn:aws:iam::123456789012:role/agent".into(),
                permissions: vec!["s3:GetObject".into()],
                resources: vec!["*".into()],
                regions: Vec::new(),
            },
            granted: None,
            lineage: Vec::new(),
            scope_version: ScopesVersion(1),
            enforcement: Enforcement::SessionPolicy,
            purpose: None,
            context: Default::default(),
            duration: Seconds::new(900),
            requested_at: deputize_broker::Clock::now(&clock),
            idempotency_key: None,
            state: LeaseState::Pending,
        };
        let started = Instant::now();
        store.head(&tenant).await?;
        reads.push(started.elapsed());

        let budget = Budget { live_leases: 1_000_000, per_minute: 1_000_000 };
        let intent = Intent { event: event(lease.id), lease: lease.clone(), budget, claim: None };
        let started = Instant::now();
        store.begin(intent).await?;
        begins.push(started.elapsed());

        let after = lease.become_state(LeaseState::Abandoned)?;
        let settlement =
            Settlement { event: event(lease.id), before: lease, after, answer: Answer::Unchanged };
        let started = Instant::now();
        store.settle(settlement).await?;
        settles.push(started.elapsed());
    }
    for (name, times) in [("read", &mut reads), ("begin", &mut begins), ("settle", &mut settles)] {
        times.sort();
        let at = |percent: usize| times.get(times.len() * percent / 100).map_or(0, |time| time.as_micros());
        println!("{name}: p50 {} µs, p99 {} µs", at(50), at(99));
    }
    Ok(())
}
