//! How the ledger is kept, as the settings say it.

use serde::Deserialize;
use serde_json::Value;

/// How the ledger is kept.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AuditSettings {
    /// What the names of logs begin with: best a host name of the operator's. It is never changed once a log has begun.
    pub origin: String,
    /// The keys of witnesses whose cosignatures are published: verifier keys of type 4, as `deputize audit witness
    /// --show-key` prints them.
    pub witnesses: Vec<String>,
    /// The NATS server that is told of each entry, where there is one. Only who tells it reads this.
    pub nats: Option<Value>,
    /// For how long files in a bucket cannot be removed, where they are kept in one. Only who writes them reads this.
    pub retention: Option<Value>,
}

impl Default for AuditSettings {
    fn default() -> Self {
        Self { origin: "deputize".to_owned(), witnesses: Vec::new(), nats: None, retention: None }
    }
}
