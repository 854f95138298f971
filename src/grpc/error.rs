//! Failures as gRPC shows them: one code for each kind, and details that a program can read (AIP-193).

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tonic::Code;
use tonic::Status;
use tonic::metadata::MetadataMap;
use tonic_types::ErrorDetails;
use tonic_types::StatusExt;

use crate::domain::error::Error;
use crate::domain::error::ErrorKind;
use crate::domain::error::Excess;
use crate::domain::error::Quota;
use crate::domain::error::Violation;
use crate::domain::request_id::RequestId;
use crate::grpc::snake_case::snake_case;

/// `ErrorInfo.domain` of everything that this gateway refuses.
const DOMAIN: &str = "peerassist-gateway";

/// Most violations shown: details travel in a header, and clients accept 8 KiB of those.
const VIOLATIONS_MAX: usize = 20;

/// The wait that is advised where nobody knows one: the longest pause between our own tries, four times over.
const RETRY_DELAY: Duration = Duration::from_secs(1);

/// `ErrorInfo.metadata` that names a fault of ours, for whoever reports it.
const INCIDENT: &str = "incident";

/// The reason of an answer that its client has already.
const NOT_MODIFIED: &str = "NOT_MODIFIED";

/// The code of a kind. The reason tells apart the kinds that share one.
const fn code(kind: ErrorKind) -> Code {
    match kind {
        ErrorKind::TokenMissing => Code::Unauthenticated,
        ErrorKind::TokenInvalid => Code::Unauthenticated,
        ErrorKind::TokenExpired => Code::Unauthenticated,
        ErrorKind::CredentialsInvalid => Code::Unauthenticated,
        ErrorKind::Forbidden => Code::PermissionDenied,
        ErrorKind::NotFound => Code::NotFound,
        ErrorKind::Conflict => Code::Aborted,
        ErrorKind::AlreadyExists => Code::AlreadyExists,
        ErrorKind::InvalidInput => Code::InvalidArgument,
        ErrorKind::InvalidCursor => Code::InvalidArgument,
        ErrorKind::Precondition => Code::FailedPrecondition,
        ErrorKind::RateLimited => Code::ResourceExhausted,
        ErrorKind::BudgetExceeded => Code::ResourceExhausted,
        // Clients try UNAVAILABLE again by themselves: only ever said when nothing was done.
        ErrorKind::Overloaded => Code::Unavailable,
        ErrorKind::UpstreamUnavailable => Code::Unavailable,
        ErrorKind::UpstreamTimeout => Code::DeadlineExceeded,
        ErrorKind::WriteUnknown => Code::Unknown,
        ErrorKind::UpstreamError => Code::Internal,
        ErrorKind::UpstreamInvalid => Code::Internal,
        ErrorKind::Unimplemented => Code::Unimplemented,
        ErrorKind::Internal => Code::Internal,
        ErrorKind::Cancelled => Code::Cancelled,
    }
}

/// Who has to mend a failure, and so how loudly it is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Blame {
    /// Whoever called.
    Caller,
    /// Whoever runs the upstream.
    Upstream,
    /// Whoever runs this gateway.
    Gateway,
}

impl Blame {
    pub(super) const fn of(kind: ErrorKind) -> Self {
        match kind {
            ErrorKind::TokenMissing
            | ErrorKind::TokenInvalid
            | ErrorKind::TokenExpired
            | ErrorKind::CredentialsInvalid
            | ErrorKind::Forbidden
            | ErrorKind::NotFound
            | ErrorKind::Conflict
            | ErrorKind::AlreadyExists
            | ErrorKind::InvalidInput
            | ErrorKind::InvalidCursor
            | ErrorKind::Precondition
            | ErrorKind::RateLimited
            | ErrorKind::BudgetExceeded
            | ErrorKind::Unimplemented
            | ErrorKind::Cancelled => Blame::Caller,
            ErrorKind::Overloaded
            | ErrorKind::UpstreamUnavailable
            | ErrorKind::UpstreamTimeout
            | ErrorKind::WriteUnknown
            | ErrorKind::UpstreamError
            | ErrorKind::UpstreamInvalid => Blame::Upstream,
            ErrorKind::Internal => Blame::Gateway,
        }
    }
}

