//! H5 to H11 and H15: heads that two readers could understand differently, and what of a head goes further.

use crate::bad_inputs::http1::Answer;
use crate::bad_inputs::http1::exchange;
use crate::bad_inputs::process::Gateway;
use crate::support::door::TOKEN;

pub(super) const IDS: &[&str] = &["H5", "H6", "H7", "H8", "H9", "H10", "H11", "H15"];

const BODY: &str = r#"{"query":"{ __typename }"}"#;

/// The bytes of one row, and the statuses that may come back, one answer for each.
struct Row {
    id: &'static str,
    what: String,
    bytes: Vec<u8>,
    statuses: &'static [u16],
}

fn row(id: &'static str, what: &str, bytes: impl Into<Vec<u8>>, statuses: &'static [u16]) -> Row {
    Row {
        id,
        what: what.into(),
        bytes: bytes.into(),
        statuses,
    }
}

/// A POST with these lines in its head, and these bytes behind it.
fn post(lines: &str, body: &str) -> String {
    format!(
        "POST /graphql HTTP/1.1\r\nhost: test\r\ncontent-type: application/json\r\n\
         authorization: Bearer {TOKEN}\r\n{lines}\r\n{body}"
    )
}

fn chunked(body: &str) -> String {
    format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len())
}

/// The matrix wants 400 for H5, or that the coding wins and the connection closes (RFC 9112, section 6.1: "MUST close
/// the connection after responding"): what stands behind is never read as a request.
fn lengths() -> Vec<Row> {
    let smuggled = "GET /smuggled HTTP/1.1\r\nhost: test\r\n\r\n";
    let both = "content-length: 5\r\ntransfer-encoding: chunked\r\n";
    let length = BODY.len();
    let close = |lines: &str| post(&format!("{lines}connection: close\r\n"), BODY);
    let bad = [
        format!("content-length: {length}\r\ncontent-length: 3\r\n"),
        format!("content-length: +{length}\r\n"),
        format!("content-length: {length}, {length}\r\n"),
        format!("content-length: {length}abc\r\n"),
        "content-length: -1\r\n".to_owned(),
        "content-length: 99999999999999999999\r\n".to_owned(),
        "transfer-encoding: xchunked\r\n".to_owned(),
        "transfer-encoding: chunked, identity\r\n".to_owned(),
        format!("content-length : {length}\r\n"),
        format!("x-a: b\r\n folded\r\ncontent-length: {length}\r\n"),
        format!("x-a: b\0\r\ncontent-length: {length}\r\n"),
        format!("x a: b\r\ncontent-length: {length}\r\n"),
        format!(": b\r\ncontent-length: {length}\r\n"),
        format!("no colon\r\ncontent-length: {length}\r\n"),
    ];
    let mut rows: Vec<Row> = bad
        .iter()
        .map(|lines| row("H6", lines, close(lines), &[400]))
        .collect();
    let overflow = format!("fffffffffffffffff\r\n{BODY}");
    let negative = format!("-1\r\n{BODY}");
    let old =
        post("transfer-encoding: chunked\r\n", &chunked(BODY)).replace("HTTP/1.1", "HTTP/1.0");
    rows.extend([
        row(
            "H5",
            "both lengths",
            post(both, &format!("{}{smuggled}", chunked(BODY))),
            &[200],
        ),
        row(
            "H5",
            "both, the other way",
            post(
                "transfer-encoding: chunked\r\ncontent-length: 5\r\n",
                &format!("{}{smuggled}", chunked(BODY)),
            ),
            &[200],
        ),
        row(
            "H6",
            "a chunk of 2^68 bytes",
            post(
                "transfer-encoding: chunked\r\nconnection: close\r\n",
                &overflow,
            ),
            &[400],
        ),
        row(
            "H6",
            "a negative chunk",
            post(
                "transfer-encoding: chunked\r\nconnection: close\r\n",
                &negative,
            ),
            &[400],
        ),
        row("H6", "chunked in HTTP/1.0", old, &[400]),
    ]);
    rows
}

/// "A recipient MAY recognize a single LF as a line terminator" (RFC 9112, section 2.2). A second `chunked` is against
/// section 6.1 for whoever sends it; read once, as here, it moves no boundary.
fn lenient() -> Vec<Row> {
    let length = BODY.len();
    let lf = post(
        &format!("content-length: {length}\r\nconnection: close\r\n"),
        "",
    )
    .replace("\r\n", "\n");
    let twice = post(
        "transfer-encoding: chunked, chunked\r\nconnection: close\r\n",
        &chunked(BODY),
    );
    vec![
        row("H7", "bare LF", format!("{lf}{BODY}"), &[200]),
        row("H7", "chunked twice", twice, &[200]),
    ]
}

fn hosts() -> Vec<Row> {
    let of = |lines: &str| {
        format!(
            "POST /graphql HTTP/1.1\r\n{lines}content-type: application/json\r\nauthorization: Bearer {TOKEN}\r\n\
             content-length: {}\r\nconnection: close\r\n\r\n{BODY}",
            BODY.len()
        )
    };
    let absolute = of("host: test\r\n").replace("/graphql", "http://evil.example/graphql");
    let old = of("").replace("HTTP/1.1", "HTTP/1.0");
    vec![
        row("H8", "no host", of(""), &[400]),
        row(
            "H8",
            "two hosts",
            of("host: test\r\nhost: test\r\n"),
            &[400],
        ),
        row("H8", "no host at all", of("host: a b\r\n"), &[400]),
        row(
            "H8",
            "a host with a path",
            of("host: test/graphql\r\n"),
            &[400],
        ),
        row("H8", "an empty host", of("host:\r\n"), &[200]),
        row(
            "H8",
            "a host with a port",
            of("host: [::1]:8080\r\n"),
            &[200],
        ),
        row("H8", "absolute, of another host", absolute, &[200]),
        row("H8", "HTTP/1.0 without one", old, &[200]),
    ]
}

