//! The rows of the fault matrix that lie in the connection: it does not come about, is not to be trusted, or ends in
//! HTTP/2's own words. Each at both doors, for a read and a write; and where every other row is tested.

use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::SystemTime;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::future::BoxFuture;
use serde_json::Value;
use serde_json::json;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::net::TcpSocket;
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;

use crate::support::door::TOKEN;
use crate::support::fault::FaultyUpstream;
use crate::support::fault::Received;
use crate::support::fault::Reply;
use crate::support::fault::Reply::ThenClose;
use crate::support::fault::json as json_answer;
use crate::support::grpc::GrpcUser;
use crate::support::grpc::reason;
use crate::support::process::Process;
use crate::support::secure::Authority;
use crate::support::secure::Certificate;
use crate::support::secure::Frames;
use crate::support::stack::User;
use crate::support::stack::gateway;
use crate::support::writer::Outcome;
use crate::support::writer::Writer;

const UNAVAILABLE: &str = "UPSTREAM_UNAVAILABLE";
const UNKNOWN: &str = "WRITE_OUTCOME_UNKNOWN";
const MILL: &str = r#"{"id":1,"name":"Mill","number":"01000","status":"ACTIVE"}"#;

/// A gateway before `base` with short timeouts, whose trust is in the authority.
fn impatient(base: &str, authority: &Path) -> (Process, User) {
    let settings = [
        ("PEERASSIST_UPSTREAM__CONNECT_TIMEOUT", "300ms"),
        ("PEERASSIST_UPSTREAM__ATTEMPT_TIMEOUT", "3s"),
        ("PEERASSIST_UPSTREAM__ALLOW_PLAIN_HTTP", "true"),
        ("SSL_CERT_FILE", authority.to_str().unwrap()),
    ];
    let (process, base) = gateway(base, &settings);
    (process, User::new(&base, TOKEN))
}

/// What is told of a read at both doors; nothing where it succeeds.
async fn reads(user: &User) -> [String; 2] {
    let answer = user
        .ask("{ customer(by: { databaseId: 1 }) { name } }", json!({}))
        .await;
    let told = answer["errors"][0]["extensions"]["reason"].as_str();
    assert_eq!(
        answer["data"]["customer"].is_null(),
        told.is_some(),
        "{answer}"
    );
    assert!(!answer.to_string().contains("localhost"), "{answer}");
    let grpc = GrpcUser::new(user).await.get_customer(1).await;
    let other = grpc.map_or_else(|status| reason(&status).0, |_| String::new());
    [told.unwrap_or("").to_owned(), other]
}

/// What is told of a write at both doors; nothing where it is done.
async fn writes(user: &User) -> Vec<String> {
    let input = json!({
        "name": "Mill", "number": "01000", "contactName": "Ann", "contactEmail": "ann@mill.example", "contactPhone": "1",
    });
    let mut told = Vec::new();
    for mut door in Writer::both(user).await {
        told.push(match door.create_customer(input.clone()).await {
            Outcome::Done(_) => String::new(),
            Outcome::Told(refusal) => refusal.reason,
        });
    }
    told
}

/// How soon a read is fine again.
async fn until_fine(user: &User) -> Duration {
    let begun = Instant::now();
    while !reads(user).await.concat().is_empty() {
        assert!(
            begun.elapsed() < Duration::from_secs(20),
            "it never recovers"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    begun.elapsed()
}

/// Ends a fault.
type End = Box<dyn FnOnce() -> BoxFuture<'static, ()> + Send>;

/// A fault that is there, and how to end it.
struct Fault {
    base: String,
    end: Option<End>,
}

/// Runs both reads and both writes over a fault, and then over what comes after it. Gives the number of cases.
async fn run(name: &str, fault: Fault, authority: &Path, read: &str, write: &str) -> usize {
    let (_process, user) = impatient(&fault.base, authority);
    let begun = Instant::now();
    assert_eq!(reads(&user).await, [read, read], "{name}");
    assert_eq!(writes(&user).await, [write, write], "{name}");
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(60), "{name}: {took:?}");
    let mut after = None;
    if let Some(end) = fault.end {
        end().await;
        after = Some(until_fine(&user).await);
    }
    println!("{name}: reads {read:?}, writes {write:?} in {took:?}; fine again after {after:?}");
    4
}

fn good(asked: &Received) -> Reply {
    let _any = asked;
    ThenClose(json_answer(200, "connection: close\r\n", MILL))
}

/// F1: a port at which nobody listens.
fn refused() -> Fault {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = port.local_addr().unwrap();
    drop(port);
    let end = move || -> BoxFuture<'static, ()> {
        Box::pin(async move {
            FaultyUpstream::on(TcpListener::bind(address).await.unwrap(), good);
        })
    };
    Fault {
        base: format!("http://{address}"),
        end: Some(Box::new(end)),
    }
}

