//! Personalities of failures, on the wire.

use reqwest::Method;

use crate::support::personality::Answer;
use crate::support::personality::NEW_CUSTOMER;
use crate::support::personality::alone;
use crate::support::personality::several;
use crate::support::sandbox::ADMIN;
use crate::support::sandbox::Sandbox;

async fn without_token(sandbox: &Sandbox) -> Answer {
    sandbox
        .call_with("unknown", Method::GET, "/customer/3", "")
        .await
}

/// An unknown id is told so.
async fn check(sandbox: Sandbox, media_type: &str, body: &str) {
    let answer = sandbox.read("/customer/99").await;
    let told = (
        answer.status,
        answer.header("content-type"),
        answer.body.as_str(),
    );
    assert_eq!(told, (404, media_type, body));
    assert_eq!(sandbox.read("/customer/3").await.status, 200);
}

#[tokio::test]
async fn failures_can_be_pages_of_html() {
    let page = "<!doctype html><html lang=\"en\"><head><title>HTTP Status 404 – Not Found</title></head>\
                <body><h1>HTTP Status 404 – Not Found</h1><hr class=\"line\" />\
                <p><b>Message</b> Customer 99 not found</p></body></html>";
    let sandbox = alone("html-errors");
    let method = sandbox.call(Method::PATCH, "/customer/3", "").await;
    assert!(
        method.header("allow").contains("GET"),
        "headers stay: {method:?}"
    );
    let hostile = sandbox.read("/customer?sort=%3Cb%3E").await;
    assert!(hostile.body.contains("&lt;b&gt;"), "{hostile:?}");
    check(sandbox, "text/html;charset=utf-8", page).await;
}

#[tokio::test]
async fn failures_can_be_those_of_oauth() {
    let sandbox = alone("oauth-errors");
    let answer = without_token(&sandbox).await;
    let body = r#"{"error":"invalid_token","error_description":"Invalid or expired token"}"#;
    assert_eq!(
        (answer.told(), answer.header("www-authenticate")),
        ((401, body), "Bearer")
    );
    let body = r#"{"error":"invalid_request","error_description":"Customer 99 not found"}"#;
    check(sandbox, "application/json; charset=UTF-8", body).await;
}

#[tokio::test]
async fn failures_can_be_problem_details() {
    let body = concat!(
        r#"{"type":"about:blank","title":"Not Found","status":404,"#,
        r#""detail":"Customer 99 not found","instance":"/customer/99"}"#
    );
    check(alone("problem-errors"), "application/problem+json", body).await;
}

#[tokio::test]
async fn failures_can_be_plain_text() {
    check(
        alone("text-errors"),
        "text/plain;charset=UTF-8",
        "Customer 99 not found",
    )
    .await;
}

