//! Ids in paths.

use axum::RequestPartsExt;
use axum::extract::FromRequestParts;
use axum::extract::Path;
use axum::http::request::Parts;

use crate::sandbox::error::Problem;

/// The `{id}` of a path: a 64-bit number, or the request is refused with 400.
pub(crate) struct Id(pub(crate) i64);

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let Path(text) = parts
            .extract::<Path<String>>()
            .await
            .map_err(|rejection| Problem::bad_request(rejection.body_text()))?;
        let refused = || {
            Problem::bad_request(format!(
                "Failed to convert value '{text}' of path variable 'id'"
            ))
        };
        text.parse().map(Self).map_err(|_| refused())
    }
}
