//! How a provider behaves in time.

use crate::fields::Fields;
use crate::finding::Finding;
use crate::seconds::Seconds;
use crate::syntax::Node;
use crate::value::{Bounds, duration, number};

/// How a provider behaves in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Windows {
    /// How many calls with a new key must succeed in a row.
    pub probes: u8,
    /// The time between them.
    pub between_probes: Seconds,
    /// How long after it was made a key may still fail.
    pub settling: Seconds,
    /// How long agents have to adopt a new key.
    pub adoption: Seconds,
    /// How long a replaced key is kept: disabled where that can be done, working otherwise.
    pub soak: Seconds,
}

impl Default for Windows {
    /// 3 calls, 2 seconds apart; a minute to settle, five minutes to adopt, an hour to soak.
    fn default() -> Self {
        Self {
            probes: 3,
            between_probes: Seconds::new(2),
            settling: Seconds::new(60),
            adoption: Seconds::new(300),
            soak: Seconds::new(3_600),
        }
    }
}

const SHORT: Bounds = Bounds { least: Seconds::new(1), most: Seconds::new(3_600), of: "a connector" };
const LONG: Bounds = Bounds { least: Seconds::new(1), most: Seconds::new(7 * 86_400), of: "a connector" };
/// A key that was copied somewhere nobody thought of shows while it soaks: hence as long as a month.
const SOAK: Bounds = Bounds { least: Seconds::new(0), most: Seconds::new(30 * 86_400), of: "a connector" };

impl Windows {
    pub(super) fn read(node: &Node, findings: &mut Vec<Finding>) -> Option<Self> {
        let mut fields = Fields::of(node, "windows", None, findings)?;
        let default = Self::default();
        let probes = match fields.take("probes") {
            Some(node) => {
                number(node, "probes", 1..=100, findings).and_then(|probes| u8::try_from(probes).ok())
            }
            None => Some(default.probes),
        };
        let mut time = |name, bounds, default| match fields.take(name) {
            Some(node) => duration(node, name, bounds, findings),
            None => Some(default),
        };
        let between_probes = time("between_probes", &SHORT, default.between_probes);
        let settling = time("settling", &LONG, default.settling);
        let adoption = time("adoption", &LONG, default.adoption);
        let soak = time("soak", &SOAK, default.soak);
        fields.finish(findings);
        Some(Self {
            probes: probes?,
            between_probes: between_probes?,
            settling: settling?,
            adoption: adoption?,
            soak: soak?,
        })
    }
}
