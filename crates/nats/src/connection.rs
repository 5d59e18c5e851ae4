//! A connection to the servers, and how it is known that they have taken a message.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_nats::connection::State;
use async_nats::header::{HeaderMap, NATS_MESSAGE_ID};
use async_nats::jetstream::Context;
use async_nats::jetstream::context::ContextBuilder;
use async_nats::{Client, ConnectOptions, Event};
use deputize_broker::ports::ledger::Publication;
use futures_util::StreamExt as _;
use thiserror::Error;
use tokio::time::{sleep, timeout};

use crate::settings::NatsSettings;

/// How long connecting may take, and the answer to what was published.
pub(crate) const BOUND: Duration = Duration::from_secs(5);

/// How often it is looked whether a lost connection is there again.
const GLANCE: Duration = Duration::from_millis(20);

/// Why entries may not have arrived. It holds no secret.
#[derive(Debug, Error)]
pub enum NatsFailure {
    /// The credentials cannot be read.
    #[error("the credentials for nats cannot be read")]
    Credentials(#[source] io::Error),
    /// There is no connection.
    #[error("nats cannot be connected to")]
    Connect(#[source] async_nats::ConnectError),
    /// There is no connection any more, or no answer on it in time.
    #[error("nats gave no answer in time")]
    TimedOut,
    /// The message was not sent.
    #[error("nats takes no such message")]
    Publish(#[source] async_nats::PublishError),
    /// The connection is closed.
    #[error("the connection to nats is closed")]
    Closed,
    /// The connection broke, and there is another: what was sent over the first may be lost.
    #[error("the connection to nats broke")]
    Reconnected,
    /// The server objected, such as to the subject.
    #[error("nats objected to a message")]
    Objected,
    /// No stream acknowledged.
    #[error("no stream acknowledged")]
    Unacknowledged(#[source] async_nats::jetstream::context::PublishError),
}

/// A connection. It is made anew by itself when it breaks.
pub(crate) struct Connection {
    client: Client,
    jetstream: Option<Context>,
    subject: String,
    objections: Arc<AtomicU64>,
}

impl Connection {
    pub(crate) async fn open(settings: &NatsSettings) -> Result<Self, NatsFailure> {
        let objections = Arc::<AtomicU64>::default();
        let counted = Arc::clone(&objections);
        let mut options = ConnectOptions::new()
            .name("deputize")
            .connection_timeout(BOUND)
            .require_tls(settings.requires_tls())
            .event_callback(move |event| {
                if matches!(event, Event::ServerError(_)) {
                    counted.fetch_add(1, Ordering::SeqCst);
                }
                async {}
            });
        if let Some(roots) = &settings.tls.roots {
            options = options.add_root_certificates(roots.clone());
        }
        if let Some(client) = &settings.tls.client {
            options = options.add_client_certificate(client.certificate.clone(), client.key.clone());
        }
        if let Some(credentials) = &settings.credentials {
            options = credentials.shown_by(options).map_err(NatsFailure::Credentials)?;
        }
        let connecting = timeout(BOUND, options.connect(settings.servers.0.as_slice())).await;
        let client = connecting.map_err(|_| NatsFailure::TimedOut)?.map_err(NatsFailure::Connect)?;
        let jetstream =
            settings.jetstream.then(|| ContextBuilder::new().timeout(BOUND).build(client.clone()));
        Ok(Self { client, jetstream, subject: settings.subject.as_str().to_owned(), objections })
    }

    /// Sends these, and comes back when the servers have taken all of them.
    pub(crate) async fn send(&self, publications: &[Publication]) -> Result<(), NatsFailure> {
        let sending = async {
            // Without a connection messages would be kept in memory, and sent once more when they come again.
            while self.client.connection_state() != State::Connected {
                sleep(GLANCE).await;
            }
            match &self.jetstream {
                Some(stream) => self.send_to_stream(stream, publications).await,
                None => self.send_to_listeners(publications).await,
            }
        };
        match timeout(BOUND, sending).await {
            Ok(sent) => sent,
            Err(_) => {
                self.give_up().await;
                Err(NatsFailure::TimedOut)
            }
        }
    }

    /// A stream acknowledges each message that it has stored.
    async fn send_to_stream(
        &self,
        stream: &Context,
        publications: &[Publication],
    ) -> Result<(), NatsFailure> {
        let mut acknowledgements = Vec::with_capacity(publications.len());
        for publication in publications {
            let (headers, payload) = message(publication);
            let sent = stream.publish_with_headers(self.subject.clone(), headers, payload.into()).await;
            acknowledgements.push(sent.map_err(NatsFailure::Unacknowledged)?);
        }
        for acknowledgement in acknowledgements {
            acknowledgement.await.map_err(NatsFailure::Unacknowledged)?;
        }
        Ok(())
    }

    /// Without a stream nobody acknowledges, and flushing says only that bytes have left this machine. But a server takes
    /// what comes over one connection in its order: when it answers to what was sent last, it has taken what was sent
    /// before, unless it objected, or there is another connection by now.
    async fn send_to_listeners(&self, publications: &[Publication]) -> Result<(), NatsFailure> {
        let before = self.troubles();
        for publication in publications {
            let (headers, payload) = message(publication);
            let sent = self.client.publish_with_headers(self.subject.clone(), headers, payload.into()).await;
            sent.map_err(NatsFailure::Publish)?;
        }
        // An objection comes before the answer, but is counted by a task of its own: the second time it has been.
        for _ in 0..2 {
            self.answer().await?;
        }
        let after = self.troubles();
        if after.0 != before.0 {
            return Err(NatsFailure::Reconnected);
        }
        if after.1 == before.1 { Ok(()) } else { Err(NatsFailure::Objected) }
    }

    /// Waits for a message to ourselves.
    async fn answer(&self) -> Result<(), NatsFailure> {
        let inbox = self.client.new_inbox();
        let listening = self.client.subscribe(inbox.clone()).await;
        let mut answers = listening.map_err(|_| NatsFailure::Closed)?;
        self.client.publish(inbox, Vec::new().into()).await.map_err(NatsFailure::Publish)?;
        answers.next().await.map(|_| ()).ok_or(NatsFailure::Closed)
    }

    /// How many connections there were, and how often the servers objected.
    fn troubles(&self) -> (u64, u64) {
        let connections = self.client.statistics().connects.load(Ordering::SeqCst);
        (connections, self.objections.load(Ordering::SeqCst))
    }

    /// Drops a connection that is silent: after a function was frozen it may take minutes until the system sees that
    /// nobody is at its other end.
    async fn give_up(&self) {
        if self.client.connection_state() == State::Connected {
            // Where even this cannot be asked for, the next one asks again.
            let _ = timeout(GLANCE, self.client.force_reconnect()).await;
        }
    }
}

fn message(publication: &Publication) -> (HeaderMap, Vec<u8>) {
    let mut headers = HeaderMap::new();
    headers.insert(NATS_MESSAGE_ID, publication.id.to_string().as_str());
    headers.insert("Content-Type", "application/cloudevents+json");
    (headers, publication.cloud_event.to_string().into_bytes())
}
