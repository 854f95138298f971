//! The door below its messages: HTTP methods, content types, gRPC-Web, paths of no service.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use peerassist_gateway::grpc::v1;
use peerassist_gateway::grpc::v1::get_customer_request::By;
use prost::Message;
use tonic::Code;

use crate::support::door::Door;
use crate::support::door::TOKEN;
use crate::support::door::framed;
use crate::support::door::http2_client;
use crate::support::door::reason;
use crate::support::door::status;
use crate::support::stub::Answer;
use crate::support::stub::customers;

const GET_CUSTOMER: &str = "/peerassist.v1.CustomerService/GetCustomer";

async fn door() -> Door {
    Door::open(|_| Answer::json(customers(1).pop().unwrap())).await
}

fn get() -> v1::GetCustomerRequest {
    v1::GetCustomerRequest {
        by: Some(By::Id(1)),
    }
}

#[tokio::test]
async fn only_protobuf_is_read() {
    let door = door().await;
    for content_type in [
        "application/json",
        "image/jpeg",
        "application/grpc+json",
        "",
    ] {
        let change = [("content-type", content_type)];
        let response = door.post(GET_CUSTOMER, &get(), &change).await;
        assert_eq!(response.status(), 415, "{content_type}");
        assert!(!response.headers().contains_key("grpc-status"));
    }
    assert_eq!(door.stub.calls(), 0);
    for content_type in ["application/grpc", "application/grpc+proto"] {
        let change = [("content-type", content_type)];
        let response = door.post(GET_CUSTOMER, &get(), &change).await;
        assert_eq!(response.status(), 200, "{content_type}");
    }
}

#[tokio::test]
async fn only_post_is_a_call() {
    let door = door().await;
    let client = http2_client();
    for (method, answer) in [
        ("GET", 405),
        ("PUT", 405),
        ("DELETE", 405),
        ("OPTIONS", 204),
    ] {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let response = client
            .request(
                method.clone(),
                format!("http://{}{GET_CUSTOMER}", door.address),
            )
            .header("content-type", "application/grpc")
            .header("authorization", format!("Bearer {TOKEN}"))
            .body(framed(&get()))
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), answer, "{method}");
        assert_eq!(response.headers()["allow"], "POST, OPTIONS");
    }
    assert_eq!(door.stub.calls(), 0);
}

#[tokio::test]
async fn an_unknown_service_is_unimplemented_and_an_unknown_page_is_not() {
    let door = door().await;
    for path in ["/", "/a.B/C", "/peerassist.v1.customerservice/GetCustomer"] {
        let response = door.post(path, &get(), &[]).await;
        assert_eq!(response.status(), 200, "{path}");
        let status = status(&response);
        assert_eq!(status.code(), Code::Unimplemented, "{path}");
        assert_eq!(reason(&status), "UNIMPLEMENTED");
        let change = [("content-type", "text/plain")];
        let response = door.post(path, &get(), &change).await;
        assert_eq!(response.status(), 404, "{path}");
    }
}

#[tokio::test]
async fn strange_metadata_is_no_harm() {
    let door = door().await;
    let change = [("trace-bin", "not base64!"), ("x-anything", "\u{1F600}")];
    let response = door.post(GET_CUSTOMER, &get(), &change).await;
    assert_eq!(response.headers().get("grpc-status"), None);
}

#[tokio::test]
async fn an_unreadable_message_is_refused_with_a_reason() {
    let door = door().await;
    let truncated = [0u8, 0, 0, 0, 9, 1];
    let wrong_flag = [2u8, 0, 0, 0, 0];
    let wrong_type = [0u8, 0, 0, 0, 2, 0x0a, 0x05];
    for body in [&truncated[..], &wrong_flag, &wrong_type] {
        let authorization = format!("Bearer {TOKEN}");
        let change = [("authorization", authorization.as_str())];
        let response = door.post_web(GET_CUSTOMER, body.to_vec(), &change).await;
        let status = status(&response);
        assert_eq!(status.code(), Code::Internal, "{body:?}");
        assert_eq!(reason(&status), "MALFORMED_REQUEST");
    }
    assert_eq!(door.stub.calls(), 0);
}

/// The message and the trailers in the body of a gRPC-Web answer.
fn frames(body: &[u8]) -> (v1::Customer, String) {
    let length = |at: usize| u32::from_be_bytes(body[at + 1..at + 5].try_into().unwrap()) as usize;
    let message = length(0);
    assert_eq!(body[0], 0);
    let trailers = 5 + message;
    assert_eq!(body[trailers], 0x80);
    assert_eq!(body.len(), trailers + 5 + length(trailers));
    let text = String::from_utf8(body[trailers + 5..].to_vec()).unwrap();
    (v1::Customer::decode(&body[5..trailers]).unwrap(), text)
}

#[tokio::test]
async fn browsers_call_over_http_1_1() {
    let door = door().await;
    let authorization = format!("Bearer {TOKEN}");
    let change = [("authorization", authorization.as_str())];
    let response = door.post_web(GET_CUSTOMER, framed(&get()), &change).await;
    assert_eq!(response.status(), 200);
    assert_eq!(
        response.headers()["content-type"],
        "application/grpc-web+proto"
    );
    let (customer, trailers) = frames(&response.bytes().await.unwrap());
    assert_eq!(customer.id, 1);
    assert!(trailers.contains("grpc-status:0"), "{trailers}");
}

#[tokio::test]
async fn browsers_may_call_in_text() {
    let door = door().await;
    let authorization = format!("Bearer {TOKEN}");
    let text = "application/grpc-web-text; charset=utf-8";
    let change = [
        ("authorization", authorization.as_str()),
        ("content-type", text),
        ("accept", "application/grpc-web-text"),
    ];
    let body = STANDARD.encode(framed(&get())).into_bytes();
    let response = door.post_web(GET_CUSTOMER, body, &change).await;
    assert_eq!(response.status(), 200);
    let body = response.text().await.unwrap();
    // Each frame is base64 by itself; the padding ends the first.
    let mut bytes = Vec::new();
    for part in body.split_inclusive('=').filter(|part| *part != "=") {
        bytes.extend(STANDARD.decode(padded(part)).unwrap());
    }
    assert_eq!(frames(&bytes).0.id, 1);
}

fn padded(part: &str) -> String {
    let text = part.trim_end_matches('=');
    let padding = (4 - text.len() % 4) % 4;
    format!("{text}{}", "=".repeat(padding))
}

#[tokio::test]
async fn browsers_see_failures_in_the_head() {
    let door = door().await;
    let response = door.post_web(GET_CUSTOMER, framed(&get()), &[]).await;
    assert_eq!(response.status(), 200);
    let status = status(&response);
    assert_eq!(status.code(), Code::Unauthenticated);
    assert_eq!(reason(&status), "TOKEN_MISSING");
    assert_eq!(door.stub.calls(), 0);
}
