//! Personalities of logins and of the way there and back, on the wire.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use tokio::time::Instant;

use crate::support::personality::Answer;
use crate::support::personality::alone;
use crate::support::personality::several;
use crate::support::sandbox::ADMIN;
use crate::support::sandbox::PASSWORD;
use crate::support::sandbox::Sandbox;

/// The answer to a login, but for its token.
async fn login(sandbox: &Sandbox) -> String {
    let login = sandbox.try_login(ADMIN.client_key, ADMIN.user_name, PASSWORD);
    let body = login.send().await.unwrap().text().await.unwrap();
    body.split_once("\",").unwrap().1.to_owned()
}

#[tokio::test]
async fn the_life_of_a_token_can_be_told_otherwise() {
    let seconds = login(&alone("expires-in-seconds")).await;
    assert_eq!(seconds, r#""tokenType":"Bearer","expiresIn":3600}"#);
    let told = login(&alone("expires-in=15")).await;
    assert_eq!(told, r#""tokenType":"Bearer","expiresIn":15}"#);
    let text = login(&alone("expires-in-text")).await;
    assert_eq!(text, r#""tokenType":"Bearer","expiresIn":"60"}"#);
    let both = login(&several(&["expires-in-text", "expires-in-seconds"])).await;
    assert_eq!(both, r#""tokenType":"Bearer","expiresIn":"3600"}"#);
}

#[tokio::test]
async fn a_token_can_live_shorter_than_was_said() {
    let sandbox = alone("token-lifetime=1");
    assert_eq!(
        login(&sandbox).await,
        r#""tokenType":"Bearer","expiresIn":60}"#
    );
    let token = sandbox.login(ADMIN).await;
    let refused = async {
        loop {
            let answer = sandbox
                .call_with(&token, Method::GET, "/customer/3", "")
                .await;
            if answer.status != 200 {
                return answer;
            }
        }
    };
    let refused = tokio::time::timeout(Duration::from_secs(20), refused)
        .await
        .expect("its end");
    assert_eq!(
        (refused.status, refused.header("www-authenticate")),
        (401, "Bearer")
    );
    assert!(
        refused.body.contains("Invalid or expired token"),
        "{refused:?}"
    );
    let long = several(&["token-lifetime=3600"]);
    assert_eq!(long.read("/customer/3").await.status, 200);
}

async fn log_in_by_header(sandbox: &Sandbox, name: &str, key: &str) -> u16 {
    let credentials = json!({"userName": ADMIN.user_name, "password": PASSWORD});
    let request = sandbox
        .request(Method::POST, "/auth")
        .header(name, key)
        .json(&credentials);
    request.send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn the_client_key_can_travel_in_a_header() {
    let sandbox = alone("client-key-header");
    assert_eq!(
        log_in_by_header(&sandbox, "X-Client-Key", "demo-key").await,
        200
    );
    assert_eq!(
        log_in_by_header(&sandbox, "X-Client-Key", "wrong-key").await,
        401
    );
    let by_query = sandbox.try_login(ADMIN.client_key, ADMIN.user_name, PASSWORD);
    assert_eq!(
        by_query.send().await.unwrap().status(),
        400,
        "no key is seen in the query"
    );
    let named = several(&["client-key-header=api-key"]);
    assert_eq!(log_in_by_header(&named, "api-key", "demo-key").await, 200);
}

#[tokio::test]
async fn every_call_can_be_slow() {
    let sandbox = alone("slow=200");
    let token = sandbox.login(ADMIN).await;
    let start = Instant::now();
    assert_eq!(
        sandbox
            .call_with(&token, Method::GET, "/customer/3", "")
            .await
            .status,
        200
    );
    assert!(start.elapsed() >= Duration::from_millis(200));
}

#[tokio::test]
async fn every_third_call_can_fail() {
    let sandbox = alone("fail=503:3");
    for expected in [200, 200, 503, 200, 200, 503] {
        let answer = sandbox.read("/customer/3").await;
        assert_eq!(
            (answer.status, answer.header("retry-after")),
            (expected, "")
        );
        if expected == 503 {
            assert!(
                answer.body.contains(r#""error":"Service Unavailable""#),
                "{answer:?}"
            );
        }
    }
    let always = several(&["fail=502"]);
    assert_eq!(always.read("/customer/3").await.status, 502);
    assert_eq!(
        always.call(Method::DELETE, "/customer/2", "").await.status,
        502
    );
    let counted = json!({"total": 3, "routes": {"DELETE /customer/{id}": 1, "GET /customer/{id}": 1, "POST /auth": 1}});
    assert_eq!(always.calls().await, counted);
}

#[tokio::test]
async fn a_failure_can_say_when_to_come_again() {
    let limited = several(&["fail=429", "retry-after=7"]);
    let told = |answer: Answer| (answer.status, answer.header("retry-after").to_owned());
    assert_eq!(told(limited.read("/fwo").await), (429, "7".to_owned()));
    let other = several(&["fail=500", "retry-after=7"]);
    assert_eq!(told(other.read("/fwo").await), (500, String::new()));
    assert_eq!(
        told(alone("retry-after=7").read("/fwo").await),
        (200, String::new())
    );
}

#[tokio::test]
async fn calls_can_be_sent_elsewhere() {
    let sandbox = alone("redirect=http://127.0.0.1:1");
    let client = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none());
    let client = client.build().unwrap();
    for (method, path) in [
        (Method::POST, "/auth?clientKey=demo-key"),
        (Method::GET, "/fwo?size=1&status=ENTRY"),
    ] {
        let request = client.request(method, format!("{}{path}", sandbox.base));
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 307);
        assert_eq!(
            answer.headers()["location"],
            format!("http://127.0.0.1:1{path}")
        );
    }
}
