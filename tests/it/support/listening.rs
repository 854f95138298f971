//! A listener in this process, before a router of a test.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::routing::get;
use peerassist_gateway::listener;
use peerassist_gateway::listener::Metrics;
use peerassist_gateway::listener::Settings;
use peerassist_gateway::listener::Stopped;
use peerassist_gateway::listener::tls::Tls;
use prometheus_client::encoding::text;
use prometheus_client::registry::Registry;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

/// A running listener.
pub(crate) struct Listening {
    pub(crate) address: SocketAddr,
    pub(crate) stop: CancellationToken,
    registry: Registry,
    served: JoinHandle<Stopped>,
}

impl Listening {
    pub(crate) async fn start(app: Router, settings: Settings) -> Self {
        Listening::start_with(None, app, settings).await
    }

    /// The same behind TLS.
    pub(crate) async fn start_with(tls: Option<Tls>, app: Router, settings: Settings) -> Self {
        let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, stop) = (tcp.local_addr().unwrap(), CancellationToken::new());
        let mut registry = Registry::default();
        let metrics = Metrics::registered(&mut registry);
        let served = tokio::spawn(listener::serve(
            tcp,
            tls,
            app,
            settings,
            metrics,
            stop.clone().cancelled_owned(),
        ));
        Listening {
            address,
            stop,
            registry,
            served,
        }
    }

    fn metrics(&self) -> String {
        let mut metrics = String::new();
        text::encode(&mut metrics, &self.registry).unwrap();
        metrics
    }

    /// Fails unless the metrics say so.
    pub(crate) fn assert_counted(&self, line: &str) {
        let metrics = self.metrics();
        assert!(metrics.contains(line), "no {line} in {metrics}");
    }

    /// Ends when the metrics say so.
    pub(crate) async fn until_counted(&self, line: &str) {
        while !self.metrics().contains(line) {
            sleep(Duration::from_millis(10)).await;
        }
    }

    pub(crate) async fn stopped(self) -> Stopped {
        self.stop.cancel();
        self.served.await.unwrap()
    }
}

/// Tells whoever asks for `/` their address.
pub(crate) fn hello() -> Router {
    Router::new().route(
        "/",
        get(async |ConnectInfo(peer): ConnectInfo<SocketAddr>| peer.ip().to_string()),
    )
}
