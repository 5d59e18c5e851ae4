//! Evidence in its three forms. Each is the same bytes for the same entries.

use anyhow::Context as _;
use deputize_broker::audit::ocsf::Sealed;
use deputize_broker::audit::{AuditEvent, ExportFormat};
use deputize_ledger::{Entry, Origin};
use serde_json::{Value, json};

/// The columns of a table.
const COLUMNS: [&str; 12] = [
    "log",
    "sequence",
    "recorded_at",
    "at",
    "id",
    "event",
    "role",
    "identity",
    "agent",
    "lease",
    "credential",
    "details",
];

pub(super) fn render(format: ExportFormat, entries: &[(Origin, Entry)]) -> anyhow::Result<Vec<u8>> {
    match format {
        ExportFormat::Csv => table(entries),
        ExportFormat::Json => lines(entries.iter().map(|(log, entry)| sealed(log, entry))),
        ExportFormat::Ocsf => lines(entries.iter().map(|(log, entry)| ocsf(log, entry))),
    }
}

/// Whether evidence says what it is meant to say. Another version of this program says so in events of OCSF.
pub(super) fn says_the_same(format: ExportFormat, found: &[u8], meant: &[u8]) -> bool {
    let read = |bytes: &[u8]| {
        let mut events: Vec<Value> = serde_json::from_slice(bytes).ok()?;
        for event in &mut events {
            *event.pointer_mut("/metadata/product/version")? = Value::Null;
        }
        Some(events)
    };
    match format {
        ExportFormat::Csv | ExportFormat::Json => found == meant,
        ExportFormat::Ocsf => found == meant || read(found).is_some_and(|found| Some(found) == read(meant)),
    }
}

fn table(entries: &[(Origin, Entry)]) -> anyhow::Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(COLUMNS)?;
    for (log, entry) in entries {
        writer.write_record(row(log, entry).map(cell))?;
    }
    writer.into_inner().context("the table could not be finished")
}

fn row(log: &Origin, entry: &Entry) -> [String; 12] {
    let event = &entry.event;
    let at = |path: &str| event.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned();
    let agent = event.get("agent").or_else(|| event.pointer("/by/agent"));
    let agent = agent.and_then(Value::as_str).unwrap_or_default().to_owned();
    let who = event.pointer("/by/role").or_else(|| event.pointer("/by/actor"));
    let who = who.and_then(Value::as_str).unwrap_or_default().to_owned();
    [
        log.to_string(),
        entry.sequence.to_string(),
        entry.recorded_at.to_string(),
        at("/at"),
        at("/id"),
        at("/event"),
        who,
        at("/by/identity"),
        agent,
        at("/lease"),
        at("/credential"),
        event.to_string(),
    ]
}

/// A cell that no spreadsheet takes for a formula: what looks like the beginning of one is put behind an apostrophe.
fn cell(text: String) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text }
}

fn sealed(log: &Origin, entry: &Entry) -> anyhow::Result<Value> {
    let Entry { sequence, recorded_at, event, personal } = entry;
    let leaf = entry.leaf_hash()?;
    Ok(json!({
        "log": log, "sequence": sequence, "recorded_at": recorded_at, "leaf": leaf, "event": event, "personal": personal,
    }))
}

fn ocsf(log: &Origin, entry: &Entry) -> anyhow::Result<Value> {
    let event: AuditEvent = serde_json::from_value(entry.event.clone())
        .with_context(|| format!("entry {} is of a later version of deputize", entry.sequence))?;
    let (sequence, recorded_at) = (entry.sequence, entry.recorded_at);
    Ok(Sealed { event: &event, origin: log.as_str(), sequence, recorded_at }.ocsf())
}

/// One array, an element in each line.
fn lines(values: impl Iterator<Item = anyhow::Result<Value>>) -> anyhow::Result<Vec<u8>> {
    let lines = values.map(|value| Ok(value?.to_string())).collect::<anyhow::Result<Vec<_>>>()?;
    Ok(format!("[{}{}\n]\n", if lines.is_empty() { "" } else { "\n" }, lines.join(",\n")).into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(sequence: u64, agent: &str) -> (Origin, Entry) {
        let event = json!({
            "id": "01932f6e-2c00-7000-8000-00000000000a", "tenant": "acme", "at": "2026-11-24T02:00:00Z",
            "by": { "actor": "broker" }, "event": "lease_expired", "agent": agent,
            "lease": "01932f6e-2c00-7000-8000-000000000001",
        });
        let recorded_at = "2026-11-24T02:00:01Z".parse().unwrap();
        let log = "deputize.example.com/acme/2026".parse().unwrap();
        (log, Entry { sequence, recorded_at, event, personal: None })
    }

    #[test]
    fn no_cell_of_a_table_begins_as_a_formula_does() {
        for text in ["=HYPERLINK(1)", "+1", "-1", "@SUM(1)", "\t=1", "\r=1"] {
            let bytes = render(ExportFormat::Csv, &[entry(7, text)]).unwrap();
            let mut reader = csv::Reader::from_reader(bytes.as_slice());
            let row = reader.records().next().unwrap().unwrap();
            assert_eq!(row[8], format!("'{text}"));
            assert_eq!((&row[1], &row[5]), ("7", "lease_expired"));
            assert!(row.iter().all(|cell| !cell.starts_with(['=', '+', '-', '@', '\t', '\r'])), "{row:?}");
        }
    }

    #[test]
    fn each_form_has_a_row_for_each_entry() {
        let entries = [entry(1, "devops"), entry(2, "devops")];
        for format in [ExportFormat::Json, ExportFormat::Ocsf] {
            let rows: Vec<Value> = serde_json::from_slice(&render(format, &entries).unwrap()).unwrap();
            assert_eq!(rows.len(), 2, "{format:?}");
        }
        assert_eq!(render(ExportFormat::Json, &[]).unwrap(), b"[\n]\n");
        let text = String::from_utf8(render(ExportFormat::Csv, &entries).unwrap()).unwrap();
        assert_eq!(text.lines().count(), 3, "{text}");
    }

    #[test]
    fn evidence_in_ocsf_may_be_by_another_version_and_say_nothing_else() {
        let meant = render(ExportFormat::Ocsf, &[entry(1, "devops")]).unwrap();
        let text = String::from_utf8(meant.clone()).unwrap();
        let other =
            text.replace(&format!("\"version\":\"{}\"", env!("CARGO_PKG_VERSION")), "\"version\":\"9.9.9\"");
        assert_ne!(text, other);
        assert!(says_the_same(ExportFormat::Ocsf, other.as_bytes(), &meant));
        let forged = text.replace("devops", "nobody");
        assert!(!says_the_same(ExportFormat::Ocsf, forged.as_bytes(), &meant));
    }
}
