use std::fmt;

use async_trait::async_trait;
use deputize_broker::ports::Source;
use deputize_broker::ports::ledger::{Monitor, Publication};
use tokio::sync::OnceCell;

use crate::connection::Connection;
use crate::settings::NatsSettings;

/// How many messages are under way at once. Their answers are waited for together.
const BATCH: usize = 256;

/// Publishes entries on a subject: the body is the CloudEvent in its JSON format, the header `Nats-Msg-Id` the event's
/// id, by which streams and listeners know one that came twice.
///
/// The connection is made when something is to be published, and made anew by itself when it breaks; connecting, and each
/// 256 messages, may take five seconds. The account has to be allowed to publish on the subject, and to listen: with a
/// stream to `_INBOX.>`, where acknowledgements come, and without one to the subject itself.
pub struct NatsMonitor {
    settings: NatsSettings,
    connection: OnceCell<Connection>,
}

impl NatsMonitor {
    /// Publishes as settings say. Nothing is connected to yet.
    pub fn new(settings: NatsSettings) -> Self {
        Self { settings, connection: OnceCell::new() }
    }
}

impl fmt::Debug for NatsMonitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NatsMonitor").field("settings", &self.settings).finish_non_exhaustive()
    }
}

#[async_trait]
impl Monitor for NatsMonitor {
    fn name(&self) -> &'static str {
        "nats"
    }

    async fn publish(&self, publications: &[Publication]) -> Result<(), Source> {
        if publications.is_empty() {
            return Ok(());
        }
        let connection = self.connection.get_or_try_init(|| Connection::open(&self.settings)).await?;
        for batch in publications.chunks(BATCH) {
            connection.send(batch).await?;
        }
        Ok(())
    }
}
