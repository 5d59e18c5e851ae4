//! The two events that the function takes: a request of API Gateway's, and `{"reap":true}` from a schedule.

use std::sync::Arc;

use axum::Router;
use deputize_broker::Broker;
use lambda_http::lambda_runtime::Service as _;
use lambda_http::request::LambdaRequest;
use lambda_http::{Adapter, Error, LambdaEvent, Request, service_fn};
use serde::Deserialize;
use serde_json::value::{RawValue, to_raw_value};

use crate::gateway::introduce;

/// How many leases one run of the reaper looks at.
const REAPED_AT_ONCE: u32 = 200;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Scheduled {
    reap: bool,
}

/// Answers events.
pub(crate) struct Handler {
    broker: Arc<Broker>,
    api: Router,
}

impl Handler {
    pub(crate) fn new(broker: Arc<Broker>, api: Router) -> Self {
        Self { broker, api }
    }

    /// Answers one event. A schedule's is tried first: it is small, and a gateway's fails it at the first field.
    pub(crate) async fn handle(&self, event: LambdaEvent<Box<RawValue>>) -> Result<Box<RawValue>, Error> {
        let LambdaEvent { payload, context } = event;
        if let Ok(Scheduled { reap }) = serde_json::from_str(payload.get()) {
            return self.reap(reap).await;
        }
        let request: LambdaRequest = serde_json::from_str(payload.get())?;
        let api = self.api.clone();
        let mut adapter = Adapter::from(service_fn(move |request: Request| {
            let mut api = api.clone();
            async move { api.call(introduce(request)).await }
        }));
        let response = adapter.call(LambdaEvent::new(request, context)).await?;
        Ok(to_raw_value(&response)?)
    }

    async fn reap(&self, wanted: bool) -> Result<Box<RawValue>, Error> {
        if wanted {
            let reaped = self.broker.reap(REAPED_AT_ONCE).await?;
            tracing::info!(abandoned = reaped.abandoned, expired = reaped.expired, "reaped");
        }
        Ok(to_raw_value(&wanted)?)
    }
}
