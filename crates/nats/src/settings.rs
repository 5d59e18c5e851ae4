//! Which servers, which subject, and how it is known that a message arrived.

use std::net::IpAddr;
use std::path::PathBuf;

use async_nats::ServerAddr;
use serde::Deserialize;
use thiserror::Error;

use crate::credentials::Credentials;

/// The subject where settings name none.
const SUBJECT: &str = "security.audit.credentials";

/// Why settings are none.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum InvalidNatsSettings {
    /// There is no server.
    #[error("there is no server")]
    NoServer,
    /// The text, which is not repeated here, is no server's address.
    #[error("server {0} is not written nats://HOST:PORT or tls://HOST:PORT, without credentials")]
    Server(usize),
    /// Nothing can be published there.
    #[error("{0:?} is no subject: tokens with dots between them, without spaces and wildcards")]
    Subject(String),
}

/// How the ledger's entries are published, as settings write it:
///
/// ```json
/// { "servers": ["tls://nats.example.com"], "jetstream": true, "credentials": { "creds": { "file": "/run/nats.creds" } } }
/// ```
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NatsSettings {
    /// The servers of one cluster.
    pub servers: Servers,
    /// Where entries are published.
    #[serde(default)]
    pub subject: Subject,
    /// Whether a stream takes the subject: its acknowledgement is waited for, by which an entry is stored. Without one
    /// the broker listens to the subject too, and waits for what it sent: whoever listened then has it, and nobody else.
    #[serde(default)]
    pub jetstream: bool,
    /// As whom. `None`: as anybody.
    #[serde(default)]
    pub credentials: Option<Credentials>,
    /// How the connection is encrypted.
    #[serde(default)]
    pub tls: Tls,
}

impl NatsSettings {
    /// Whether nothing is sent before the connection is encrypted: where settings say so, and where a secret would be
    /// sent to another machine.
    pub(crate) fn requires_tls(&self) -> bool {
        let sends_a_secret = self.credentials.as_ref().is_some_and(Credentials::are_sent);
        self.tls.required || (sends_a_secret && !self.servers.0.iter().all(is_this_machine))
    }
}

fn is_this_machine(server: &ServerAddr) -> bool {
    let host = server.host();
    host == "localhost" || host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

/// Addresses of servers: `nats://HOST:PORT`, or `tls://HOST:PORT` where the connection must be encrypted.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Vec<String>")]
pub struct Servers(pub(crate) Vec<ServerAddr>);

impl TryFrom<Vec<String>> for Servers {
    type Error = InvalidNatsSettings;

    fn try_from(texts: Vec<String>) -> Result<Self, InvalidNatsSettings> {
        let read = |(number, text): (usize, &String)| {
            let server: Option<ServerAddr> = text.parse().ok();
            // What stands in an address is logged.
            let sound = |server: &ServerAddr| {
                matches!(server.scheme(), "nats" | "tls") && !text.contains('@') && !server.host().is_empty()
            };
            server.filter(sound).ok_or(InvalidNatsSettings::Server(number + 1))
        };
        let servers: Vec<_> = texts.iter().enumerate().map(read).collect::<Result<_, _>>()?;
        if servers.is_empty() { Err(InvalidNatsSettings::NoServer) } else { Ok(Self(servers)) }
    }
}

/// A subject to publish on.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Subject(String);

impl Subject {
    /// As it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Subject {
    fn default() -> Self {
        Self(SUBJECT.to_owned())
    }
}

impl TryFrom<String> for Subject {
    type Error = InvalidNatsSettings;

    fn try_from(text: String) -> Result<Self, InvalidNatsSettings> {
        let is_token = |token: &str| {
            !token.is_empty() && token.chars().all(|c| c.is_ascii_graphic() && !matches!(c, '*' | '>'))
        };
        let sound = text.len() <= 255 && !text.starts_with('$') && text.split('.').all(is_token);
        if sound { Ok(Self(text)) } else { Err(InvalidNatsSettings::Subject(text)) }
    }
}

/// How the connection is encrypted. Files are of PEM.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// Whether it has to be, also where an address does not say so.
    #[serde(default)]
    pub required: bool,
    /// Who vouches for the servers. `None`: whom the operating system trusts.
    #[serde(default)]
    pub roots: Option<PathBuf>,
    /// With what the servers are shown who this is.
    #[serde(default)]
    pub client: Option<ClientCertificate>,
}

/// A certificate, and the private key to it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientCertificate {
    /// The file of the certificate, and of those that vouch for it.
    pub certificate: PathBuf,
    /// The file of its private key.
    pub key: PathBuf,
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn settings(value: Value) -> Result<NatsSettings, serde_json::Error> {
        serde_json::from_value(value)
    }

    #[test]
    fn settings_name_servers_and_the_rest_follows() {
        let settings = settings(json!({ "servers": ["nats://a:4222", "tls://b", "c"] })).unwrap();
        assert_eq!(settings.subject.as_str(), "security.audit.credentials");
        assert!(!settings.jetstream && settings.credentials.is_none() && !settings.requires_tls());
        let ports: Vec<_> = settings.servers.0.iter().map(ServerAddr::port).collect();
        assert_eq!(ports, [4222, 4222, 4222]);
    }

    #[test]
    fn an_address_with_credentials_is_refused_and_not_repeated() {
        for server in
            ["nats://me:canary@a", "nats://canary@a", "ws://canary", "https://canary", "nats://", ""]
        {
            let error = settings(json!({ "servers": ["nats://a", server] })).unwrap_err().to_string();
            assert!(error.contains("server 2") && !error.contains("canary"), "{error}");
        }
        assert!(settings(json!({ "servers": [] })).is_err());
        assert!(settings(json!({ "servers": ["a"], "token": "canary" })).is_err());
    }

    #[test]
    fn a_subject_has_no_wildcards() {
        for subject in ["", ".", "a.", ".a", "a..b", "a.*", "a.>", "a b", "$SYS.a", "a\r\nPUB b"] {
            assert!(Subject::try_from(subject.to_owned()).is_err(), "{subject}");
        }
        assert!(Subject::try_from("acme.audit-1".to_owned()).is_ok());
    }

    #[test]
    fn a_secret_is_sent_to_another_machine_only_where_nobody_can_read_it() {
        let kept = json!({ "file": "/run/secret" });
        let token = json!({ "token": kept });
        let password = json!({ "password": { "user": "broker", "password": kept } });
        // Those sign what the server asks, and are never sent.
        let (nkey, creds) = (json!({ "nkey": kept }), json!({ "creds": kept }));
        for (servers, credentials, required) in [
            (json!(["nats://nats.example.com"]), &token, true),
            (json!(["nats://nats.example.com"]), &password, true),
            (json!(["nats://127.0.0.1", "nats://nats.example.com"]), &token, true),
            (json!(["nats://127.0.0.1", "nats://localhost:1"]), &token, false),
            (json!(["nats://nats.example.com"]), &nkey, false),
            (json!(["nats://nats.example.com"]), &creds, false),
        ] {
            let settings = settings(json!({ "servers": servers, "credentials": credentials })).unwrap();
            assert_eq!(settings.requires_tls(), required, "{settings:?}");
        }
    }
}