/// What was asked for, to be named where it is not found.
pub(super) struct Resource {
    /// The message that would have been the answer: `peerassist.v1.Customer`.
    pub(super) kind: &'static str,
    /// The key that was asked for.
    pub(super) name: String,
}

impl Resource {
    /// The status of a failed search for this.
    pub(super) fn failed(&self, error: Error) -> Status {
        if error.kind() == ErrorKind::NotFound {
            status(error, Some(self), None)
        } else {
            status(error, None, None)
        }
    }
}

/// The status of a failed create, which names its request where nobody knows what has become of it.
pub(super) fn of_request(request: Option<&RequestId>, error: Error) -> Status {
    let is_unknown = error.kind() == ErrorKind::WriteUnknown;
    status(error, None, request.filter(|_| is_unknown))
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        status(error, None, None)
    }
}

fn status(error: Error, resource: Option<&Resource>, request: Option<&RequestId>) -> Status {
    let kind = error.kind();
    let message = message(&error);
    let mut details = ErrorDetails::new();
    let mut metadata = metadata(&error, resource);
    metadata.extend(request.map(|id| ("request_id".to_owned(), id.to_string())));
    details.set_error_info(kind.reason(), DOMAIN, metadata);
    // A request may be good and lie in a field all the same that cannot be answered.
    if matches!(kind, ErrorKind::InvalidInput | ErrorKind::InvalidCursor) {
        for Violation { field, rule } in error.violations().iter().take(VIOLATIONS_MAX) {
            details.add_bad_request_violation(snake_case(field), rule);
        }
    }
    if let Some(wait) = wait(&error) {
        details.set_retry_info(Some(wait));
    }
    if let Some(subject) = quota_subject(&error) {
        details.add_quota_failure_violation(subject, &message);
    }
    if kind == ErrorKind::Precondition {
        details.add_precondition_failure_violation("STATE", "", &message);
    }
    if let Some(Resource { kind, name }) = resource {
        details.set_resource_info(*kind, name, "", &message);
    }
    let mut status = Status::with_error_details(code(kind), message, details);
    // For the log alone; the wire never sees it.
    status.set_source(Arc::new(error));
    status
}

/// Whose quota is used up, where one is.
fn quota_subject(error: &Error) -> Option<&'static str> {
    match error.excess().map(|excess| excess.quota) {
        Some(Quota::CallsPerRequest | Quota::RowsPerRequest) => Some("the request"),
        Some(Quota::CallsPerMinute) => Some("the caller's token"),
        None => matches!(
            error.kind(),
            ErrorKind::RateLimited | ErrorKind::BudgetExceeded
        )
        .then_some("the caller's token"),
    }
}

/// What the caller reads. A fault of ours is told to nobody; the log has it under its incident.
fn message(error: &Error) -> String {
    if error.kind() == ErrorKind::Internal {
        return "internal error".into();
    }
    if error.violations().is_empty() {
        return error.message().into();
    }
    let violations = error.violations().iter().take(VIOLATIONS_MAX);
    let told = violations.map(|v| format!("{}: {}", snake_case(&v.field), v.rule));
    told.collect::<Vec<_>>().join("; ")
}

/// The changing parts of the message once more, for programs.
fn metadata(error: &Error, resource: Option<&Resource>) -> HashMap<String, String> {
    let mut metadata = HashMap::new();
    if let Some(violation) = error.violations().first() {
        metadata.insert("field".into(), snake_case(&violation.field));
    }
    if let Some(resource) = resource {
        metadata.insert("resource".into(), resource.name.clone());
    }
    if let Some(Excess {
        quota,
        bound,
        limit,
    }) = error.excess()
    {
        metadata.insert("quota".into(), quota.word().into());
        metadata.insert("bound".into(), bound.to_string());
        metadata.insert("limit".into(), limit.to_string());
    }
    if error.kind() == ErrorKind::Internal {
        metadata.insert(INCIDENT.into(), uuid::Uuid::now_v7().to_string());
    }
    metadata
}

/// How long to wait before another try, for the kinds where another try may help.
fn wait(error: &Error) -> Option<Duration> {
    let may_pass = matches!(
        error.kind(),
        ErrorKind::RateLimited | ErrorKind::Overloaded | ErrorKind::UpstreamUnavailable
    );
    error.wait().or(may_pass.then_some(RETRY_DELAY))
}

