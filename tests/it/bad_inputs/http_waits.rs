//! H1 to H4: clients that say nothing, little by little, or do not listen.

use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio::time::sleep;
use tokio::time::timeout;

use crate::bad_inputs::http1::Answer;
use crate::bad_inputs::process::Gateway;
use crate::support::door::TOKEN;

pub(super) const IDS: &[&str] = &["H1", "H2", "H3", "H4"];

/// What a busy machine may add to any bound.
const SLACK: Duration = Duration::from_secs(5);

/// What is sent at once, and what then comes at a byte a second.
struct Waiting {
    id: &'static str,
    what: &'static str,
    at_once: String,
    then: &'static str,
    /// How long the gateway may bear it.
    bound: Duration,
    /// The status that it may answer with, where it answers at all.
    status: Option<u16>,
}

fn table() -> Vec<Waiting> {
    let head = format!(
        "POST /graphql HTTP/1.1\r\nhost: test\r\ncontent-type: application/json\r\n\
         authorization: Bearer {TOKEN}\r\ncontent-length: 30\r\n\r\n"
    );
    let row = |id, what, at_once: &str, then, seconds, status| Waiting {
        id,
        what,
        at_once: at_once.to_owned(),
        then,
        bound: Duration::from_secs(seconds),
        status,
    };
    vec![
        row("H1", "no byte", "", "", 5, None),
        row("H2", "half a request line", "GET /graph", "", 10, Some(408)),
        row(
            "H2",
            "a head that drips",
            "GET /graphql HTTP/1.1\r\nhost: te",
            "st\r\nx-a: bbbbbbbbbbbbbbbbbbbbbbbb",
            10,
            Some(408),
        ),
        row(
            "H3",
            "a body that drips",
            &head,
            "{\"query\":\"{ __typename }\"}    ",
            10,
            Some(408),
        ),
        row("H3", "no body", &head, "", 10, Some(408)),
    ]
}

/// Bears it until the gateway ends it; what is not as the row has it.
async fn wait(gateway: &Gateway, row: &Waiting) -> Result<(), String> {
    let mut stream = TcpStream::connect(gateway.address).await.unwrap();
    let begun = Instant::now();
    stream.write_all(row.at_once.as_bytes()).await.unwrap();
    let (mut read, mut write) = stream.split();
    let drip = async {
        for byte in row.then.bytes() {
            sleep(Duration::from_secs(1)).await;
            if write.write_all(&[byte]).await.is_err() {
                break;
            }
        }
        std::future::pending::<()>().await;
    };
    let mut answered = Vec::new();
    let ended = read.read_to_end(&mut answered);
    let ended = tokio::select! {
        ended = timeout(row.bound + SLACK, ended) => ended,
        () = drip => unreachable!("it goes on for ever"),
    };
    let Waiting {
        id, what, bound, ..
    } = row;
    if ended.is_err() {
        return Err(format!("{id} {what}: open after {bound:?}"));
    }
    println!("{id} {what}: closed after {:?}", begun.elapsed());
    match (Answer::parse(&answered), row.status) {
        (None, _) => Ok(()),
        (Some((answer, _)), Some(status)) if answer.status == status => Ok(()),
        (Some((answer, _)), _) => Err(format!("{id} {what}: answered with {}", answer.status)),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_keeps_the_gateway_waiting_is_cut_off_in_time() {
    let gateway = Gateway::start(&[]).await;
    let table = table();
    let waits = table.iter().map(|row| wait(&gateway, row));
    let told = futures_util::future::join_all(waits).await;
    let told: Vec<String> = told.into_iter().filter_map(Result::err).collect();
    assert!(told.is_empty(), "{}", told.join("\n"));
    gateway.is_well("H1").await.unwrap();
}

/// Whoever asks without end and reads nothing holds up nobody else, and no answers pile up in memory.
#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_read_answers_fills_no_memory() {
    let gateway = Gateway::start(&[]).await;
    let request = "GET /graphiql/basic HTTP/1.1\r\nhost: test\r\n\r\n".repeat(200);
    let mut deaf = Vec::new();
    for _ in 0..20 {
        let mut stream = TcpStream::connect(gateway.address).await.unwrap();
        let asked = async {
            loop {
                stream.write_all(request.as_bytes()).await.unwrap();
            }
        };
        // Once the answers fill the sockets' buffers, the gateway reads no further.
        assert!(timeout(Duration::from_millis(500), asked).await.is_err());
        deaf.push(stream);
    }
    gateway.is_well("H4").await.unwrap();
    // What it has answered until then is there for whoever listens after all.
    let mut late = deaf.pop().unwrap();
    let mut answered = vec![0; 64 * 1024];
    late.read_exact(&mut answered).await.unwrap();
    assert_eq!(Answer::parse(&answered).unwrap().0.status, 200);
    drop((deaf, late));
    gateway.is_well("H4").await.unwrap();
}
