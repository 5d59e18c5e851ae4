//! Alerts as events on an EventBridge bus, for rules and alarms to act on.

use async_trait::async_trait;
use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use aws_types::SdkConfig;
use deputize_broker::audit::AuditEvent;
use deputize_broker::ports::Source;
use deputize_broker::ports::rotation::Alerts;

/// What rules match as `source`.
const SOURCE: &str = "deputize";

/// Raises alerts on a bus. `detail-type` is the event's name, such as `rotation_failed`; `detail` is the event as the
/// ledger will have it, with its id, by which an alert that came twice is known.
pub struct EventBridge {
    client: Client,
    bus: String,
}

impl std::fmt::Debug for EventBridge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EventBridge").field("bus", &self.bus).finish_non_exhaustive()
    }
}

impl EventBridge {
    /// The bus of this name or ARN.
    pub fn new(config: &SdkConfig, bus: String) -> Self {
        Self { client: Client::new(config), bus }
    }
}

#[async_trait]
impl Alerts for EventBridge {
    async fn raise(&self, event: &AuditEvent) -> Result<(), Source> {
        let detail = serde_json::to_value(event)?;
        let name = detail.get("event").and_then(serde_json::Value::as_str).unwrap_or("alert");
        let entry = PutEventsRequestEntry::builder()
            .source(SOURCE)
            .detail_type(name)
            .detail(detail.to_string())
            .event_bus_name(&self.bus)
            .build();
        let answer = self.client.put_events().entries(entry).send().await?;
        // EventBridge takes the request, and may yet refuse what is in it.
        match answer.entries().iter().find_map(|entry| entry.error_code()) {
            Some(code) => Err(format!("the bus refused the event: {code}").into()),
            None => Ok(()),
        }
    }
}
