//! Looking for entries, and proving them.

use std::fmt;
use std::str::FromStr;

use std::collections::BTreeMap;

use axum::Json;
use deputize_broker::audit::Kind;
use deputize_broker::audit::PersonalField;
use deputize_broker::ledger::{Disclosed, EntryFilter, FoundEntry, LedgerReader};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::{Auditor, SOON, event_id};
use crate::body::{InPath, InQuery, invalid, page_limit};
use crate::problem::{Code, Problem, ProblemBody};

/// Which entries.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Query {
    /// The kinds of events, with commas between; none for all.
    kind: Option<String>,
    /// The agent that they tell of.
    agent: Option<String>,
    /// The lease.
    lease: Option<String>,
    /// The stored credential.
    credential: Option<String>,
    /// Those that happened at this time or later.
    #[param(format = DateTime)]
    from: Option<String>,
    /// Those that happened before this time.
    #[param(format = DateTime)]
    to: Option<String>,
    /// Those of this year's log alone; otherwise the current log is gone through, and then those before it.
    year: Option<i16>,
    /// Where the page before said to go on.
    cursor: Option<String>,
    /// How many at most: from 1 to 100, 50 where it is not said.
    limit: Option<u32>,
}

/// A page of entries.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditEntries)]
pub(crate) struct PageBody {
    /// The newest first.
    entries: Vec<EntryBody>,
    /// Where to go on. A page may be short, or empty, and still say so: then that much of the log was looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// An entry of the ledger.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditEntry)]
pub(crate) struct EntryBody {
    /// The year of its log.
    year: i16,
    /// Its place there, from 0.
    sequence: u64,
    /// When it was sealed.
    #[schema(format = DateTime)]
    recorded_at: String,
    /// What happened, as it is sealed; docs/events.md tells of each kind.
    #[schema(value_type = Object)]
    event: Value,
    /// By what the entry calls the person that it tells of, where it tells of one.
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
    /// What is known of that person; absent where there is none, or where it was erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    personal: Option<BTreeMap<PersonalField, Value>>,
    /// With which `personal` is committed to in the entry: SHA-256 of these bytes, in hexadecimal digits here, and of the
    /// canonical JSON of `personal` is the commitment's hash.
    #[serde(skip_serializing_if = "Option::is_none")]
    salt: Option<String>,
    /// The hash of its leaf (RFC 6962), in base64.
    leaf: String,
}

/// What proves that a log holds an entry.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditProof)]
pub(crate) struct ProofBody {
    /// The entry's canonical JSON (RFC 8785): the very bytes that the leaf is the hash of.
    entry: String,
    /// Its way to the root: `sequence`, `size`, and `hashes` from the leaf's neighbour up, in base64.
    #[schema(value_type = Object)]
    proof: deputize_ledger::InclusionProof,
    /// The checkpoint that the way leads to, as a signed note (c2sp.org/tlog-checkpoint).
    checkpoint: String,
    /// The key of the log, as the broker tells it (c2sp.org/signed-note). Have it from somewhere else.
    key: String,
}

impl From<FoundEntry> for EntryBody {
    fn from(found: FoundEntry) -> Self {
        let leaf = found.leaf().to_string();
        let FoundEntry { year, entry, personal, .. } = found;
        let (salt, personal) = personal.map(|Disclosed { salt, fields }| (hex::encode(salt), fields)).unzip();
        Self {
            year,
            sequence: entry.sequence,
            recorded_at: entry.recorded_at.to_string(),
            event: entry.event,
            subject: entry.personal.map(|commitment| commitment.subject),
            personal,
            salt,
            leaf,
        }
    }
}

/// Where to go on: before an entry of a year's log, or from that log's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cursor {
    year: i16,
    before: Option<u64>,
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.before {
            Some(before) => write!(f, "{}:{before}", self.year),
            None => write!(f, "{}", self.year),
        }
    }
}

impl FromStr for Cursor {
    type Err = Problem;

    fn from_str(text: &str) -> Result<Self, Problem> {
        let read = || match text.split_once(':') {
            Some((year, before)) => {
                Some(Self { year: year.parse().ok()?, before: Some(before.parse().ok()?) })
            }
            None => Some(Self { year: text.parse().ok()?, before: None }),
        };
        read().ok_or_else(|| invalid("cursor: not one that was given out here"))
    }
}

impl Query {
    fn filter(&self) -> Result<EntryFilter, Problem> {
        let kinds = self.kind.as_deref().unwrap_or_default().split(',').filter(|kind| !kind.is_empty());
        let kinds = kinds.map(|kind| kind.trim().parse::<Kind>().map(|kind| kind.name().to_owned()));
        let time = |name: &str, text: &Option<String>| {
            let time = text.as_deref().map(str::parse::<Timestamp>).transpose();
            time.map_err(|_| invalid(format!("{name}: a time as in RFC 3339, such as 2026-01-31T00:00:00Z")))
        };
        Ok(EntryFilter {
            kinds: kinds.collect::<Result<_, _>>().map_err(|error| invalid(format!("kind: {error}")))?,
            agent: self.agent.clone(),
            lease: self.lease.clone(),
            credential: self.credential.clone(),
            from: time("from", &self.from)?,
            to: time("to", &self.to)?,
        })
    }
}

