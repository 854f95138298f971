//! The accept loop against clients that misbehave, and its end.

use std::time::Duration;

use axum::Router;
use axum::routing::get as route;
use peerassist_gateway::listener::Settings;
use peerassist_gateway::listener::Stopped;
use tokio::sync::Notify;
use tokio::task::spawn_blocking;

use crate::support::listening::Listening;
use crate::support::listening::hello;
use crate::support::raw::Raw;
use crate::support::raw::get;

const SHORT: Duration = Duration::from_millis(150);

#[tokio::test(flavor = "multi_thread")]
async fn requests_know_their_peer() {
    let listening = Listening::start(hello(), Settings::default()).await;
    let address = listening.address;
    let answer = spawn_blocking(move || get(address, "/", "")).await.unwrap();
    assert!(answer.ends_with("\r\n\r\n127.0.0.1"), "{answer}");
    assert_eq!(listening.stopped().await, Stopped { cut: 0 });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_connection_is_closed() {
    let settings = Settings {
        first_byte_timeout: SHORT,
        ..Settings::default()
    };
    let listening = Listening::start(hello(), settings).await;
    let address = listening.address;
    let heard = spawn_blocking(move || Raw::connect(address).read_to_end());
    assert_eq!(heard.await.unwrap(), "");
    listening.assert_counted("http_server_silent_connections_total 1");
}

/// What a client hears that begins so and then says nothing more.
async fn heard_after(beginning: &'static str) -> String {
    let settings = Settings {
        head_timeout: SHORT,
        ..Settings::default()
    };
    let listening = Listening::start(hello(), settings).await;
    let address = listening.address;
    let half = move || {
        let mut raw = Raw::connect(address);
        raw.send(beginning);
        raw.read_to_end()
    };
    spawn_blocking(half).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn half_a_head_is_not_waited_for() {
    let heard = heard_after("GET / HTTP/1.1\r\nhost: te").await;
    assert!(!heard.contains(" 200 "), "{heard}");
}

/// Until the whole of it has come, it may be HTTP/1 as well, which the library waits for without end.
#[tokio::test(flavor = "multi_thread")]
async fn half_a_preface_is_not_waited_for() {
    for beginning in ["P", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r"] {
        assert_eq!(heard_after(beginning).await, "");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_listener_serves_whom_it_has_and_lets_others_wait() {
    let settings = Settings {
        connections_max: 1,
        ..Settings::default()
    };
    let listening = Listening::start(hello(), settings).await;
    let address = listening.address;
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
    listening.assert_counted("http_server_full_total");
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
    let app = Router::new().route("/slow", route(slow));
    let listening = Listening::start(app, Settings::default()).await;
    let _there = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder()
        .http2_prior_knowledge()
        .no_proxy()
        .build()
        .unwrap();
    let url = format!("http://{}/slow", listening.address);
    let answer =
        tokio::spawn(async move { client.get(url).send().await.unwrap().text().await.unwrap() });
    BEGUN.notified().await;
    listening.stop.cancel();
    END.notify_one();
    assert_eq!(answer.await.unwrap(), "finished");
    assert_eq!(listening.stopped().await, Stopped { cut: 0 });
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
    let listening = Listening::start(Router::new().route("/stuck", route(stuck)), settings).await;
    let address = listening.address;
    let heard = spawn_blocking(move || get(address, "/stuck", ""));
    BEGUN.notified().await;
    assert_eq!(listening.stopped().await, Stopped { cut: 1 });
    assert_eq!(heard.await.unwrap(), "");
}

/// Balancers need time to notice. Meanwhile clients are served, and told to look for another connection.
#[tokio::test(flavor = "multi_thread")]
async fn a_listener_that_is_about_to_stop_serves_and_says_so() {
    let settings = Settings {
        drain_delay: Duration::from_secs(2),
        ..Settings::default()
    };
    let listening = Listening::start(hello(), settings).await;
    let (address, stop) = (listening.address, listening.stop.clone());
    let clients = move || {
        let ask = "GET / HTTP/1.1\r\nhost: test\r\n\r\n";
        let mut kept = Raw::connect(address);
        kept.send(ask);
        assert!(!kept.read_until("127.0.0.1").contains("connection: close"));
        stop.cancel();
        // The stop is heard in another thread; until then, answers are as before.
        loop {
            kept.send(ask);
            if kept.read_until("127.0.0.1").contains("connection: close") {
                break;
            }
        }
        assert_eq!(kept.read_to_end(), "");
        let mut fresh = Raw::connect(address);
        fresh.send(ask);
        assert!(fresh.read_to_end().contains("connection: close\r\n"));
    };
    spawn_blocking(clients).await.unwrap();
    assert_eq!(listening.stopped().await, Stopped { cut: 0 });
}
