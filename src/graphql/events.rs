//! GraphQL over SSE in its distinct connections mode: each result as a `next` event, and `complete` at the end.
//!
//! An operation with one result is a stream of one event. The protocol wants failures of the document in such an
//! event, too, because a browser's `EventSource` shows nothing of an answer that is not 200.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::Body;
use axum::body::Bytes;
use futures_util::Stream;
use futures_util::StreamExt;
use futures_util::stream;
use tokio::time::timeout;

/// After so long a silence comes a comment, so that no proxy takes the connection for dead.
const KEEP_ALIVE: Duration = Duration::from_secs(12);

const COMMENT: &[u8] = b":\n\n";

/// The protocol wants the data line, however empty: without one a browser drops the event.
const COMPLETE: &[u8] = b"event: complete\ndata:\n\n";

/// The stream of one result.
pub(super) fn of_one(result: Vec<u8>) -> Body {
    body(stream::iter([result]))
}

/// The stream of these results, each JSON in one line.
fn body(results: impl Stream<Item = Vec<u8>> + Send + 'static) -> Body {
    let frames = stream::unfold(Some(Box::pin(results)), |results| async {
        let mut results = results?;
        match timeout(KEEP_ALIVE, results.next()).await {
            Ok(Some(result)) => Some((next(&result), Some(results))),
            Ok(None) => Some((Bytes::from_static(COMPLETE), None)),
            Err(_) => Some((Bytes::from_static(COMMENT), Some(results))),
        }
    });
    Body::from_stream(frames.map(Ok::<Bytes, Infallible>))
}

fn next(result: &[u8]) -> Bytes {
    [b"event: next\ndata: ", result, b"\n\n"].concat().into()
}

#[cfg(test)]
mod tests {
    use super::body;
    use super::of_one;
    use axum::body::Body;
    use futures_util::stream;
    use http_body_util::BodyExt;
    use std::time::Duration;
    use tokio::time::Instant;
    use tokio::time::sleep;

    async fn text(body: Body) -> String {
        let body = body.collect().await.expect("a stream that ends");
        String::from_utf8(body.to_bytes().to_vec()).expect("text")
    }

    #[tokio::test]
    async fn one_result_is_one_event_and_the_end() {
        assert_eq!(
            text(of_one(b"{\"data\":{}}".to_vec())).await,
            "event: next\ndata: {\"data\":{}}\n\nevent: complete\ndata:\n\n"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_stream_is_kept_alive() {
        let begun = Instant::now();
        let results = stream::unfold(0, |place| async move {
            sleep(Duration::from_secs(30)).await;
            (place < 2).then(|| (place.to_string().into_bytes(), place + 1))
        });
        let silence = ":\n\n".repeat(2);
        let event = |n| format!("{silence}event: next\ndata: {n}\n\n");
        let expected = format!(
            "{}{}{silence}event: complete\ndata:\n\n",
            event(0),
            event(1)
        );
        assert_eq!(text(body(results)).await, expected);
        assert_eq!(begun.elapsed(), Duration::from_secs(90));
    }
}
