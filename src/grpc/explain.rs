//! What a call cost, told to who asks for it with `x-explain`: the trailer `explain-bin`.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use http::HeaderMap;
use http::HeaderValue;
use http_body_util::BodyExt;
use hyper::body::Frame;
use prost::Message;
use tonic::metadata::BinaryMetadataValue;

use crate::domain::error::Error;
use crate::domain::ledger;
use crate::domain::ledger::Detail;
use crate::domain::ledger::Ledger;
use crate::grpc::v1;

const TRAILER: &str = "explain-bin";

/// Most bytes of questions in the trailer: clients accept 8 KiB of trailers, and base64 takes a third more.
const QUESTIONS_BYTES_MAX: usize = 2 * 1024;

/// A ledger for a call that asks for one, where its service finds it.
///
/// Fails with `InvalidInput` for a value that asks for nothing we know.
pub(super) fn open(request: &mut Request) -> Result<Option<Arc<Ledger>>, Error> {
    let asked = request.headers().get(ledger::HEADER);
    let ledger = Detail::asked(asked.map(HeaderValue::as_bytes))?.map(Ledger::new);
    if let Some(ledger) = &ledger {
        request.extensions_mut().insert(ledger.clone());
    }
    Ok(ledger)
}

/// The answer with its trailer, which a failure has in its head.
pub(super) fn close(ledger: &Ledger, response: Response) -> Response {
    let value = value(ledger);
    let (mut parts, body) = response.into_parts();
    if parts.headers.contains_key("grpc-status") {
        parts.headers.insert(TRAILER, value);
        return Response::from_parts(parts, body);
    }
    let body = body.map_frame(move |frame| match frame.into_trailers() {
        Ok(trailers) => Frame::trailers(explained(trailers, &value)),
        Err(frame) => frame,
    });
    Response::from_parts(parts, Body::new(body))
}

fn explained(mut trailers: HeaderMap, value: &HeaderValue) -> HeaderMap {
    trailers.insert(TRAILER, value.clone());
    trailers
}

fn value(ledger: &Ledger) -> HeaderValue {
    let bytes = explanation(ledger).encode_to_vec();
    let encoded = BinaryMetadataValue::from_bytes(&bytes);
    HeaderValue::from_bytes(encoded.as_encoded_bytes()).expect("base64 is a value of a header")
}

fn explanation(ledger: &Ledger) -> v1::Explanation {
    let ledger::Totals {
        bound,
        actual,
        revalidated,
        cached,
        stale,
        coalesced,
    } = ledger.totals();
    let number = |total: u64| i64::try_from(total).unwrap_or(i64::MAX);
    let mut questions: Vec<v1::Question> = Vec::new();
    let (mut bytes, mut left_out) = (0, 0);
    for question in ledger.questions().into_iter().map(v1::Question::from) {
        bytes += question.encoded_len();
        if bytes > QUESTIONS_BYTES_MAX {
            left_out += 1;
        } else {
            questions.push(question);
        }
    }
    v1::Explanation {
        bound: number(bound),
        actual: number(actual),
        cached: number(cached),
        coalesced: number(coalesced),
        questions,
        questions_left_out: left_out,
        stale: number(stale),
        revalidated: number(revalidated),
    }
}

impl From<ledger::Question> for v1::Question {
    fn from(question: ledger::Question) -> Self {
        let ledger::Question {
            // Fields are GraphQL's.
            path: _,
            call,
            outcome,
            kept,
            not_kept,
            elapsed,
        } = question;
        let outcome = match outcome {
            ledger::Outcome::Hit => v1::Outcome::Hit,
            ledger::Outcome::Stale => v1::Outcome::Stale,
            ledger::Outcome::Shared => v1::Outcome::Shared,
            ledger::Outcome::Miss => v1::Outcome::Miss,
            ledger::Outcome::Revalidated => v1::Outcome::Revalidated,
            ledger::Outcome::Coalesced => v1::Outcome::Coalesced,
        };
        v1::Question {
            call,
            outcome: outcome.into(),
            age: kept.map(|kept| duration(kept.age)),
            elapsed: Some(duration(elapsed)),
            fresh_for: kept.map(|kept| duration(kept.fresh_for)),
            not_kept: not_kept.unwrap_or_default().into(),
        }
    }
}

fn duration(time: Duration) -> prost_types::Duration {
    prost_types::Duration {
        seconds: i64::try_from(time.as_secs()).unwrap_or(i64::MAX),
        // Below a thousand million.
        nanos: time.subsec_nanos() as i32,
    }
}
