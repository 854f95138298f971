//! The one error type. Its kinds are closed, and each kind has one word that both doors show.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// What went wrong, as far as a caller can act on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// No bearer token came with the request.
    TokenMissing,
    /// The token is malformed, or the upstream refused it.
    TokenInvalid,
    /// The token's known end has passed.
    TokenExpired,
    /// The upstream refused the user name, the password or the client key of a login.
    CredentialsInvalid,
    /// The user may not do this.
    Forbidden,
    /// There is no such thing, or the user may not know of it.
    NotFound,
    /// The object is no longer what the request says that it is.
    Conflict,
    /// Something else has what must be unique: the number of a customer.
    AlreadyExists,
    /// The request itself is wrong; the violations name the fields.
    InvalidInput,
    /// A cursor or page token was not made here, or not for this list and this caller; the violations name the field.
    InvalidCursor,
    /// The state does not allow this step.
    Precondition,
    /// The upstream asked this caller to slow down.
    RateLimited,
    /// The request may cost more than this gateway allows it; nothing was asked.
    BudgetExceeded,
    /// This gateway has more to do than it can.
    Overloaded,
    /// The upstream could not be reached, or said that it is unavailable.
    UpstreamUnavailable,
    /// The upstream did not answer in time.
    UpstreamTimeout,
    /// A write was sent and nobody knows whether it took effect.
    WriteUnknown,
    /// The upstream failed.
    UpstreamError,
    /// The upstream's answer is not what its contract says.
    UpstreamInvalid,
    /// This gateway does not offer that.
    Unimplemented,
    /// A fault of this gateway.
    Internal,
    /// The caller has gone.
    Cancelled,
}

impl ErrorKind {
    /// Every kind, for tables that must be complete.
    pub const ALL: [ErrorKind; 22] = [
        ErrorKind::TokenMissing,
        ErrorKind::TokenInvalid,
        ErrorKind::TokenExpired,
        ErrorKind::CredentialsInvalid,
        ErrorKind::Forbidden,
        ErrorKind::NotFound,
        ErrorKind::Conflict,
        ErrorKind::AlreadyExists,
        ErrorKind::InvalidInput,
        ErrorKind::InvalidCursor,
        ErrorKind::Precondition,
        ErrorKind::RateLimited,
        ErrorKind::BudgetExceeded,
        ErrorKind::Overloaded,
        ErrorKind::UpstreamUnavailable,
        ErrorKind::UpstreamTimeout,
        ErrorKind::WriteUnknown,
        ErrorKind::UpstreamError,
        ErrorKind::UpstreamInvalid,
        ErrorKind::Unimplemented,
        ErrorKind::Internal,
        ErrorKind::Cancelled,
    ];

    /// The word of this kind: `extensions.reason` in GraphQL, `ErrorInfo.reason` in gRPC.
    pub const fn reason(self) -> &'static str {
        match self {
            ErrorKind::TokenMissing => "TOKEN_MISSING",
            ErrorKind::TokenInvalid => "TOKEN_INVALID",
            ErrorKind::TokenExpired => "TOKEN_EXPIRED",
            ErrorKind::CredentialsInvalid => "CREDENTIALS_INVALID",
            ErrorKind::Forbidden => "FORBIDDEN",
            ErrorKind::NotFound => "NOT_FOUND",
            ErrorKind::Conflict => "VERSION_CONFLICT",
            ErrorKind::AlreadyExists => "ALREADY_EXISTS",
            ErrorKind::InvalidInput => "INVALID_INPUT",
            ErrorKind::InvalidCursor => "INVALID_PAGE_TOKEN",
            ErrorKind::Precondition => "PRECONDITION",
            ErrorKind::RateLimited => "RATE_LIMITED",
            ErrorKind::BudgetExceeded => "BUDGET_EXCEEDED",
            ErrorKind::Overloaded => "OVERLOADED",
            ErrorKind::UpstreamUnavailable => "UPSTREAM_UNAVAILABLE",
            ErrorKind::UpstreamTimeout => "UPSTREAM_TIMEOUT",
            ErrorKind::WriteUnknown => "WRITE_OUTCOME_UNKNOWN",
            ErrorKind::UpstreamError => "UPSTREAM_ERROR",
            ErrorKind::UpstreamInvalid => "UPSTREAM_INVALID_RESPONSE",
            ErrorKind::Unimplemented => "UNIMPLEMENTED",
            ErrorKind::Internal => "INTERNAL",
            ErrorKind::Cancelled => "CANCELLED",
        }
    }

    /// Whether the upstream failed, rather than answered that it does not do this for this caller.
    pub const fn is_upstream_failure(self) -> bool {
        matches!(
            self,
            ErrorKind::UpstreamUnavailable
                | ErrorKind::UpstreamTimeout
                | ErrorKind::UpstreamError
                | ErrorKind::WriteUnknown
        )
    }

    /// Whether the caller must bring another token.
    pub const fn is_unauthenticated(self) -> bool {
        matches!(
            self,
            ErrorKind::TokenMissing | ErrorKind::TokenInvalid | ErrorKind::TokenExpired
        )
    }
}

/// One field of a request that breaks a rule, or that cannot be answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The path of the field in the door's own words: `by.databaseId`, `page_size`.
    pub field: String,
    /// The rule that it breaks, or what is the matter with it.
    pub rule: String,
}

