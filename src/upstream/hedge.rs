//! Hedged reads: a second call for a read that takes longer than nearly all others do. The first answer wins, and the
//! other call is given up. Off unless the settings give it a budget; writes are never hedged.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;

use crate::upstream::extra::ExtraCalls;

/// How many of the last answers of a route say how long its answers take.
const REMEMBERED: usize = 256;

/// Fewer answers say nothing.
const NEEDED: usize = 64;

/// After so many answers the delay is looked up anew.
const EVERY: usize = 32;

/// When to ask a second time, and whether.
pub(super) struct Hedging {
    percent: u32,
    extra: ExtraCalls,
    routes: Mutex<HashMap<&'static str, Times>>,
}

impl Hedging {
    /// At most so many second calls for each hundred reads.
    pub(super) fn new(percent: u32) -> Self {
        Hedging {
            percent,
            extra: ExtraCalls::new(percent, 0),
            routes: Mutex::default(),
        }
    }

    /// After how long a read of this route is asked for a second time; never where hedging is off, or too little is
    /// known of the route.
    pub(super) fn delay(&self, route: &'static str) -> Option<Duration> {
        if self.percent == 0 {
            return None;
        }
        self.extra.earn();
        self.lock().get(route).and_then(|times| times.delay)
    }

    /// Takes a second call out of the budget; `false` where there is none.
    pub(super) fn take(&self) -> bool {
        self.extra.take()
    }

    /// A first call took so long, or was given up after so long.
    pub(super) fn took(&self, route: &'static str, time: Duration) {
        if self.percent > 0 {
            let mut routes = self.lock();
            let times = routes.entry(route).or_default();
            times.enter(time, self.percent);
        }
    }

    /// A panic elsewhere does not make the table wrong: each change to it is a single step.
    fn lock(&self) -> MutexGuard<'_, HashMap<&'static str, Times>> {
        self.routes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How long the last answers of a route took.
#[derive(Default)]
struct Times {
    last: Vec<Duration>,
    seen: usize,
    delay: Option<Duration>,
}

impl Times {
    fn enter(&mut self, time: Duration, percent: u32) {
        match self.last.len() < REMEMBERED {
            true => self.last.push(time),
            false => self.last[self.seen % REMEMBERED] = time,
        }
        self.seen += 1;
        if self.last.len() >= NEEDED && self.seen.is_multiple_of(EVERY) {
            self.delay = Some(slowest(&self.last, percent));
        }
    }
}

/// The time that all but so many of a hundred stay below: then the budget is just enough.
fn slowest(times: &[Duration], percent: u32) -> Duration {
    let mut times = times.to_vec();
    times.sort_unstable();
    let beyond = times.len() * percent as usize / 100;
    times[times.len() - 1 - beyond.min(times.len() - 1)]
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Hedging;

    fn entered(percent: u32, count: u64) -> Hedging {
        let hedging = Hedging::new(percent);
        for time in 0..count {
            hedging.took("/customer", Duration::from_millis(time % 100));
        }
        hedging
    }

    #[tokio::test(start_paused = true)]
    async fn the_delay_is_what_nearly_all_answers_stay_below() {
        assert_eq!(entered(2, 63).delay("/customer"), None);
        let delay = entered(2, 256).delay("/customer").expect("256 are enough");
        assert!((96..=99).contains(&delay.as_millis()), "{delay:?}");
        let delay = entered(10, 256).delay("/customer").expect("256 are enough");
        assert!((86..=91).contains(&delay.as_millis()), "{delay:?}");
        assert_eq!(entered(2, 256).delay("/fwo"), None);
    }

    #[tokio::test(start_paused = true)]
    async fn an_upstream_that_grows_slower_is_hedged_later() {
        let hedging = entered(2, 256);
        for _ in 0..256 {
            hedging.took("/customer", Duration::from_secs(1));
        }
        assert_eq!(hedging.delay("/customer"), Some(Duration::from_secs(1)));
    }

    #[tokio::test(start_paused = true)]
    async fn second_calls_are_two_of_a_hundred_and_none_where_it_is_off() {
        let hedging = entered(2, 256);
        let hedged = (0..10_000).filter(|_| hedging.delay("/customer").is_some() && hedging.take());
        assert!((199..=200).contains(&hedged.count()));
        let off = entered(0, 256);
        assert_eq!(off.delay("/customer"), None);
        assert!(!off.take());
    }
}