/// F2: a listener whose queue is full, so that the kernel drops who knocks.
async fn black_hole() -> Fault {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let mut queue = Vec::new();
    loop {
        let knock = TcpStream::connect(address);
        match tokio::time::timeout(Duration::from_millis(200), knock).await {
            Ok(stream) => queue.push(stream.unwrap()),
            Err(_) => break,
        }
        assert!(queue.len() < 100, "the queue is never full");
    }
    let end = move || -> BoxFuture<'static, ()> {
        drop(queue);
        Box::pin(async move {
            FaultyUpstream::on(listener, good);
        })
    };
    Fault {
        base: format!("http://{address}"),
        end: Some(Box::new(end)),
    }
}

/// What a connection over TLS meets.
type Meets = Arc<dyn Fn(TcpStream) -> BoxFuture<'static, ()> + Send + Sync>;

/// A listener at `https://localhost` whose connections meet the first of these, and the second from the end of the
/// fault on.
async fn secure(faulty: Meets, fine: Meets) -> Fault {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let meets = Arc::new(Mutex::new(faulty));
    let now = meets.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let meet = now.lock().unwrap().clone();
            tokio::spawn(meet(stream));
        }
    });
    let end = move || -> BoxFuture<'static, ()> {
        *meets.lock().unwrap() = fine;
        Box::pin(async {})
    };
    Fault {
        base: format!("https://localhost:{port}"),
        end: Some(Box::new(end)),
    }
}

/// What becomes of the requests of a connection that speaks HTTP/2.
type Talk = fn(Frames, usize) -> BoxFuture<'static, ()>;

/// Connections that shake hands and then talk; each knows how many there were before it.
fn talking(acceptor: TlsAcceptor, count: Arc<AtomicUsize>, talk: Talk) -> Meets {
    Arc::new(move |stream| {
        let (acceptor, count) = (acceptor.clone(), count.clone());
        Box::pin(async move {
            // Whoever does not trust the certificate goes before the first request.
            let Ok(stream) = acceptor.accept(stream).await else {
                return;
            };
            let place = count.fetch_add(1, Ordering::SeqCst);
            if let Some(frames) = Frames::greet(stream).await {
                talk(frames, place).await;
            }
        })
    })
}

fn answers(mut frames: Frames, _place: usize) -> BoxFuture<'static, ()> {
    Box::pin(async move {
        while let Some(stream) = frames.request().await {
            frames.answer(stream, MILL).await;
        }
    })
}

const NO_ERROR: u32 = 0;
const INTERNAL_ERROR: u32 = 2;
const REFUSED_STREAM: u32 = 7;
const ENHANCE_YOUR_CALM: u32 = 11;

/// Every other connection goes away in good order before it has begun with its request.
fn goes_away(mut frames: Frames, place: usize) -> BoxFuture<'static, ()> {
    if !place.is_multiple_of(2) {
        return Box::pin(async move {
            if let Some(stream) = frames.request().await {
                frames.answer(stream, MILL).await;
                frames.go_away(stream, NO_ERROR).await;
            }
        });
    }
    Box::pin(async move {
        if frames.request().await.is_some() {
            frames.go_away(0, NO_ERROR).await;
            frames.ignore().await;
        }
    })
}

/// Every other request is turned away.
fn turns_away(mut frames: Frames, _place: usize) -> BoxFuture<'static, ()> {
    Box::pin(async move {
        while let Some(stream) = frames.request().await {
            frames.reset(stream, REFUSED_STREAM).await;
            match frames.request().await {
                Some(stream) => frames.answer(stream, MILL).await,
                None => return,
            }
        }
    })
}

fn asks_for_calm(mut frames: Frames, _place: usize) -> BoxFuture<'static, ()> {
    Box::pin(async move {
        if frames.request().await.is_some() {
            frames.go_away(0, ENHANCE_YOUR_CALM).await;
            frames.ignore().await;
        }
    })
}

fn breaks_down(mut frames: Frames, _place: usize) -> BoxFuture<'static, ()> {
    Box::pin(async move {
        // The fault is one of this connection, and ends with it.
        if let Some(stream) = frames.request().await {
            frames.reset(stream, INTERNAL_ERROR).await;
        }
    })
}

