//! Refusals, each made once: under overload there are thousands in a second, and their cost is taken from the answers.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures_util::FutureExt;
use http_body_util::BodyExt;

use crate::domain::error::Error;
use crate::domain::error::ErrorKind;
use crate::fallback::Dialect;

/// When a refused client may come again: the longest that a burst should take, and a whole number of seconds, which is
/// all that `Retry-After` can say.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Most dialects for which a refusal is kept; real clients speak a handful, and only names of media types differ.
const KEPT_MAX: usize = 32;

/// The refusals of one process, by the dialect that they are written in.
#[derive(Debug, Default)]
pub(super) struct Refusals(Mutex<HashMap<Dialect, http::Response<Bytes>>>);

impl Refusals {
    /// The refusal for a client that speaks so.
    pub(super) fn of(&self, dialect: &Dialect) -> Response {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(refusal) = kept.get(dialect) {
            return refusal.clone().map(Body::from);
        }
        let refusal = refusal(dialect.clone());
        if kept.len() < KEPT_MAX {
            kept.insert(dialect.clone(), refusal.clone());
        }
        refusal.map(Body::from)
    }
}

fn refusal(dialect: Dialect) -> http::Response<Bytes> {
    let error = Error::new(
        ErrorKind::Overloaded,
        "this gateway has more to do than it can",
    );
    let (head, body) = dialect
        .overloaded(error.retry_after(RETRY_AFTER))
        .into_parts();
    let body = body.collect().now_or_never().and_then(Result::ok);
    let body = body.expect("a refusal is whole from the start").to_bytes();
    http::Response::from_parts(head, body)
}

#[cfg(test)]
mod tests {
    use super::KEPT_MAX;
    use super::Refusals;
    use crate::fallback::Dialect;
    use http::HeaderValue;

    #[test]
    fn a_kept_refusal_is_the_same_and_only_so_many_are_kept() {
        let refusals = Refusals::default();
        for dialect in [Dialect::Grpc("application/grpc"), Dialect::Http(None)] {
            let (first, second) = (refusals.of(&dialect), refusals.of(&dialect));
            assert_eq!(first.status(), second.status());
            assert_eq!(first.headers(), second.headers());
        }
        for number in 0..2 * KEPT_MAX {
            let accept = HeaderValue::try_from(format!("text/x{number}")).expect("a type");
            let refusal = refusals.of(&Dialect::Http(Some(accept)));
            assert_eq!(refusal.status(), 503);
        }
        assert_eq!(refusals.0.lock().expect("nobody panicked").len(), KEPT_MAX);
    }
}
