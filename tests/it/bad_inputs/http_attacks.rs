//! H12 to H14: floods of frames and of connections.

use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio::time::timeout;

use crate::bad_inputs::frames::CONTINUATION;
use crate::bad_inputs::frames::Connection;
use crate::bad_inputs::frames::DATA;
use crate::bad_inputs::frames::END_HEADERS;
use crate::bad_inputs::frames::HEADERS;
use crate::bad_inputs::frames::PING;
use crate::bad_inputs::frames::PRIORITY;
use crate::bad_inputs::frames::RST_STREAM;
use crate::bad_inputs::frames::SETTINGS;
use crate::bad_inputs::frames::WINDOW_UPDATE;
use crate::bad_inputs::frames::frame;
use crate::bad_inputs::frames::header;
use crate::bad_inputs::frames::request;
use crate::bad_inputs::process::Gateway;

pub(super) const IDS: &[&str] = &["H12", "H13", "H14"];

/// Error codes of HTTP/2 (RFC 9113, section 7).
const PROTOCOL_ERROR: u32 = 1;
const FLOW_CONTROL_ERROR: u32 = 3;
const ENHANCE_YOUR_CALM: u32 = 11;

type Chunks = Box<dyn Iterator<Item = Vec<u8>> + Send>;

fn streams() -> impl Iterator<Item = u32> {
    (1..).step_by(2)
}

fn attacks() -> Vec<(&'static str, u32, Chunks)> {
    let cancel = frame(RST_STREAM, 0, 0, &8_u32.to_be_bytes());
    let reset = move |stream: u32| {
        let mut cancel = cancel.clone();
        cancel[5..9].copy_from_slice(&stream.to_be_bytes());
        [request(stream, END_HEADERS), cancel].concat()
    };
    let continued = |headers: Vec<u8>| -> Chunks {
        let begun = std::iter::once(request(1, 0));
        let more = frame(CONTINUATION, 0, 1, &headers);
        Box::new(begun.chain(std::iter::repeat_n(more, 100_000)))
    };
    let opened_once = |more: Vec<u8>| -> Chunks {
        let opened = std::iter::once(request(1, END_HEADERS));
        Box::new(opened.chain(std::iter::repeat_n(more, 100_000)))
    };
    let window = |size: u32| {
        move |stream: u32| {
            let update = frame(WINDOW_UPDATE, 0, stream, &size.to_be_bytes());
            [request(stream, END_HEADERS), update].concat()
        }
    };
    vec![
        (
            "rapid reset",
            ENHANCE_YOUR_CALM,
            Box::new(streams().take(50_000).map(reset)),
        ),
        (
            "CONTINUATION",
            ENHANCE_YOUR_CALM,
            continued(header("x-a", &"a".repeat(100))),
        ),
        (
            "empty CONTINUATION",
            ENHANCE_YOUR_CALM,
            continued(Vec::new()),
        ),
        (
            "empty DATA",
            ENHANCE_YOUR_CALM,
            opened_once(frame(DATA, 0, 1, &[])),
        ),
        (
            "windows of zero",
            PROTOCOL_ERROR,
            Box::new(streams().take(50_000).map(window(0))),
        ),
        (
            "a window that overflows",
            FLOW_CONTROL_ERROR,
            opened_once(frame(WINDOW_UPDATE, 0, 0, &0x7fff_ffff_u32.to_be_bytes())),
        ),
        (
            "a header block that nobody can read",
            PROTOCOL_ERROR,
            Box::new(std::iter::once(frame(HEADERS, END_HEADERS, 1, &[0xff; 40]))),
        ),
    ]
}

/// H12: each is ended by the gateway within a second; others are served, and nothing piles up.
#[tokio::test(flavor = "multi_thread")]
async fn a_flood_that_costs_more_here_than_there_ends_its_connection() {
    let gateway = Gateway::start(&[]).await;
    for (name, error, chunks) in attacks() {
        let ended = Connection::open(gateway.address).await.flood(chunks).await;
        let (found, after) = ended.unwrap_or_else(|| panic!("{name} was borne"));
        println!("H12 {name}: GOAWAY({found}) after {after:?}");
        assert_eq!(found, error, "{name}");
        assert!(after < Duration::from_secs(5), "{name}: {after:?}");
        gateway.is_well("H12").await.unwrap();
    }
}

/// H13: these are answered, which is cheap; meanwhile a client that behaves is served, and nothing piles up.
#[tokio::test(flavor = "multi_thread")]
async fn a_flood_that_is_cheap_holds_nobody_up() {
    let gateway = Gateway::start(&[]).await;
    let priority = |stream: u32| frame(PRIORITY, 0, stream, &[0, 0, 0, 0, 16]);
    let floods: [(&str, Vec<u8>); 3] = [
        ("PING", frame(PING, 0, 0, &[7; 8]).repeat(100)),
        ("SETTINGS", frame(SETTINGS, 0, 0, &[]).repeat(100)),
        ("PRIORITY", streams().take(100).flat_map(priority).collect()),
    ];
    for (name, chunk) in floods {
        let connection = Connection::open(gateway.address).await;
        let flood = tokio::spawn(connection.flood(std::iter::repeat_n(chunk, 20_000)));
        let (begun, before) = (Instant::now(), gateway.process.processor());
        let mut slowest = Duration::ZERO;
        while begun.elapsed() < Duration::from_secs(1) {
            let asked = Instant::now();
            gateway.answers().await;
            slowest = slowest.max(asked.elapsed());
        }
        flood.abort();
        let took = gateway.process.processor() - before;
        println!(
            "H13 {name}: {took:?} of processor time in {:?}, the slowest pair of good answers took {slowest:?}",
            begun.elapsed()
        );
        gateway.is_well("H13").await.unwrap();
    }
}

/// H14: beyond the most connections the next one waits, and those that are served go on.
#[tokio::test(flavor = "multi_thread")]
async fn connections_that_are_opened_and_left_are_bounded() {
    let limits = [
        ("PEERASSIST_CONNECTIONS_MAX", "200"),
        // All of them come from one address here.
        ("PEERASSIST_CONNECTIONS_PER_ADDRESS_MAX", "1000"),
    ];
    let gateway = Gateway::start(&limits).await;
    let mut idle = Vec::new();
    for _ in 0..400 {
        let connected = timeout(Duration::from_secs(1), TcpStream::connect(gateway.address));
        // Beyond the limit it is the kernel that answers, as long as it has room.
        if let Ok(Ok(stream)) = connected.await {
            idle.push(stream);
        }
    }
    assert!(idle.len() >= 200, "{}", idle.len());
    // They say nothing, so each is closed after five seconds, and a good one has its turn.
    timeout(Duration::from_secs(20), gateway.answers())
        .await
        .unwrap();
    gateway.is_well("H14").await.unwrap();
}
