//! What each fault of the upstream means for a write: done, refused, or unknown, and never sent twice.

use std::time::Duration;

use serde_json::Value;
use serde_json::json;

use crate::support::fault::FaultyUpstream;
use crate::support::fault::Reply;
use crate::support::fault::Reply::Drip;
use crate::support::fault::Reply::ThenClose;
use crate::support::fault::Reply::ThenReset;
use crate::support::fault::Reply::ThenSilence;
use crate::support::fault::Reply::Whole;
use crate::support::fault::http;
use crate::support::fault::json as json_answer;
use crate::support::stack::impatient_gateway;
use crate::support::writer::Outcome;
use crate::support::writer::Writer;
use crate::support::writer::global_id;

const UNKNOWN: &str = "WRITE_OUTCOME_UNKNOWN";

/// What no answer may show of the upstream.
const MARKER: &str = "marker-of-the-upstream";

/// A fault of the answer to a create, what is told of it (nothing where it is done), and how often the customer
/// is read afterwards, because the answer did not show it.
struct Case {
    name: &'static str,
    reply: Reply,
    reason: &'static str,
    reads: usize,
}

/// The customer that each create makes.
const MADE: &str = r#"{"id":4,"name":"Mill","number":"01000","status":"ACTIVE"}"#;

/// Another customer, who has been there before.
const OTHER: &str = r#"{"id":9,"name":"Dam","number":"00009","status":"ACTIVE"}"#;

