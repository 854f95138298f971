//! The bounds of a listener: what the limit allows goes, what is beyond is refused, and others notice nothing.

use std::time::Duration;

use axum::Router;
use axum::routing::get as route;
use peerassist_gateway::listener::Settings;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use crate::support::frames;
use crate::support::frames::DATA;
use crate::support::frames::Frames;
use crate::support::frames::GOAWAY;
use crate::support::frames::HEADERS;
use crate::support::frames::INITIAL_WINDOW_SIZE;
use crate::support::frames::PING;
use crate::support::frames::RST_STREAM;
use crate::support::frames::error_code;
use crate::support::frames::frame;
use crate::support::listening::Listening;
use crate::support::listening::hello;
use crate::support::process::Process;
use crate::support::raw::Raw;
use crate::support::raw::get;

const SHORT: Duration = Duration::from_millis(150);

/// RFC 9113, section 7.
const REFUSED_STREAM: u32 = 7;

const ASK: &str = "GET / HTTP/1.1\r\nhost: test\r\n\r\n";

/// Runs what blocks a thread, such as a client by hand.
async fn blocking<T: Send + 'static>(client: impl FnOnce() -> T + Send + 'static) -> T {
    spawn_blocking(client).await.unwrap()
}

/// Whether a client from this address is served.
fn is_served(raw: &mut Raw) -> bool {
    raw.try_send(ASK).is_ok() && raw.try_read_until("127.0.0.").is_some()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_address_has_so_many_connections_and_others_have_theirs() {
    let settings = Settings {
        connections_per_address_max: 2,
        ..Settings::default()
    };
    let listening = Listening::start(hello(), settings).await;
    let address = listening.address;
    blocking(move || {
        let mut mine: Vec<Raw> = (0..2).map(|_| Raw::connect(address)).collect();
        assert!(mine.iter_mut().all(is_served));
        assert_eq!(Raw::connect(address).read_to_end(), "");
        assert!(is_served(&mut Raw::connect_from("127.0.0.2", address)));
        assert!(mine.iter_mut().all(is_served));
        // The end of a connection is noticed in another thread.
        mine.pop();
        while !is_served(&mut Raw::connect(address)) {}
    })
    .await;
    listening.assert_counted("http_server_crowded_connections_total");
}

/// The library would keep this refusal to itself if it aggregated its writes.
#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_is_too_large_is_told_so() {
    let listening = Listening::start(hello(), Settings::default()).await;
    let address = listening.address;
    let heard = blocking(move || get(address, "/", &"x: y\r\n".repeat(101)));
    let heard = heard.await;
    assert!(heard.starts_with("HTTP/1.1 431 "), "{heard}");
}

/// A body that no kernel buffers.
fn large() -> Router {
    Router::new().route("/", route(async || vec![b'x'; 32 * 1024 * 1024]))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_does_not_take_its_answer_is_cut_off() {
    let settings = Settings {
        write_timeout: SHORT,
        ..Settings::default()
    };
    let listening = Listening::start(large(), settings).await;
    let address = listening.address;
    let _deaf = blocking(move || {
        let mut raw = Raw::connect(address);
        raw.send(ASK);
        raw
    })
    .await;
    listening
        .until_counted("http_server_stalled_connections_total 1")
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_whose_window_never_opens_is_not_waited_for() {
    let settings = Settings {
        write_timeout: SHORT,
        ..Settings::default()
    };
    let listening = Listening::start(hello(), settings).await;
    let address = listening.address;
    blocking(move || {
        let mut shut = Frames::connect(address, &[(INITIAL_WINDOW_SIZE, 0)]);
        shut.send(&frames::get(1)).unwrap();
        assert!(shut.next_of(HEADERS).is_some());
        // Alive in every other respect.
        while shut.send(&frame(PING, 0, 0, &[0; 8])).is_ok() && shut.next_of(PING).is_some() {}
    })
    .await;
    listening.assert_counted("http_server_stalled_connections_total 1");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_http2_connection_that_asks_nothing_is_told_to_go_and_closed() {
    let settings = Settings {
        idle_timeout: SHORT,
        ..Settings::default()
    };
    let listening = Listening::start(hello(), settings).await;
    let address = listening.address;
    blocking(move || {
        let mut idle = Frames::connect(address, &[]);
        idle.send(&frames::get(1)).unwrap();
        assert!(idle.next_of(DATA).is_some());
        assert_eq!(error_code(&idle.next_of(GOAWAY).unwrap()), 0);
        while let Some(next) = idle.next() {
            if next.kind == PING {
                idle.send(&frame(PING, frames::ACK, 0, &next.payload))
                    .unwrap();
            }
        }
    })
    .await;
    listening.assert_counted("http_server_idle_connections_total 1");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_connection_has_a_hundred_streams_and_no_more() {
    static OPEN: Semaphore = Semaphore::const_new(0);
    let wait = async || {
        let _open = OPEN.acquire().await.unwrap();
    };
    let app = Router::new().route("/", route(wait));
    let listening = Listening::start(app, Settings::default()).await;
    let address = listening.address;
    blocking(move || {
        let mut client = Frames::connect(address, &[]);
        let streams = (0..101).map(|n| 2 * n + 1);
        let asked: Vec<u8> = streams.flat_map(frames::get).collect();
        client.send(&asked).unwrap();
        let refused = client.next_of(RST_STREAM).unwrap();
        assert_eq!(refused.stream, 201);
        assert_eq!(refused.payload, REFUSED_STREAM.to_be_bytes());
        OPEN.add_permits(1);
        for _ in 0..100 {
            assert!(client.next_of(HEADERS).is_some());
        }
    })
    .await;
}

/// Without free descriptors nobody can be let in. That passes, and the process is still there.
#[test]
fn a_process_that_runs_out_of_descriptors_goes_on_when_it_has_some() {
    let arguments = ["serve", "--upstream", "http://127.0.0.1:1"];
    let anywhere = ["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"];
    let patient = [
        ("PEERASSIST_FIRST_BYTE_TIMEOUT", "1h"),
        ("PEERASSIST_LOG__FORMAT", "text"),
    ];
    let arguments = [&arguments[..], &anywhere].concat();
    let mut process = Process::start_with_files(40, &arguments, &patient);
    let gateway = process.address("gateway");
    let held: Vec<Raw> = (0..60).map(|_| Raw::connect(gateway)).collect();
    process.until_logged("no connection can be accepted");
    drop(held);
    assert!(get(gateway, "/nothing", "").starts_with("HTTP/1.1 404"));
}
