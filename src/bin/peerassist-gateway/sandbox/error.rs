//! Failures as Spring Boot prints them. A handler says what went wrong; the time and the path are added on the way out,
//! in one place, so that no failure can leave in another shape.

use std::borrow::Cow;

use axum::extract::Request;
use axum::http::HeaderValue;
use axum::http::Method;
use axum::http::StatusCode;
use axum::http::header::WWW_AUTHENTICATE;
use axum::middleware::Next;
use axum::response::IntoResponse;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use crate::sandbox::instant::Instant;
use crate::sandbox::json;

/// What went wrong, before it has a time and a path.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    message: String,
    fields: Vec<FieldProblem>,
}

pub(crate) type Answer<T> = Result<T, Problem>;

/// One member of the request body that cannot be accepted.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FieldProblem {
    #[schema(example = "userName", value_type = String)]
    pub(crate) field: Cow<'static, str>,
    #[schema(example = "must not be blank", value_type = String)]
    pub(crate) default_message: Cow<'static, str>,
}

/// The body of every answer that is not a success (Spring Boot's DefaultErrorAttributes).
#[derive(Serialize, ToSchema)]
#[schema(as = Error)]
pub(crate) struct ErrorBody {
    timestamp: Instant,
    #[schema(example = 404)]
    status: u16,
    #[schema(example = "Not Found")]
    error: &'static str,
    #[schema(example = "Customer 99 not found")]
    message: String,
    #[schema(example = "/customer/99")]
    path: String,
    /// Only for a body that fails validation.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    errors: Vec<FieldProblem>,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
            fields: Vec::new(),
        }
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// A body that is JSON, but breaks rules.
    pub(crate) fn invalid(fields: Vec<FieldProblem>) -> Self {
        Self {
            fields,
            ..Self::bad_request("Validation failed")
        }
    }

    pub(crate) fn forbidden() -> Self {
        Self::new(StatusCode::FORBIDDEN, "Access is denied")
    }

    pub(crate) fn conflict(message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, message)
    }

    pub(crate) fn unauthorized(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, message)
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, message)
    }

    pub(crate) fn no_resource(path: &str) -> Self {
        Self::not_found(format!("No resource {path}"))
    }

    pub(crate) fn method_not_allowed(method: &Method) -> Self {
        let message = format!("Request method '{method}' not supported");
        Self::new(StatusCode::METHOD_NOT_ALLOWED, message)
    }

    /// Logs the cause and tells the caller nothing of it.
    pub(crate) fn internal(cause: &dyn std::fmt::Display) -> Self {
        tracing::error!("sandbox failed: {cause}");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "Internal error")
    }
}

impl From<rusqlite::Error> for Problem {
    fn from(cause: rusqlite::Error) -> Self {
        Self::internal(&cause)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// The whole answer for a problem with this path.
pub(crate) fn describe(problem: Problem, path: String) -> Response {
    let body = ErrorBody {
        timestamp: Instant::now(),
        status: problem.status.as_u16(),
        error: problem.status.canonical_reason().unwrap_or("Error"),
        message: problem.message,
        path,
        errors: problem.fields,
    };
    let mut described = json::respond(problem.status, &body);
    if problem.status == StatusCode::UNAUTHORIZED {
        described
            .headers_mut()
            .insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    described
}

/// Middleware: writes the body of every failed answer.
pub(crate) async fn describe_failures(request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let mut response = next.run(request).await;
    let Some(problem) = response.extensions_mut().remove::<Problem>() else {
        return response;
    };
    let mut described = describe(problem, path);
    // Headers of the failed answer stay (`Allow` on a 405); those that describe its empty body do not.
    for (name, value) in response.headers() {
        if !described.headers().contains_key(name) && name != axum::http::header::CONTENT_LENGTH {
            described.headers_mut().append(name, value.clone());
        }
    }
    described
}