fn cases() -> Vec<Case> {
    let case = |name, reply, reason, reads| Case {
        name,
        reply,
        reason,
        reads,
    };
    let done = |status, headers: &str, body: &str| Whole(json_answer(status, headers, body));
    let said = |status, body: &str| Whole(json_answer(status, "", body));
    let head = |status: u16| {
        let head = format!(
            "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: 900\r\n\r\n{{\"id\":"
        );
        head.into_bytes()
    };
    let location = "location: https://elsewhere.example/customer/4\r\n";
    vec![
        // Done, however it is said.
        case("200", said(200, MADE), "", 0),
        case("201 with a location", done(201, location, MADE), "", 0),
        case("201 with a location alone", done(201, location, ""), "", 1),
        case("200 with the id alone", said(200, "4"), "", 1),
        case(
            "200 with an object of the id",
            said(200, r#"{"id":"4"}"#),
            "",
            1,
        ),
        // Neither says which customer it is: it is looked for.
        case(
            "202 with the location of a job",
            done(202, "location: /jobs/17\r\n", ""),
            "",
            0,
        ),
        case("204", Whole(http(204, "", b"")), "", 0),
        case("200 with true", said(200, "true"), "", 0),
        // F10, F11, F39: the head says that it is done, the body does not come.
        case("a body cut short", ThenClose(head(200)), "", 0),
        case("a reset in the body", ThenReset(head(200)), "", 0),
        case("a body that never ends", ThenSilence(head(200)), "", 0),
        case("a dripping body", Drip(head(200), vec![b' '; 800]), "", 0),
        // Nobody knows.
        case("F7 no answer", ThenSilence(vec![]), UNKNOWN, 0),
        case(
            "F39 a reset instead of an answer",
            ThenReset(vec![]),
            UNKNOWN,
            0,
        ),
        case(
            "F40 the end instead of an answer",
            ThenClose(vec![]),
            UNKNOWN,
            0,
        ),
        case(
            "half a head",
            ThenClose(b"HTTP/1.1 200 X\r\ncont".to_vec()),
            UNKNOWN,
            0,
        ),
        case("F33 500", said(500, MARKER), UNKNOWN, 0),
        case("F34 502", said(502, MARKER), UNKNOWN, 0),
        case(
            "F35 503",
            done(503, "retry-after: 2\r\n", MARKER),
            UNKNOWN,
            0,
        ),
        case("F34 504", said(504, MARKER), UNKNOWN, 0),
        case("F38 302", done(302, location, ""), UNKNOWN, 0),
        case("F38 303", done(303, location, ""), UNKNOWN, 0),
        case(
            "F13 somebody's page",
            Whole(http(
                200,
                "content-type: text/html\r\n",
                b"<html>marker-of-the-upstream",
            )),
            UNKNOWN,
            0,
        ),
        case(
            "200 with the number of something else",
            said(200, "9"),
            UNKNOWN,
            0,
        ),
        // Not done.
        case("F23 401", said(401, "{}"), "TOKEN_INVALID", 0),
        case("F25 403", said(403, "{}"), "FORBIDDEN", 0),
        case("F26 404", said(404, "{}"), "NOT_FOUND", 0),
        case("F28 405", said(405, "{}"), "UPSTREAM_INVALID_RESPONSE", 0),
        case(
            "F29 409",
            said(409, &format!(r#"{{"message":"{MARKER}"}}"#)),
            "ALREADY_EXISTS",
            0,
        ),
        case("F30 412", said(412, "{}"), "PRECONDITION", 0),
        case(
            "F31 400",
            said(
                400,
                &format!(r#"{{"errors":[{{"field":"name","defaultMessage":"{MARKER}"}}]}}"#),
            ),
            "INVALID_INPUT",
            0,
        ),
        case(
            "F31 422 without fields",
            said(422, MARKER),
            "INVALID_INPUT",
            0,
        ),
        case(
            "F32 429",
            done(429, "retry-after: 2\r\n", "{}"),
            "RATE_LIMITED",
            0,
        ),
        case(
            "F38 307",
            done(307, location, "{}"),
            "UPSTREAM_INVALID_RESPONSE",
            0,
        ),
    ]
}

fn input() -> Value {
    json!({
        "name": "Mill", "number": "01000", "contactName": "Ann", "contactEmail": "ann@mill.example",
        "contactPhone": "1",
    })
}

#[tokio::test]
async fn each_fault_of_a_write_is_told_as_it_is_and_the_write_is_sent_once() {
    for Case {
        name,
        reply,
        reason,
        reads,
    } in cases()
    {
        let upstream = FaultyUpstream::start(move |asked| {
            match (asked.method.as_str(), asked.target.as_str()) {
                ("POST", _) => reply.clone(),
                (_, "/customer/4") => Whole(json_answer(200, "", MADE)),
                (_, "/customer/9") => Whole(json_answer(200, "", OTHER)),
                _ => Whole(json_answer(200, "", &format!(r#"{{"content":[{MADE}]}}"#))),
            }
        })
        .await;
        let (_gateway, user) = impatient_gateway(&upstream.base);
        let [mut graphql, mut grpc] = Writer::both(&user).await;
        let outcome = graphql.create_customer(input()).await;
        assert_eq!(grpc.create_customer(input()).await, outcome, "{name}");
        match &outcome {
            Outcome::Done(customer) => {
                assert_eq!(reason, "", "{name}");
                assert_eq!(customer["databaseId"], "4", "{name}");
            }
            Outcome::Told(refusal) => assert_eq!(refusal.reason, reason, "{name}: {refusal:?}"),
        }
        assert_eq!(
            upstream.requests("/customer"),
            2,
            "{name}: once for each door"
        );
        assert_eq!(upstream.requests("/customer/4"), 2 * reads, "{name}");
        let shown = format!("{outcome:?}");
        let leaks = shown.contains(MARKER) || shown.contains("127.0.0.1");
        assert!(!leaks, "{name}: {shown}");
    }
}

#[tokio::test]
async fn somebodys_page_in_answer_to_a_write_says_nothing_of_its_outcome() {
    let upstream = FaultyUpstream::start(|asked| match asked.method.as_str() {
        "GET" => Whole(json_answer(200, "", MADE)),
        _ => Whole(http(200, "content-type: text/html\r\n", b"<html>sign in")),
    })
    .await;
    let (_gateway, user) = impatient_gateway(&upstream.base);
    for mut door in Writer::both(&user).await {
        let id = json!({ "id": global_id("Customer", 4) });
        let change = json!({ "id": global_id("Customer", 4), "city": "Dayton" });
        assert_eq!(door.update_customer(change).await.reason(), UNKNOWN);
        assert_eq!(door.delete_customer(id).await.reason(), UNKNOWN);
    }
}

#[tokio::test]
async fn a_write_that_never_left_is_not_unknown() {
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let (_gateway, user) = impatient_gateway(&format!("http://127.0.0.1:{port}"));
    for mut door in Writer::both(&user).await {
        let outcome = door.create_customer(input()).await;
        assert_eq!(outcome.reason(), "UPSTREAM_UNAVAILABLE");
    }
}

// The upstream runs on while this thread waits for the gateway's end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_who_hangs_up_does_not_stop_a_write_that_waits_for_its_read() {
    let upstream = FaultyUpstream::start(|asked| match asked.method.as_str() {
        // 20 ms a byte: long enough to hang up in, short enough for an attempt.
        "GET" => {
            let mut head = json_answer(200, "connection: close\r\n", MADE);
            let rest = head.split_off(head.len() - 8);
            Drip(head, rest)
        }
        _ => Whole(json_answer(200, "", MADE)),
    })
    .await;
    let (gateway, user) = impatient_gateway(&upstream.base);
    let input = json!({ "id": global_id("Customer", 4), "city": "Dayton" });
    let write = tokio::spawn(async move { user.update_customer(input).await });
    while upstream.requests("/customer/4") == 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    write.abort();
    gateway.signal("TERM");
    assert_eq!(gateway.ended().code, Some(0));
    assert_eq!(
        upstream.requests("/customer/4"),
        2,
        "the read and the write"
    );
}
