//! One call from its head to the head of its answer: kept within its deadline, measured, and logged once.

use std::error::Error as _;

use axum::extract::Request;
use axum::extract::State;
use axum::middleware::Next;
use axum::response::Response;
use tonic::Code;
use tonic::Status;

use crate::domain::error::Error;
use crate::grpc::caching::Condition;
use crate::grpc::deadline;
use crate::grpc::error;
use crate::grpc::error::Blame;
use crate::grpc::explain;
use crate::grpc::metrics;
use crate::grpc::metrics::Metrics;
use crate::grpc::metrics::Running;
use crate::grpc::unary;

/// What all calls share.
#[derive(Clone)]
pub(super) struct Calls {
    pub(super) metrics: Metrics,
    pub(super) message_bytes_max: usize,
}

/// Runs a call. Every failure leaves with an `ErrorInfo`, also one of the library underneath.
pub(super) async fn run(State(calls): State<Calls>, mut request: Request, next: Next) -> Response {
    let Calls {
        metrics,
        message_bytes_max,
    } = calls;
    let mut running = metrics.begin(metrics::method(request.uri().path()));
    let ledger = explain::open(&mut request);
    let condition = Condition::of(request.headers());
    let (ledger, answered) = match ledger {
        Ok(ledger) => {
            let run = |request| unary::run(request, next, message_bytes_max);
            (ledger, deadline::keep(request, run).await)
        }
        Err(error) => (None, Err(error.into())),
    };
    let answered = answered.and_then(|response| condition.judge(response));
    let response = settle(&mut running, answered);
    match ledger {
        Some(ledger) => explain::close(&ledger, response),
        None => response,
    }
}

fn settle(running: &mut Running, answered: Result<Response, Status>) -> Response {
    let status = match answered {
        Err(status) => status,
        Ok(response) => match failure(&response) {
            Some(status) => status,
            None => {
                running.settle(Code::Ok);
                return response;
            }
        },
    };
    let status = error::completed(status);
    running.settle(status.code());
    log(running, &status);
    status.into_http()
}

/// Why a call failed, where it did: a failure is all head, an answer ends in trailers that we need not see.
fn failure(response: &Response) -> Option<Status> {
    // What our services return is kept whole beside the head; the library's own refusals are head only.
    let kept = response.extensions().get::<Status>().cloned();
    let status = kept.or_else(|| Status::from_header_map(response.headers()));
    status.filter(|status| status.code() != Code::Ok)
}

fn log(running: &Running, status: &Status) {
    let source = status.source();
    let error = source.and_then(|source| source.downcast_ref::<Error>());
    let (method, code) = (running.method, error::word(status.code()));
    let (reason, incident) = error::identity(status);
    let elapsed_ms = running.begun.elapsed().as_millis();
    let message = status.message();
    match error.map_or(Blame::Caller, |error| Blame::of(error.kind())) {
        Blame::Caller => {
            tracing::debug!(
                method,
                code,
                reason,
                elapsed_ms,
                "{method} refused: {message}"
            );
        }
        Blame::Upstream => {
            tracing::warn!(
                method,
                code,
                reason,
                elapsed_ms,
                ?error,
                "{method} failed: {message}"
            );
        }
        Blame::Gateway => {
            tracing::error!(
                method,
                code,
                reason,
                incident,
                elapsed_ms,
                ?error,
                "{method} failed through a fault of ours"
            );
        }
    }
}
