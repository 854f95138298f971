//! What clients may keep: `Cache-Control` both ways, `Age`, `ETag` and what follows from `If-None-Match` (RFC 9111 and
//! RFC 9110, 13).
//!
//! Only the answer to a GET may be kept, and only by the client itself; only one without errors whose every part is
//! kept here, too. A POST is answered `no-store`: its answer could serve only a later GET of the place that it names
//! (RFC 9110, 9.3.3), and it names none.

use axum::body::Body;
use axum::response::Response;
use http::HeaderMap;
use http::HeaderName;
use http::HeaderValue;
use http::StatusCode;
use http::header;

use crate::domain::cache_control;
use crate::domain::cache_control::CacheControl;
use crate::domain::etag;
use crate::domain::etag::Etag;
use crate::domain::ledger::Kept;
use crate::graphql::media::Media;

/// The headers of a request that its answer depends on, besides what it asks.
pub(super) const VARY: HeaderValue = HeaderValue::from_static("Authorization, Accept, X-Explain");

/// Which kept answers do for a request.
pub(super) fn asked(headers: &HeaderMap) -> CacheControl {
    let values = |name: &str| headers.get_all(name).iter().map(HeaderValue::as_bytes);
    CacheControl::from_headers(values(cache_control::HEADER), values("pragma"))
}

/// What an answer with this body says of keeping it; `None` where no client may.
pub(super) fn told(
    kept: Option<Kept>,
    media: Media,
    body: &[u8],
) -> Vec<(HeaderName, HeaderValue)> {
    let Some(kept) = kept else {
        let no_store = HeaderValue::from_static("no-store");
        return vec![(header::CACHE_CONTROL, no_store), (header::VARY, VARY)];
    };
    let (lifetime, age) = lifetime(kept);
    // Past its time nothing may be shown: it may be that of the token.
    let keeping = format!("private, max-age={lifetime}, must-revalidate");
    let etag = Etag::of_answer(media.content_type(), body);
    vec![
        (header::CACHE_CONTROL, value(keeping)),
        (header::AGE, HeaderValue::from(age)),
        (header::ETAG, value(etag.to_string())),
        (header::VARY, VARY),
    ]
}

/// How long an answer is fresh in all and how old it is, in seconds.
///
/// Its parts were asked for at different times, so it is as old as the oldest of them, and its freshness ends with the
/// first of theirs. A client takes the difference for what is left (RFC 9111, 4.2), which is rounded down.
fn lifetime(Kept { age, fresh_for }: Kept) -> (u64, u64) {
    let age = age.as_secs();
    (age + fresh_for.as_secs(), age)
}

fn value(text: String) -> HeaderValue {
    HeaderValue::try_from(text).expect("numbers and base64 are visible ASCII")
}

/// The answer to a GET, or 304 where its client has it already.
pub(super) fn unless_known(request: &HeaderMap, response: Response) -> Response {
    let conditions = request.get_all(header::IF_NONE_MATCH).iter();
    let conditions = conditions.map(HeaderValue::as_bytes);
    let etag = response.headers().get(header::ETAG);
    let is_known = etag.is_some_and(|etag| etag::is_named(etag.as_bytes(), conditions));
    if !is_known {
        return response;
    }
    let (mut parts, _) = response.into_parts();
    parts.status = StatusCode::NOT_MODIFIED;
    parts.headers.remove(header::CONTENT_TYPE);
    Response::from_parts(parts, Body::empty())
}
