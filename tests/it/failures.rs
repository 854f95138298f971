//! The upstream slow, down or wrong, as the callers of both doors see it: the rows of the fault matrix for reads.

use std::time::Duration;

use peerassist_gateway::grpc::v1;
use peerassist_gateway::grpc::v1::get_customer_request::By;
use serde_json::Value;
use serde_json::json;
use tonic_types::StatusExt;

use crate::support::fault::FaultyUpstream;
use crate::support::fault::Reply;
use crate::support::fault::Reply::Drip;
use crate::support::fault::Reply::ThenClose;
use crate::support::fault::Reply::ThenReset;
use crate::support::fault::Reply::ThenSilence;
use crate::support::fault::Reply::Whole;
use crate::support::fault::http;
use crate::support::fault::json as json_answer;
use crate::support::grpc::GrpcUser;
use crate::support::grpc::reason;
use crate::support::stack::impatient_gateway;

/// What no answer may show of the upstream.
const MARKER: &str = "marker-of-the-upstream";

/// How a fault looks to callers, and how often the upstream is asked.
struct Case {
    name: &'static str,
    reply: Reply,
    /// The reason in both doors; empty where the read succeeds.
    reason: &'static str,
    attempts: usize,
}

fn case(name: &'static str, reply: Reply, reason: &'static str, attempts: usize) -> Case {
    Case {
        name,
        reply,
        reason,
        attempts,
    }
}

