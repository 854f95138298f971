//! What the process itself answers, in the protocol in which it was asked: no such thing, and a fault of ours.

use axum::Json;
use axum::extract::Request;
use axum::response::IntoResponse;
use axum::response::Redirect;
use axum::response::Response;
use http::HeaderValue;
use http::Method;
use http::StatusCode;
use http::header;
use serde_json::Value;
use serde_json::json;

use crate::domain::error::Error;
use crate::domain::error::ErrorKind;
use crate::graphql;
use crate::grpc;

/// The protocol of a client, as far as it shapes a refusal.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// gRPC or gRPC-Web: the status travels in `grpc-status`, under this content type.
    Grpc(&'static str),
    /// Everything else: an HTTP status and JSON of the type that the client takes.
    Http(Option<HeaderValue>),
}

impl Dialect {
    /// The dialect that a request is written in.
    pub fn of<B>(request: &http::Request<B>) -> Self {
        let headers = request.headers();
        match grpc::content_type(headers) {
            Some(content_type) => Dialect::Grpc(content_type),
            None => Dialect::Http(headers.get(header::ACCEPT).cloned()),
        }
    }

    /// A request that is one too many, and not taken on at all.
    pub fn overloaded(self, error: Error) -> Response {
        match self {
            Dialect::Grpc(content_type) => grpc::refusal(content_type, error),
            Dialect::Http(accept) => graphql::overloaded(accept, &error),
        }
    }

    /// A fault of ours, findable in the log by `request_id`.
    pub fn internal(self, request_id: &HeaderValue) -> Response {
        match self {
            Dialect::Grpc(content_type) => {
                let error = Error::new(ErrorKind::Internal, "the request broke down");
                grpc::refusal(content_type, error)
            }
            Dialect::Http(_) => {
                let incident = request_id.to_str().unwrap_or_default();
                let extensions = json!({ "code": "INTERNAL_SERVER_ERROR", "incident": incident });
                let error = json!({ "message": "internal error", "extensions": extensions });
                refused(StatusCode::INTERNAL_SERVER_ERROR, error)
            }
        }
    }
}

/// Answers a request that no door knows.
pub async fn unknown(request: Request) -> Response {
    if let Dialect::Grpc(content_type) = Dialect::of(&request) {
        let error = Error::new(
            ErrorKind::Unimplemented,
            "there is no such service or method",
        );
        return grpc::refusal(content_type, error);
    }
    let error = json!({ "message": "no such path", "extensions": { "code": "NOT_FOUND" } });
    refused(StatusCode::NOT_FOUND, error)
}

/// Answers a request whose head says two things, or not what it must.
pub fn malformed(message: &'static str) -> Response {
    let error = json!({ "message": message, "extensions": { "code": "BAD_REQUEST" } });
    refused(StatusCode::BAD_REQUEST, error)
}

fn refused(status: StatusCode, error: Value) -> Response {
    let headers = [
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (status, headers, Json(json!({ "errors": [error] }))).into_response()
}

/// Sends whoever types the bare address into a browser to GraphiQL; programs hear that there is nothing.
pub async fn front_page(request: Request) -> Response {
    let accept = request
        .headers()
        .get(header::ACCEPT)
        .map_or(&b""[..], HeaderValue::as_bytes);
    let browser = accept
        .windows(b"text/html".len())
        .any(|part| part == b"text/html");
    match request.method() {
        &Method::GET | &Method::HEAD if browser => {
            Redirect::temporary("/graphiql/").into_response()
        }
        _ => unknown(request).await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;

    fn ask(method: Method, header: (&'static str, &'static str)) -> Request {
        let mut request = Request::new(Body::empty());
        *request.method_mut() = method;
        request
            .headers_mut()
            .insert(header.0, HeaderValue::from_static(header.1));
        request
    }

    #[tokio::test]
    async fn grpc_clients_hear_unimplemented_in_their_own_protocol() {
        for kind in [
            "application/grpc",
            "application/grpc+proto",
            "application/grpc-web+proto",
        ] {
            let response = unknown(ask(Method::POST, ("content-type", kind))).await;
            assert_eq!(response.status(), StatusCode::OK);
            assert_eq!(response.headers()["grpc-status"], "12");
            assert_eq!(response.headers()["content-type"], kind);
        }
    }

    #[tokio::test]
    async fn other_clients_hear_not_found() {
        let response = unknown(ask(Method::POST, ("content-type", "application/json"))).await;
        assert_eq!(response.status(), StatusCode::NOT_FOUND);
        assert_eq!(response.headers()["content-type"], "application/json");
    }

    #[tokio::test]
    async fn only_browsers_are_sent_to_graphiql() {
        let response = front_page(ask(Method::GET, ("accept", "text/html,*/*;q=0.8"))).await;
        assert_eq!(response.headers()["location"], "/graphiql/");
        let response = front_page(ask(Method::GET, ("accept", "*/*"))).await;
        assert_eq!(response.status(), StatusCode::NOT_FOUND);
        let response = front_page(ask(Method::POST, ("content-type", "application/grpc"))).await;
        assert_eq!(response.headers()["grpc-status"], "12");
    }
}
