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
use http::StatusCode;
use http::header;
use serde::Serialize;

use crate::domain::error::Error;
use crate::domain::ledger::Kept;
use crate::domain::ledger::Ledger;
use crate::graphql::caching;
use crate::graphql::error;
use crate::graphql::explain::Extensions;
use crate::graphql::limits;
use crate::graphql::media::Media;
use crate::graphql::request::Misunderstood;

/// Most errors in one answer; an operation can be wrong in thousands of places.
const ERRORS_MAX: usize = 20;

/// Why a request was not executed.
pub(super) struct Refusal {
    status: StatusCode,
    /// Whether clients that take JSON only get 200, as before statuses had a meaning.
    well_formed: bool,
    error: Box<ServerError>,
    header: Option<(HeaderName, &'static str)>,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        let mut error = ServerError::new(message, None);
        set_code(&mut error, code);
        Refusal {
            status,
            well_formed: false,
            error: Box::new(error),
            header: None,
        }
    }

    pub(super) fn bad_request(message: &'static str) -> Self {
        Refusal::new(StatusCode::BAD_REQUEST, "BAD_REQUEST", message)
    }

    /// A well-formed request whose document cannot be run.
    pub(super) fn request(code: &'static str, message: impl Into<String>) -> Self {
        Refusal {
            well_formed: true,
            ..Refusal::new(StatusCode::BAD_REQUEST, code, message)
        }
    }

    pub(super) fn unauthenticated(error: Error) -> Self {
        let mut refusal = Refusal::new(
            StatusCode::UNAUTHORIZED,
            error::code(error.kind()),
            error.message(),
        );
        refusal.error.extensions = Some(error::extensions(&error));
        refusal.with(header::WWW_AUTHENTICATE, "Bearer")
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

    pub(super) fn answer(self, media: Media) -> Response {
        let status = if self.well_formed && media == Media::Json {
            StatusCode::OK
        } else {
            self.status
        };
        // A client that knows only JSON would lose the code of a 401; both types say it in the newer one.
        let media = if self.status == StatusCode::UNAUTHORIZED {
            Media::GraphqlResponse
        } else {
            media
        };
        let mut response = write(
            status,
            media,
            &AnswerBody {
                errors: &[*self.error],
                data: None,
                extensions: None,
            },
            None,
        );
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
        Refusal::request(refusal.code(), refusal.to_string())
    }
}

impl From<Misunderstood> for Refusal {
    fn from(why: Misunderstood) -> Self {
        match why {
            Misunderstood::Malformed => {
                Refusal::bad_request("the request is not as GraphQL over HTTP has it")
            }
            Misunderstood::Batch => Refusal::new(
                StatusCode::BAD_REQUEST,
                "BATCHING_DISABLED",
                "one operation a request",
            ),
            // Apollo's clients compare this text.
            Misunderstood::PersistedQuery => Refusal::request(
                "PERSISTED_QUERY_NOT_SUPPORTED",
                "PersistedQueryNotSupported",
            ),
        }
    }
}

pub(super) fn unsupported(message: &'static str) -> Refusal {
    Refusal::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "UNSUPPORTED_MEDIA_TYPE",
        message,
    )
}

pub(super) fn not_acceptable() -> Response {
    let message = "answers are application/graphql-response+json or application/json";
    Refusal::new(StatusCode::NOT_ACCEPTABLE, "NOT_ACCEPTABLE", message).answer(Media::Json)
}

/// Where the text goes wrong, but none of it: it may hold secrets.
pub(super) fn syntax_error(error: async_graphql::parser::Error) -> Refusal {
    if matches!(error, async_graphql::parser::Error::MissingOperation) {
        let message = "the document has fragments only";
        return Refusal::request("OPERATION_RESOLUTION_FAILURE", message);
    }
    let mut refusal = Refusal::request("GRAPHQL_PARSE_FAILED", "the document has a syntax error");
    refusal.error.locations = error.positions().collect::<Vec<Pos>>();
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

/// The answer: a refusal, or what the execution gave.
pub(super) fn answer(media: Media, outcome: Result<Executed, Refusal>) -> Response {
    let Executed {
        mut response,
        ledger,
        kept,
    } = match outcome {
        Ok(executed) => executed,
        Err(refusal) => return refusal.answer(media),
    };
    // Errors without a path came before the execution: nothing ran, so there is no data.
    let ran =
        response.errors.is_empty() || response.errors.iter().any(|error| !error.path.is_empty());
    for error in &mut response.errors {
        complete(error, ran);
    }
    shorten(&mut response.errors);
    let status = if ran || media == Media::Json {
        StatusCode::OK
    } else {
        StatusCode::BAD_REQUEST
    };
    write(
        status,
        media,
        &AnswerBody {
            errors: &response.errors,
            data: ran.then_some(&response.data),
            extensions: ledger.as_deref().map(Extensions::of),
        },
        kept,
    )
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

fn write(status: StatusCode, media: Media, body: &AnswerBody<'_>, kept: Option<Kept>) -> Response {
    let body = serde_json::to_vec(body).expect("an answer has no map with strange keys");
    let caching = caching::told(kept, media, &body);
    let headers = [
        (header::CONTENT_TYPE, media.content_type()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    let mut response = (status, headers, body).into_response();
    response.headers_mut().extend(caching);
    response
}
