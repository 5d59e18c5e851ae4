//! A connection to the servers, and how it is known that they have taken a message.

use std::collections::BTreeSet;
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
    /// There is no answer, and the servers objected to something: mostly to the subject. Their words are in the log.
    #[error("nats objects: the account may have to be allowed to publish on the subject, or to listen to it")]
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
                    counted.fetch_add(1, Ordering::Relaxed);
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
        let objections = self.objections.load(Ordering::Relaxed);
        match timeout(BOUND, sending).await {
            Ok(sent) => sent,
            Err(_) if self.objections.load(Ordering::Relaxed) != objections => Err(NatsFailure::Objected),
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

    /// Without a stream nobody acknowledges, and flushing says only that bytes have left this machine. So this listens
    /// too: what comes back, a server has taken and handed to whoever listened.
    async fn send_to_listeners(&self, publications: &[Publication]) -> Result<(), NatsFailure> {
        let listening = self.client.subscribe(self.subject.clone()).await;
        let mut echoes = listening.map_err(|_| NatsFailure::Closed)?;
        let mut missing = BTreeSet::new();
        for publication in publications {
            let (headers, payload) = message(publication);
            let sent = self.client.publish_with_headers(self.subject.clone(), headers, payload.into()).await;
            sent.map_err(NatsFailure::Publish)?;
            missing.insert(publication.id.to_string());
        }
        while !missing.is_empty() {
            let echo = echoes.next().await.ok_or(NatsFailure::Closed)?;
            if let Some(id) = echo.headers.as_ref().and_then(|headers| headers.get(NATS_MESSAGE_ID)) {
                missing.remove(id.as_str());
            }
        }
        Ok(())
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
