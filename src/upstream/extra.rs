//! Budgets of extra calls: a share of the calls that are made anyway, and so many each second besides.
//!
//! Retries and hedges are extra calls. Whatever the upstream does, what it bears of them is bounded by what it is asked.

use std::sync::Mutex;
use std::sync::PoisonError;

use tokio::time::Instant;

/// For how many seconds what is not used may be used later.
const SECONDS_KEPT: u64 = 10;

/// Least number of calls that can be saved up where nothing comes each second.
const KEPT_MIN: u64 = 10;

/// A budget of extra calls, shared by all callers.
pub(super) struct ExtraCalls {
    share: f64,
    per_second: f64,
    most: f64,
    purse: Mutex<Purse>,
}

struct Purse {
    left: f64,
    at: Instant,
}

impl ExtraCalls {
    /// So many calls for each hundred that are made anyway, and so many each second.
    pub(super) fn new(percent: u32, per_second: u32) -> Self {
        let saved = f64::from(per_second) * SECONDS_KEPT as f64;
        ExtraCalls {
            share: f64::from(percent) / 100.0,
            per_second: f64::from(per_second),
            most: saved.max(KEPT_MIN as f64),
            purse: Mutex::new(Purse {
                left: saved,
                at: Instant::now(),
            }),
        }
    }

    /// A call is made anyway.
    pub(super) fn earn(&self) {
        self.with(|left| *left = (*left + self.share).min(self.most));
    }

    /// Takes an extra call; `false` where none is left.
    pub(super) fn take(&self) -> bool {
        self.with(|left| {
            let is_there = *left >= 1.0;
            if is_there {
                *left -= 1.0;
            }
            is_there
        })
    }

    fn with<T>(&self, change: impl FnOnce(&mut f64) -> T) -> T {
        // A panic elsewhere does not make the purse wrong: each change to it is a single step.
        let mut purse = self.purse.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let since = now.saturating_duration_since(purse.at).as_secs_f64();
        purse.left = (purse.left + since * self.per_second).min(self.most);
        purse.at = now;
        change(&mut purse.left)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::ExtraCalls;

    fn taken(extra: &ExtraCalls, tries: u32) -> usize {
        (0..tries).filter(|_| extra.take()).count()
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_saved_up_is_ten_seconds_worth_and_comes_again_with_time_and_calls() {
        let extra = ExtraCalls::new(20, 10);
        assert_eq!(taken(&extra, 1000), 100);
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(taken(&extra, 1000), 10);
        (0..500).for_each(|_| extra.earn());
        assert_eq!(taken(&extra, 1000), 100);
        tokio::time::advance(Duration::from_secs(3600)).await;
        assert_eq!(taken(&extra, 1000), 100);
    }

    #[tokio::test(start_paused = true)]
    async fn a_share_alone_is_earned_first() {
        let extra = ExtraCalls::new(2, 0);
        tokio::time::advance(Duration::from_secs(3600)).await;
        assert_eq!(taken(&extra, 10), 0);
        (0..51).for_each(|_| extra.earn());
        assert_eq!(taken(&extra, 10), 1);
        (0..100_000).for_each(|_| extra.earn());
        assert_eq!(taken(&extra, 100), 10);
    }

    proptest! {
        #[test]
        fn no_schedule_gets_more_than_the_share_and_the_rate_and_what_was_saved(
            percent in 0u32..100, per_second in 0u32..50,
            steps in prop::collection::vec((0u64..3000, 0u32..40, 0u32..40), 1..60),
        ) {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_time().start_paused(true).build().expect("a runtime");
            runtime.block_on(async {
                let extra = ExtraCalls::new(percent, per_second);
                let (mut calls, mut extras, mut passed) = (0, 0, 0);
                for (pause, made, tries) in steps {
                    tokio::time::advance(Duration::from_millis(pause)).await;
                    passed += pause;
                    (0..made).for_each(|_| extra.earn());
                    calls += made;
                    extras += taken(&extra, tries);
                    let rate = f64::from(per_second) * (passed as f64 / 1000.0 + 10.0);
                    let most = f64::from(calls * percent) / 100.0 + rate;
                    prop_assert!(extras as f64 <= most + 0.001, "{extras} of {most}");
                }
                Ok(())
            })?;
        }
    }
}
