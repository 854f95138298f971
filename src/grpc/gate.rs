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

/// Most bytes of metadata, counted as HTTP/2 counts them (RFC 9113, section 6.5.2). There the listener has the same
/// bound; over HTTP/1.1, where gRPC-Web comes from, its own is larger.
const METADATA_BYTES_MAX: usize = 16 * 1024;

/// The content type of a gRPC call, without parameters; `None` where the request is not gRPC by its headers.
pub fn content_type(headers: &HeaderMap) -> Option<&'static str> {
    let value = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    let essence = value.split(';').next()?.trim();
    let known = |known: &&str| known.eq_ignore_ascii_case(essence);
    CONTENT_TYPES.into_iter().find(known)
}

/// A failure that no service tells, as trailers only, in the content type of the call.
pub fn refusal(content_type: &'static str, error: Error) -> Response {
    let mut response = Status::from(error).into_http();
    let content_type = HeaderValue::from_static(content_type);
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, content_type);
    response
}

/// Lets gRPC through to the services and nothing else: 405 for other methods, 415 for other content types.
///
/// OPTIONS is the preflight of gRPC-Web; which origins may come is for an outer layer to say.
pub(super) async fn admit(mut request: Request, next: Next) -> Response {
    if bytes(request.headers()) > METADATA_BYTES_MAX {
        return StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE.into_response();
    }
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

fn bytes(metadata: &HeaderMap) -> usize {
    let entries = metadata.iter();
    entries
        .map(|(name, value)| name.as_str().len() + value.len() + 32)
        .sum()
}

#[cfg(test)]
mod tests {
    use super::content_type;
    use super::refusal;
    use crate::domain::error::Error;
    use crate::domain::error::ErrorKind;
    use http::HeaderMap;
    use http::HeaderValue;
    use http::header;

    fn of(value: &'static str) -> Option<&'static str> {
        let value = HeaderValue::from_static(value);
        content_type(&HeaderMap::from_iter([(header::CONTENT_TYPE, value)]))
    }

    #[test]
    fn a_refusal_is_in_the_content_type_of_the_call() {
        for kind in ["application/grpc", "application/grpc-web-text"] {
            let error = Error::new(ErrorKind::Unimplemented, "there is no such service");
            let response = refusal(of(kind).expect("gRPC"), error);
            assert_eq!(response.status(), 200);
            assert_eq!(response.headers()["grpc-status"], "12");
            assert_eq!(response.headers()[header::CONTENT_TYPE], kind);
        }
    }

    #[test]
    fn what_is_not_grpc_is_left_alone() {
        assert!(content_type(&HeaderMap::new()).is_none());
        for kind in ["text/html", "application/grpc+json", "application/grpcx"] {
            assert!(of(kind).is_none(), "{kind}");
        }
    }
}
