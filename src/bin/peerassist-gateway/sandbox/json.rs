//! JSON in and out of the handlers.

use axum::body::Body;
use axum::extract::FromRequest;
use axum::extract::Json as AxumJson;
use axum::extract::Request;
use axum::extract::rejection::JsonRejection;
use axum::http::HeaderValue;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::response::Response;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::sandbox::error::Problem;

/// A JSON answer, or a JSON request body read with Spring's failures.
pub(crate) struct Json<T>(pub(crate) T);

pub(crate) fn respond(status: StatusCode, body: &impl Serialize) -> Response {
    match serde_json::to_vec(body) {
        Ok(bytes) => {
            let mut response = Response::new(Body::from(bytes));
            *response.status_mut() = status;
            let media_type = HeaderValue::from_static("application/json; charset=UTF-8");
            response.headers_mut().insert(CONTENT_TYPE, media_type);
            response
        }
        Err(cause) => Problem::internal(&cause).into_response(),
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        respond(StatusCode::OK, &self.0)
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let declared = request
            .headers()
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok());
        let declared = declared.unwrap_or_default().to_owned();
        match AxumJson::from_request(request, state).await {
            Ok(AxumJson(body)) => Ok(Self(body)),
            Err(rejection) => Err(refusal(&rejection, &declared)),
        }
    }
}

fn refusal(rejection: &JsonRejection, declared: &str) -> Problem {
    match rejection {
        JsonRejection::MissingJsonContentType(_) => Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            format!("Content type '{declared}' not supported"),
        ),
        // Too large a body keeps its 413; everything else about a body is the caller's 400.
        JsonRejection::BytesRejection(_) => Problem::new(rejection.status(), rejection.body_text()),
        _ => Problem::bad_request(format!("JSON parse error: {}", rejection.body_text())),
    }
}
