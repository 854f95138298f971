//! What the shared level counts.

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use prometheus_client::registry::Unit;

/// Bounds of the buckets in seconds: 0.1 ms is a neighbour, 50 ms is more than anybody waits.
const SECONDS: [f64; 9] = [
    0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.02, 0.05,
];

/// What became of a look into the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// There was a good answer.
    Hit,
    /// There was none, or none that is still good.
    Miss,
    /// What was there is no answer for who asked: a security event.
    Foreign,
    /// The store did not answer in time, or not at all.
    Failed,
}

/// What became of an answer for the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deposit {
    /// The store has it.
    Kept,
    /// Too many waited, or it waited too long, or nothing may be trusted at present.
    Dropped,
    /// The store did not take it.
    Failed,
}

/// What became of a notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Telling {
    /// It is in the log.
    Told,
    /// The write did not wait for it any longer: others may hear of it too late.
    Late,
    /// It is not in the log: others hear of it when this process can speak to the log again.
    Untold,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Labels {
    result: &'static str,
}

type Counters = Family<Labels, Counter>;

/// The counters of the shared level.
pub(super) struct Metrics {
    looks: Counters,
    deposits: Counters,
    notices: Counters,
    requests: Counters,
    catch_ups: Histogram,
    joins: Counters,
    usable: Gauge,
}

impl Metrics {
    pub(super) fn new(registry: &mut Registry) -> Self {
        let metrics = Metrics {
            looks: Family::default(),
            deposits: Family::default(),
            notices: Family::default(),
            requests: Family::default(),
            catch_ups: Histogram::new(SECONDS),
            joins: Family::default(),
            usable: Gauge::default(),
        };
        let mut count = |name: &str, help: &str, counters: &Counters| {
            registry.register(name, help, counters.clone());
        };
        count(
            "shared_cache_lookups",
            "Looks into the cache that instances share",
            &metrics.looks,
        );
        count(
            "shared_cache_deposits",
            "Answers for the cache that instances share",
            &metrics.deposits,
        );
        count(
            "shared_cache_notices",
            "What was to be told to the other instances: writes and refused tokens",
            &metrics.notices,
        );
        count(
            "shared_cache_requests",
            "Requests by whether they could catch up with the other instances, or bypassed every cache",
            &metrics.requests,
        );
        count(
            "shared_cache_joins",
            "Attempts to begin reading the log of the other instances",
            &metrics.joins,
        );
        registry.register_with_unit(
            "shared_cache_catch_up_duration",
            "Round trips that read the log of the other instances",
            Unit::Seconds,
            metrics.catch_ups.clone(),
        );
        registry.register(
            "shared_cache_usable",
            "1 while caches may be trusted",
            metrics.usable.clone(),
        );
        metrics
    }

    pub(super) fn look(&self, look: Look) {
        let result = match look {
            Look::Hit => "hit",
            Look::Miss => "miss",
            Look::Foreign => "foreign",
            Look::Failed => "failed",
        };
        count(&self.looks, result);
    }

    pub(super) fn deposit(&self, deposit: Deposit) {
        let result = match deposit {
            Deposit::Kept => "kept",
            Deposit::Dropped => "dropped",
            Deposit::Failed => "failed",
        };
        count(&self.deposits, result);
    }

    pub(super) fn telling(&self, telling: Telling) {
        let result = match telling {
            Telling::Told => "told",
            Telling::Late => "late",
            Telling::Untold => "untold",
        };
        count(&self.notices, result);
    }

    pub(super) fn request(&self, caught_up: bool) {
        count(
            &self.requests,
            if caught_up { "caught_up" } else { "bypass" },
        );
    }

    pub(super) fn join(&self, joined: bool) {
        count(&self.joins, if joined { "joined" } else { "failed" });
    }

    pub(super) fn catch_up(&self, took: Duration) {
        self.catch_ups.observe(took.as_secs_f64());
    }

    pub(super) fn usable(&self, usable: bool) {
        self.usable.set(usable.into());
    }
}

fn count(counters: &Counters, result: &'static str) {
    counters.get_or_create(&Labels { result }).inc();
}
