//! The accept loop against clients that misbehave, and its end.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::routing::get as route;
use peerassist_gateway::listener;
use peerassist_gateway::listener::Metrics;
use peerassist_gateway::listener::Settings;
use peerassist_gateway::listener::Stopped;
use prometheus_client::encoding::text;
use prometheus_client::registry::Registry;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;

use crate::support::raw::Raw;
use crate::support::raw::get;

const SHORT: Duration = Duration::from_millis(150);

struct Running {
    address: SocketAddr,
    stop: CancellationToken,
    registry: Registry,
    served: JoinHandle<Stopped>,
}

impl Running {
    async fn start(app: Router, settings: Settings) -> Self {
        let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, stop) = (tcp.local_addr().unwrap(), CancellationToken::new());
        let mut registry = Registry::default();
        let metrics = Metrics::registered(&mut registry);
        let served = tokio::spawn(listener::serve(
            tcp,
            app,
            settings,
            metrics,
            stop.clone().cancelled_owned(),
        ));
        Running {
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

    async fn stopped(self) -> Stopped {
        self.stop.cancel();
        self.served.await.unwrap()
    }
}

fn hello() -> Router {
    Router::new().route(
        "/",
        route(async |ConnectInfo(peer): ConnectInfo<SocketAddr>| peer.ip().to_string()),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_know_their_peer() {
    let running = Running::start(hello(), Settings::default()).await;
    let address = running.address;
    let answer = spawn_blocking(move || get(address, "/", "")).await.unwrap();
    assert!(answer.ends_with("\r\n\r\n127.0.0.1"), "{answer}");
    assert_eq!(running.stopped().await, Stopped { cut: 0 });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_connection_is_closed() {
    let settings = Settings {
        first_byte_timeout: SHORT,
        ..Settings::default()
    };
    let running = Running::start(hello(), settings).await;
    let address = running.address;
    let heard = spawn_blocking(move || Raw::connect(address).read_to_end())
        .await
        .unwrap();
    assert_eq!(heard, "");
    assert!(
        running
            .metrics()
            .contains("http_server_silent_connections_total 1"),
        "{}",
        running.metrics()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn half_a_head_is_not_waited_for() {
    let settings = Settings {
        head_timeout: SHORT,
        ..Settings::default()
    };
    let running = Running::start(hello(), settings).await;
    let address = running.address;
    let half = move || {
        let mut raw = Raw::connect(address);
        raw.send("GET / HTTP/1.1\r\nhost: te");
        raw.read_to_end()
    };
    let heard = spawn_blocking(half).await.unwrap();
    assert!(!heard.contains(" 200 "), "{heard}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_listener_serves_whom_it_has_and_lets_others_wait() {
    let settings = Settings {
        connections_max: 1,
        ..Settings::default()
    };
    let running = Running::start(hello(), settings).await;
    let address = running.address;
    let clients = move || {
        let ask = "GET / HTTP/1.1\r\nhost: test\r\n\r\n";
        let mut first = Raw::connect(address);
        first.send(ask);
        first.read_until("127.0.0.1");
        let mut second = Raw::connect(address);
        second.send(ask);
        first.send(ask);
        first.read_until("127.0.0.1");
        drop(first);
        second.read_until("127.0.0.1");
    };
    spawn_blocking(clients).await.unwrap();
    assert!(
        running.metrics().contains("http_server_full_total"),
        "{}",
        running.metrics()
    );
}

/// HTTP/2 with prior knowledge: a stop sends GOAWAY, the stream that is open ends well, and then so does the process.
#[tokio::test(flavor = "multi_thread")]
async fn an_open_http2_stream_is_finished() {
    static BEGUN: Notify = Notify::const_new();
    static END: Notify = Notify::const_new();
    let slow = async || {
        BEGUN.notify_one();
        END.notified().await;
        "finished"
    };
    let running = Running::start(
        Router::new().route("/slow", route(slow)),
        Settings::default(),
    )
    .await;
    let _there = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder()
        .http2_prior_knowledge()
        .no_proxy()
        .build()
        .unwrap();
    let url = format!("http://{}/slow", running.address);
    let answer =
        tokio::spawn(async move { client.get(url).send().await.unwrap().text().await.unwrap() });
    BEGUN.notified().await;
    running.stop.cancel();
    END.notify_one();
    assert_eq!(answer.await.unwrap(), "finished");
    assert_eq!(running.stopped().await, Stopped { cut: 0 });
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_do_not_end_are_cut_and_counted() {
    static BEGUN: Notify = Notify::const_new();
    let stuck = async || {
        BEGUN.notify_one();
        std::future::pending::<()>().await;
    };
    let settings = Settings {
        drain_timeout: SHORT,
        ..Settings::default()
    };
    let running = Running::start(Router::new().route("/stuck", route(stuck)), settings).await;
    let address = running.address;
    let heard = spawn_blocking(move || get(address, "/stuck", ""));
    BEGUN.notified().await;
    assert_eq!(running.stopped().await, Stopped { cut: 1 });
    assert_eq!(heard.await.unwrap(), "");
}
