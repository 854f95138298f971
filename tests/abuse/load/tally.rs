//! What became of many requests, and how long each took.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use crate::ask::Outcome;

#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) good: Times,
    pub(crate) refused: Times,
    /// How often each failure came.
    pub(crate) failed: BTreeMap<String, u64>,
    /// Requests that were not answered when the patience was over.
    pub(crate) hung: u64,
    /// How long after they were due the requests left.
    pub(crate) late: Times,
}

impl Tally {
    pub(crate) fn count(&mut self, outcome: Outcome, took: Duration) {
        match outcome {
            Outcome::Good => self.good.push(took),
            Outcome::Refused => self.refused.push(took),
            Outcome::Failed(why) => *self.failed.entry(why).or_default() += 1,
        }
    }

    pub(crate) fn failures(&self) -> u64 {
        self.failed.values().sum()
    }
}

/// How long requests of one kind took.
#[derive(Debug, Default)]
pub(crate) struct Times(Vec<Duration>);

impl Times {
    pub(crate) fn push(&mut self, time: Duration) {
        self.0.push(time);
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// So many in a second.
    pub(crate) fn rate(&self, over: Duration) -> f64 {
        self.0.len() as f64 / over.as_secs_f64()
    }

    /// The time within which this share of them was over, in milliseconds.
    pub(crate) fn quantile(&self, share: f64) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let place = (sorted.len() as f64 * share).ceil() as usize;
        let time = sorted.get(place.saturating_sub(1)).copied();
        time.unwrap_or_default().as_secs_f64() * 1e3
    }
}

impl fmt::Display for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "p50 {:.1} ms, p99 {:.1} ms, longest {:.1} ms",
            self.quantile(0.5),
            self.quantile(0.99),
            self.quantile(1.0)
        )
    }
}
