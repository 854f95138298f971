//! What goes wrong at the upstream: now and then one answer, and now and then everything of one user for a while.
//!
//! Each fault is noted, so that an error can be told which nothing explains.

use std::collections::HashMap;
use std::time::Duration;
use tokio::time::Instant;

/// A fault. A write that meets one is done or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Fault {
    /// This status.
    Status(u16),
    /// No answer before the gateway gives up.
    Silence,
    /// An answer that breaks off.
    Cut,
}

const FAULTS: [Fault; 7] = [
    Fault::Status(500),
    Fault::Status(502),
    Fault::Status(503),
    Fault::Status(504),
    Fault::Status(429),
    Fault::Silence,
    Fault::Cut,
];

/// In ten thousand calls so many begin a storm, in which every call of the user fails in one way.
const STORMS: u32 = 25;

/// In ten thousand calls so many fail alone.
const GUSTS: u32 = 150;

/// The weather of one user.
#[derive(Default)]
pub(crate) struct Sky {
    storm: Option<(Fault, Instant)>,
    befell: HashMap<Fault, Instant>,
}

impl Sky {
    /// What befalls a call that comes now.
    pub(crate) fn befall(&mut self) -> Option<Fault> {
        let now = Instant::now();
        let fault = match self.storm.filter(|(_, end)| now < *end) {
            Some((fault, _)) => Some(fault),
            None => self.gust(now),
        };
        if let Some(fault) = fault {
            self.befell.insert(fault, now);
        }
        fault
    }

    fn gust(&mut self, now: Instant) -> Option<Fault> {
        let fault = fastrand::choice(FAULTS)?;
        match fastrand::u32(0..10_000) {
            ..STORMS => {
                let lasts = Duration::from_millis(fastrand::u64(200..1500));
                self.storm = Some((fault, now + lasts));
                Some(fault)
            }
            STORMS..GUSTS => Some(fault),
            _ => None,
        }
    }

    /// Whether a fault since then explains that a caller is told so.
    pub(crate) fn explains(&self, reason: &str, since: Instant) -> bool {
        let mut befell = self.befell.iter().filter(|(_, at)| **at >= since);
        befell.any(|(fault, _)| means(*fault, reason))
    }
}

/// Whether the gateway may tell the fault so.
fn means(fault: Fault, reason: &str) -> bool {
    match reason {
        // Whatever befalls a write once it has left, or the read that was to show it.
        "WRITE_OUTCOME_UNKNOWN" => true,
        "UPSTREAM_ERROR" => fault == Fault::Status(500),
        "UPSTREAM_UNAVAILABLE" => {
            matches!(fault, Fault::Status(502 | 503) | Fault::Cut)
        }
        "UPSTREAM_TIMEOUT" => matches!(fault, Fault::Status(504) | Fault::Silence),
        "RATE_LIMITED" => fault == Fault::Status(429),
        _ => false,
    }
}
