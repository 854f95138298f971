//! Answers of GraphQL over HTTP: the status, the media type and the body of a refusal or of what was executed.

use std::sync::Arc;

use async_graphql::ErrorExtensionValues;
use async_graphql::Pos;
use async_graphql::Response as GraphqlResponse;
use async_graphql::ServerError;
use async_graphql::Value;
use axum::response::IntoResponse;
use axum::response::Response;
use http::HeaderName;
use http::HeaderValue;
use http::header;
use serde::Serialize;

use crate::domain::error::Error;
use crate::domain::ledger::Kept;
use crate::domain::ledger::Ledger;
use crate::graphql::caching;
use crate::graphql::error;
use crate::graphql::events;
use crate::graphql::explain::Extensions;
use crate::graphql::limits;
use crate::graphql::media::Media;
use crate::graphql::request::Misunderstood;
use crate::graphql::status::StatusProfile;
use crate::graphql::status::Verdict;

/// Most errors in one answer; an operation can be wrong in thousands of places.
const ERRORS_MAX: usize = 20;

/// How a client is answered.
#[derive(Clone, Copy, Debug)]
pub(super) struct Manner {
    /// The type that it takes best.
    pub(super) media: Media,
    pub(super) profile: StatusProfile,
}

/// Why a request was not executed.
pub(super) struct Refusal {
    verdict: Verdict,
    error: Box<ServerError>,
    header: Option<(HeaderName, &'static str)>,
}

impl Refusal {
    pub(super) fn new(verdict: Verdict, code: &'static str, message: impl Into<String>) -> Self {
        let mut error = ServerError::new(message, None);
        set_code(&mut error, code);
        Refusal {
            verdict,
            error: Box::new(error),
            header: None,
        }
    }

    /// A request that is not as GraphQL over HTTP has it.
    pub(super) fn bad_request(message: &'static str) -> Self {
        Refusal::new(Verdict::BodyMisshapen, "BAD_REQUEST", message)
    }

    /// A well-formed request whose document cannot be run.
    pub(super) fn request(code: &'static str, message: impl Into<String>) -> Self {
        Refusal::new(Verdict::DocumentRefused, code, message)
    }

    /// A well-formed request with an argument or a variable that cannot be read.
    pub(super) fn invalid(error: Error) -> Self {
        let mut refusal = Refusal::request(error::code(error.kind()), error.message());
        refusal.error.extensions = Some(error::extensions(&error));
        refusal
    }

    pub(super) fn unauthenticated(error: Error) -> Self {
        let mut refusal = Refusal::new(
            Verdict::Unauthenticated,
            error::code(error.kind()),
            error.message(),
        );
        refusal.error.extensions = Some(error::extensions(&error));
        refusal.with(header::WWW_AUTHENTICATE, "Bearer")
    }

    /// A request that is one too many.
    pub(super) fn overloaded(error: &Error) -> Self {
        let code = error::code(error.kind());
        let mut refusal = Refusal::new(Verdict::Overloaded, code, error.message());
        refusal.error.extensions = Some(error::extensions(error));
        refusal
    }

    pub(super) fn with(self, name: HeaderName, value: &'static str) -> Self {
        Refusal {
            header: Some((name, value)),
            ..self
        }
    }

    /// The connection cannot go on behind a body that nobody read.
    pub(super) fn closing(self) -> Self {
        self.with(header::CONNECTION, "close")
    }

