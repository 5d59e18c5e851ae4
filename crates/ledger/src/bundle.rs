//! Bundles of entries (c2sp.org/tlog-tiles): each entry after its length, in two bytes of big-endian.

use thiserror::Error;

use crate::ENTRY_LIMIT;

/// An entry is larger than a bundle can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("an entry of {0} bytes is larger than {ENTRY_LIMIT}")]
pub struct EntryTooLarge(pub usize);

/// The bytes end within an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the bundle is cut within its entry {entry}")]
pub struct Cut {
    /// Which of the bundle's entries, from zero.
    pub entry: usize,
}

/// The bytes of a bundle of these entries.
pub fn encode<E: AsRef<[u8]>>(entries: impl IntoIterator<Item = E>) -> Result<Vec<u8>, EntryTooLarge> {
    let mut bundle = Vec::new();
    for entry in entries {
        let entry = entry.as_ref();
        let length = u16::try_from(entry.len()).map_err(|_| EntryTooLarge(entry.len()))?;
        bundle.extend_from_slice(&length.to_be_bytes());
        bundle.extend_from_slice(entry);
    }
    Ok(bundle)
}

/// The entries of a bundle. How many there must be says the name of its file.
pub fn decode(bytes: &[u8]) -> Result<Vec<&[u8]>, Cut> {
    entries(bytes).collect()
}

/// The entries of a bundle one by one, up to where it is cut.
pub(crate) fn entries(bytes: &[u8]) -> impl Iterator<Item = Result<&[u8], Cut>> {
    let mut rest = Some(bytes);
    let mut entry = 0;
    std::iter::from_fn(move || {
        let bytes = rest.take().filter(|bytes| !bytes.is_empty())?;
        let Some((found, after)) = split(bytes) else { return Some(Err(Cut { entry })) };
        rest = Some(after);
        entry += 1;
        Some(Ok(found))
    })
}

/// The first entry, and what comes after it.
fn split(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<2>()?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))
}
