//! `grpc-timeout`: how long the client waits. tonic honours it only under its own transport, which is not ours.

use std::time::Duration;

use axum::extract::Request;
use axum::response::Response;
use http::Extensions;
use http::HeaderMap;
use http::HeaderName;
use tokio::time::Instant;
use tonic::Code;
use tonic::Status;

use crate::domain::error::Error;
use crate::domain::error::ErrorKind;
use crate::grpc::error;

const GRPC_TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");

/// Most digits of a timeout (gRPC over HTTP/2, "TimeoutValue").
const DIGITS_MAX: usize = 8;

/// So much longer than the client waits does a call run before it is cut off. Whatever ends by itself at the
/// deadline has ended by then, and a write has said whether it was sent. Both ends are timers of one clock, and the
/// earlier one is always heard first, however busy the machine is.
const SLACK: Duration = Duration::from_millis(100);

/// When the client stops waiting.
#[derive(Clone, Copy, Debug)]
struct Deadline(Instant);

/// A timeout as the specification spells it: up to eight digits and one of the units H, M, S, m, u, n.
pub(super) fn parse(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.len() > DIGITS_MAX || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let number: u64 = digits.parse().ok()?;
    match unit {
        "H" => Some(Duration::from_secs(number * 3600)),
        "M" => Some(Duration::from_secs(number * 60)),
        "S" => Some(Duration::from_secs(number)),
        "m" => Some(Duration::from_millis(number)),
        "u" => Some(Duration::from_micros(number)),
        "n" => Some(Duration::from_nanos(number)),
        _ => None,
    }
}

/// How long the client waits, where it says so.
///
/// Fails with INTERNAL where the header is malformed or comes twice, as grpc-go does.
fn timeout(headers: &HeaderMap) -> Result<Option<Duration>, Status> {
    let mut values = headers.get_all(GRPC_TIMEOUT).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    let parsed = value.to_str().ok().and_then(parse);
    match (parsed, values.next()) {
        (Some(timeout), None) => Ok(Some(timeout)),
        _ => Err(error::protocol(Code::Internal, "malformed grpc-timeout")),
    }
}

/// What is left of the client's patience.
pub(super) fn patience(extensions: &Extensions) -> Option<Duration> {
    let Deadline(end) = extensions.get()?;
    Some(end.saturating_duration_since(Instant::now()))
}

/// Runs the call, hardly longer than the client waits for the head of the answer.
///
/// Fails with DEADLINE_EXCEEDED when the time is over; what runs is dropped, and with it its upstream reads.
/// Without a `grpc-timeout` the gateway's own bound on operations holds.
pub(super) async fn keep<Run>(
    mut request: Request,
    run: impl FnOnce(Request) -> Run,
) -> Result<Response, Status>
where
    Run: Future<Output = Result<Response, Status>>,
{
    let Some(timeout) = timeout(request.headers())? else {
        return run(request).await;
    };
    if timeout.is_zero() {
        return Err(passed());
    }
    let now = Instant::now();
    // A deadline beyond what the clock can tell is none.
    if let Some(end) = now.checked_add(timeout) {
        request.extensions_mut().insert(Deadline(end));
    }
    tokio::time::timeout(timeout.saturating_add(SLACK), run(request))
        .await
        .unwrap_or_else(|_| Err(passed()))
}

fn passed() -> Status {
    Error::new(ErrorKind::UpstreamTimeout, "the deadline has passed").into()
}

#[cfg(test)]
mod tests {
    use super::Deadline;
    use super::GRPC_TIMEOUT;
    use super::keep;
    use super::parse;
    use super::patience;
    use super::timeout;
    use axum::Router;
    use axum::body::Body;
    use axum::extract::Request;
    use axum::middleware::Next;
    use axum::middleware::from_fn;
    use axum::response::Response;
    use axum::routing::get;
    use http::Extensions;
    use http::HeaderMap;
    use http::HeaderValue;
    use proptest::prelude::*;
    use std::time::Duration;
    use tokio::time::Instant;
    use tonic::Code;
    use tower::ServiceExt;