fn is_silent(mut frames: Frames, _place: usize) -> BoxFuture<'static, ()> {
    Box::pin(async move { frames.ignore().await })
}

/// An authority and its file.
fn authority() -> (TempDir, Authority) {
    let directory = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    authority.write(&directory.path().join("authority.pem"));
    (directory, authority)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_does_not_come_about_is_told_and_nothing_was_done() {
    let (directory, authority) = authority();
    let file = directory.path().join("authority.pem");
    let nobody = Fault {
        base: "http://does-not-exist.invalid".into(),
        end: None,
    };
    let mut cases = run("F1 refused", refused(), &file, UNAVAILABLE, UNAVAILABLE).await;
    cases += run(
        "F2 black hole",
        black_hole().await,
        &file,
        UNAVAILABLE,
        UNAVAILABLE,
    )
    .await;
    cases += run("F3 no such name", nobody, &file, UNAVAILABLE, UNAVAILABLE).await;
    let fine = || {
        let acceptor = authority.acceptor(Certificate::Good, &["h2"]);
        talking(acceptor, Arc::default(), answers)
    };
    for certificate in [
        Certificate::Expired,
        Certificate::OfAnotherName,
        Certificate::OfNobody,
    ] {
        let trusted = Arc::new(AtomicUsize::new(0));
        let acceptor = authority.acceptor(certificate, &["h2"]);
        let shown = talking(acceptor, trusted.clone(), is_silent);
        let name = format!("F5 {certificate:?}");
        cases += run(
            &name,
            secure(shown, fine()).await,
            &file,
            UNAVAILABLE,
            UNAVAILABLE,
        )
        .await;
        let heard = trusted.load(Ordering::SeqCst);
        assert_eq!(heard, 0, "{name}: no token goes to whom nobody trusts");
    }
    let stalls: Meets = Arc::new(|stream| {
        Box::pin(async move {
            tokio::time::sleep(Duration::from_secs(60)).await;
            drop(stream);
        })
    });
    cases += run(
        "F6 handshake",
        secure(stalls, fine()).await,
        &file,
        UNAVAILABLE,
        UNAVAILABLE,
    )
    .await;
    println!("connections: {cases} cases, all exact");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_http_2_says_of_a_request_is_understood() {
    let (directory, authority) = authority();
    let file = directory.path().join("authority.pem");
    let rows: [(&str, Talk, &str, &str); 5] = [
        ("F41 goes away in good order", goes_away, "", ""),
        ("F41 turns a stream away", turns_away, "", ""),
        ("F42 asks for calm", asks_for_calm, UNAVAILABLE, UNKNOWN),
        ("F42 breaks down", breaks_down, UNAVAILABLE, UNKNOWN),
        (
            "F42 leaves a ping unanswered",
            is_silent,
            UNAVAILABLE,
            UNKNOWN,
        ),
    ];
    let mut cases = 0;
    for (name, talk, read, write) in rows {
        let acceptor = || authority.acceptor(Certificate::Good, &["h2"]);
        let faulty = talking(acceptor(), Arc::default(), talk);
        let fine = talking(acceptor(), Arc::default(), answers);
        cases += run(name, secure(faulty, fine).await, &file, read, write).await;
    }
    println!("HTTP/2: {cases} cases, all exact");
}

/// A token that says when it ends, so many seconds from now.
fn token(ends_in: i64) -> String {
    let unix = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let end = i64::try_from(unix.unwrap().as_secs()).unwrap() + ends_in;
    let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!(
        "{}.{}.c2lnbmF0dXJl",
        part(json!({ "alg": "HS256" })),
        part(json!({ "exp": end }))
    )
}

#[tokio::test]
async fn clocks_may_differ_by_a_minute_and_a_token_that_has_ended_asks_nobody() {
    let upstream = FaultyUpstream::start(good).await;
    let (directory, _authority) = authority();
    let file = directory.path().join("authority.pem");
    let (_process, user) = impatient(&upstream.base, &file);
    let of = |token: String| User::new(&user.base, &token);
    for ends_in in [600, 30, -30] {
        assert_eq!(reads(&of(token(ends_in))).await, ["", ""], "F43 {ends_in}");
    }
    let asked = upstream.requests("/customer/1");
    let ended = of(token(-600));
    let query = "{ customer(by: { databaseId: 1 }) { name } }";
    let refused = ended.send(query, json!({})).await;
    assert_eq!(refused.status(), 401, "F45 ended");
    let answer: Value = refused.json().await.unwrap();
    assert_eq!(answer["errors"][0]["extensions"]["reason"], "TOKEN_EXPIRED");
    let grpc = GrpcUser::new(&ended).await.get_customer(1).await;
    assert_eq!(reason(&grpc.unwrap_err()).0, "TOKEN_EXPIRED");
    assert_eq!(upstream.requests("/customer/1"), asked);
}

/// Where each row of the matrix is tested: a part of the line with its case, or the name of its test.
const ROWS: [(u8, &str, &str); 50] = [
    (1, "connection_faults.rs", "F1 refused"),
    (2, "connection_faults.rs", "F2 black hole"),
    (3, "connection_faults.rs", "F3 no such name"),
    (4, "", ""),
    (5, "connection_faults.rs", "F5 {certificate:?}"),
    (6, "connection_faults.rs", "F6 handshake"),
    (7, "failures.rs", "F7 slow headers"),
    (8, "failures.rs", "F8 dripping body"),
    (9, "failures.rs", "F9 body that never ends"),
    (10, "failures.rs", "F10 truncated body"),
    (11, "failures.rs", "F11 truncated chunks"),
    (12, "failures.rs", "F12 body cut short"),
    (13, "failures.rs", "F13 a page of HTML"),
    (14, "failures.rs", "F14 broken JSON"),
    (15, "failures.rs", "F15 empty body"),
    (16, "failures.rs", "F16 unknown word"),
    (17, "failures.rs", "F17 no id"),
    (18, "failures.rs", "F18 unknown members"),
    (19, "failures.rs", "F19 huge body"),
    (20, "failures.rs", "F20 gzip bomb"),
    (21, "failures.rs", "F21 depth bomb"),
    (22, "failures.rs", "F22 200 headers"),
    (23, "failures.rs", "F23 401"),
    (
        24,
        "failures.rs",
        "fn a_failing_customer_fails_its_own_fields_alone",
    ),
    (25, "failures.rs", "F25 403"),
    (26, "failures.rs", "F26 404"),
    (27, "failures.rs", "F27 404 of a whole route"),
    (28, "failures.rs", "F28 405"),
    (29, "write_failures.rs", "F29 409"),
    (30, "write_failures.rs", "F30 412"),
    (31, "write_failures.rs", "F31 400"),
    (32, "failures.rs", "F32 429 for long"),
    (33, "failures.rs", "F33 500"),
    (34, "failures.rs", "F34 502"),
    (35, "failures.rs", "F35 503"),
    (
        36,
        "outage.rs",
        "fn reads_of_an_upstream_that_fails_every_other_time",
    ),
    (37, "outage.rs", "fn an_outage_costs_the_upstream_little"),
    (38, "failures.rs", "F38 redirect"),
    (39, "failures.rs", "F39 reset in the answer"),
    (
        40,
        "failures.rs",
        "F40 connection closed as the request came",
    ),
    (41, "connection_faults.rs", "F41 turns a stream away"),
    (42, "connection_faults.rs", "F42 asks for calm"),
    (43, "connection_faults.rs", "F43 {ends_in}"),
    (
        44,
        "cursors.rs",
        "fn an_upstream_that_lies_about_its_pages_ends_a_walk",
    ),
    (45, "connection_faults.rs", "F45 ended"),
    (
        46,
        "coalescing.rs",
        "fn a_leader_that_hangs_up_costs_its_followers_nothing",
    ),
    (
        47,
        "coalescing.rs",
        "fn a_leader_that_fails_has_made_the_attempts_of_all",
    ),
    (
        48,
        "shared_cache_faults.rs",
        "fn a_failover_to_a_redis_that_holds_nothing",
    ),
    (49, "failures.rs", "F49 interim answers"),
    (50, "failures.rs", "F50 another protocol"),
];

/// A name whose address changes needs a resolver of one's own, which there is not yet.
const UNTESTED: u8 = 4;

#[test]
fn every_row_of_the_matrix_has_its_test() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it");
    for ((row, file, mark), place) in ROWS.into_iter().zip(1..) {
        assert_eq!(row, place);
        if row == UNTESTED {
            continue;
        }
        let text = std::fs::read_to_string(tests.join(file)).unwrap();
        // This table names each mark of its own file once.
        let least = if file == "connection_faults.rs" { 2 } else { 1 };
        assert!(text.matches(mark).count() >= least, "F{row}: {mark}");
    }
}