fn good(id: usize) -> String {
    format!(r#"{{"id":{id},"name":"N","status":"ACTIVE"}}"#)
}

fn gzip_bomb() -> Vec<u8> {
    use std::io::Write;
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    for _ in 0..512 {
        writer.write_all(&[b' '; 1024 * 1024]).unwrap();
    }
    writer.finish().unwrap()
}

/// The rows of the matrix (F7 to F50) that a read of one object can show, in their order. The case at place n
/// answers `/customer/{n + 1}`.
fn cases() -> Vec<Case> {
    let truncated =
        b"HTTP/1.1 200 X\r\ncontent-type: application/json\r\ncontent-length: 900\r\n\r\n{\"id\":"
            .to_vec();
    let chunked = b"HTTP/1.1 200 X\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n20\r\n{\"id\":".to_vec();
    let undelimited = b"HTTP/1.1 200 X\r\ncontent-type: application/json\r\n\r\n{\"id\":".to_vec();
    let head =
        b"HTTP/1.1 200 X\r\ncontent-type: application/json\r\ncontent-length: 900\r\n\r\n".to_vec();
    let ok = |body: &str| Whole(json_answer(200, "", body));
    let status = |status: u16, headers: &str| {
        Whole(json_answer(
            status,
            headers,
            &format!(r#"{{"message":"{MARKER}"}}"#),
        ))
    };
    let html = |status: u16| {
        Whole(http(
            status,
            "content-type: text/html\r\n",
            format!("<h1>{MARKER}</h1>").as_bytes(),
        ))
    };
    let many = (0..200)
        .map(|i| format!("x-{i}: {i}\r\n"))
        .collect::<String>();
    let long = format!("x-long: {}\r\n", "x".repeat(2 * 1024 * 1024));
    let deep = format!(
        r#"{{"id":21,"x":{}{}}}"#,
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    let huge = format!(r#"{{"id":19,"x":"{}"}}"#, "x".repeat(9 * 1024 * 1024));
    let interim = "HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n"
        .repeat(50)
        .into_bytes();
    vec![
        case(
            "F7 slow headers",
            ThenSilence(vec![]),
            "UPSTREAM_TIMEOUT",
            2,
        ),
        case(
            "F8 dripping body",
            Drip(head.clone(), vec![b' '; 900]),
            "UPSTREAM_TIMEOUT",
            2,
        ),
        case(
            "F9 body that never ends",
            ThenSilence(head),
            "UPSTREAM_TIMEOUT",
            2,
        ),
        case(
            "F10 truncated body",
            ThenClose(truncated.clone()),
            "UPSTREAM_UNAVAILABLE",
            2,
        ),
        case(
            "F11 truncated chunks",
            ThenClose(chunked),
            "UPSTREAM_UNAVAILABLE",
            2,
        ),
        case(
            "F12 body cut short without a length",
            ThenClose(undelimited),
            "UPSTREAM_INVALID_RESPONSE",
            2,
        ),
        case(
            "F13 a page of HTML",
            html(200),
            "UPSTREAM_INVALID_RESPONSE",
            1,
        ),
        case(
            "F14 broken JSON",
            ok(&format!("{{\"id\" 1, \"{MARKER}\"}}")),
            "UPSTREAM_INVALID_RESPONSE",
            1,
        ),
        case(
            "F14 byte order mark",
            ok(&format!("\u{feff}{}", good(9))),
            "UPSTREAM_INVALID_RESPONSE",
            1,
        ),
        case(
            "F14 NUL",
            ok("{\"id\":10,\"name\":\"\0\"}"),
            "UPSTREAM_INVALID_RESPONSE",
            1,
        ),
        case(
            "F14 lone surrogate",
            ok(r#"{"id":11,"name":"\ud800"}"#),
            "UPSTREAM_INVALID_RESPONSE",
            1,
        ),
        case("F15 empty body", ok(""), "UPSTREAM_INVALID_RESPONSE", 1),
        case(
            "F15 204",
            Whole(b"HTTP/1.1 204 X\r\n\r\n".to_vec()),
            "UPSTREAM_INVALID_RESPONSE",
            1,
        ),
        case(
            "F16 unknown word",
            ok(r#"{"id":14,"name":"N","status":"ARCHIVED"}"#),
            "",
            1,
        ),
        case(
            "F17 no id",
            ok(r#"{"name":"N"}"#),
            "UPSTREAM_INVALID_RESPONSE",
            1,
        ),
        case(
            "F17 wrong type",
            ok(r#"{"id":16,"name":{"x":1}}"#),
            "UPSTREAM_INVALID_RESPONSE",
            1,
        ),
        case(
            "F17 another object",
            ok(&good(1)),
            "UPSTREAM_INVALID_RESPONSE",
            1,
        ),
        case(
            "F18 unknown members",
            ok(r#"{"id":18,"name":"N","status":"ACTIVE","more":{"deep":[1,2]}}"#),
            "",
            1,
        ),
        case("F19 huge body", ok(&huge), "UPSTREAM_INVALID_RESPONSE", 1),
        case(
            "F20 gzip bomb",
            Whole(http(
                200,
                "content-type: application/json\r\ncontent-encoding: gzip\r\n",
                &gzip_bomb(),
            )),
            "UPSTREAM_INVALID_RESPONSE",
            1,
        ),
        case("F21 depth bomb", ok(&deep), "UPSTREAM_INVALID_RESPONSE", 1),
        case(
            "F21 one name twice",
            ok(r#"{"id":21,"id":1}"#),
            "UPSTREAM_INVALID_RESPONSE",
            1,
        ),
        case(
            "F22 200 headers",
            status(200, &many),
            "UPSTREAM_INVALID_RESPONSE",
            1,
        ),
        case(
            "F22 a header of 2 MiB",
            status(200, &long),
            "UPSTREAM_INVALID_RESPONSE",
            1,
        ),
        case(
            "F23 401",
            status(
                401,
                "www-authenticate: Bearer\r\nset-cookie: marker-of-the-upstream=1\r\n",
            ),
            "TOKEN_INVALID",
            1,
        ),
        case("F25 403", status(403, ""), "FORBIDDEN", 1),
        case("F26 404", status(404, ""), "NOT_FOUND", 1),
        case(
            "F27 404 of a whole route",
            html(404),
            "UPSTREAM_INVALID_RESPONSE",
            1,
        ),
        case("F28 405", status(405, ""), "UPSTREAM_INVALID_RESPONSE", 1),
        case("F28 410", status(410, ""), "NOT_FOUND", 1),
        case("F29 409", status(409, ""), "VERSION_CONFLICT", 1),
        case("F30 412", status(412, ""), "PRECONDITION", 1),
        case("F31 400", status(400, ""), "INVALID_INPUT", 1),
        case(
            "F32 429 for long",
            status(429, "retry-after: 2\r\n"),
            "RATE_LIMITED",
            1,
        ),
        case(
            "F32 429 for a moment",
            status(429, "retry-after: 0\r\n"),
            "RATE_LIMITED",
            2,
        ),
        case("F33 500", status(500, ""), "UPSTREAM_ERROR", 2),
        case("F34 502", html(502), "UPSTREAM_UNAVAILABLE", 3),
        case("F34 504", html(504), "UPSTREAM_TIMEOUT", 3),
        case(
            "F35 503",
            status(503, "retry-after: 7\r\n"),
            "UPSTREAM_UNAVAILABLE",
            3,
        ),
        case(
            "F38 redirect",
            status(
                302,
                "location: http://127.0.0.1:9/marker-of-the-upstream\r\n",
            ),
            "UPSTREAM_INVALID_RESPONSE",
            1,
        ),
        case(
            "F39 reset in the answer",
            ThenReset(truncated),
            "UPSTREAM_UNAVAILABLE",
            2,
        ),
        case(
            "F40 connection closed as the request came",
            ThenClose(vec![]),
            "UPSTREAM_UNAVAILABLE",
            3,
        ),
        case(
            "F49 interim answers",
            Whole([interim, json_answer(200, "", &good(43))].concat()),
            "",
            1,
        ),
        case(
            "F50 another protocol",
            ThenClose(b"SSH-2.0-OpenSSH_9.2\r\n".to_vec()),
            "UPSTREAM_INVALID_RESPONSE",
            1,
        ),
        case(
            "F50 two lengths",
            Whole(b"HTTP/1.1 200 X\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{} ".to_vec()),
            "UPSTREAM_INVALID_RESPONSE",
            1,
        ),
    ]
}

#[tokio::test]
async fn each_fault_is_told_in_our_words_after_its_number_of_tries() {
    let cases = cases();
    let replies: Vec<Reply> = cases.iter().map(|case| case.reply.clone()).collect();
    let upstream = FaultyUpstream::start(move |asked| {
        let place: usize = asked
            .target
            .trim_start_matches("/customer/")
            .parse()
            .unwrap();
        replies[place - 1].clone()
    })
    .await;
    let (_process, user) = impatient_gateway(&upstream.base);
    let mut grpc = GrpcUser::new(&user).await;
    for (case, id) in cases.iter().zip(1..) {
        let query = format!("{{ customer(by: {{ databaseId: {id} }}) {{ databaseId }} }}");
        let answer = user.ask(&query, json!({})).await;
        let told = answer["errors"][0]["extensions"]["reason"]
            .as_str()
            .unwrap_or("");
        // Nothing there is null without an error at this door.
        let wanted = if case.reason == "NOT_FOUND" {
            ""
        } else {
            case.reason
        };
        assert_eq!(told, wanted, "{}: {answer}", case.name);
        let absent = answer["data"]["customer"].is_null();
        assert_eq!(absent, !case.reason.is_empty(), "{}: {answer}", case.name);
        let target = format!("/customer/{id}");
        assert_eq!(upstream.requests(&target), case.attempts, "{}", case.name);

        let request = grpc.request(v1::GetCustomerRequest {
            by: Some(By::Id(id)),
        });
        let outcome = grpc.customers.get_customer(request).await;
        let (told, shown) = match &outcome {
            Ok(customer) => (String::new(), format!("{customer:?}")),
            Err(status) => (
                reason(status).0,
                format!("{status:?} {:?}", status.get_error_details()),
            ),
        };
        assert_eq!(told, case.reason, "{}: {shown}", case.name);
        // A failure is not kept, so it costs its tries again; a success is, and so is that there is no such thing: both
        // cost nothing.
        let again = match case.reason {
            "" | "NOT_FOUND" => 1,
            _ => 2,
        };
        assert_eq!(
            upstream.requests(&target),
            again * case.attempts,
            "{}",
            case.name
        );

        for text in [answer.to_string(), shown] {
            let leaks = text.contains(MARKER) || text.contains("127.0.0.1");
            assert!(!leaks, "{}: {text}", case.name);
        }
    }
}

#[tokio::test]
async fn an_upstream_that_is_down_is_told_and_the_next_request_after_its_return_is_fine() {
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let (_process, user) = impatient_gateway(&format!("http://127.0.0.1:{port}"));
    let query = "{ customer(by: { databaseId: 1 }) { name } }";
    let down = user.errors(query).await;
    assert_eq!(
        down,
        [[
            "customer",
            "UPSTREAM_UNAVAILABLE",
            "UPSTREAM_UNAVAILABLE",
            ""
        ]
        .map(str::to_owned)]
    );
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port))
        .await
        .unwrap();
    tokio::spawn(async move {
        let app = axum::Router::new().route(
            "/customer/1",
            axum::routing::get(|| async { ([("content-type", "application/json")], good(1)) }),
        );
        axum::serve(listener, app).await.unwrap();
    });
    assert_eq!(user.data(query).await["customer"]["name"], "N");
}

#[tokio::test]
async fn one_bad_row_costs_its_own_place_in_a_list_and_the_page_is_asked_for_again() {
    let body = r#"{"content":[{"id":1,"name":"A"},{"name":"no id"},{"id":3,"status":"NEW ONE"}],"totalElements":3,"last":true}"#;
    let upstream = FaultyUpstream::start(move |_| Whole(json_answer(200, "", body))).await;
    let (_process, user) = impatient_gateway(&upstream.base);
    let query = "{ customers(first: 3) { edges { cursor node { databaseId status rawStatus } } totalCount } }";
    for _ in 0..2 {
        let answer = user.ask(query, json!({})).await;
        let nodes: Vec<Value> = answer["data"]["customers"]["edges"]
            .as_array()
            .unwrap()
            .iter()
            .map(|edge| edge["node"].clone())
            .collect();
        assert_eq!(
            nodes,
            [
                json!({ "databaseId": "1", "status": null, "rawStatus": null }),
                Value::Null,
                json!({ "databaseId": "3", "status": "UNKNOWN", "rawStatus": "NEW ONE" }),
            ]
        );
        assert_eq!(answer["errors"].as_array().unwrap().len(), 1);
        assert_eq!(
            answer["errors"][0]["path"],
            json!(["customers", "edges", 1, "node"])
        );
        assert_eq!(
            answer["errors"][0]["extensions"]["reason"],
            "UPSTREAM_INVALID_RESPONSE"
        );
    }
    assert_eq!(
        upstream.requests("/customer?sort=id%2Casc&page=0&size=3"),
        2
    );
}

#[tokio::test]
async fn a_page_longer_than_asked_for_is_no_page() {
    let body = r#"{"content":[{"id":1},{"id":2},{"id":3}]}"#;
    let upstream = FaultyUpstream::start(move |_| Whole(json_answer(200, "", body))).await;
    let (_process, user) = impatient_gateway(&upstream.base);
    let errors = user.errors("{ customers(first: 2) { totalCount } }").await;
    assert_eq!(errors[0][2], "UPSTREAM_INVALID_RESPONSE");
}

#[tokio::test]
async fn a_failing_customer_fails_its_own_fields_alone() {
    let upstream = FaultyUpstream::start(|asked| match &*asked.target {
        "/customer/2" => Whole(json_answer(500, "", "{}")),
        "/customer/1" => Whole(json_answer(200, "", &good(1))),
        _ => Whole(json_answer(200, "", r#"{"content":[{"id":1,"customerId":1},{"id":2,"customerId":2},{"id":3}],"totalElements":3}"#)),
    })
    .await;
    let (_process, user) = impatient_gateway(&upstream.base);
    let answer = user
        .ask(
            "{ fwos(first: 3) { edges { node { databaseId customer { name } } } } }",
            json!({}),
        )
        .await;
    let nodes: Vec<Value> = answer["data"]["fwos"]["edges"]
        .as_array()
        .unwrap()
        .iter()
        .map(|edge| edge["node"]["customer"].clone())
        .collect();
    assert_eq!(nodes, [json!({ "name": "N" }), Value::Null, Value::Null]);
    assert_eq!(
        answer["errors"].as_array().unwrap().len(),
        1,
        "an order without a customer is no error: {answer}"
    );
    assert_eq!(
        answer["errors"][0]["path"],
        json!(["fwos", "edges", 1, "node", "customer"])
    );
}

#[tokio::test]
async fn a_reader_who_hangs_up_alone_takes_the_upstream_call_along() {
    let upstream = FaultyUpstream::start(|_| ThenSilence(vec![])).await;
    let (_process, user) = impatient_gateway(&upstream.base);
    let request = tokio::spawn(async move {
        user.errors("{ customer(by: { databaseId: 1 }) { name } }")
            .await
    });
    while upstream.requests("/customer/1") == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    request.abort();
    // Two tries of 300 ms would come; none does after the reader has gone.
    tokio::time::sleep(Duration::from_millis(800)).await;
    assert_eq!(upstream.requests("/customer/1"), 1);
}
