//! Which key signs, which are published, and when the next one is made: a function of the time and of the keys.
//!
//! ```text
//! key 1   made, signs ────────────────┤ published until its tokens have ended ├
//! key 2                  made ├ ahead ┤ signs ───────────────────────────…
//! ```
//!
//! Relying parties keep the key set for as long as its `Cache-Control` lets them, and none says for how much longer. So a
//! key is published a day before it signs, although the set may be kept for an hour. The first key alone signs at once:
//! nobody can have kept a set without it.

use deputize_scope::Seconds;
use jiff::{SignedDuration, Timestamp};
use thiserror::Error;

use crate::ports::signing::{KeyId, NewKey, SigningKey};

/// How far clocks of relying parties may be behind: five minutes is what Microsoft takes.
const CLOCKS: Seconds = Seconds::new(300);

/// How long tokens may live: what STS allows for those that it signs itself.
const LIFETIMES: std::ops::RangeInclusive<Seconds> = Seconds::new(60)..=Seconds::new(3_600);

/// The times of keys and tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    lifetime: Seconds,
    max_age: Seconds,
    ahead: Seconds,
    period: Seconds,
}

impl Default for Schedule {
    /// Tokens live for five minutes; the key set may be kept for an hour; a key signs for thirty days, and is published a
    /// day before.
    fn default() -> Self {
        let [lifetime, max_age, ahead, period] = [300, 3_600, 86_400, 30 * 86_400].map(Seconds::new);
        Self { lifetime, max_age, ahead, period }
    }
}

/// Times that do not go together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum InvalidSchedule {
    /// Too short to be used, or longer than any cloud wants.
    #[error("an identity token lives for 60 to 3600 seconds")]
    Lifetime,
    /// Somebody would meet a signature of a key that their copy of the key set lacks.
    #[error("a key has to be published for longer before it signs than the key set may be kept")]
    Ahead,
    /// There would be ever more keys.
    #[error(
        "a key has to sign for longer than the next one is published ahead and its predecessor's tokens live"
    )]
    Period,
}

/// What the keys are to be used for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The key that signs; none where there is no key.
    pub signing: Option<KeyId>,
    /// The keys that are published, those that sign earlier first: the one that signs, the next one, and those whose
    /// tokens may not have ended.
    pub published: Vec<SigningKey>,
    /// The key that is to be made now.
    pub due: Option<NewKey>,
    /// When the plan will be another, by time alone.
    pub changes_at: Option<Timestamp>,
}

impl Schedule {
    /// A schedule of tokens that live for `lifetime`, of a key set that may be kept for `max_age`, and of keys that sign
    /// for `period`, published `ahead`.
    pub fn new(
        lifetime: Seconds,
        max_age: Seconds,
        ahead: Seconds,
        period: Seconds,
    ) -> Result<Self, InvalidSchedule> {
        if !LIFETIMES.contains(&lifetime) {
            return Err(InvalidSchedule::Lifetime);
        }
        if ahead <= max_age {
            return Err(InvalidSchedule::Ahead);
        }
        let least = [ahead, lifetime, CLOCKS].into_iter().map(|part| u64::from(part.get())).sum();
        if u64::from(period.get()) <= least {
            return Err(InvalidSchedule::Period);
        }
        Ok(Self { lifetime, max_age, ahead, period })
    }

    /// How long a token lives.
    pub fn lifetime(&self) -> Seconds {
        self.lifetime
    }

    /// How long the key set may be kept.
    pub fn max_age(&self) -> Seconds {
        self.max_age
    }

    /// How long a key is published before it signs.
    pub fn ahead(&self) -> Seconds {
        self.ahead
    }

    /// What is to be done with these keys now, in whichever order they are.
    pub fn plan(&self, keys: &[SigningKey], now: Timestamp) -> Plan {
        let mut keys = keys.to_vec();
        keys.sort_by(|a, b| (a.signs_from, a.public.id()).cmp(&(b.signs_from, b.public.id())));
        // A clock that is behind the first key's time is no reason to sign nothing.
        let signing = keys.iter().rfind(|key| key.signs_from <= now).or(keys.first());
        let signing = signing.map(|key| key.public.id().clone());

        let ends: Vec<Option<Timestamp>> =
            keys.iter().skip(1).map(|next| Some(self.forgotten_after(next))).chain([None]).collect();
        let (published, ended): (Vec<_>, Vec<_>) =
            keys.iter().zip(&ends).partition(|(_, end)| end.is_none_or(|end| now < end));
        let published: Vec<SigningKey> = published.into_iter().map(|(key, _)| key.clone()).collect();
        let ended: Vec<KeyId> = ended.into_iter().map(|(key, _)| key.public.id().clone()).collect();

        let last = keys.last();
        let due_at = last.map(|last| self.successor_due(last));
        let due = due_at.is_none_or(|at| at <= now).then(|| NewKey {
            after: last.map(|last| last.public.id().clone()),
            signs_from: last.map_or(now, |_| later(now, self.ahead)),
            ended,
        });
        let times = keys.iter().map(|key| key.signs_from).chain(ends.into_iter().flatten()).chain(due_at);
        Plan { signing, published, due, changes_at: times.filter(|time| *time > now).min() }
    }

    /// When nobody can hold a token any more that was signed before this key began to.
    fn forgotten_after(&self, next: &SigningKey) -> Timestamp {
        later(later(next.signs_from, self.lifetime), CLOCKS)
    }

    /// When the key after this one is made: in time to be published ahead.
    fn successor_due(&self, last: &SigningKey) -> Timestamp {
        // Longer than what is taken off: `new` saw to it.
        let alone = Seconds::new(self.period.get().saturating_sub(self.ahead.get()));
        later(last.signs_from, alone)
    }
}

fn later(time: Timestamp, by: Seconds) -> Timestamp {
    time.saturating_add(SignedDuration::from_secs(by.get().into())).unwrap_or(Timestamp::MAX)
}
