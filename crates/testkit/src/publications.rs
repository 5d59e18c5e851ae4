//! Entries of a ledger on their way to monitoring.

use std::ops::Range;

use deputize_broker::audit::EventId;
use deputize_broker::ports::ledger::Publication;
use serde_json::json;

/// Entries with these sequence numbers, each with an id of its own that follows from its number.
pub fn publications(sequence: Range<u32>) -> Vec<Publication> {
    sequence.map(|number| publication(number, 0)).collect()
}

/// The entry of this number, with so many bytes in it that tell nothing.
pub fn publication(number: u32, padding: usize) -> Publication {
    let id = event_id(number);
    let cloud_event = json!({
        "specversion": "1.0",
        "id": id.to_string(),
        "source": "https://log.example.com/acme/2026",
        "type": "credential_issued",
        "datacontenttype": "application/json",
        "data": { "metadata": { "sequence": number, "log_name": "x".repeat(padding) } },
    });
    Publication { id, kind: "credential_issued", cloud_event }
}

#[expect(clippy::unwrap_used, reason = "it is a UUID")]
fn event_id(number: u32) -> EventId {
    let uuid = format!("019a0000-0000-7000-8000-{number:012x}");
    serde_json::from_value(uuid.into()).unwrap()
}