fn sizes() -> Vec<Row> {
    let of = |lines: &str| {
        let length = BODY.len();
        post(
            &format!("content-length: {length}\r\nconnection: close\r\n{lines}"),
            BODY,
        )
    };
    let headers = |n: usize| (0..n).map(|n| format!("x-{n}: a\r\n")).collect::<String>();
    let long = |bytes: usize| format!("x-long: {}\r\n", "a".repeat(bytes));
    let uri = of("").replace("/graphql", &format!("/graphql?{}", "a".repeat(70 * 1024)));
    vec![
        // Five of the hundred are the request's own.
        row("H9", "100 headers", of(&headers(95)), &[200]),
        row("H9", "101 headers", of(&headers(96)), &[431]),
        row("H9", "a header of 1 MiB", of(&long(1024 * 1024)), &[431]),
        row("H9", "a URI of 70 KiB", uri, &[414]),
        row(
            "H10",
            "underscores",
            of("x_explain: 2\r\ncontent_type: text/plain\r\nx_request_id: a\r\n"),
            &[200],
        ),
    ]
}

fn conversations() -> Vec<Row> {
    let length = BODY.len();
    let one = post(&format!("content-length: {length}\r\n"), BODY);
    let last = post(
        &format!("content-length: {length}\r\nconnection: close\r\n"),
        BODY,
    );
    let expecting = post(
        &format!("content-length: {length}\r\nexpect: 100-continue\r\nconnection: close\r\n"),
        BODY,
    );
    let plain = |method: &str, target: &str| {
        format!("{method} {target} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n")
    };
    vec![
        row(
            "H15",
            "100 in a row",
            format!("{}{last}", one.repeat(99)),
            &[200; 100],
        ),
        row("H15", "expecting", expecting, &[100, 200]),
        row("H15", "TRACE", plain("TRACE", "/graphql"), &[405]),
        row(
            "H15",
            "CONNECT",
            plain("CONNECT", "evil.example:80"),
            &[404],
        ),
        row(
            "H15",
            "CONNECT to a path",
            plain("CONNECT", "/graphql"),
            &[405],
        ),
    ]
}

/// All answers in what came back.
fn answers(mut read: &[u8]) -> Vec<Answer> {
    let mut answers = Vec::new();
    while let Some((answer, rest)) = Answer::parse(read) {
        answers.push(answer);
        read = rest;
    }
    answers
}

async fn run(gateway: &Gateway, rows: Vec<Row>) {
    let mut differences = Vec::new();
    for Row {
        id,
        what,
        bytes,
        statuses,
    } in rows
    {
        let read = exchange(gateway.address, &bytes).await;
        let found: Vec<u16> = answers(&read).iter().map(|answer| answer.status).collect();
        if found != statuses {
            differences.push(format!("{id} {what:?}: {found:?} is not {statuses:?}"));
        }
        differences.extend(gateway.is_well(id).await.err());
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_two_could_read_differently_is_refused_or_closes() {
    let gateway = Gateway::start(&[]).await;
    run(&gateway, lengths()).await;
    run(&gateway, lenient()).await;
    run(&gateway, hosts()).await;
    run(&gateway, sizes()).await;
    run(&gateway, conversations()).await;
}

/// H11: the upstream hears what this gateway says, and of the client only the token.
#[tokio::test(flavor = "multi_thread")]
async fn of_a_clients_head_only_the_token_goes_upstream() {
    let gateway = Gateway::start(&[]).await;
    let strange = "x-forwarded-for: 10.0.0.1\r\nx-forwarded-host: evil.example\r\nx-forwarded-proto: https\r\n\
         forwarded: for=10.0.0.1;host=evil.example\r\nx-real-ip: 10.0.0.1\r\nx_forwarded_for: 10.0.0.2\r\n\
         connection: authorization, x-evil, close\r\nkeep-alive: timeout=9\r\nproxy-authorization: Basic eg==\r\n\
         te: trailers\r\ntrailer: x-evil\r\nx-evil: 1\r\ncookie: a=b\r\nx-api-key: evil\r\naccept-charset: evil\r\n\
         user-agent: evil\r\nvia: 1.1 evil\r\norigin: https://evil.example\r\nreferer: https://evil.example/\r\n";
    let body = r#"{"query":"{ customer(by: { databaseId: 2 }) { id } }"}"#;
    let bytes = post(
        &format!("content-length: {}\r\n{strange}", body.len()),
        body,
    );
    let before = gateway.upstream.calls();
    let read = exchange(gateway.address, bytes.as_bytes()).await;
    assert_eq!(answers(&read)[0].status, 200);
    let asked = gateway.upstream.asked();
    assert_eq!(asked.len(), before + 1);
    let asked = &asked[before];
    let mut names: Vec<&str> = asked.headers.keys().map(|name| name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "accept",
            "accept-encoding",
            "authorization",
            "host",
            "user-agent"
        ]
    );
    let values: Vec<&[u8]> = asked
        .headers
        .values()
        .map(|value| value.as_bytes())
        .collect();
    let text = String::from_utf8_lossy(&values.join(&b'\n')).into_owned();
    assert!(!text.contains("evil") && !text.contains("10.0.0"), "{text}");
    gateway.is_well("H11").await.unwrap();
}
