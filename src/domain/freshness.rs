//! How fresh the result of a request is: as old as the oldest answer in it, and fresh as long as the first of them to
//! go stale.

use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicI64;
use std::sync::atomic::AtomicU8;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::Instant;

use crate::domain::ledger::Kept;
use crate::domain::ledger::Outcome;

/// How the result of a request stands in time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Freshness {
    /// How its oldest part and its first to go stale stand; `None` where it has one that may not be kept. What has no
    /// part is fresh for no time.
    pub kept: Option<Kept>,
    /// What became of its questions.
    pub outcomes: Outcomes,
}

/// Which outcomes there were among the questions of a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcomes(u8);

impl Outcomes {
    /// Whether a question came to this.
    pub const fn has(self, outcome: Outcome) -> bool {
        self.0 & bit(outcome) != 0
    }

    /// One outcome for all of them: stale as soon as one was, and a hit only where all were; in between, what the
    /// upstream had most to do with. `None` where nothing was asked.
    pub fn overall(self) -> Option<Outcome> {
        let order = [
            Outcome::Stale,
            Outcome::Miss,
            Outcome::Revalidated,
            Outcome::Coalesced,
            Outcome::Shared,
            Outcome::Hit,
        ];
        order.into_iter().find(|outcome| self.has(*outcome))
    }
}

const fn bit(outcome: Outcome) -> u8 {
    1 << outcome as u8
}

/// The parts of one request's result, added up while it is made. Moments are microseconds since it began, so that
/// parts grow older together while the request goes on.
#[derive(Debug)]
pub(super) struct Parts {
    begun: Instant,
    /// When the oldest part was asked for.
    asked_at: AtomicI64,
    /// Until when all parts are fresh.
    fresh_until: AtomicI64,
    has_unkept: AtomicBool,
    outcomes: AtomicU8,
}

/// No part: nothing is older and nothing fresher than this.
const NEVER: i64 = i64::MAX;

impl Parts {
    pub(super) fn new() -> Self {
        Parts {
            begun: Instant::now(),
            asked_at: AtomicI64::new(NEVER),
            fresh_until: AtomicI64::new(NEVER),
            has_unkept: AtomicBool::new(false),
            outcomes: AtomicU8::new(0),
        }
    }

    pub(super) fn came_to(&self, outcome: Outcome) {
        self.outcomes.fetch_or(bit(outcome), Ordering::Relaxed);
    }

    pub(super) fn add(&self, part: Option<Kept>) {
        let Some(Kept { age, fresh_for }) = part else {
            self.has_unkept.store(true, Ordering::Relaxed);
            return;
        };
        let now = self.now();
        let asked_at = now.saturating_sub(micros(age));
        self.asked_at.fetch_min(asked_at, Ordering::Relaxed);
        let fresh_until = now.saturating_add(micros(fresh_for));
        self.fresh_until.fetch_min(fresh_until, Ordering::Relaxed);
    }

    /// What the parts add up to at this moment.
    pub(super) fn freshness(&self) -> Freshness {
        let now = self.now();
        let asked_at = self.asked_at.load(Ordering::Relaxed);
        let fresh_until = self.fresh_until.load(Ordering::Relaxed);
        let span = |from: i64, to: i64| {
            let micros = to.saturating_sub(from);
            Duration::from_micros(u64::try_from(micros).unwrap_or(0))
        };
        let sum = match asked_at {
            NEVER => Kept {
                age: Duration::ZERO,
                fresh_for: Duration::ZERO,
            },
            _ => Kept {
                age: span(asked_at, now),
                fresh_for: span(now, fresh_until),
            },
        };
        let has_unkept = self.has_unkept.load(Ordering::Relaxed);
        Freshness {
            kept: (!has_unkept).then_some(sum),
            outcomes: Outcomes(self.outcomes.load(Ordering::Relaxed)),
        }
    }

    fn now(&self) -> i64 {
        micros(self.begun.elapsed())
    }
}

fn micros(time: Duration) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::Parts;
    use crate::domain::ledger::Kept;
    use crate::domain::ledger::Outcome;

    fn kept(age: u64, fresh_for: u64) -> Kept {
        Kept {
            age: Duration::from_secs(age),
            fresh_for: Duration::from_secs(fresh_for),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_oldest_part_and_the_first_to_go_stale_count_and_both_grow_older() {
        let parts = Parts::new();
        assert_eq!(parts.freshness().kept, Some(kept(0, 0)), "no part at all");
        parts.add(Some(kept(7, 20)));
        tokio::time::advance(Duration::from_secs(5)).await;
        parts.add(Some(kept(3, 60)));
        assert_eq!(parts.freshness().kept, Some(kept(12, 15)));
        tokio::time::advance(Duration::from_secs(30)).await;
        assert_eq!(parts.freshness().kept, Some(kept(42, 0)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_part_that_may_not_be_kept_counts_for_all() {
        let parts = Parts::new();
        parts.add(Some(kept(0, 20)));
        parts.add(None);
        parts.add(Some(kept(0, 20)));
        assert_eq!(parts.freshness().kept, None);
    }

    #[test]
    fn each_outcome_is_known_by_itself() {
        let parts = Parts::new();
        parts.came_to(Outcome::Stale);
        parts.came_to(Outcome::Coalesced);
        let outcomes = parts.freshness().outcomes;
        let all = Outcome::ALL.map(|outcome| outcomes.has(outcome));
        assert_eq!(all, [false, true, false, false, false, true]);
    }

    #[test]
    fn one_outcome_stands_for_all() {
        let parts = Parts::new();
        assert_eq!(parts.freshness().outcomes.overall(), None);
        for outcome in [
            Outcome::Hit,
            Outcome::Shared,
            Outcome::Coalesced,
            Outcome::Revalidated,
            Outcome::Miss,
            Outcome::Stale,
        ] {
            parts.came_to(outcome);
            parts.came_to(Outcome::Hit);
            assert_eq!(parts.freshness().outcomes.overall(), Some(outcome));
        }
    }

    proptest! {
        #[test]
        fn a_result_is_never_fresher_or_younger_than_a_part_of_it(
            parts in proptest::collection::vec((0u64..10_000, 0u64..10_000, 0u64..5_000), 1..20),
        ) {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_time()
                .start_paused(true)
                .build()
                .expect("a runtime");
            let (result, told) = runtime.block_on(async {
                let sum = Parts::new();
                let begun = tokio::time::Instant::now();
                let mut told = Vec::new();
                for (age, fresh_for, pause) in parts {
                    let part = kept(age, fresh_for);
                    sum.add(Some(part));
                    told.push((begun.elapsed(), part));
                    tokio::time::advance(Duration::from_millis(pause)).await;
                }
                let now = begun.elapsed();
                let now_are = told.into_iter().map(|(at, part)| Kept {
                    age: part.age + (now - at),
                    fresh_for: part.fresh_for.saturating_sub(now - at),
                });
                (sum.freshness().kept, now_are.collect::<Vec<_>>())
            });
            let result = result.expect("every part may be kept");
            for part in &told {
                prop_assert!(result.fresh_for <= part.fresh_for && result.age >= part.age);
            }
            prop_assert!(told.iter().any(|part| part.age == result.age));
            prop_assert!(told.iter().any(|part| part.fresh_for == result.fresh_for));
        }
    }
}
