//! Attempts, pauses and budgets, in paused time.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use deputize_broker::Random;
use deputize_http::{CallFailure, Caller, ErrorCode, Limits, Problem};
use deputize_testkit::time::FixedClock;
use tokio::time::{Instant, sleep};

/// Randomness of one byte over and over: 0 for the shortest pauses, 255 for the longest.
struct Same(u8);

impl Random for Same {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.fill(self.0);
    }
}

fn caller(limits: Limits, random: u8) -> Caller {
    let clock = FixedClock("2026-11-23T06:00:00Z".parse().unwrap());
    Caller::new(limits, Arc::new(clock), Arc::new(Same(random)))
}

fn trouble(retry_after: Option<u64>) -> CallFailure {
    let retry_after = retry_after.map(Duration::from_secs);
    CallFailure::of_status("it", 503, ErrorCode::unknown(), retry_after)
}

/// Calls something that always fails so; how often it was asked, and how long it took.
async fn fail_with(caller: &Caller, failure: &CallFailure) -> (u32, Duration) {
    let (asked, start) = (AtomicU32::new(0), Instant::now());
    let answer: Result<(), _> = caller
        .begin()
        .attempt("it", || {
            asked.fetch_add(1, Ordering::Relaxed);
            async { Err(failure.clone()) }
        })
        .await;
    assert_eq!(answer.unwrap_err(), *failure);
    (asked.into_inner(), start.elapsed())
}

#[tokio::test(start_paused = true)]
async fn what_passes_is_tried_three_times_with_pauses_that_grow_and_are_random() {
    let (asked, longest) = fail_with(&caller(Limits::default(), 255), &trouble(None)).await;
    assert_eq!((asked, longest.as_millis()), (3, 600));
    let (asked, shortest) = fail_with(&caller(Limits::default(), 0), &trouble(None)).await;
    assert_eq!((asked, shortest.as_millis()), (3, 0));
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_not_tried_again() {
    let refused = CallFailure::of_status("it", 403, ErrorCode::unknown(), None);
    assert_eq!(fail_with(&caller(Limits::default(), 0), &refused).await.0, 1);
    for problem in [Problem::Untrusted, Problem::TooLarge, Problem::Unreadable, Problem::Ended] {
        let failure = CallFailure::new("it", problem);
        assert_eq!(fail_with(&caller(Limits::default(), 0), &failure).await.0, 1, "{failure}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_service_is_left_in_peace_as_long_as_it_says_and_given_up_where_that_is_long() {
    let (asked, time) = fail_with(&caller(Limits::default(), 0), &trouble(Some(2))).await;
    assert_eq!((asked, time.as_secs()), (3, 4));
    let (asked, time) = fail_with(&caller(Limits::default(), 0), &trouble(Some(3))).await;
    assert_eq!((asked, time), (1, Duration::ZERO));
}

#[tokio::test(start_paused = true)]
async fn silence_ends_each_attempt_and_all_of_them_end_in_time() {
    let caller = caller(Limits::default(), 255);
    let call = caller.begin();
    let start = Instant::now();
    let silence = || async {
        sleep(Duration::from_secs(3_600)).await;
        Ok(())
    };
    let failure = call.attempt("it", silence).await.unwrap_err();
    assert_eq!(failure.problem, Problem::TimedOut);
    assert_eq!(start.elapsed().as_millis(), 3 * 3_000 + 600);
    // What comes after it in the same call has what is left.
    call.attempt("it", silence).await.unwrap_err();
    assert!(start.elapsed() <= Duration::from_millis(10_010), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_the_end_of_the_call_cuts_short_hides_nothing_that_was_answered_before() {
    let limits = Limits { total: Duration::from_secs(1), ..Limits::default() };
    let caller = caller(limits, 255);
    let mut asked = 0;
    let answers = || {
        asked += 1;
        let is_silent = asked > 1;
        async move {
            if is_silent {
                sleep(Duration::from_secs(3_600)).await;
            }
            Err::<(), _>(trouble(None))
        }
    };
    assert_eq!(caller.begin().attempt("it", answers).await.unwrap_err(), trouble(None));
    assert_eq!(asked, 2);
}

#[tokio::test(start_paused = true)]
async fn calls_share_a_budget_of_retries() {
    let caller = caller(Limits { retries_per_minute: 3, ..Limits::default() }, 0);
    let mut asked = Vec::new();
    for _ in 0..4 {
        asked.push(fail_with(&caller, &trouble(None)).await.0);
    }
    // Two retries, one, and then none: no storm.
    assert_eq!(asked, [3, 2, 1, 1]);
}

#[tokio::test(start_paused = true)]
async fn what_is_asked_once_is_not_asked_again() {
    let (caller, asked) = (caller(Limits::default(), 0), AtomicU32::new(0));
    let request = || {
        asked.fetch_add(1, Ordering::Relaxed);
        async { Err::<(), _>(trouble(None)) }
    };
    caller.begin().once().attempt("it", request).await.unwrap_err();
    assert_eq!(asked.into_inner(), 1);
}
