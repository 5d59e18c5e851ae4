//! Alerts where there is nothing but the log.

use async_trait::async_trait;
use deputize_broker::audit::AuditEvent;
use deputize_broker::ports::Source;
use deputize_broker::ports::rotation::Alerts;

/// Raises alerts as errors in the log.
#[derive(Clone, Copy, Debug, Default)]
pub struct LogAlerts;

#[async_trait]
impl Alerts for LogAlerts {
    async fn raise(&self, event: &AuditEvent) -> Result<(), Source> {
        tracing::error!(event = %event.id, what = ?event.what, "somebody has to look");
        Ok(())
    }
}