/// The members of the failure of an unknown id, and of a body that breaks rules.
async fn members(sandbox: &Sandbox) -> [String; 2] {
    let unknown = sandbox.read("/customer/99").await;
    let broken = sandbox.call(Method::POST, "/customer", "{}").await;
    assert_eq!((unknown.status, broken.status), (404, 400));
    // The time is nobody's to know.
    [unknown, broken].map(|answer| {
        answer
            .body
            .split_once(r#"","status":"#)
            .unwrap()
            .1
            .to_owned()
    })
}

#[tokio::test]
async fn failures_can_say_next_to_nothing() {
    let [unknown, broken] = members(&alone("no-message")).await;
    assert_eq!(unknown, r#"404,"error":"Not Found","path":"/customer/99"}"#);
    assert_eq!(broken, r#"400,"error":"Bad Request","path":"/customer"}"#);
    let [unknown, broken] = members(&alone("empty-message")).await;
    assert_eq!(
        unknown,
        r#"404,"error":"Not Found","message":"","path":"/customer/99"}"#
    );
    assert_eq!(
        broken,
        r#"400,"error":"Bad Request","message":"","path":"/customer"}"#
    );
}

#[tokio::test]
async fn a_401_can_be_empty() {
    let sandbox = alone("empty-401");
    let answer = without_token(&sandbox).await;
    assert_eq!(
        (answer.told(), answer.header("www-authenticate")),
        ((401, ""), "Bearer")
    );
    assert_eq!(answer.header("content-type"), "");
    assert_ne!(sandbox.read("/customer/99").await.body, "");
}

#[tokio::test]
async fn a_token_can_be_refused_with_403() {
    let sandbox = alone("expired-403");
    let answer = without_token(&sandbox).await;
    assert_eq!(
        (answer.status, answer.header("www-authenticate")),
        (403, "")
    );
    assert!(
        answer.body.contains(r#""status":403,"error":"Forbidden""#),
        "{answer:?}"
    );
    let missing = sandbox
        .request(Method::GET, "/nowhere")
        .send()
        .await
        .unwrap();
    assert_eq!(missing.status(), 403);
    let login = sandbox.try_login(ADMIN.client_key, ADMIN.user_name, "wrong");
    assert_eq!(
        login.send().await.unwrap().status(),
        401,
        "a login is refused as ever"
    );
}

#[tokio::test]
async fn what_is_not_there_can_be_null() {
    let sandbox = alone("not-found-null");
    let answer = sandbox.read("/customer/99").await;
    assert_eq!(answer.told(), (200, "null"));
    assert_eq!(
        answer.header("content-type"),
        "application/json; charset=UTF-8"
    );
    assert_eq!(
        sandbox
            .call(Method::DELETE, "/customer/99", "")
            .await
            .status,
        404
    );
    assert_eq!(sandbox.read("/nowhere").await.status, 404);
}

#[tokio::test]
async fn what_is_not_there_can_be_an_empty_answer() {
    let sandbox = alone("not-found-empty");
    assert_eq!(sandbox.read("/fwo/99").await.told(), (200, ""));
    assert_eq!(
        sandbox
            .call(Method::PUT, "/customer/99", NEW_CUSTOMER)
            .await
            .status,
        404
    );
}

#[tokio::test]
async fn what_is_not_there_can_be_another_failure() {
    let sandbox = alone("not-found-status=500");
    let answer = sandbox.read("/customer/99").await;
    assert_eq!(answer.status, 500);
    let told = r#""status":500,"error":"Internal Server Error","message":"Customer 99 not found""#;
    assert!(answer.body.contains(told), "{answer:?}");
    assert_eq!(
        sandbox
            .call(Method::DELETE, "/customer/99", "")
            .await
            .status,
        500
    );
    let by_body = NEW_CUSTOMER.replacen('{', r#"{"id":99,"#, 1);
    assert_eq!(
        sandbox
            .call(Method::PUT, "/customer", &by_body)
            .await
            .status,
        500
    );
    assert_eq!(sandbox.read("/nowhere").await.status, 404);
}

#[tokio::test]
async fn a_conflict_can_be_another_failure() {
    let sandbox = alone("conflict-status=400");
    let taken = NEW_CUSTOMER.replace("01000", "200-000");
    let duplicate = sandbox.call(Method::POST, "/customer", &taken).await;
    assert_eq!(duplicate.status, 400);
    assert!(
        duplicate
            .body
            .contains(r#""status":400,"error":"Bad Request""#),
        "{duplicate:?}"
    );
    let referenced = several(&["conflict-status=500"])
        .call(Method::DELETE, "/customer/3", "")
        .await;
    assert_eq!(referenced.status, 500);
}

#[tokio::test]
async fn an_unknown_sort_can_be_a_500() {
    let sandbox = alone("unknown-sort-500");
    let answer = sandbox.read("/fwo?sort=colour").await;
    assert_eq!(answer.status, 500);
    assert!(answer.body.contains(r#""status":500"#), "{answer:?}");
    let other = sandbox.call(Method::POST, "/customer", "{}").await;
    assert_eq!(other.status, 400);
    assert!(other.body.contains("must not be blank"), "{other:?}");
}
