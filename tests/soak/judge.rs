//! The judge: what must never be in an answer, and the figures of all that was.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::time::Duration;

use crate::books::MARK_PREFIX;
use crate::books::Mark;
use crate::question::Answer;

/// How many broken promises are shown in full.
const SHOWN_MAX: usize = 20;

/// A promise that was broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Broken {
    /// A row of somebody else, or one that does not say whose it is.
    Leak,
    /// A row, or a length, that is not as many as there are.
    Miscount,
    /// Older than what its reader had been told was written.
    Stale,
    /// Rows for a token that had been refused, or that had ended.
    Undead,
    /// A failure that nothing explains.
    Unexpected,
}

impl Broken {
    pub(crate) const ALL: [Broken; 5] = [
        Broken::Leak,
        Broken::Miscount,
        Broken::Stale,
        Broken::Undead,
        Broken::Unexpected,
    ];
}

/// All figures until now.
#[derive(Clone, Default)]
pub(crate) struct Figures {
    /// Requests by their door, logins and writes too.
    pub(crate) requests: BTreeMap<&'static str, u64>,
    /// Rows that were judged.
    pub(crate) rows: u64,
    /// What failed, by its reason.
    pub(crate) codes: BTreeMap<String, u64>,
    pub(crate) broken: BTreeMap<Broken, u64>,
    /// How long answers took: so many took less than each bound in milliseconds.
    took: BTreeMap<u64, u64>,
}

impl Figures {
    /// All requests.
    pub(crate) fn total(&self) -> u64 {
        self.requests.values().sum()
    }

    /// All failures.
    pub(crate) fn failed(&self) -> u64 {
        self.codes.values().sum()
    }

    /// How often this promise was broken.
    pub(crate) fn broken(&self, broken: Broken) -> u64 {
        self.broken.get(&broken).copied().unwrap_or(0)
    }

    /// The time within which so many in a hundred answers came, as a bound in milliseconds.
    pub(crate) fn percentile(&self, percent: u64) -> u64 {
        let all: u64 = self.took.values().sum();
        let mut seen = 0;
        for (bound, count) in &self.took {
            seen += count;
            if seen * 100 >= all * percent {
                return *bound;
            }
        }
        0
    }
}

/// Keeps the figures; shared by all users.
#[derive(Default)]
pub(crate) struct Judge {
    figures: Mutex<Figures>,
    shown: Mutex<Vec<String>>,
}

impl Judge {
    /// The figures until now.
    pub(crate) fn figures(&self) -> Figures {
        self.lock().clone()
    }

    /// The first promises that were broken, in words.
    pub(crate) fn shown(&self) -> Vec<String> {
        self.shown.lock().unwrap().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Figures> {
        self.figures.lock().unwrap()
    }

    /// Counts a request that took so long.
    pub(crate) fn count(&self, name: &'static str, took: Duration) {
        let took = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        let bound = (took + 1).checked_next_power_of_two().unwrap_or(u64::MAX);
        let mut figures = self.lock();
        *figures.requests.entry(name).or_default() += 1;
        *figures.took.entry(bound).or_default() += 1;
    }

    /// Counts a request whose client hung up.
    pub(crate) fn count_hang_up(&self) {
        *self.lock().requests.entry("hung up").or_default() += 1;
    }

    /// Counts a failure.
    pub(crate) fn fail(&self, reason: &str) {
        let mut figures = self.lock();
        *figures.codes.entry(reason.to_owned()).or_default() += 1;
    }

    /// Counts a broken promise.
    pub(crate) fn accuse(&self, broken: Broken, what: impl fmt::Display) {
        *self.lock().broken.entry(broken).or_default() += 1;
        let mut shown = self.shown.lock().unwrap();
        if shown.len() < SHOWN_MAX {
            shown.push(format!("{broken:?}: {what}"));
        }
    }

    /// Whether every row of an answer is the asker's own: none has another mark, and none lacks the mark.
    pub(crate) fn judge_owner(&self, answer: &Answer, mark: Mark, asked: &impl fmt::Debug) {
        self.lock().rows += answer.rows as u64;
        let (own, mut owned) = (mark.text(), 0);
        for (at, _) in answer.text.match_indices(MARK_PREFIX) {
            let found = answer.text.get(at..at + own.len());
            match found == Some(&own) {
                true => owned += 1,
                false => self.accuse(Broken::Leak, format!("{asked:?} for {own}: {found:?}")),
            }
        }
        if owned < 2 * answer.rows {
            let rows = answer.rows;
            self.accuse(
                Broken::Leak,
                format!("{asked:?} for {own}: {rows} rows with {owned} marks"),
            );
        }
    }
}
