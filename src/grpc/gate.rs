//! What is gRPC at all: the method and the content type, before anything else is looked at.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::IntoResponse;
use axum::response::Response;
use http::HeaderMap;
use http::HeaderValue;
use http::Method;
use http::StatusCode;
use http::header;
use tonic::Status;

use crate::domain::error::Error;
use crate::domain::error::ErrorKind;

/// The content types of gRPC and gRPC-Web that we can read: messages are protobuf, never JSON.
const CONTENT_TYPES: [&str; 6] = [
    "application/grpc",
    "application/grpc+proto",
    "application/grpc-web",
    "application/grpc-web+proto",
    "application/grpc-web-text",
    "application/grpc-web-text+proto",
];

const METHODS: HeaderValue = HeaderValue::from_static("POST, OPTIONS");

/// The content type of a gRPC call, without parameters.
fn content_type(headers: &HeaderMap) -> Option<&'static str> {
    let value = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    let essence = value.split(';').next()?.trim();
    let known = |known: &&str| known.eq_ignore_ascii_case(essence);
    CONTENT_TYPES.into_iter().find(known)
}

/// The answer to a call of a service that nobody knows: UNIMPLEMENTED, as trailers only.
///
/// `None` where the request is not gRPC by its content type: then the path is a browser's business.
pub fn unimplemented(headers: &HeaderMap) -> Option<Response> {
    let content_type = content_type(headers)?;
    let error = Error::new(ErrorKind::Unimplemented, "there is no such service");
    let mut response = Status::from(error).into_http();
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    Some(response)
}

/// Lets gRPC through to the services and nothing else: 405 for other methods, 415 for other content types.
///
/// OPTIONS is the preflight of gRPC-Web; which origins may come is for an outer layer to say.
pub(super) async fn admit(mut request: Request, next: Next) -> Response {
    if request.method() == Method::OPTIONS {
        return (StatusCode::NO_CONTENT, [(header::ALLOW, METHODS)]).into_response();
    }
    if request.method() != Method::POST {
        return (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, METHODS)]).into_response();
    }
    let Some(content_type) = content_type(request.headers()) else {
        return StatusCode::UNSUPPORTED_MEDIA_TYPE.into_response();
    };
    // The layer that translates gRPC-Web compares the whole value.
    request
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    next.run(request).await
}

#[cfg(test)]
mod tests {
    use super::unimplemented;
    use http::HeaderMap;
    use http::HeaderValue;
    use http::header;

    fn answer(content_type: &'static str) -> Option<super::Response> {
        let value = HeaderValue::from_static(content_type);
        unimplemented(&HeaderMap::from_iter([(header::CONTENT_TYPE, value)]))
    }

    #[test]
    fn an_unknown_service_is_unimplemented_in_the_content_type_of_the_call() {
        for content_type in ["application/grpc", "application/grpc-web-text"] {
            let response = answer(content_type).expect("gRPC");
            assert_eq!(response.status(), 200);
            assert_eq!(response.headers()["grpc-status"], "12");
            assert_eq!(response.headers()[header::CONTENT_TYPE], content_type);
        }
    }

    #[test]
    fn what_is_not_grpc_is_left_alone() {
        assert!(unimplemented(&HeaderMap::new()).is_none());
        for content_type in ["text/html", "application/grpc+json", "application/grpcx"] {
            assert!(answer(content_type).is_none(), "{content_type}");
        }
    }
}
