//! What clients may want to keep: `x-cache` and `etag` with the answer to a read, and `if-none-match`.

use axum::response::Response as HttpResponse;
use http::HeaderMap;
use http::HeaderName;
use http::HeaderValue;
use http::header;
use prost::Message;
use tonic::Response;
use tonic::Status;
use tonic::metadata::MetadataMap;
use tonic::metadata::MetadataValue;

use crate::domain::cache_control;
use crate::domain::cache_control::CacheControl;
use crate::domain::caller::Caller;
use crate::domain::etag;
use crate::domain::etag::Etag;
use crate::domain::ledger::Outcome;
use crate::grpc::error;

/// What became of the questions of a call, in one word.
const X_CACHE: &str = "x-cache";

/// What the answer looks like.
const ETAG: &str = "etag";

/// What is hashed with each message.
const KIND: &str = "application/grpc+proto";

/// Which kept answers do for a call.
pub(super) fn asked(metadata: &HeaderMap) -> CacheControl {
    let values = metadata.get_all(cache_control::HEADER).iter();
    CacheControl::from_headers(values.map(HeaderValue::as_bytes), std::iter::empty())
}

/// The answer to a read, with what it says of where it came from and of what it looks like.
pub(super) fn told<M: Message>(caller: &Caller, message: M) -> Response<M> {
    let etag = Etag::of_answer(KIND, &message.encode_to_vec());
    let mut response = Response::new(message);
    let metadata = response.metadata_mut();
    let etag = MetadataValue::try_from(etag.to_string()).expect("base64 in quotes is ASCII");
    metadata.insert(ETAG, etag);
    if let Some(outcome) = caller.account().standing().outcomes.overall() {
        metadata.insert(X_CACHE, MetadataValue::from_static(word(outcome)));
    }
    response
}

const fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Hit => "hit",
        Outcome::Stale => "stale",
        Outcome::Shared => "shared",
        Outcome::Miss => "miss",
        Outcome::Revalidated => "revalidated",
        Outcome::Coalesced => "coalesced",
    }
}

/// The etags of answers that a client has already.
pub(super) struct Condition(Vec<HeaderValue>);

impl Condition {
    pub(super) fn of(metadata: &HeaderMap) -> Self {
        let values = metadata.get_all(header::IF_NONE_MATCH).iter();
        Condition(values.cloned().collect())
    }

    /// The answer; fails with FAILED_PRECONDITION where it has one of those etags.
    pub(super) fn judge(&self, answer: HttpResponse) -> Result<HttpResponse, Status> {
        let headers = answer.headers();
        let values = self.0.iter().map(HeaderValue::as_bytes);
        let etag = headers.get(ETAG);
        if !etag.is_some_and(|etag| etag::is_named(etag.as_bytes(), values)) {
            return Ok(answer);
        }
        let told = [ETAG, X_CACHE].map(HeaderName::from_static).into_iter();
        let told = told.filter_map(|name| {
            let value = headers.get(&name)?.clone();
            Some((name, value))
        });
        Err(error::not_modified(MetadataMap::from_headers(
            HeaderMap::from_iter(told),
        )))
    }
}
