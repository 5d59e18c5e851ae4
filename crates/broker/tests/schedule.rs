//! The times of signing keys, over any schedule and any history of visits, failures included.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use deputize_broker::issuer::{InvalidSchedule, Schedule};
use deputize_broker::ports::signing::{KeyId, PublicKey, SigningKey};
use deputize_scope::Seconds;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

const DAY: u32 = 86_400;

/// How far a relying party's clock may be behind, in seconds.
const CLOCKS: i64 = 300;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_795_413_600 + seconds).unwrap()
}

fn schedule(lifetime: u32, max_age: u32, ahead: u32, period: u32) -> Result<Schedule, InvalidSchedule> {
    let [lifetime, max_age, ahead, period] = [lifetime, max_age, ahead, period].map(Seconds::new);
    Schedule::new(lifetime, max_age, ahead, period)
}

/// A key that differs from others by this number.
fn public(number: u32) -> PublicKey {
    let modulus = [&[0x80; 252][..], &number.to_be_bytes()].concat();
    PublicKey::rsa(&modulus, &[1, 0, 1]).unwrap()
}

fn key(number: u32, signs_from: i64) -> SigningKey {
    SigningKey { public: public(number), signs_from: at(signs_from) }
}

fn ids(keys: &[SigningKey]) -> Vec<KeyId> {
    keys.iter().map(|key| key.public.id().clone()).collect()
}

#[test]
fn the_default_is_a_schedule_that_goes_together() {
    assert_eq!(schedule(300, 3_600, DAY, 30 * DAY), Ok(Schedule::default()));
}

#[test]
fn times_that_do_not_go_together_are_refused() {
    for (times, error) in [
        ((59, 3_600, DAY, 30 * DAY), InvalidSchedule::Lifetime),
        ((3_601, 3_600, DAY, 30 * DAY), InvalidSchedule::Lifetime),
        ((300, 3_600, 3_600, 30 * DAY), InvalidSchedule::Ahead),
        ((300, 3_600, DAY, DAY + 600), InvalidSchedule::Period),
        ((300, 3_600, u32::MAX, u32::MAX), InvalidSchedule::Period),
    ] {
        let (lifetime, max_age, ahead, period) = times;
        assert_eq!(schedule(lifetime, max_age, ahead, period), Err(error), "{times:?}");
    }
}

#[test]
fn a_key_is_published_before_it_signs_and_until_its_tokens_have_ended() {
    let schedule = Schedule::default();
    let period = i64::from(30 * DAY);
    let (first, second) = (key(1, 0), key(2, period));
    let keys = [second.clone(), first.clone()];
    for (now, signing, published) in [
        // A clock that is behind.
        (-60, 1, vec![1, 2]),
        (0, 1, vec![1, 2]),
        (period - 1, 1, vec![1, 2]),
        (period, 2, vec![1, 2]),
        (period + 599, 2, vec![1, 2]),
        (period + 600, 2, vec![2]),
    ] {
        let plan = schedule.plan(&keys, at(now));
        assert_eq!(plan.signing.as_ref(), Some(public(signing).id()), "{now}");
        let expected: Vec<KeyId> = published.into_iter().map(|number| public(number).id().clone()).collect();
        assert_eq!(ids(&plan.published), expected, "{now}");
        assert_eq!(plan.due, None, "{now}");
    }
}

#[test]
fn the_next_key_is_due_a_day_before_it_signs_and_the_first_at_once() {
    let schedule = Schedule::default();
    let first = schedule.plan(&[], at(5)).due.unwrap();
    assert_eq!((first.after, first.signs_from, first.ended), (None, at(5), Vec::new()));

    let keys = [key(1, -100 * i64::from(DAY)), key(2, 0)];
    let due_at = i64::from(29 * DAY);
    let early = schedule.plan(&keys, at(due_at - 1));
    assert_eq!((early.due, early.changes_at), (None, Some(at(due_at))));
    let due = schedule.plan(&keys, at(due_at)).due.unwrap();
    assert_eq!(due.after.as_ref(), Some(public(2).id()));
    assert_eq!(due.signs_from, at(i64::from(30 * DAY)));
    assert_eq!(due.ended, [public(1).id().clone()]);
    // Nobody came for a long time: what was due waits for its day all the same.
    let late = schedule.plan(&keys, at(due_at * 9)).due.unwrap();
    assert_eq!(late.signs_from, at(due_at * 9 + i64::from(DAY)));
}

fn schedules() -> impl Strategy<Value = Schedule> {
    (60..=3_600u32, 0..=7_200u32, 1..=2 * DAY, 1..=40 * DAY).prop_map(|(lifetime, max_age, more, rest)| {
        let ahead = max_age + more;
        schedule(lifetime, max_age, ahead, ahead + lifetime + 300 + rest).unwrap()
    })
}

/// When somebody comes next.
#[derive(Clone, Debug)]
enum Visit {
    /// After a part of the time that a key signs.
    Part(f64),
    /// After some seconds.
    Seconds(i64),
    /// So many seconds before or after what was planned changes.
    Change(i64),
}

