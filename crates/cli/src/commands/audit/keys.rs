//! The keys that logs are verified by: given by the auditor, or else told by the very place that the log is from.

use anyhow::bail;
use deputize_ledger::{Origin, VerifierKey};

/// What `--key` gave.
#[derive(Clone, Debug, Default)]
pub(super) struct Keys<'a>(pub(super) &'a [VerifierKey]);

impl Keys<'_> {
    /// The key of a log. A key that was given for one year's log is that of the other years' as well.
    pub(super) fn of(&self, log: &Origin, told: Option<&VerifierKey>) -> anyhow::Result<VerifierKey> {
        if self.0.is_empty() {
            let Some(told) = told else { bail!("there is no key with {log}: give it by --key") };
            return Ok(told.clone());
        }
        let of_its_own = self.0.iter().find(|key| key.name() == log);
        let of_its_series = || self.0.iter().find(|key| series(key.name()) == series(log));
        match of_its_own.or_else(of_its_series) {
            Some(key) => Ok(VerifierKey::new(log.clone(), key.as_bytes())?),
            None => bail!("none of the keys that were given is that of {log}"),
        }
    }

    /// Says loudly what a verification without a key of one's own is worth.
    pub(super) fn warn(&self) {
        if self.0.is_empty() {
            eprintln!(
                "WARNING: the key came from the same place as the log. Whoever can replace one can replace both: this \
                 proves that the log fits together, and not whose it is. Give the key that you have from elsewhere by \
                 --key."
            );
        }
    }
}

/// A log's name without its year.
pub(super) fn series(log: &Origin) -> &str {
    log.as_str().rsplit_once('/').map_or(log.as_str(), |(series, _)| series)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str) -> VerifierKey {
        // The generator of the group is as good a key as any.
        let point = [
            0x58, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66,
            0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66,
        ];
        VerifierKey::new(name.parse().unwrap(), &point).unwrap()
    }

    #[test]
    fn a_key_is_good_for_the_other_years_of_its_tenant_and_for_no_other_tenant() {
        let given = [key("deputize.example.com/acme/2026")];
        let keys = Keys(&given);
        let of = |log: &str| keys.of(&log.parse().unwrap(), None);
        assert_eq!(of("deputize.example.com/acme/2026").unwrap(), given[0]);
        assert_eq!(of("deputize.example.com/acme/2027").unwrap(), key("deputize.example.com/acme/2027"));
        assert!(of("deputize.example.com/other/2026").is_err());
    }

    #[test]
    fn what_the_place_tells_counts_only_where_nothing_was_given() {
        let told = key("deputize.example.com/acme/2026");
        let log = told.name().clone();
        assert_eq!(Keys(&[]).of(&log, Some(&told)).unwrap(), told);
        assert!(Keys(&[]).of(&log, None).is_err());
        assert!(Keys(&[key("elsewhere.example.com/acme/2026")]).of(&log, Some(&told)).is_err());
    }
}
