//! What a write that succeeded is answered with, and whether the answer arrives.

use std::io;
use std::sync::atomic::AtomicU64;

use axum::body::Body;
use axum::http::HeaderValue;
use axum::http::Method;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::Response;
use futures_util::stream;

use super::call::Api;
use super::call::Call;
use super::call::body;
use super::call::with_json;
use super::call::without_body;
use super::gate::Rate;
use super::tree::Tree;
use crate::sandbox::error::Problem;
use crate::sandbox::error::describe;

/// How writes are answered.
#[derive(Clone, Debug, Default)]
pub(super) struct Writes {
    pub(super) created_is_201: bool,
    pub(super) reply: Reply,
    pub(super) deleted_is_200: bool,
    pub(super) delete_is_soft: bool,
    pub(super) lost: Option<(Lost, Rate)>,
}

/// The body of an answer to POST and PUT.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Reply {
    #[default]
    Object,
    NoContent,
    Empty,
    Id,
    True,
    Message,
}

/// What arrives in place of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lost {
    Close,
    Hang,
    Status(StatusCode),
}

impl Writes {
    /// The answer to a POST or PUT that left this object.
    pub(super) fn answered(&self, call: &Call, mut answer: Response, object: &Tree) -> Response {
        let id = object.member("id").cloned().unwrap_or_else(Tree::null);
        if self.created_is_201 && call.method == Method::POST {
            let place = id.as_text().unwrap_or_else(|| id.to_string());
            let place = format!("{}{}/{place}", call.origin(), call.list());
            if let Ok(place) = HeaderValue::try_from(place) {
                answer.headers_mut().insert(LOCATION, place);
            }
            *answer.status_mut() = StatusCode::CREATED;
        }
        match self.reply {
            Reply::Object => with_json(answer, object),
            Reply::NoContent => {
                *answer.status_mut() = StatusCode::NO_CONTENT;
                without_body(answer)
            }
            Reply::Empty => without_body(answer),
            Reply::Id => with_json(answer, &id),
            Reply::True => with_json(answer, &Tree::plain(true)),
            Reply::Message => with_json(answer, &Tree::object([("message", Tree::text("Saved"))])),
        }
    }

    /// The answer to a DELETE that was done.
    pub(super) fn deleted(&self, mut answer: Response) -> Response {
        if !self.deleted_is_200 {
            return answer;
        }
        *answer.status_mut() = StatusCode::OK;
        with_json(answer, &Tree::plain(true))
    }

    /// Makes the object inactive. The user needs the right to write it, which only admins have who could delete it.
    pub(super) async fn delete_softly(&self, api: &Api, call: &Call) -> Response {
        let found = api.ask(call, Method::GET, &call.path, None).await;
        if !found.status().is_success() {
            return found;
        }
        let (_, mut object) = body(found).await;
        object.set("status", Tree::text("INACTIVE"));
        let mut answer = api.ask(call, Method::PUT, &call.path, Some(&object)).await;
        if answer.status().is_success() {
            *answer.status_mut() = StatusCode::NO_CONTENT;
            return without_body(answer);
        }
        answer
    }

    /// The answer as it arrives; the write has taken effect.
    pub(super) async fn delivered(
        &self,
        call: &Call,
        answer: Response,
        writes: &AtomicU64,
    ) -> Response {
        let Some((lost, rate)) = self.lost else {
            return answer;
        };
        if !call.is_write() || !answer.status().is_success() || !rate.strikes(writes) {
            return answer;
        }
        match lost {
            // A body that breaks off before its first byte makes the server close the connection with nothing sent.
            Lost::Close => {
                let broken = io::Error::from(io::ErrorKind::ConnectionReset);
                let nothing = stream::once(async { Err::<&[u8], _>(broken) });
                Response::new(Body::from_stream(nothing))
            }
            Lost::Hang => std::future::pending().await,
            Lost::Status(status) => {
                let reason = status.canonical_reason().unwrap_or("Error");
                describe(Problem::new(status, reason), call.path.clone())
            }
        }
    }
}