/// Visits, and whether a key can be made at each.
fn visits() -> impl Strategy<Value = Vec<(Visit, bool)>> {
    let visit = prop_oneof![
        (0.0..3.0).prop_map(Visit::Part),
        (0..4_500i64).prop_map(Visit::Seconds),
        (-4_500..4_500i64).prop_map(Visit::Change),
    ];
    prop::collection::vec((visit, prop::bool::weighted(0.8)), 1..60)
}

/// What happened at one visit.
struct Seen {
    now: i64,
    signing: KeyId,
    published: Vec<KeyId>,
}

/// Lives through the visits as the issuer does. The last key, of which the keys tell, is made at a visit too.
fn live(schedule: &Schedule, visits: &[(Visit, bool)]) -> (Vec<Seen>, Vec<SigningKey>) {
    let (mut now, mut change) = (0, 0);
    let (mut keys, mut made, mut log) = (Vec::new(), Vec::new(), Vec::new());
    for (visit, can_make) in visits {
        now = match visit {
            Visit::Part(part) => now + (part * period_of(schedule) as f64) as i64,
            Visit::Seconds(seconds) => now + seconds,
            Visit::Change(offset) => now.max(change + offset),
        };
        let mut plan = schedule.plan(&keys, at(now));
        if let Some(order) = plan.due.clone().filter(|_| *can_make || keys.is_empty()) {
            assert_eq!(order.after.as_ref(), keys.last().map(|last: &SigningKey| last.public.id()));
            keys.retain(|key| !order.ended.contains(key.public.id()));
            let number = u32::try_from(made.len()).unwrap();
            let fresh = SigningKey { public: public(number), signs_from: order.signs_from };
            keys.push(fresh.clone());
            made.push(fresh);
            plan = schedule.plan(&keys, at(now));
        }
        change = plan.changes_at.map_or(now, |change| change.as_second() - at(0).as_second());
        log.push(Seen { now, signing: plan.signing.unwrap(), published: ids(&plan.published) });
    }
    (log, made)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn whoever_keeps_the_key_set_as_long_as_allowed_verifies_every_token(schedule in schedules(), visits in visits()) {
        let (log, _) = live(&schedule, &visits);
        let (lifetime, max_age) = (i64::from(schedule.lifetime().get()), i64::from(schedule.max_age().get()));
        for signed in &log {
            prop_assert!(signed.published.contains(&signed.signing));
            // Every copy that may be in use while the token lives: fetched no longer ago than it may be kept.
            for fetched in &log {
                if (signed.now - max_age..signed.now + lifetime + CLOCKS).contains(&fetched.now) {
                    prop_assert!(fetched.published.contains(&signed.signing), "{} {}", signed.now, fetched.now);
                }
            }
        }
    }

    #[test]
    fn there_are_never_more_than_two_keys_to_publish(schedule in schedules(), visits in visits()) {
        let (log, _) = live(&schedule, &visits);
        for visit in &log {
            prop_assert!((1..=2).contains(&visit.published.len()));
        }
    }

    #[test]
    fn a_key_signs_a_period_and_every_later_one_was_published_ahead(schedule in schedules(), visits in visits()) {
        let period = SignedDuration::from_secs(period_of(&schedule));
        let (log, made) = live(&schedule, &visits);
        for pair in made.windows(2) {
            prop_assert!(pair[1].signs_from >= pair[0].signs_from + period);
        }
        for key in &made[1..] {
            let first_seen = log.iter().find(|visit| visit.published.contains(key.public.id())).unwrap();
            let ahead = SignedDuration::from_secs(schedule.ahead().get().into());
            prop_assert!(at(first_seen.now) + ahead <= key.signs_from);
        }
    }

    #[test]
    fn a_plan_holds_until_it_says(schedule in schedules(), starts in prop::collection::vec(0..100i64, 1..4), part in 0.0..1.0f64) {
        let period = period_of(&schedule);
        let keys: Vec<SigningKey> =
            (0u32..).zip(&starts).map(|(number, start)| key(number, start * period / 20)).collect();
        for now in [-1, 0, period, period * 3, period * 6] {
            let plan = schedule.plan(&keys, at(now));
            let until = plan.changes_at.unwrap_or(at(now + 10 * period));
            let length = until.as_second() - at(now).as_second();
            let then = at(now + (part * length as f64) as i64).min(at(now + length - 1));
            let later = schedule.plan(&keys, then);
            prop_assert_eq!((&later.signing, &later.published), (&plan.signing, &plan.published));
            prop_assert_eq!((later.changes_at, later.due.is_some()), (plan.changes_at, plan.due.is_some()));
        }
    }
}

/// When the next key would sign if it were made in time.
fn period_of(schedule: &Schedule) -> i64 {
    let only = [key(1, 0)];
    let due = schedule.plan(&only, at(0)).changes_at.unwrap();
    due.as_second() - at(0).as_second() + i64::from(schedule.ahead().get())
}
