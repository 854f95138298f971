//! GraphQL over SSE, distinct connections: for clients that take nothing but `text/event-stream`.

use serde_json::Value;
use serde_json::json;

use crate::support::stack::Stack;
use crate::support::stack::User;
use crate::support::stack::http_client;

struct Stream {
    status: u16,
    content_type: String,
    text: String,
}

async fn ask(user: &User, accept: &str, body: Value) -> Stream {
    let request = http_client()
        .post(format!("{}/graphql", user.base))
        .header("accept", accept)
        .json(&body);
    let request = match user.token.as_str() {
        "" => request,
        token => request.bearer_auth(token),
    };
    let answer = request.send().await.unwrap();
    let header = |name: &str| {
        let value = answer.headers().get(name);
        value.map_or("", |value| value.to_str().unwrap()).to_owned()
    };
    let (status, content_type) = (answer.status().as_u16(), header("content-type"));
    assert_eq!(header("cache-control"), "no-store");
    if content_type.starts_with("text/event-stream") {
        assert_eq!(header("x-accel-buffering"), "no");
    }
    Stream {
        status,
        content_type,
        text: answer.text().await.unwrap(),
    }
}

/// The one result of a stream, whose end must be told.
fn result(stream: &Stream) -> Value {
    assert_eq!(stream.status, 200, "{}", stream.text);
    assert_eq!(stream.content_type, "text/event-stream; charset=utf-8");
    let rest = stream.text.strip_prefix("event: next\ndata: ").unwrap();
    let result = rest.strip_suffix("\n\nevent: complete\ndata:\n\n").unwrap();
    assert!(!result.contains('\n'), "{result}");
    serde_json::from_str(result).unwrap()
}

#[tokio::test]
async fn a_query_is_a_stream_of_one_result() {
    let user = Stack::shared().user("admin").await;
    let body = json!({ "query": "{ customer(by: { databaseId: 3 }) { number } }" });
    let stream = ask(&user, "text/event-stream", body).await;
    let expected = json!({ "data": { "customer": { "number": "200-000" } } });
    assert_eq!(result(&stream), expected);
}

#[tokio::test]
async fn what_becomes_of_a_document_is_told_in_the_stream() {
    let user = Stack::shared().user("admin").await;
    for (query, code) in [
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("{ nope }", "GRAPHQL_VALIDATION_FAILED"),
        ("{ customers(first: -1) { totalCount } }", "BAD_USER_INPUT"),
        ("subscription { nope }", "GRAPHQL_VALIDATION_FAILED"),
        ("{ ... @defer { __typename } }", "GRAPHQL_VALIDATION_FAILED"),
    ] {
        let stream = ask(&user, "text/event-stream", json!({ "query": query })).await;
        let result = result(&stream);
        assert_eq!(
            result["errors"][0]["extensions"]["code"], code,
            "{query}: {result}"
        );
    }
}

#[tokio::test]
async fn what_is_no_graphql_request_has_its_status() {
    let user = Stack::shared().user("admin").await;
    let json = "application/graphql-response+json; charset=utf-8";
    let misshapen = ask(&user, "text/event-stream", json!({ "qeury": "{ a }" })).await;
    assert_eq!(
        (misshapen.status, misshapen.content_type.as_str()),
        (400, json)
    );
    let customers = json!({ "query": "{ customers { totalCount } }" });
    let unknown = ask(&user.nobody(), "text/event-stream", customers).await;
    assert_eq!((unknown.status, unknown.content_type.as_str()), (401, json));
    assert!(unknown.text.contains("TOKEN_MISSING"), "{}", unknown.text);
}

#[tokio::test]
async fn a_client_that_takes_json_too_gets_json() {
    let user = Stack::shared().user("admin").await;
    for accept in [
        "text/event-stream, application/json;q=0.1",
        "application/graphql-response+json, text/event-stream",
        "text/event-stream, */*;q=0.01",
    ] {
        let answer = ask(&user, accept, json!({ "query": "{ __typename }" })).await;
        assert!(!answer.content_type.starts_with("text/"), "{accept}");
        assert_eq!(answer.text, r#"{"data":{"__typename":"Query"}}"#);
    }
}
