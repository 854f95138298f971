//! What the road out counts.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use prometheus_client::registry::Unit;

use crate::domain::error::ErrorKind;
use crate::upstream::breakers::Route;

/// Bounds of the buckets in seconds: 1 ms is a neighbour on loopback, 15 s is the longest operation.
const SECONDS: [f64; 11] = [
    0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 15.0,
];

/// What became of a look into the cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum CacheResult {
    /// Answered from memory.
    Hit,
    /// Answered from memory past its freshness.
    Stale,
    /// Asked upstream.
    Miss,
    /// Asked upstream for whoever asks next, behind a stale answer.
    Refresh,
    /// Joined a question that was under way.
    Coalesced,
    /// Asked upstream because nothing that is kept may be trusted.
    Bypass,
}

impl CacheResult {
    const fn word(self) -> &'static str {
        match self {
            CacheResult::Hit => "hit",
            CacheResult::Stale => "stale",
            CacheResult::Miss => "miss",
            CacheResult::Refresh => "refresh",
            CacheResult::Coalesced => "coalesced",
            CacheResult::Bypass => "bypass",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CacheLabels {
    kind: &'static str,
    result: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CallLabels {
    route: &'static str,
    method: &'static str,
    /// The status code, or the reason where no answer came.
    outcome: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    route: &'static str,
    method: &'static str,
}

impl From<Route> for RouteLabels {
    fn from(route: Route) -> Self {
        RouteLabels {
            route: route.path,
            method: route.method,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RetryLabels {
    reason: &'static str,
}

/// What the cache holds now.
#[derive(Clone, Default)]
pub(super) struct Kept {
    pub(super) bytes: Gauge<u64, AtomicU64>,
    pub(super) entries: Gauge<u64, AtomicU64>,
    pub(super) callers: Gauge<u64, AtomicU64>,
}

impl Kept {
    fn register(&self, registry: &mut Registry) {
        registry.register_with_unit(
            "cache",
            "Memory that kept answers take, as they are accounted",
            Unit::Bytes,
            self.bytes.clone(),
        );
        registry.register(
            "cache_entries",
            "Answers that are kept",
            self.entries.clone(),
        );
        registry.register(
            "cache_callers",
            "Callers for whom the cache has a part",
            self.callers.clone(),
        );
    }
}

/// The counters of the road out.
pub(super) struct Metrics {
    cache: Family<CacheLabels, Counter>,
    pub(super) kept: Kept,
    calls: Family<CallLabels, Histogram, fn() -> Histogram>,
    in_flight: Gauge<u64, AtomicU64>,
    retries: Family<RetryLabels, Counter>,
    hedges: Family<RouteLabels, Counter>,
    opened: Family<RouteLabels, Counter>,
    refused: Family<RouteLabels, Counter>,
}

/// A call under way; it ends when this is dropped, also by whoever does not wait for it any more.
pub(super) struct UnderWay<'m>(&'m Metrics);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.in_flight.dec();
    }
}

impl Metrics {
    pub(super) fn new(registry: &mut Registry) -> Self {
        let histogram: fn() -> Histogram = || Histogram::new(SECONDS);
        let metrics = Metrics {
            cache: Family::default(),
            kept: Kept::default(),
            calls: Family::new_with_constructor(histogram),
            in_flight: Gauge::default(),
            retries: Family::default(),
            hedges: Family::default(),
            opened: Family::default(),
            refused: Family::default(),
        };
        registry.register(
            "cache_requests",
            "Looks into the private cache of the callers",
            metrics.cache.clone(),
        );
        metrics.kept.register(registry);
        registry.register_with_unit(
            "http_client_request_duration",
            "Calls of the upstream, each attempt by itself",
            Unit::Seconds,
            metrics.calls.clone(),
        );
        registry.register(
            "upstream_calls_in_flight",
            "Calls of the upstream that are under way",
            metrics.in_flight.clone(),
        );
        registry.register(
            "upstream_retries",
            "Calls of the upstream that were made again",
            metrics.retries.clone(),
        );
        registry.register(
            "upstream_hedges",
            "Reads that were asked for a second time before the first answer came",
            metrics.hedges.clone(),
        );
        registry.register(
            "upstream_breaker_openings",
            "How often a route of the upstream was found to fail, and was left alone",
            metrics.opened.clone(),
        );
        registry.register(
            "upstream_breaker_refusals",
            "Calls of the upstream that were not made because it fails",
            metrics.refused.clone(),
        );
        metrics
    }

    pub(super) fn cache(&self, kind: &'static str, result: CacheResult) {
        self.cache
            .get_or_create(&CacheLabels {
                kind,
                result: result.word(),
            })
            .inc();
    }

    /// Counts a call as under way.
    pub(super) fn begin(&self) -> UnderWay<'_> {
        self.in_flight.inc();
        UnderWay(self)
    }

    pub(super) fn call(
        &self,
        method: &'static str,
        route: &'static str,
        outcome: String,
        took: Duration,
    ) {
        self.calls
            .get_or_create(&CallLabels {
                route,
                method,
                outcome,
            })
            .observe(took.as_secs_f64());
    }

    pub(super) fn hedge(&self, route: Route) {
        self.hedges.get_or_create(&route.into()).inc();
    }

    pub(super) fn opened(&self, route: Route) {
        self.opened.get_or_create(&route.into()).inc();
    }

    pub(super) fn refused(&self, route: Route) {
        self.refused.get_or_create(&route.into()).inc();
    }

    pub(super) fn retry(&self, kind: ErrorKind) {
        self.retries
            .get_or_create(&RetryLabels {
                reason: kind.reason(),
            })
            .inc();
    }
}