/// How far a request goes beyond what this gateway allows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Excess {
    /// Which allowance it is.
    pub quota: Quota,
    /// How much the request may take at most.
    pub bound: u64,
    /// How much is allowed.
    pub limit: u64,
}

/// What a request is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quota {
    /// Calls of the upstream for one request.
    CallsPerRequest,
    /// Rows of lists in one answer.
    RowsPerRequest,
    /// Calls of the upstream for one caller in one minute.
    CallsPerMinute,
}

impl Quota {
    /// The word of this quota for programs.
    pub const fn word(self) -> &'static str {
        match self {
            Quota::CallsPerRequest => "UPSTREAM_CALLS_PER_REQUEST",
            Quota::RowsPerRequest => "ROWS_PER_REQUEST",
            Quota::CallsPerMinute => "UPSTREAM_CALLS_PER_MINUTE",
        }
    }
}

/// A failure: its kind steers, its message is shown, its source is for the log alone.
///
/// Cheap to clone, because callers who share one upstream call share its failure.
#[derive(Clone)]
pub struct Error(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    message: Cow<'static, str>,
    violations: Vec<Violation>,
    excess: Option<Excess>,
    retry_after: Option<Duration>,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

impl Error {
    /// A failure with what a caller may read of it: lower case, no full stop, no secret, no upstream text.
    pub fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Error(Arc::new(Inner {
            kind,
            message: message.into(),
            violations: Vec::new(),
            excess: None,
            retry_after: None,
            source: None,
        }))
    }

    /// A request that breaks `rule` in `field`.
    pub fn invalid(field: impl Into<String>, rule: impl Into<String>) -> Self {
        let violation = Violation {
            field: field.into(),
            rule: rule.into(),
        };
        Error::of_fields(ErrorKind::InvalidInput, vec![violation])
    }

    /// A request that breaks these rules; `Ok` where there are none.
    pub fn all_invalid(violations: Vec<Violation>) -> Result<(), Self> {
        match violations.is_empty() {
            true => Ok(()),
            false => Err(Error::of_fields(ErrorKind::InvalidInput, violations)),
        }
    }

    /// A failure that lies in these fields of the request, at least one.
    pub fn of_fields(kind: ErrorKind, fields: Vec<Violation>) -> Self {
        let mut message = String::new();
        if let Some(Violation { field, rule }) = fields.first() {
            message = format!("{field}: {rule}");
        }
        if fields.len() > 1 {
            message.push_str(&format!(" (and {} more)", fields.len() - 1));
        }
        Error::new(kind, message).with(|inner| inner.violations = fields)
    }

    /// The same failure with its fields in a door's words; one that lies in no field stays as it is.
    #[must_use]
    pub fn reworded(self, reword: impl Fn(&Violation) -> Violation) -> Self {
        if self.violations().is_empty() {
            return self;
        }
        let fields = self.violations().iter().map(reword).collect();
        let Error(reworded) = Error::of_fields(self.kind(), fields);
        self.with(|inner| {
            inner.message = reworded.message.clone();
            inner.violations = reworded.violations.clone();
        })
    }

    /// A request that may cost more than it is allowed.
    pub fn exceeding(excess: Excess, message: impl Into<Cow<'static, str>>) -> Self {
        let error = Error::new(ErrorKind::BudgetExceeded, message);
        error.with(|inner| inner.excess = Some(excess))
    }

    /// The same failure, worth another try after `wait`.
    #[must_use]
    pub fn retry_after(self, wait: Duration) -> Self {
        self.with(|inner| inner.retry_after = Some(wait))
    }

    /// The same failure with its cause, which only the log shows.
    #[must_use]
    pub fn because(self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.with(|inner| inner.source = Some(Arc::new(source)))
    }

    fn with(mut self, change: impl FnOnce(&mut Inner)) -> Self {
        change(Arc::make_mut(&mut self.0));
        self
    }

    /// The kind, the only part that code may branch on.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// What a caller may read.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The fields at fault; every `InvalidInput` and `InvalidCursor` has some.
    pub fn violations(&self) -> &[Violation] {
        &self.0.violations
    }

    /// How far the request goes beyond its budget; absent unless the kind is `BudgetExceeded`.
    pub fn excess(&self) -> Option<Excess> {
        self.0.excess
    }

    /// How long to wait before another try, where that is known.
    pub fn wait(&self) -> Option<Duration> {
        self.0.retry_after
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.kind.reason(), self.0.message)?;
        match &self.0.source {
            Some(source) => write!(f, " ({source})"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0
            .source
            .as_ref()
            .map(|source| &**source as &(dyn StdError + 'static))
    }
}

#[cfg(test)]
mod tests {
    use super::ErrorKind;
    use std::collections::HashSet;

    #[test]
    fn every_kind_has_a_word_of_its_own() {
        let words: HashSet<_> = ErrorKind::ALL.iter().map(|kind| kind.reason()).collect();
        assert_eq!(words.len(), ErrorKind::ALL.len());
        for word in words {
            assert!(word.len() <= 63, "{word}: AIP-193 allows 63 characters");
            assert!(
                word.bytes().all(|b| b.is_ascii_uppercase() || b == b'_'),
                "{word}"
            );
        }
    }
}