    pub(super) fn answer(self, manner: Manner) -> Response {
        let body = AnswerBody {
            errors: &[*self.error],
            data: None,
            extensions: None,
        };
        let mut response = write(self.verdict, manner, &body, None);
        if let Some((name, value)) = self.header {
            response
                .headers_mut()
                .insert(name, HeaderValue::from_static(value));
        }
        response
    }
}

impl From<limits::Refusal> for Refusal {
    fn from(refusal: limits::Refusal) -> Self {
        match refusal {
            limits::Refusal::Unended(pos) => unreadable(vec![pos]),
            _ => Refusal::request(refusal.code(), refusal.to_string()),
        }
    }
}

impl From<Misunderstood> for Refusal {
    fn from(why: Misunderstood) -> Self {
        match why {
            Misunderstood::NotJson => Refusal::new(
                Verdict::BodyUnreadable,
                "BAD_REQUEST",
                "the request is not JSON",
            ),
            Misunderstood::Misshapen => {
                Refusal::bad_request("the request is not as GraphQL over HTTP has it")
            }
            Misunderstood::Batch => Refusal::new(
                Verdict::BodyMisshapen,
                "BATCHING_DISABLED",
                "one operation a request",
            ),
        }
    }
}

pub(super) fn unsupported(message: &'static str) -> Refusal {
    Refusal::new(
        Verdict::MediaTypeUnsupported,
        "UNSUPPORTED_MEDIA_TYPE",
        message,
    )
}

pub(super) fn not_acceptable(profile: StatusProfile) -> Response {
    let message =
        "answers are application/graphql-response+json, application/json or text/event-stream";
    let media = Media::Json;
    Refusal::new(Verdict::NotAcceptable, "NOT_ACCEPTABLE", message)
        .answer(Manner { media, profile })
}

/// Where the text goes wrong, but none of it: it may hold secrets.
pub(super) fn syntax_error(error: async_graphql::parser::Error) -> Refusal {
    if matches!(error, async_graphql::parser::Error::MissingOperation) {
        let message = "the document has fragments only";
        return Refusal::request("OPERATION_RESOLUTION_FAILURE", message);
    }
    unreadable(error.positions().collect())
}

fn unreadable(locations: Vec<Pos>) -> Refusal {
    let message = "the document has a syntax error";
    let mut refusal = Refusal::new(Verdict::DocumentUnreadable, "GRAPHQL_PARSE_FAILED", message);
    refusal.error.locations = locations;
    refusal
}

fn set_code(error: &mut ServerError, code: &'static str) {
    error
        .extensions
        .get_or_insert_with(ErrorExtensionValues::default)
        .set("code", code);
}

/// An operation that was executed, and what it cost where its caller asks.
pub(super) struct Executed {
    pub(super) response: GraphqlResponse,
    pub(super) ledger: Option<Arc<Ledger>>,
    /// How fresh what it gave is; `None` where no client may keep it.
    pub(super) kept: Option<Kept>,
}

/// Whether the operation was executed: errors without a path came before that, and then there is no data.
pub(super) fn ran(response: &GraphqlResponse) -> bool {
    response.errors.is_empty() || response.errors.iter().any(|error| !error.path.is_empty())
}

/// The answer: a refusal, or what the execution gave.
pub(super) fn answer(manner: Manner, outcome: Result<Executed, Refusal>) -> Response {
    let Executed {
        mut response,
        ledger,
        kept,
    } = match outcome {
        Ok(executed) => executed,
        Err(refusal) => return refusal.answer(manner),
    };
    let ran = ran(&response);
    for error in &mut response.errors {
        complete(error, ran);
    }
    shorten(&mut response.errors);
    let verdict = match (ran, response.errors.is_empty()) {
        (true, true) => Verdict::Whole,
        (true, false) => Verdict::Partial,
        (false, _) => Verdict::DocumentRefused,
    };
    let body = AnswerBody {
        errors: &response.errors,
        data: ran.then_some(&response.data),
        extensions: ledger.as_deref().map(Extensions::of),
    };
    write(verdict, manner, &body, kept)
}

/// The library's own errors have no code: before the execution they are the validator's, during it they
/// are about an argument that cannot be read.
fn complete(error: &mut ServerError, ran: bool) {
    let coded = |extensions: &ErrorExtensionValues| extensions.get("code").is_some();
    if error.extensions.as_ref().is_some_and(coded) {
        return;
    }
    let invalid = argument_at_fault(&error.message)
        .map(|(argument, rule)| Error::invalid(argument.to_owned(), rule.to_owned()));
    match invalid {
        Some(invalid) => error.extensions = Some(error::extensions(&invalid)),
        None if ran => set_code(error, "BAD_USER_INPUT"),
        None => set_code(error, "GRAPHQL_VALIDATION_FAILED"),
    }
}

/// The argument that the validator refuses, and why. It says both in its message alone.
fn argument_at_fault(message: &str) -> Option<(&str, &str)> {
    message
        .strip_prefix("Invalid value for argument \"")?
        .split_once("\", ")
}

/// What is left out is told by its number, with the extensions of the first of it.
fn shorten(errors: &mut Vec<ServerError>) {
    let more = errors.len().saturating_sub(ERRORS_MAX);
    if more > 0 {
        let mut last = ServerError::new(format!("and {more} more errors"), None);
        last.extensions = errors.swap_remove(ERRORS_MAX).extensions;
        errors.truncate(ERRORS_MAX);
        errors.push(last);
    }
}

/// The members in the order of the specification; `data` is absent where nothing ran.
#[derive(Serialize)]
struct AnswerBody<'a> {
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [ServerError],
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    extensions: Option<Extensions>,
}

fn write(verdict: Verdict, manner: Manner, body: &AnswerBody<'_>, kept: Option<Kept>) -> Response {
    let Manner { media, profile } = manner;
    let status = verdict.status(profile, media);
    let media = verdict.media(profile, media);
    // A stream is read as it comes; nobody asks later whether it is still the same.
    let kept = kept.filter(|_| media != Media::EventStream);
    let body = serde_json::to_vec(body).expect("an answer has no map with strange keys");
    let caching = caching::told(kept, media, &body);
    let headers = [
        (header::CONTENT_TYPE, media.content_type()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    let mut response = if media == Media::EventStream {
        let unbuffered = [(HeaderName::from_static("x-accel-buffering"), "no")];
        (status, headers, unbuffered, events::of_one(body)).into_response()
    } else {
        (status, headers, body).into_response()
    };
    response.headers_mut().extend(caching);
    response
}
