//! Stub, replaced at the merge.

use axum::Router;
use axum::http::StatusCode;
use axum::http::header;
use axum::response::Html;
use axum::response::IntoResponse;
use axum::routing::get;
use axum::routing::post;
use prometheus_client::registry::Registry;

use crate::gateway::Gateway;

/// Stub.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "a stub")]
pub struct Settings {
    pub introspection: bool,
    pub graphiql: bool,
    pub depth_max: usize,
    pub body_bytes_max: usize,
}

/// Stub: knows `{__typename}` and one login.
pub fn router(_gateway: Gateway, _settings: Settings, _registry: &mut Registry) -> Router {
    Router::new().route("/graphql", post(answer)).route(
        "/graphiql/",
        get(|| async { Html("<!doctype html><title>GraphiQL</title>") }),
    )
}

async fn answer(body: String) -> impl IntoResponse {
    let answer = match body {
        body if body.contains("demo-password") => {
            r#"{"data":{"login":{"token":"stub-token","tokenType":"Bearer","expiresInMinutes":60,"expiresAt":"2026-09-01T12:00:00Z","userErrors":[]}}}"#
        }
        body if body.contains("mutation Login") => {
            r#"{"data":{"login":{"token":null,"tokenType":null,"expiresInMinutes":null,"expiresAt":null,"userErrors":[{"message":"the user name or the password is wrong","code":"CREDENTIALS_INVALID","field":["input"]}]}}}"#
        }
        _ => r#"{"data":{"__typename":"Query"}}"#,
    };
    (
        StatusCode::OK,
        [(header::CONTENT_TYPE, "application/json")],
        answer,
    )
}

/// Stub.
pub fn sdl() -> String {
    "type Query {\n  stub: Boolean\n}\n".to_owned()
}
