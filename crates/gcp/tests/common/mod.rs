//! Google as a stub, and a broker that knows who it is.
#![allow(dead_code, reason = "each test file uses its part")]

use std::error::Error;
use std::sync::Arc;

use async_trait::async_trait;
use deputize_broker::decision::{GcpPlan, Plan};
use deputize_broker::ports::identity::{IdentityError, IdentityToken, IdentityTokens};
use deputize_broker::ports::minter::{MintError, MintOrder};
use deputize_broker::{Clock, Secret};
use deputize_gcp::{Endpoints, FederatedTokens, GcpMinter, Google};
use deputize_host::OsRandom;
use deputize_http::{Caller, Client, Limits};
use deputize_scope::Seconds;
use deputize_scope::gcp::authority::{Authority, Statement};
use deputize_scope::gcp::compile::compile;
use deputize_testkit::stub::{Canned, Stub};
use deputize_testkit::time::FixedClock;

pub(crate) const NOW: &str = "2026-11-23T06:00:00Z";
pub(crate) const LATER: &str = "2026-11-23T07:00:00Z";
pub(crate) const PROVIDER: &str =
    "projects/123456789012/locations/global/workloadIdentityPools/agents/providers/deputize";

/// Says that it is the broker, or why it cannot.
pub(crate) struct Identity(pub(crate) Result<&'static str, &'static str>);

#[async_trait]
impl IdentityTokens for Identity {
    async fn token(&self, audience: &str) -> Result<IdentityToken, IdentityError> {
        assert_eq!(audience, format!("https://iam.googleapis.com/{PROVIDER}"));
        match self.0 {
            Ok(token) => Ok(IdentityToken {
                token: Secret::new(token.to_owned()),
                expires_at: "2026-11-23T06:05:00Z".parse().unwrap(),
            }),
            Err("") => Err(IdentityError::Unavailable("canary-cause".into())),
            Err(code) => Err(IdentityError::Refused { code: code.to_owned(), source: "canary-cause".into() }),
        }
    }
}

pub(crate) fn google_at(url: &str, clock: Arc<dyn Clock>) -> Arc<Google> {
    google_within(Limits::default(), url, clock)
}

pub(crate) fn google_within(limits: Limits, url: &str, clock: Arc<dyn Clock>) -> Arc<Google> {
    let caller = Arc::new(Caller::new(limits, clock, Arc::new(OsRandom)));
    let endpoints = Endpoints::at(url.parse().unwrap());
    Arc::new(Google::new(Client::direct().unwrap(), endpoints, caller))
}

pub(crate) fn google(stub: &Stub) -> Arc<Google> {
    google_at(&stub.url, Arc::new(FixedClock(NOW.parse().unwrap())))
}

/// A minter by federation, at a stub that gives whatever is asked for.
pub(crate) async fn federated() -> (GcpMinter, Stub) {
    let stub = Stub::start().await.unwrap();
    stub.answers("/v1/token", [federated_token()]);
    stub.answers(":generateAccessToken", [generated("canary-agents-token", LATER)]);
    (federated_at(&stub, Identity(Ok("canary-identity"))), stub)
}

pub(crate) fn federated_at(stub: &Stub, identity: Identity) -> GcpMinter {
    federated_by(google(stub), identity)
}

pub(crate) fn federated_by(google: Arc<Google>, identity: Identity) -> GcpMinter {
    let provider = PROVIDER.parse().unwrap();
    let own = FederatedTokens::new(Arc::clone(&google), provider, None, Arc::new(identity));
    GcpMinter::workload_identity(google, Arc::new(own))
}

pub(crate) fn federated_token() -> Canned {
    exchanged("canary-federated-token", Some(3_600))
}

pub(crate) fn exchanged(token: &str, expires_in: Option<i64>) -> Canned {
    let expires = expires_in.map_or(String::new(), |seconds| format!(r#","expires_in":{seconds}"#));
    Canned::json(200, format!(r#"{{"access_token":"{token}","token_type":"Bearer"{expires}}}"#))
}

pub(crate) fn generated(token: &str, ends: &str) -> Canned {
    Canned::json(200, format!(r#"{{"accessToken":"{token}","expireTime":"{ends}"}}"#))
}

pub(crate) fn order(permission: &str, resource: &str) -> MintOrder {
    let statement = Statement {
        service_account: None,
        permissions: vec![permission.parse().unwrap()],
        resources: vec![resource.parse().unwrap()],
    };
    MintOrder {
        lease: "0198f0aa-7d3a-7c4e-8f00-0123456789ab".parse().unwrap(),
        tenant: "acme".parse().unwrap(),
        agent: "devops-agent".parse().unwrap(),
        plan: Plan::GcpToken(GcpPlan {
            service_account: "agent-devops-agent@acme-prod.iam.gserviceaccount.com".parse().unwrap(),
            token: compile(&Authority::new(vec![statement])).unwrap(),
        }),
        duration: Seconds::new(900),
    }
}

pub(crate) fn any_order() -> MintOrder {
    order("container.clusters.get", "*")
}

/// All that an error says, to whoever asks in whatever way.
pub(crate) fn told(error: &MintError) -> String {
    let mut told = format!("{error:?}");
    let mut next: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = next {
        told.push_str(&format!("\n{error}"));
        next = error.source();
    }
    told
}
