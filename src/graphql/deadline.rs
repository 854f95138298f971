//! `x-timeout-ms`: how long the client waits.

use std::time::Duration;

use http::HeaderMap;
use tokio::time::Instant;

use crate::domain::error::ErrorKind;
use crate::graphql::answer::Refusal;
use crate::graphql::error;
use crate::graphql::status::Verdict;

const TIMEOUT_MS: &str = "x-timeout-ms";

/// Most digits of a timeout, as many as `grpc-timeout` has.
const DIGITS_MAX: usize = 8;

/// How long before the client stops waiting the answer is made of what there is, so that it arrives in time. A client
/// in a hurry gives a tenth of its patience.
const LAST_MOMENT: Duration = Duration::from_millis(25);

/// How long the caller of a request that came at `begun` still waits, where the client says so.
///
/// Fails where the header is malformed or comes twice, and where the time is over.
pub(super) fn patience(headers: &HeaderMap, begun: Instant) -> Result<Option<Duration>, Refusal> {
    let mut values = headers.get_all(TIMEOUT_MS).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    let parsed = value.to_str().ok().and_then(parse);
    let (Some(timeout), None) = (parsed, values.next()) else {
        return Err(Refusal::bad_request(
            "x-timeout-ms must be a number of milliseconds, of at most eight digits",
        ));
    };
    let patience = timeout - (timeout / 10).min(LAST_MOMENT);
    match patience.checked_sub(begun.elapsed()) {
        Some(left) if !left.is_zero() => Ok(Some(left)),
        _ => Err(passed()),
    }
}

fn parse(text: &str) -> Option<Duration> {
    let is_number = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let milliseconds = text.parse().ok();
    milliseconds
        .filter(|_| is_number && text.len() <= DIGITS_MAX)
        .map(Duration::from_millis)
}

fn passed() -> Refusal {
    Refusal::new(
        Verdict::Overdue,
        error::code(ErrorKind::UpstreamTimeout),
        "the deadline has passed",
    )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::HeaderMap;
    use http::HeaderName;
    use http::HeaderValue;
    use proptest::prelude::*;
    use tokio::time::Instant;

    use super::TIMEOUT_MS;
    use super::parse;
    use super::patience;

    fn headers(values: &[&'static str]) -> HeaderMap {
        let name = HeaderName::from_static(TIMEOUT_MS);
        let values = values.iter().copied();
        values
            .map(|value| (name.clone(), HeaderValue::from_static(value)))
            .collect()
    }

    /// What is left in milliseconds, or whether it is refused, after so many milliseconds.
    async fn left(values: &[&'static str], passed: u64) -> Result<Option<u128>, ()> {
        let begun = Instant::now();
        tokio::time::advance(Duration::from_millis(passed)).await;
        let patience = patience(&headers(values), begun).map_err(drop)?;
        Ok(patience.map(|left| left.as_millis()))
    }

    #[tokio::test(start_paused = true)]
    async fn patience_is_what_is_left_but_for_the_way_back() {
        assert_eq!(left(&[], 100).await, Ok(None));
        assert_eq!(left(&["1000"], 0).await, Ok(Some(975)));
        assert_eq!(left(&["1000"], 500).await, Ok(Some(475)));
        assert_eq!(left(&["00000050"], 0).await, Ok(Some(45)));
        assert_eq!(left(&["1000"], 975).await, Err(()));
        assert_eq!(left(&["0"], 0).await, Err(()));
    }

    #[tokio::test(start_paused = true)]
    async fn anything_else_than_one_number_is_malformed() {
        for bad in ["", "-1", "+1", "1.5", "1s", " 1", "123456789", "1,1"] {
            assert_eq!(left(&[bad], 0).await, Err(()), "{bad}");
        }
        assert_eq!(left(&["100", "100"], 0).await, Err(()));
    }

    proptest! {
        #[test]
        fn every_number_of_eight_digits_is_read_and_no_text_is_too_strange(
            number in 0u64..=99_999_999, text in "\\PC{0,12}",
        ) {
            let read = parse(&number.to_string());
            prop_assert_eq!(read, Some(Duration::from_millis(number)));
            let legal = (1..=8).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
            prop_assert_eq!(parse(&text).is_some(), legal);
        }
    }
}
