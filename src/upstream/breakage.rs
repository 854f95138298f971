//! Exchanges without an answer: what went wrong on the wire, and what that proves of the request.

use std::error::Error as StdError;

use crate::domain::error::Error;
use crate::domain::error::ErrorKind;
use crate::upstream::call::Undone;
use crate::upstream::retry::Failure;

pub(super) fn late() -> Error {
    Error::new(
        ErrorKind::UpstreamTimeout,
        "the upstream did not answer in time",
    )
}

pub(super) fn invalid(message: &'static str) -> Error {
    Error::new(ErrorKind::UpstreamInvalid, message)
}

/// A write without a status. Only a connection that never stood, or an upstream that says so itself, is a proof that
/// nothing was done: a connection that breaks as the request goes out may have carried all of it.
pub(super) fn unanswered(error: reqwest::Error) -> Undone {
    let error = error.without_url();
    let is_unprocessed = is_unprocessed(&error);
    if !is_unprocessed && !error.is_connect() {
        return Undone::unknown("the upstream broke off during the write").because(error);
    }
    let lasts = is_caused_by::<rustls::Error>(&error);
    Undone {
        error: unsent(error).error,
        unsent: is_unprocessed || !lasts,
        refusal: None,
    }
}

/// No status came: a failed connection, a refused certificate, or an exchange cut off.
pub(super) fn unsent(error: reqwest::Error) -> Failure {
    let unavailable = |message| Error::new(ErrorKind::UpstreamUnavailable, message);
    if is_caused_by::<rustls::Error>(&error) {
        tracing::error!(%error, "the upstream's certificate or TLS is not acceptable");
        return Failure::lasting(
            unavailable("the upstream could not be reached securely").because(error),
        )
        .unreached();
    }
    if error.is_timeout() {
        // Only connecting has a timer of its own in the client; the whole exchange has ours.
        return Failure::passing(
            unavailable("the upstream could not be reached in time").because(error),
            1,
        )
        .unreached();
    }
    if is_caused_by::<hyper::Error>(&error) && parse_failed(&error) {
        return Failure::lasting(
            invalid("the upstream does not speak HTTP as it should").because(error),
        );
    }
    if error.is_connect() {
        let error = unavailable("the upstream could not be reached").because(error);
        return Failure::passing(error, 2).unreached();
    }
    Failure::passing(unavailable("the upstream broke off").because(error), 2)
}

/// The head came, the body did not: truncated, reset, or not what its encoding says.
pub(super) fn broken_off(error: reqwest::Error) -> Failure {
    if error.is_decode() && !is_caused_by::<hyper::Error>(&error) {
        return Failure::lasting(
            invalid("the upstream's answer cannot be decompressed").because(error),
        );
    }
    let error = Error::new(
        ErrorKind::UpstreamUnavailable,
        "the upstream broke off its answer",
    )
    .because(error);
    Failure::passing(error, 1)
}

/// Whether the upstream says in HTTP/2 that it has not processed the request, nor will (RFC 9113, 8.7): it turned away
/// this stream, or closes the connection in good order and names an earlier stream as its last.
fn is_unprocessed(error: &reqwest::Error) -> bool {
    causes(error).any(|cause| {
        cause.downcast_ref::<h2::Error>().is_some_and(|error| {
            let reason = error.reason();
            let turned_away = error.is_reset() && reason == Some(h2::Reason::REFUSED_STREAM);
            let closed = error.is_go_away() && reason == Some(h2::Reason::NO_ERROR);
            error.is_remote() && (turned_away || closed)
        })
    })
}

fn parse_failed(error: &reqwest::Error) -> bool {
    causes(error).any(|cause| {
        cause
            .downcast_ref::<hyper::Error>()
            .is_some_and(hyper::Error::is_parse)
    })
}

fn is_caused_by<E: StdError + 'static>(error: &reqwest::Error) -> bool {
    causes(error).any(|cause| cause.is::<E>())
}

/// The chain of causes.
fn causes(error: &reqwest::Error) -> impl Iterator<Item = &(dyn StdError + 'static)> {
    std::iter::successors(Some(error as &(dyn StdError + 'static)), |&error| {
        cause(error)
    })
}

/// The next cause; an `io::Error` hides the error that it wraps from `source`.
fn cause<'e>(error: &'e (dyn StdError + 'static)) -> Option<&'e (dyn StdError + 'static)> {
    match error.downcast_ref::<std::io::Error>() {
        Some(io) => io.get_ref().map(|inner| inner as &(dyn StdError + 'static)),
        None => error.source(),
    }
}