/// A request that breaks the rules of gRPC itself, before it is a request for anything of ours.
pub(super) fn protocol(code: Code, message: &str) -> Status {
    completed(Status::new(code, message))
}

/// The answer is what the client has already: a failure, because an empty message would look like an answer.
pub(super) fn not_modified(metadata: MetadataMap) -> Status {
    let mut details = ErrorDetails::new();
    details.set_error_info(NOT_MODIFIED, DOMAIN, HashMap::new());
    let message = "the answer has the etag of if-none-match";
    Status::with_error_details_and_metadata(Code::FailedPrecondition, message, details, metadata)
}

/// The same status with an `ErrorInfo`: the library underneath gives none.
pub(super) fn completed(status: Status) -> Status {
    if !status.details().is_empty() {
        return status;
    }
    let (code, reason) = match status.code() {
        // The library's word for a message above the limit is OUT_OF_RANGE, that of every other one is this.
        Code::OutOfRange | Code::ResourceExhausted => {
            (Code::ResourceExhausted, "MESSAGE_TOO_LARGE")
        }
        // Framing, compression or protobuf that cannot be read; a fault of ours has its details already.
        Code::Internal => (Code::Internal, "MALFORMED_REQUEST"),
        Code::InvalidArgument => (Code::InvalidArgument, ErrorKind::InvalidInput.reason()),
        other => (other, word(other)),
    };
    let mut details = ErrorDetails::new();
    details.set_error_info(reason, DOMAIN, HashMap::new());
    let metadata = status.metadata().clone();
    Status::with_error_details_and_metadata(code, status.message(), details, metadata)
}

/// The reason of a status, and its incident where it is a fault of ours.
pub(super) fn identity(status: &Status) -> (String, Option<String>) {
    let info = status.get_details_error_info();
    info.map_or_else(Default::default, |mut info| {
        (info.reason, info.metadata.remove(INCIDENT))
    })
}

/// The name of a code in the words of the specification.
pub(super) const fn word(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}

#[cfg(test)]
mod tests {
    use super::DOMAIN;
    use super::Resource;
    use super::completed;
    use super::identity;
    use crate::domain::error::Error;
    use crate::domain::error::ErrorKind;
    use std::time::Duration;
    use tonic::Code;
    use tonic::Status;
    use tonic_types::StatusExt;

    /// The table of the reliability targets, 2a, by its numbers.
    #[test]
    fn each_kind_has_the_code_and_reason_of_the_table() {
        let table = [
            (ErrorKind::TokenMissing, 16, "TOKEN_MISSING"),
            (ErrorKind::TokenInvalid, 16, "TOKEN_INVALID"),
            (ErrorKind::TokenExpired, 16, "TOKEN_EXPIRED"),
            (ErrorKind::CredentialsInvalid, 16, "CREDENTIALS_INVALID"),
            (ErrorKind::Forbidden, 7, "FORBIDDEN"),
            (ErrorKind::NotFound, 5, "NOT_FOUND"),
            (ErrorKind::Conflict, 10, "VERSION_CONFLICT"),
            (ErrorKind::AlreadyExists, 6, "ALREADY_EXISTS"),
            (ErrorKind::InvalidInput, 3, "INVALID_INPUT"),
            (ErrorKind::InvalidCursor, 3, "INVALID_PAGE_TOKEN"),
            (ErrorKind::Precondition, 9, "PRECONDITION"),
            (ErrorKind::RateLimited, 8, "RATE_LIMITED"),
            (ErrorKind::BudgetExceeded, 8, "BUDGET_EXCEEDED"),
            (ErrorKind::Overloaded, 14, "OVERLOADED"),
            (ErrorKind::UpstreamUnavailable, 14, "UPSTREAM_UNAVAILABLE"),
            (ErrorKind::UpstreamTimeout, 4, "UPSTREAM_TIMEOUT"),
            (ErrorKind::WriteUnknown, 2, "WRITE_OUTCOME_UNKNOWN"),
            (ErrorKind::UpstreamError, 13, "UPSTREAM_ERROR"),
            (ErrorKind::UpstreamInvalid, 13, "UPSTREAM_INVALID_RESPONSE"),
            (ErrorKind::Unimplemented, 12, "UNIMPLEMENTED"),
            (ErrorKind::Internal, 13, "INTERNAL"),
            (ErrorKind::Cancelled, 1, "CANCELLED"),
        ];
        assert_eq!(table.map(|(kind, ..)| kind), ErrorKind::ALL);
        for (kind, number, reason) in table {
            let status = Status::from(Error::new(kind, "why"));
            assert_eq!(status.code() as i32, number, "{kind:?}");
            let info = status.get_details_error_info().expect("an ErrorInfo");
            assert_eq!(
                (info.reason.as_str(), info.domain.as_str()),
                (reason, DOMAIN)
            );
        }
    }

