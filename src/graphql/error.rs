//! Failures in GraphQL's words: one table from kinds to codes.

use async_graphql::Error as GraphqlError;
use async_graphql::ErrorExtensionValues;
use async_graphql::Value;

use crate::domain::error::Error;
use crate::domain::error::ErrorKind;
use crate::domain::error::Excess;
use crate::domain::error::Violation;

/// A failure that a resolver may return.
///
/// It has no `Display` on purpose: the library would take a displayable error by its message alone, and
/// lose `extensions.code` on the way.
#[derive(Clone, Debug)]
pub(super) struct Failure(pub(super) Error);

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure(error)
    }
}

impl From<Failure> for GraphqlError {
    fn from(Failure(error): Failure) -> Self {
        match error.kind() {
            ErrorKind::Internal => tracing::error!(?error, "a field failed by our own fault"),
            kind => tracing::debug!(reason = kind.reason(), ?error, "a field failed"),
        }
        let mut graphql = GraphqlError::new(error.message());
        graphql.extensions = Some(extensions(&error));
        graphql
    }
}

/// `extensions` of an error: the code, the reason shared with gRPC, the fields at fault, the excess, the wait.
pub(super) fn extensions(error: &Error) -> ErrorExtensionValues {
    let mut values = ErrorExtensionValues::default();
    values.set("code", code(error.kind()));
    values.set("reason", error.kind().reason());
    if !error.violations().is_empty() {
        values.set(
            "fields",
            error
                .violations()
                .iter()
                .map(violation)
                .collect::<Vec<Value>>(),
        );
    }
    if let Some(Excess {
        quota,
        bound,
        limit,
    }) = error.excess()
    {
        values.set("quota", quota.word());
        values.set("bound", bound);
        values.set("limit", limit);
    }
    if let Some(wait) = error.wait() {
        values.set(
            "retryAfterMs",
            i64::try_from(wait.as_millis()).unwrap_or(i64::MAX),
        );
    }
    values
}

fn violation(violation: &Violation) -> Value {
    async_graphql::value!({ "field": (violation.field.as_str()), "message": (violation.rule.as_str()) })
}

/// `extensions.code` of each kind.
pub(super) const fn code(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::TokenMissing
        | ErrorKind::TokenInvalid
        | ErrorKind::TokenExpired
        | ErrorKind::CredentialsInvalid => "UNAUTHENTICATED",
        ErrorKind::Forbidden => "FORBIDDEN",
        ErrorKind::NotFound => "NOT_FOUND",
        ErrorKind::Conflict | ErrorKind::AlreadyExists => "CONFLICT",
        ErrorKind::InvalidInput => "BAD_USER_INPUT",
        ErrorKind::InvalidCursor => "INVALID_CURSOR",
        ErrorKind::Precondition => "FAILED_PRECONDITION",
        ErrorKind::RateLimited => "RATE_LIMITED",
        ErrorKind::BudgetExceeded => "BUDGET_EXCEEDED",
        ErrorKind::Overloaded => "OVERLOADED",
        ErrorKind::UpstreamUnavailable => "UPSTREAM_UNAVAILABLE",
        ErrorKind::UpstreamTimeout => "UPSTREAM_TIMEOUT",
        ErrorKind::WriteUnknown => "WRITE_OUTCOME_UNKNOWN",
        ErrorKind::UpstreamError => "UPSTREAM_ERROR",
        ErrorKind::UpstreamInvalid => "UPSTREAM_INVALID_RESPONSE",
        ErrorKind::Unimplemented => "UNIMPLEMENTED",
        ErrorKind::Internal => "INTERNAL_SERVER_ERROR",
        ErrorKind::Cancelled => "CANCELLED",
    }
}

/// A lookup that finds nothing is `null` without an error.
pub(super) fn found<T>(outcome: Result<T, Error>) -> Option<Result<T, Failure>> {
    match outcome {
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        outcome => Some(outcome.map_err(Failure)),
    }
}
