//! The sandbox as an HTTP server: its document, its counters, and what holds for every path.

use std::collections::HashSet;

use reqwest::Method;
use serde_json::Value;
use serde_json::json;

use crate::contract::check;
use crate::support::sandbox::ADMIN;
use crate::support::sandbox::Sandbox;

#[tokio::test]
async fn the_openapi_document_is_the_committed_one() {
    let sandbox = Sandbox::shared();
    let served: Value = sandbox
        .request(Method::GET, "/v3/api-docs")
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let served = serde_json::to_string_pretty(&served).unwrap() + "\n";
    check("upstream.openapi.json", &served);
}

#[tokio::test]
async fn every_operation_of_the_document_says_how_it_fails() {
    let sandbox = Sandbox::shared();
    let document: Value = sandbox
        .request(Method::GET, "/v3/api-docs")
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let paths = document["paths"].as_object().unwrap();
    let expected = [
        "/auth",
        "/customer",
        "/customer/{id}",
        "/fwo",
        "/fwo/{id}",
        "/project",
        "/project/{id}",
    ];
    assert_eq!(paths.keys().collect::<Vec<_>>(), expected);
    let mut ids = HashSet::new();
    for (path, item) in paths {
        for (method, operation) in item.as_object().unwrap() {
            let error =
                &operation["responses"]["401"]["content"]["application/json"]["schema"]["$ref"];
            assert_eq!(error, "#/components/schemas/Error", "{method} {path}");
            let is_new = ids.insert(operation["operationId"].to_string());
            assert!(is_new, "{method} {path}");
            assert!(
                operation["summary"].is_string() && operation["tags"][0].is_string(),
                "{method} {path}"
            );
        }
    }
}

#[tokio::test]
async fn the_page_that_shows_the_document_needs_neither_token_nor_network() {
    let sandbox = Sandbox::shared();
    for path in [
        "/swagger-ui/",
        "/swagger-ui/swagger-ui-bundle.js",
        "/swagger-ui/swagger-initializer.js",
    ] {
        let answer = sandbox.request(Method::GET, path).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
    }
}

#[tokio::test]
async fn calls_are_counted_by_route_until_they_are_forgotten() {
    let sandbox = Sandbox::start("docs");
    sandbox.get(ADMIN, "/customer/3").await;
    sandbox.get(ADMIN, "/customer/99").await;
    sandbox.get(ADMIN, "/fwo?size=1").await;
    sandbox.get(ADMIN, "/nowhere").await;
    sandbox.request(Method::GET, "/fwo/1").send().await.unwrap();
    let expected = json!({
        "total": 6,
        "routes": {"GET /customer/{id}": 2, "GET /fwo": 1, "GET /fwo/{id}": 1, "POST /auth": 1, "unmatched": 1}
    });
    assert_eq!(sandbox.calls().await, expected);
    sandbox.forget_calls().await;
    assert_eq!(sandbox.calls().await, json!({"total": 0, "routes": {}}));
}

#[tokio::test]
async fn failures_have_springs_shape() {
    let answer = Sandbox::shared().get(ADMIN, "/nowhere?secret=1").await;
    assert_eq!(answer.status(), 404);
    assert_eq!(
        answer.headers()["content-type"],
        "application/json; charset=UTF-8"
    );
    let body: Value = answer.json().await.unwrap();
    let members: Vec<_> = body.as_object().unwrap().keys().collect();
    assert_eq!(members, ["timestamp", "status", "error", "message", "path"]);
    assert_eq!(
        (&body["error"], &body["path"]),
        (&json!("Not Found"), &json!("/nowhere"))
    );
    let timestamp = body["timestamp"].as_str().unwrap();
    assert!(
        timestamp.len() == 29 && timestamp.ends_with("+00:00"),
        "{timestamp}"
    );
}

#[tokio::test]
async fn wrong_methods_are_405_and_say_which_are_right() {
    let sandbox = Sandbox::shared();
    for method in [Method::PATCH, Method::TRACE] {
        let answer = sandbox.send(ADMIN, method.clone(), "/customer/3").await;
        assert_eq!(answer.status(), 405);
        assert!(answer.headers()["allow"].to_str().unwrap().contains("GET"));
        let body: Value = answer.json().await.unwrap();
        assert_eq!(
            body["message"],
            format!("Request method '{method}' not supported")
        );
    }
}

#[tokio::test]
async fn head_and_options_answer_without_a_body() {
    let sandbox = Sandbox::shared();
    let whole = sandbox.text(ADMIN, "/customer/3").await;
    let head = sandbox.send(ADMIN, Method::HEAD, "/customer/3").await;
    assert_eq!(head.status(), 200);
    assert_eq!(
        head.headers()["content-length"],
        whole.len().to_string().as_str()
    );
    let options = sandbox.send(ADMIN, Method::OPTIONS, "/customer/3").await;
    assert_eq!(options.status(), 200);
    assert!(options.headers()["allow"].to_str().unwrap().contains("GET"));
    assert_eq!(options.text().await.unwrap(), "");
}