    #[test]
    fn each_kind_has_the_details_of_the_table_and_no_others() {
        for kind in ErrorKind::ALL {
            let details = Status::from(Error::new(kind, "why")).get_error_details();
            let waits = [
                ErrorKind::RateLimited,
                ErrorKind::Overloaded,
                ErrorKind::UpstreamUnavailable,
            ];
            assert_eq!(
                details.retry_info().is_some(),
                waits.contains(&kind),
                "{kind:?}"
            );
            let quotas = [ErrorKind::RateLimited, ErrorKind::BudgetExceeded];
            let quota = quotas.contains(&kind);
            assert_eq!(details.quota_failure().is_some(), quota, "{kind:?}");
            let precondition = kind == ErrorKind::Precondition;
            assert_eq!(
                details.precondition_failure().is_some(),
                precondition,
                "{kind:?}"
            );
            assert!(details.bad_request().is_none(), "{kind:?}");
            assert!(details.debug_info().is_none(), "{kind:?}");
        }
    }

    #[test]
    fn a_violation_is_named_as_in_the_contract() {
        let status = Status::from(Error::invalid("userName", "must not be empty"));
        assert_eq!(status.message(), "user_name: must not be empty");
        let request = status.get_details_bad_request().expect("violations");
        assert_eq!(request.field_violations[0].field, "user_name");
        let info = status.get_details_error_info().expect("an ErrorInfo");
        assert_eq!(info.metadata["field"], "user_name");
    }

    #[test]
    fn the_upstreams_wait_is_passed_on() {
        let error = Error::new(ErrorKind::RateLimited, "slow").retry_after(Duration::from_secs(7));
        let info = Status::from(error).get_details_retry_info();
        assert_eq!(
            info.and_then(|i| i.retry_delay),
            Some(Duration::from_secs(7))
        );
    }

    #[test]
    fn only_what_is_not_found_is_named() {
        let customer = Resource {
            kind: "peerassist.v1.Customer",
            name: "7".into(),
        };
        let status = customer.failed(Error::new(ErrorKind::NotFound, "not found"));
        let info = status.get_details_resource_info().expect("a ResourceInfo");
        assert_eq!(
            (info.resource_type.as_str(), info.resource_name.as_str()),
            ("peerassist.v1.Customer", "7")
        );
        let status = customer.failed(Error::new(ErrorKind::Forbidden, "no"));
        assert!(status.get_details_resource_info().is_none());
    }

    #[test]
    fn a_fault_of_ours_tells_its_incident_and_nothing_else() {
        let status = Status::from(Error::new(ErrorKind::Internal, "marker"));
        assert_eq!(status.message(), "internal error");
        assert!(identity(&status).1.is_some());
        assert!(!format!("{:?}", status.get_error_details()).contains("marker"));
    }

    #[test]
    fn the_librarys_refusals_get_a_reason_and_keep_their_metadata() {
        for (code, becomes, reason) in [
            (
                Code::OutOfRange,
                Code::ResourceExhausted,
                "MESSAGE_TOO_LARGE",
            ),
            (Code::Internal, Code::Internal, "MALFORMED_REQUEST"),
            (Code::Unimplemented, Code::Unimplemented, "UNIMPLEMENTED"),
            (Code::NotFound, Code::NotFound, "NOT_FOUND"),
        ] {
            let mut status = Status::new(code, "why");
            status
                .metadata_mut()
                .insert("grpc-accept-encoding", "gzip".parse().expect("ascii"));
            let status = completed(status);
            assert_eq!(
                (status.code(), identity(&status).0.as_str()),
                (becomes, reason)
            );
            assert!(status.metadata().contains_key("grpc-accept-encoding"));
            assert_eq!(status.message(), "why");
        }
    }
}
