//! The table of statuses (reliability targets, F23 to F38): what each means, and whether to try again.

use std::time::Duration;

use http::HeaderMap;
use http::StatusCode;
use http::header;

use crate::domain::error::Error;
use crate::domain::error::ErrorKind;
use crate::upstream::retry::Again;
use crate::upstream::retry::Failure;

/// Longest wait that an upstream's `Retry-After` is believed to mean, and what garbage there means.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(60);
const RETRY_AFTER_UNREADABLE: Duration = Duration::from_secs(1);

/// What a status means for a write. It was done, or refused, or nobody knows; it is never sent again.
pub(super) fn judge_write(status: StatusCode, headers: &HeaderMap) -> Result<(), Error> {
    let error = match status.as_u16() {
        // An intermediary that gives up says nothing of what the upstream did or will do.
        500..=599 => Error::new(
            ErrorKind::WriteUnknown,
            "the upstream failed during the write: whether it took effect is not known",
        ),
        // To see something else is what is said after a write as well as instead of one. Only 307 and 308 ask for
        // the write itself at another place, so that it was not done at this one.
        300..=306 | 309..=399 => Error::new(
            ErrorKind::WriteUnknown,
            "the upstream points elsewhere: whether the write took effect is not known",
        ),
        403 => Error::new(ErrorKind::Forbidden, "the user may not do this"),
        _ => match judge(status, headers) {
            Ok(()) => return Ok(()),
            Err(failure) => failure.error,
        },
    };
    Err(error)
}

/// What a status means for a read.
pub(super) fn judge(status: StatusCode, headers: &HeaderMap) -> Result<(), Failure> {
    let lasting = |kind, message: &'static str| Err(Failure::lasting(Error::new(kind, message)));
    match status.as_u16() {
        200..=299 => Ok(()),
        401 => lasting(
            ErrorKind::TokenInvalid,
            "the upstream does not accept the token",
        ),
        403 => lasting(ErrorKind::Forbidden, "the user may not read this"),
        // A page in HTML comes from a proxy or a wrong base URL, and says nothing about the id.
        404 if is_html(headers) => lasting(
            ErrorKind::UpstreamInvalid,
            "the upstream does not know this route",
        ),
        404 | 410 => lasting(ErrorKind::NotFound, "not found"),
        400 | 422 => lasting(
            ErrorKind::InvalidInput,
            "the upstream does not accept the request",
        ),
        409 => lasting(
            ErrorKind::Conflict,
            "the request contradicts the present state",
        ),
        412 | 428 => lasting(
            ErrorKind::Precondition,
            "the present state does not allow this",
        ),
        429 => {
            let wait = retry_after(headers).unwrap_or(RETRY_AFTER_UNREADABLE);
            let error = Error::new(ErrorKind::RateLimited, "the upstream asks to slow down")
                .retry_after(wait);
            Err(Failure {
                error,
                again: Again::After(wait),
                is_unreached: false,
            })
        }
        500 => Err(Failure::passing(
            Error::new(ErrorKind::UpstreamError, "the upstream failed"),
            1,
        )),
        502 => Err(Failure::passing(
            Error::new(
                ErrorKind::UpstreamUnavailable,
                "the upstream is unavailable",
            ),
            2,
        )),
        503 => {
            let wait = retry_after(headers).unwrap_or(RETRY_AFTER_UNREADABLE);
            let error = Error::new(
                ErrorKind::UpstreamUnavailable,
                "the upstream is unavailable",
            )
            .retry_after(wait);
            Err(Failure::passing(error, 2))
        }
        504 => Err(Failure::passing(
            Error::new(
                ErrorKind::UpstreamTimeout,
                "the upstream did not answer in time",
            ),
            2,
        )),
        501 | 505..=599 => lasting(ErrorKind::UpstreamError, "the upstream failed"),
        _ => lasting(
            ErrorKind::UpstreamInvalid,
            "the upstream's status is not in its contract",
        ),
    }
}

pub(super) fn is_html(headers: &HeaderMap) -> bool {
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    kind.is_some_and(|kind| {
        kind.trim_start()
            .to_ascii_lowercase()
            .starts_with("text/html")
    })
}

