//! A request that is not taken on at all, told as GraphQL over HTTP has it. Nothing of its body was read.

use axum::response::Response;
use http::HeaderMap;
use http::HeaderValue;
use http::header;

use crate::domain::error::Error;
use crate::graphql::answer::Manner;
use crate::graphql::answer::Refusal;
use crate::graphql::media::Media;
use crate::graphql::status::StatusProfile;

/// Answers 503 in the media type that the client takes best, with the time after which it may come again.
pub fn overloaded(accept: Option<HeaderValue>, error: &Error) -> Response {
    let headers = accept.map(|accept| (header::ACCEPT, accept));
    let media = Media::negotiate(&HeaderMap::from_iter(headers));
    // Both profiles have the same status for it.
    let manner = Manner {
        media: media.unwrap_or(Media::Json),
        profile: StatusProfile::default(),
    };
    let mut response = Refusal::overloaded(error).answer(manner);
    if let Some(wait) = error.wait() {
        let seconds = HeaderValue::from(wait.as_secs().max(1));
        response.headers_mut().insert(header::RETRY_AFTER, seconds);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::overloaded;
    use crate::domain::error::Error;
    use crate::domain::error::ErrorKind;
    use http::HeaderValue;
    use std::time::Duration;

    #[test]
    fn a_refusal_is_in_the_type_that_the_client_takes_and_says_when_to_come_again() {
        let error = Error::new(ErrorKind::Overloaded, "too much");
        let error = error.retry_after(Duration::from_secs(1));
        for (accept, media) in [
            (Some("application/json"), "application/json; charset=utf-8"),
            (
                Some("application/graphql-response+json"),
                "application/graphql-response+json; charset=utf-8",
            ),
            (Some("image/png"), "application/json; charset=utf-8"),
            (None, "application/json; charset=utf-8"),
        ] {
            let response = overloaded(accept.map(HeaderValue::from_static), &error);
            assert_eq!(response.status(), 503);
            assert_eq!(response.headers()["retry-after"], "1");
            assert_eq!(response.headers()["content-type"], media);
            assert_eq!(response.headers()["cache-control"], "no-store");
        }
    }
}
