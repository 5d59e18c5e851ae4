//! What the table's stream says of the outbox.

use deputize_broker::ledger::OutboxChange;
use deputize_scope::TenantId;

use crate::item::sha256;
use crate::table::{OUTBOX_SHARDS, outbox_partition};

/// What became of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowChange {
    /// It is new.
    Inserted,
    /// It is another.
    Modified,
    /// It is gone.
    Removed,
}

/// Reads a record of the stream, which has both images: the row's key, and its attributes before and after, as texts.
/// None where it is not about the outbox of this tenant.
pub fn outbox_change(
    tenant: &TenantId,
    change: RowChange,
    (pk, sk): (&str, &str),
    before: impl Fn(&str) -> Option<String>,
    after: impl Fn(&str) -> Option<String>,
) -> Option<OutboxChange> {
    (0..OUTBOX_SHARDS).find(|shard| outbox_partition(tenant, *shard) == pk)?;
    // Of what is there, not of what is said beside it: whoever changes the one may leave the other.
    let hash = |event: Option<String>| sha256(event.unwrap_or_default().as_bytes());
    let name = sk.to_owned();
    Some(match change {
        RowChange::Inserted => OutboxChange::Written,
        RowChange::Modified => {
            OutboxChange::Modified { name, before: hash(before("event")), after: hash(after("event")) }
        }
        RowChange::Removed => OutboxChange::Removed { name, sha256: hash(before("event")) },
    })
}