    #[test]
    fn each_unit_is_known() {
        for (text, nanos) in [
            ("2H", 7_200_000_000_000),
            ("3M", 180_000_000_000),
            ("15S", 15_000_000_000),
            ("100m", 100_000_000),
            ("7u", 7_000),
            ("0n", 0),
            ("00000001n", 1),
        ] {
            assert_eq!(parse(text), Some(Duration::from_nanos(nanos)), "{text}");
        }
        assert!(parse("99999999H").is_some());
    }

    #[test]
    fn anything_else_is_malformed() {
        let bad = [
            "",
            "S",
            "abc",
            "-5S",
            "+5S",
            "5",
            "5 S",
            "5s",
            "5h",
            "1.5S",
            "123456789n",
            "５S",
            "5µ",
        ];
        for text in bad {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn two_timeouts_are_malformed() {
        let value = HeaderValue::from_static("5S");
        let twice = [(GRPC_TIMEOUT, value.clone()), (GRPC_TIMEOUT, value)];
        let status = timeout(&HeaderMap::from_iter(twice)).expect_err("two headers");
        assert_eq!(status.code(), Code::Internal);
        assert_eq!(status.message(), "malformed grpc-timeout");
    }

    #[tokio::test(start_paused = true)]
    async fn patience_is_what_is_left_of_the_deadline() {
        let mut extensions = Extensions::new();
        assert_eq!(patience(&extensions), None);
        extensions.insert(Deadline(Instant::now() + Duration::from_secs(5)));
        tokio::time::advance(Duration::from_secs(2)).await;
        assert_eq!(patience(&extensions), Some(Duration::from_secs(3)));
        tokio::time::advance(Duration::from_secs(9)).await;
        assert_eq!(patience(&extensions), Some(Duration::ZERO));
    }

    /// What becomes of a call with a timeout of a second that ends by itself so long after its deadline.
    async fn ended(late: Duration) -> Response {
        let call = move |request: Request| async move {
            let patience = patience(request.extensions()).expect("a deadline");
            tokio::time::sleep(patience + late).await;
        };
        let keep = |request, next: Next| async {
            let kept = keep(request, async |request| Ok(next.run(request).await)).await;
            kept.unwrap_or_else(|status| status.into_http())
        };
        let call = Router::new().route("/", get(call)).layer(from_fn(keep));
        let mut request = Request::new(Body::empty());
        let second = HeaderValue::from_static("1S");
        request.headers_mut().insert(GRPC_TIMEOUT, second);
        call.oneshot(request).await.expect("an answer")
    }

    #[tokio::test(start_paused = true)]
    async fn what_ends_by_itself_at_the_deadline_is_heard_and_the_rest_is_cut_off() {
        let begun = Instant::now();
        let response = ended(Duration::from_millis(1)).await;
        assert!(!response.headers().contains_key("grpc-status"));
        assert_eq!(begun.elapsed().as_millis(), 1001);
        let begun = Instant::now();
        let response = ended(Duration::from_secs(60)).await;
        assert_eq!(response.headers()["grpc-status"], "4");
        assert!(begun.elapsed() < Duration::from_secs(2));
    }

    proptest! {
        #[test]
        fn every_legal_timeout_is_read(number in 0u64..=99_999_999, unit in "[HMSmun]") {
            let nanos: u128 = match unit.as_str() {
                "H" => 3_600_000_000_000,
                "M" => 60_000_000_000,
                "S" => 1_000_000_000,
                "m" => 1_000_000,
                "u" => 1_000,
                _ => 1,
            };
            let read = parse(&format!("{number}{unit}")).map(|timeout| timeout.as_nanos());
            prop_assert_eq!(read, Some(u128::from(number) * nanos));
        }

        #[test]
        fn no_text_is_too_strange(text in "\\PC{0,12}") {
            let legal = text.len() >= 2 && text.len() <= 9
                && text[..].bytes().rev().skip(1).all(|b| b.is_ascii_digit())
                && text.ends_with(['H', 'M', 'S', 'm', 'u', 'n']);
            prop_assert_eq!(parse(&text).is_some(), legal);
        }
    }
}
