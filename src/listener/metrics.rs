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
    pub(super) failed_handshakes: Counter,
    pub(super) stalled: Counter,
    pub(super) idle: Counter,
    pub(super) full: Counter,
    pub(super) crowded: Counter,
    pub(super) failed: Counter,
}

impl Metrics {
    /// Metrics that are shown in `registry`.
    pub fn registered(registry: &mut Registry) -> Self {
        let metrics = Metrics::default();
        let Metrics {
            open,
            accepted,
            silent,
            failed_handshakes,
            stalled,
            idle,
            full,
            crowded,
            failed,
        } = &metrics;
        registry.register(
            "http_server_open_connections",
            "client connections now",
            open.clone(),
        );
        for (name, help, counter) in [
            ("connections", "client connections accepted", accepted),
            ("silent_connections", "closed because no byte came", silent),
            (
                "failed_handshakes",
                "TLS handshakes that failed",
                failed_handshakes,
            ),
            (
                "stalled_connections",
                "closed because their clients did not go on",
                stalled,
            ),
            ("idle_connections", "closed because nothing was asked", idle),
            (
                "full",
                "times that a client had to wait for a connection",
                full,
            ),
            (
                "crowded_connections",
                "closed because their address had too many",
                crowded,
            ),
            ("accept_errors", "accepts that failed", failed),
        ] {
            registry.register(format!("http_server_{name}"), help, counter.clone());
        }
        metrics
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
