//! What one caller may cost the upstream in a minute.
//!
//! Only what was really asked counts: an answer out of the cache, or one that somebody else's question brings,
//! costs nothing. Knows no limit; whoever admits requests brings it.

use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;

use tokio::time::Instant;

/// How long calls count.
pub const MINUTE: Duration = Duration::from_secs(60);

/// The calls of one caller in the present minute, which begins with the first of them.
#[derive(Debug)]
pub struct Budget(Mutex<Spent>);

#[derive(Debug)]
struct Spent {
    calls: u64,
    until: Instant,
}

/// What remains of a budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Remainder {
    /// So many calls.
    pub calls: u64,
    /// After this long it is whole again.
    pub whole_in: Duration,
}

impl Default for Budget {
    fn default() -> Self {
        Budget(Mutex::new(Spent {
            calls: 0,
            until: Instant::now(),
        }))
    }
}

impl Budget {
    /// Counts a call that is about to be made.
    pub fn charge(&self) {
        let now = Instant::now();
        let mut spent = self.lock();
        if spent.until <= now {
            *spent = Spent {
                calls: 0,
                until: now + MINUTE,
            };
        }
        spent.calls += 1;
    }

    /// What remains of `limit` calls.
    pub fn remainder(&self, limit: u64) -> Remainder {
        let now = Instant::now();
        let spent = self.lock();
        let whole_in = spent.until.saturating_duration_since(now);
        let calls = if whole_in.is_zero() { 0 } else { spent.calls };
        Remainder {
            calls: limit.saturating_sub(calls),
            whole_in,
        }
    }

    /// A panic elsewhere does not make the sum wrong: each change to it is a single step.
    fn lock(&self) -> MutexGuard<'_, Spent> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Budget;
    use super::MINUTE;
    use super::Remainder;

    fn remainder(calls: u64, whole_in: Duration) -> Remainder {
        Remainder { calls, whole_in }
    }

    #[tokio::test(start_paused = true)]
    async fn a_minute_begins_with_its_first_call_and_its_end_makes_the_budget_whole() {
        let budget = Budget::default();
        assert_eq!(budget.remainder(3), remainder(3, Duration::ZERO));
        tokio::time::advance(Duration::from_secs(1000)).await;
        budget.charge();
        assert_eq!(budget.remainder(3), remainder(2, MINUTE));
        tokio::time::advance(Duration::from_secs(50)).await;
        budget.charge();
        budget.charge();
        budget.charge();
        assert_eq!(budget.remainder(3), remainder(0, Duration::from_secs(10)));
        tokio::time::advance(Duration::from_millis(9_999)).await;
        assert_eq!(budget.remainder(3), remainder(0, Duration::from_millis(1)));
        tokio::time::advance(Duration::from_millis(1)).await;
        assert_eq!(budget.remainder(3), remainder(3, Duration::ZERO));
        budget.charge();
        assert_eq!(budget.remainder(3), remainder(2, MINUTE));
    }
}