/// `Retry-After` in seconds or as a date, between nothing and a minute.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if text.bytes().all(|b| b.is_ascii_digit()) && !text.is_empty() {
        let seconds = text.parse().unwrap_or(u64::MAX);
        return Some(Duration::from_secs(seconds).min(RETRY_AFTER_MAX));
    }
    let date = chrono::DateTime::parse_from_rfc2822(text).ok()?;
    let left = date.with_timezone(&chrono::Utc) - chrono::Utc::now();
    Some(left.to_std().unwrap_or(Duration::ZERO).min(RETRY_AFTER_MAX))
}

#[cfg(test)]
mod tests {
    use super::judge;
    use super::judge_write;
    use super::retry_after;
    use crate::domain::error::ErrorKind;
    use crate::upstream::retry::Again;
    use http::HeaderMap;
    use http::StatusCode;
    use http::header;
    use std::time::Duration;

    fn headers(name: header::HeaderName, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name, http::HeaderValue::from_static(value))])
    }

    #[test]
    fn each_status_has_one_meaning() {
        let table = [
            (302, ErrorKind::UpstreamInvalid, Again::Never),
            (400, ErrorKind::InvalidInput, Again::Never),
            (401, ErrorKind::TokenInvalid, Again::Never),
            (403, ErrorKind::Forbidden, Again::Never),
            (404, ErrorKind::NotFound, Again::Never),
            (405, ErrorKind::UpstreamInvalid, Again::Never),
            (410, ErrorKind::NotFound, Again::Never),
            (500, ErrorKind::UpstreamError, Again::Times(1)),
            (502, ErrorKind::UpstreamUnavailable, Again::Times(2)),
            (503, ErrorKind::UpstreamUnavailable, Again::Times(2)),
            (504, ErrorKind::UpstreamTimeout, Again::Times(2)),
        ];
        for (status, kind, again) in table {
            let status = StatusCode::from_u16(status).expect("a status");
            let failure = judge(status, &HeaderMap::new()).expect_err("a failure");
            assert_eq!(
                (failure.error.kind(), failure.again),
                (kind, again),
                "{status}"
            );
        }
    }

    #[test]
    fn a_write_is_done_or_refused_or_unknown_and_never_repeated() {
        let table = [
            (200, None),
            (201, None),
            (204, None),
            (302, Some(ErrorKind::WriteUnknown)),
            (303, Some(ErrorKind::WriteUnknown)),
            (307, Some(ErrorKind::UpstreamInvalid)),
            (308, Some(ErrorKind::UpstreamInvalid)),
            (400, Some(ErrorKind::InvalidInput)),
            (401, Some(ErrorKind::TokenInvalid)),
            (403, Some(ErrorKind::Forbidden)),
            (404, Some(ErrorKind::NotFound)),
            (405, Some(ErrorKind::UpstreamInvalid)),
            (409, Some(ErrorKind::Conflict)),
            (412, Some(ErrorKind::Precondition)),
            (422, Some(ErrorKind::InvalidInput)),
            (429, Some(ErrorKind::RateLimited)),
            (500, Some(ErrorKind::WriteUnknown)),
            (502, Some(ErrorKind::WriteUnknown)),
            (503, Some(ErrorKind::WriteUnknown)),
            (504, Some(ErrorKind::WriteUnknown)),
        ];
        for (status, kind) in table {
            let status = StatusCode::from_u16(status).expect("a status");
            let outcome = judge_write(status, &HeaderMap::new());
            assert_eq!(outcome.err().map(|error| error.kind()), kind, "{status}");
        }
    }

    #[test]
    fn a_404_in_html_is_a_wrong_route_and_not_a_missing_id() {
        let failure = judge(
            StatusCode::NOT_FOUND,
            &headers(header::CONTENT_TYPE, "text/html;charset=utf-8"),
        );
        assert_eq!(
            failure.err().map(|f| f.error.kind()),
            Some(ErrorKind::UpstreamInvalid)
        );
    }

    #[test]
    fn retry_after_is_clamped() {
        let read = |value| retry_after(&headers(header::RETRY_AFTER, value));
        assert_eq!(read("2"), Some(Duration::from_secs(2)));
        assert_eq!(read("1000000000"), Some(Duration::from_secs(60)));
        assert_eq!(
            read("99999999999999999999999999"),
            Some(Duration::from_secs(60))
        );
        assert_eq!(read("Wed, 21 Oct 2015 07:28:00 GMT"), Some(Duration::ZERO));
        assert_eq!(read("soon"), None);
    }
}
