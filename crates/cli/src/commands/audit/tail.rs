//! `deputize audit tail`: what happened last.

use std::process::ExitCode;
use std::thread::sleep;
use std::time::Duration;

use clap::{Args, ValueEnum};
use form_urlencoded::Serializer;
use serde::Deserialize;
use serde_json::Value;
use ureq::http::Method;

use crate::client::Client;
use crate::output;

/// How often is asked for what is new.
const PAUSE: Duration = Duration::from_secs(1);

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Go on with what happens.
    #[arg(long, short)]
    follow: bool,
    /// How many entries to begin with.
    #[arg(long, short = 'n', value_name = "COUNT", default_value_t = 20)]
    lines: usize,
    /// Only events of these kinds, with commas between, such as credential_issued.
    #[arg(long, value_delimiter = ',')]
    kind: Vec<String>,
    /// Only those that tell of this agent.
    #[arg(long)]
    agent: Option<String>,
    /// Only those that tell of this lease.
    #[arg(long)]
    lease: Option<String>,
    /// Only those that tell of this stored credential.
    #[arg(long)]
    credential: Option<String>,
    /// Only those that happened at this time or later.
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Only those that happened before this time.
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
    /// A line for each entry, to be read or as JSON.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
}

#[derive(Deserialize)]
struct Page {
    entries: Vec<Value>,
    next: Option<String>,
}

/// An entry's place: year and number.
type Place = (i64, u64);

pub(super) fn run(client: &Client, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let mut entries = newest(client, arguments, None, arguments.lines)?;
    let mut seen: Option<Place> = None;
    loop {
        entries.reverse();
        for entry in &entries {
            seen = place(entry).max(seen);
            output::line(match arguments.format {
                Format::Json => entry.to_string(),
                Format::Text => line(entry),
            })?;
        }
        if !arguments.follow {
            return Ok(ExitCode::SUCCESS);
        }
        sleep(PAUSE);
        entries = newest(client, arguments, seen, usize::MAX)?;
    }
}

/// The newest entries, at most `most`, as far back as to `seen`.
fn newest(
    client: &Client,
    arguments: &Arguments,
    seen: Option<Place>,
    most: usize,
) -> anyhow::Result<Vec<Value>> {
    let mut entries = Vec::new();
    let mut cursor: Option<String> = None;
    while entries.len() < most {
        let page: Page =
            serde_json::from_str(&client.send(request(client, arguments, cursor.as_deref())?)?.text)?;
        for entry in page.entries {
            if seen.is_some() && place(&entry) <= seen {
                return Ok(entries);
            }
            if entries.len() < most {
                entries.push(entry);
            }
        }
        // A broker that names the same page again would never come to an end; and when nothing was there before, all
        // that is new is on the first pages.
        if page.next.is_none() || page.next == cursor || is_before(page.next.as_deref(), seen) {
            break;
        }
        cursor = page.next;
    }
    Ok(entries)
}

/// Whether a cursor goes on with what was seen.
fn is_before(cursor: Option<&str>, seen: Option<Place>) -> bool {
    let (Some(cursor), Some((year, sequence))) = (cursor, seen) else { return false };
    let (of, before) = cursor.split_once(':').unwrap_or((cursor, ""));
    let of = of.parse::<i64>().unwrap_or(i64::MAX);
    of < year || (of == year && before.parse::<u64>().is_ok_and(|before| before <= sequence + 1))
}

fn request(
    client: &Client,
    arguments: &Arguments,
    cursor: Option<&str>,
) -> anyhow::Result<ureq::http::Request<()>> {
    let Arguments { kind, agent, lease, credential, from, to, .. } = arguments;
    let kinds = (!kind.is_empty()).then(|| kind.join(","));
    let mut query = Serializer::new(String::from("/v1/audit/entries?"));
    let pairs = [
        ("kind", kinds.as_deref()),
        ("agent", agent.as_deref()),
        ("lease", lease.as_deref()),
        ("credential", credential.as_deref()),
        ("from", from.as_deref()),
        ("to", to.as_deref()),
        ("cursor", cursor),
        ("limit", Some("100")),
    ];
    query.extend_pairs(pairs.into_iter().filter_map(|(name, value)| Some((name, value?))));
    Ok(client.request(Method::GET, &query.finish())?.body(())?)
}

fn place(entry: &Value) -> Option<Place> {
    Some((entry.get("year")?.as_i64()?, entry.get("sequence")?.as_u64()?))
}

/// Place, time, what, who, and of what.
fn line(entry: &Value) -> String {
    let event = entry.get("event").unwrap_or(&Value::Null);
    let text = |name: &str| event.get(name).and_then(Value::as_str);
    let sequence = entry.get("sequence").and_then(Value::as_u64).unwrap_or_default();
    let by = event.get("by").unwrap_or(&Value::Null);
    let of = |name: &str| by.get(name).and_then(Value::as_str);
    let who = entry.pointer("/personal/identity").and_then(Value::as_str).or_else(|| of("identity"));
    let mut line = format!(
        "{sequence:>8}  {}  {:<24}  {}",
        text("at").unwrap_or("-"),
        text("event").unwrap_or("-"),
        who.or_else(|| of("actor")).unwrap_or("-")
    );
    for name in ["agent", "lease", "credential", "code", "control", "subject", "id"] {
        if let Some(value) = text(name) {
            line += &format!("  {name}={value}");
        }
    }
    plain(&line)
}

/// What a caller has put into an event must not move a terminal's cursor.
fn plain(line: &str) -> String {
    line.chars().map(|each| if each.is_control() { '\u{fffd}' } else { each }).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_line_names_the_person_where_it_is_known_and_hides_what_moves_a_terminal() {
        let event = json!({
            "id": "one", "at": "2026-01-01T00:00:00Z", "event": "usage_reported", "agent": "de\u{1b}vops",
            "by": { "actor": "caller", "role": "agent", "agent": "devops", "identity": "subject:7" },
        });
        let mut entry = json!({ "year": 2026, "sequence": 4, "event": event });
        assert!(
            line(&entry).contains("usage_reported            subject:7  agent=de\u{fffd}vops"),
            "{}",
            line(&entry)
        );
        entry["personal"] = json!({ "identity": "token:00ff" });
        assert!(line(&entry).contains("  token:00ff  "));
    }

    #[test]
    fn following_stops_at_what_was_seen() {
        let seen = Some((2026, 10));
        for (cursor, is) in [("2026:11", true), ("2026:12", false), ("2025", true), ("2027:0", false)] {
            assert_eq!(is_before(Some(cursor), seen), is, "{cursor}");
        }
    }
}
