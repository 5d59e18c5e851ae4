//! Hashes of leaves and nodes (RFC 6962, section 2.1).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A SHA-256 hash. In text and in JSON it is base64 (RFC 4648, section 4) with padding, as in checkpoints.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Hash(pub [u8; 32]);

/// The text is no hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a hash is 32 bytes in base64")]
pub struct InvalidHash;

impl Hash {
    /// The root of a tree without leaves: the hash of nothing.
    pub const EMPTY_TREE: Self = Self(tlog_tiles::EMPTY_HASH.0);

    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// The hash of a leaf: of a zero byte and what the leaf holds.
pub fn leaf_hash(bytes: &[u8]) -> Hash {
    Hash(tlog_tiles::record_hash(bytes).0)
}

/// The hash of an inner node: of a byte of one and those of its two children.
pub fn node_hash(left: Hash, right: Hash) -> Hash {
    Hash(tlog_tiles::node_hash(tlog_tiles::Hash(left.0), tlog_tiles::Hash(right.0)).0)
}

/// The root over some nodes of one level, from left to right; of the last one, what is below may be incomplete. `None`
/// where there are none.
///
/// Whatever has no right neighbour moves up unchanged: this is the tree of RFC 6962, without its recursion.
pub(crate) fn root_over(nodes: impl IntoIterator<Item = Hash>) -> Option<Hash> {
    let mut nodes: Vec<Hash> = nodes.into_iter().collect();
    while nodes.len() > 1 {
        nodes = nodes
            .chunks(2)
            .filter_map(|pair| match pair {
                [left, right] => Some(node_hash(*left, *right)),
                [single] => Some(*single),
                _ => None,
            })
            .collect();
    }
    nodes.pop()
}

/// The hashes that a tile's bytes hold, or `None` where the last one is cut.
pub(crate) fn hashes_in(bytes: &[u8]) -> Option<Vec<Hash>> {
    let (hashes, rest) = bytes.as_chunks::<32>();
    rest.is_empty().then(|| hashes.iter().copied().map(Hash).collect())
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        tlog_tiles::Hash(self.0).fmt(f)
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Hash {
    type Err = InvalidHash;

    fn from_str(text: &str) -> Result<Self, InvalidHash> {
        tlog_tiles::Hash::parse_hash(text).map(|hash| Self(hash.0)).map_err(|_| InvalidHash)
    }
}

impl TryFrom<String> for Hash {
    type Error = InvalidHash;

    fn try_from(text: String) -> Result<Self, InvalidHash> {
        text.parse()
    }
}

impl From<Hash> for String {
    fn from(hash: Hash) -> Self {
        hash.to_string()
    }
}
