//! G22 to G33: the bodies of POSTs.

use std::time::Duration;

use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::bad_inputs::http1::Answer;
use crate::bad_inputs::http1::Request;
use crate::bad_inputs::http1::read_to_end;
use crate::bad_inputs::process::Gateway;
use crate::bad_inputs::row::Case;
use crate::bad_inputs::row::MARKER;
use crate::bad_inputs::row::Profiles;
use crate::bad_inputs::row::case;
use crate::support::door::TOKEN;

pub(super) const IDS: &[&str] = &[
    "G22", "G23", "G24", "G25", "G26", "G27", "G28", "G29", "G30", "G31", "G32", "G33",
];

const BAD: &str = "BAD_REQUEST";

/// Not JSON at all: 400 in both profiles.
fn unreadable() -> Vec<Case> {
    let deep = |open: &str| {
        format!(
            r#"{{"query":"{{__typename}}","variables":{{"a":{}"#,
            open.repeat(200_000)
        )
    };
    let closed = format!(
        r#"{{"query":"{{__typename}}","variables":{{"a":{}1{}}}}}"#,
        "[".repeat(200),
        "]".repeat(200)
    );
    let bodies: [(&str, &str, Vec<u8>); 12] = [
        ("G22", "empty", b"".to_vec()),
        ("G22", "blank", b" \n ".to_vec()),
        ("G23", "no JSON", MARKER.into()),
        ("G23", "cut short", format!(r#"{{"query":"{MARKER}"#).into()),
        ("G23", "BOM", "\u{feff}{\"query\":\"{__typename}\"}".into()),
        (
            "G23",
            "invalid UTF-8",
            b"{\"query\":\"{__typename} #\xff\xfe\"}".to_vec(),
        ),
        (
            "G23",
            "two values",
            br#"{"query":"{__typename}"}{}"#.to_vec(),
        ),
        (
            "G23",
            "NUL in a text",
            b"{\"query\":\"{__typename}\0\"}".to_vec(),
        ),
        (
            "G23",
            "lone surrogate",
            br#"{"query":"{__typename} # \ud800"}"#.to_vec(),
        ),
        ("G31", "200,000 lists", deep("[").into()),
        (
            "G31",
            "200,000 objects in 100,000 lists",
            deep("[{\"a\":")[..200_000].into(),
        ),
        ("G31", "200 lists that are closed", closed.into()),
    ];
    let bodies = bodies.into_iter();
    bodies
        .map(|(id, what, body)| case(id, what, Request::post(body)).always(400, BAD))
        .collect()
}

/// JSON, and not as GraphQL over HTTP has it: 422 in the edition.
fn misshapen() -> Vec<Case> {
    let good = r#""query":"{__typename}""#;
    let twice = |more: &str| format!("{{{good},{more}}}");
    let mut bodies = vec![
        ("G25", "{}".to_owned()),
        ("G25", r#"{"qeury":"{__typename}"}"#.to_owned()),
        ("G30", twice(good)),
        ("G30", twice(r#""variables":{},"variables":{}"#)),
        ("G30", twice(r#""variables":{"a":1,"a":2}"#)),
        ("G30", twice(r#""extensions":{"a":{"b":1,"b":1}}"#)),
    ];
    for value in ["null", "1", "\"x\"", "true", "1.5"] {
        bodies.push(("G24", value.to_owned()));
    }
    for value in ["null", "1", "{}", "[]", "true"] {
        bodies.push(("G25", format!(r#"{{"query":{value}}}"#)));
    }
    for value in ["1", "{}", "[]", "true"] {
        bodies.push(("G26", twice(&format!(r#""operationName":{value}"#))));
    }
    for value in ["1", "\"x\"", "[]", "[1]", "true"] {
        bodies.push(("G27", twice(&format!(r#""variables":{value}"#))));
        bodies.push(("G27", twice(&format!(r#""extensions":{value}"#))));
    }
    let bodies = bodies.into_iter();
    bodies
        .map(|(id, body)| {
            let what = body.clone();
            case(id, what, Request::post(body)).refused([400, 400, 422], BAD)
        })
        .collect()
}

fn good() -> Vec<Case> {
    let with = |more: &str| Request::post(format!(r#"{{"query":"{{__typename}}",{more}}}"#));
    let names = ["operationName", "variables", "extensions"];
    let nulls = names.map(|name| case("G28", name, with(&format!(r#""{name}":null"#))));
    let mut cases = Vec::from(nulls);
    for more in [r#""more":1"#, r#""id":"a","x":[{"y":null}]"#] {
        cases.push(case("G29", more, with(more)));
    }
    cases
}

fn lists() -> Vec<Case> {
    let one = json!({ "query": "{ __typename }" });
    let lists = [0, 1, 1_000].map(|length| vec![one.clone(); length]);
    let lists = lists.into_iter().map(|list| {
        let what = format!("{} operations", list.len());
        let body = json!(list).to_string();
        case("G33", what, Request::post(body)).refused([400, 400, 422], "BATCHING_DISABLED")
    });
    lists.collect()
}

fn large() -> Vec<Case> {
    let of = |bytes: usize| {
        let frame = r#"{"query":"{__typename}","x":""}"#;
        let filling = "x".repeat(bytes - frame.len());
        Request::post(frame.replace("\"\"", &format!("\"{filling}\"")))
    };
    vec![
        case("G32", "256 KiB", of(256 * 1024)),
        case("G32", "256 KiB and a byte", of(256 * 1024 + 1)).always(413, "PAYLOAD_TOO_LARGE"),
        case("G32", "8 MiB", of(8 * 1024 * 1024)).always(413, "PAYLOAD_TOO_LARGE"),
    ]
}

fn head(length: &str) -> String {
    format!(
        "POST /graphql HTTP/1.1\r\nhost: test\r\ncontent-type: application/json\r\n\
         authorization: Bearer {TOKEN}\r\n{length}\r\n\r\n"
    )
}

/// A body that says that it is too large is refused before a byte of it comes.
async fn declared(gateway: &Gateway) {
    let mut stream = TcpStream::connect(gateway.address).await.unwrap();
    let begun = Instant::now();
    let head = head("content-length: 1099511627776");
    stream.write_all(head.as_bytes()).await.unwrap();
    let read = read_to_end(&mut stream).await;
    let (answer, _) = Answer::parse(&read).expect("an answer");
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (413, "PAYLOAD_TOO_LARGE")
    );
    assert_eq!(answer.header("connection"), "close");
    assert!(
        begun.elapsed() < Duration::from_secs(5),
        "it waited for the body"
    );
}

/// A body without an end is refused as soon as more of it came than is allowed.
async fn endless(gateway: &Gateway) {
    let mut stream = TcpStream::connect(gateway.address).await.unwrap();
    let head = head("transfer-encoding: chunked");
    stream.write_all(head.as_bytes()).await.unwrap();
    let chunk = format!("4000\r\n{}\r\n", " ".repeat(0x4000));
    let mut chunks = 0;
    // Whoever refuses stops reading, so that the rest fits no buffer.
    while chunks < 1_000 && stream.write_all(chunk.as_bytes()).await.is_ok() {
        chunks += 1;
    }
    assert!(chunks < 1_000, "16 MB were taken");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_is_one_json_object_of_bounded_size() {
    let profiles = Profiles::start(&[]).await;
    profiles.run(unreadable()).await;
    profiles.run(misshapen()).await;
    profiles.run(good()).await;
    profiles.run(lists()).await;
    profiles.run(large()).await;
    let gateway = Gateway::start(&[]).await;
    declared(&gateway).await;
    gateway.is_well("G32").await.unwrap();
    endless(&gateway).await;
    gateway.is_well("G32").await.unwrap();
}
