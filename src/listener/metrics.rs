//! What a listener counts.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// What a listener counts.
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    pub(super) open: Gauge,
    pub(super) accepted: Counter,
    pub(super) silent: Counter,
    pub(super) full: Counter,
    pub(super) failed: Counter,
}

impl Metrics {
    /// Metrics that are shown in `registry`.
    pub fn registered(registry: &mut Registry) -> Self {
        let Metrics {
            open,
            accepted,
            silent,
            full,
            failed,
        } = Metrics::default();
        registry.register(
            "http_server_open_connections",
            "client connections now",
            open.clone(),
        );
        registry.register(
            "http_server_connections",
            "client connections accepted",
            accepted.clone(),
        );
        registry.register(
            "http_server_silent_connections",
            "closed because no byte came",
            silent.clone(),
        );
        registry.register(
            "http_server_full",
            "times that a client had to wait for a connection",
            full.clone(),
        );
        registry.register(
            "http_server_accept_errors",
            "accepts that failed",
            failed.clone(),
        );
        Metrics {
            open,
            accepted,
            silent,
            full,
            failed,
        }
    }
}

/// Counts one connection as open for as long as it lives, however it ends.
pub(super) struct Open<'a>(&'a Gauge);

impl<'a> Open<'a> {
    pub(super) fn new(gauge: &'a Gauge) -> Self {
        gauge.inc();
        Open(gauge)
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.dec();
    }
}
