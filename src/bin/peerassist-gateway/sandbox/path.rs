//! Ids in paths, and in the bodies that may repeat them.

use axum::RequestPartsExt;
use axum::extract::FromRequestParts;
use axum::extract::Path;
use axum::http::request::Parts;
use serde::Deserialize;

use crate::sandbox::error::Answer;
use crate::sandbox::error::Problem;
use crate::sandbox::validation::Validation;

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

/// The `id` of a body: 0 or absent where the path or the server says which.
#[derive(Clone, Copy, Deserialize)]
#[serde(transparent)]
pub(crate) struct BodyId(Option<i64>);

impl BodyId {
    fn given(self) -> Option<i64> {
        self.0.filter(|id| *id != 0)
    }

    /// The object that a `PUT` without an id in its path means.
    pub(crate) fn meant(self) -> Answer<i64> {
        let mut rules = Validation::default();
        let id = rules.given("id", self.given());
        rules.finish().map(|()| id.unwrap_or_default())
    }

    /// Refuses a body that is about another object than its path.
    pub(crate) fn agree(self, id: i64) -> Answer<()> {
        match self.given() {
            Some(other) if other != id => Err(Problem::bad_request(format!(
                "The body's id {other} is not the path's id {id}"
            ))),
            _ => Ok(()),
        }
    }
}