/// Lists entries, newest first. For auditors and admins.
#[utoipa::path(
    get, path = "/v1/audit/entries", tag = "audit", params(Query),
    responses(
        (status = 200, body = PageBody, description = "A page"),
        (status = "default", body = ProblemBody, content_type = "application/problem+json",
            description = "A problem"),
    ),
)]
pub(crate) async fn search(
    auditor: Auditor,
    InQuery(query): InQuery<Query>,
) -> Result<Json<PageBody>, Problem> {
    let limit = usize::try_from(page_limit(query.limit)?).unwrap_or(usize::MAX);
    let filter = query.filter()?;
    let cursor = query.cursor.as_deref().map(str::parse::<Cursor>).transpose()?;
    let reader = auditor.reader();
    let start = match (cursor, query.year) {
        (Some(cursor), None) => Some(cursor),
        (Some(cursor), Some(year)) if cursor.year == year => Some(cursor),
        (Some(_), Some(_)) => return Err(invalid("cursor: of another year than is asked for")),
        (None, Some(year)) => Some(Cursor { year, before: None }),
        (None, None) => reader.current().await?.map(|year| Cursor { year, before: None }),
    };
    let Some(Cursor { year, before }) = start else {
        return Ok(Json(PageBody { entries: Vec::new(), next: None }));
    };
    let page = reader.search(year, &filter, before, limit).await?;
    let next = match page.next {
        Some(before) => Some(Cursor { year, before: Some(before) }),
        None if query.year.is_some() => None,
        None => earlier(reader, year, &filter).await?,
    };
    let entries = page.entries.into_iter().map(EntryBody::from).collect();
    Ok(Json(PageBody { entries, next: next.map(|next| next.to_string()) }))
}

/// The end of the log before, where something in it may have happened late enough.
async fn earlier(reader: &LedgerReader, year: i16, filter: &EntryFilter) -> Result<Option<Cursor>, Problem> {
    // A log begins in its year: whatever the one before holds was recorded before that log's end.
    let begins = jiff::civil::Date::new(year, 1, 1).ok().and_then(|day| {
        let midnight = day.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
        Some(midnight.timestamp())
    });
    // The log before is closed a little after midnight.
    let late = begins.and_then(|begins| begins.checked_add(jiff::SignedDuration::from_hours(24)).ok());
    if filter.from.is_some_and(|from| late.is_some_and(|late| from > late)) {
        return Ok(None);
    }
    Ok(reader.former(year).await?.map(|year| Cursor { year, before: None }))
}

/// One entry, by its event's name. An event that still waits to be sealed: `not_sealed`, with Retry-After. For auditors
/// and admins.
#[utoipa::path(
    get, path = "/v1/audit/entries/{id}", tag = "audit",
    params(("id" = String, Path, description = "The event's name")),
    responses(
        (status = 200, body = EntryBody, description = "The entry"),
        (status = "default", body = ProblemBody, content_type = "application/problem+json",
            description = "A problem"),
    ),
)]
pub(crate) async fn show(InPath(id): InPath<String>, auditor: Auditor) -> Result<Json<EntryBody>, Problem> {
    let id = event_id(&id)?;
    match auditor.reader().entry(id).await? {
        Some(found) => Ok(Json(found.into())),
        None => Err(absent(auditor.reader(), id).await?),
    }
}

/// One entry with what proves that the log holds it; all that `deputize audit verify --proof` needs beside the key. For
/// auditors and admins.
#[utoipa::path(
    get, path = "/v1/audit/entries/{id}/proof", tag = "audit",
    params(("id" = String, Path, description = "The event's name")),
    responses(
        (status = 200, body = ProofBody, description = "The entry and its proof"),
        (status = "default", body = ProblemBody, content_type = "application/problem+json",
            description = "A problem"),
    ),
)]
pub(crate) async fn prove(InPath(id): InPath<String>, auditor: Auditor) -> Result<Json<ProofBody>, Problem> {
    let id = event_id(&id)?;
    let Some(proven) = auditor.reader().prove(id).await? else {
        return Err(absent(auditor.reader(), id).await?);
    };
    Ok(Json(ProofBody {
        // It was read as JSON, so that it is text.
        entry: String::from_utf8_lossy(&proven.found.bytes).into_owned(),
        proof: proven.proof,
        checkpoint: proven.checkpoint.to_string(),
        key: proven.key.to_string(),
    }))
}

/// Why there is no entry: it is yet to come, or there is no such event.
async fn absent(reader: &LedgerReader, id: deputize_broker::audit::EventId) -> Result<Problem, Problem> {
    Ok(if reader.is_waiting(id).await? {
        Problem::new(Code::NotSealed, "the event is recorded, and waits to be sealed").retry_after(SOON)
    } else {
        Problem::new(Code::NotFound, "no such event")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_was_given_out() {
        for text in ["2026", "2026:0", "2025:123456"] {
            assert_eq!(text.parse::<Cursor>().unwrap().to_string(), text);
        }
        for text in ["", ":", "2026:", "x", "2026:-1", "2026:1:2"] {
            assert!(text.parse::<Cursor>().is_err(), "{text}");
        }
    }
}
