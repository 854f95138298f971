//! Failures with other statuses and in other shapes.

use axum::http::Method;
use axum::http::StatusCode;
use axum::http::header::WWW_AUTHENTICATE;
use axum::response::Response;

use super::call::Call;
use super::call::Place;
use super::call::body;
use super::call::with_body;
use super::call::with_json;
use super::call::without_body;
use super::tree::Tree;

/// How failures are told.
#[derive(Clone, Debug, Default)]
pub(super) struct Failures {
    pub(super) told: Told,
    pub(super) unauthorized_is_empty: bool,
    /// Of calls with no good token; a login keeps its 401.
    pub(super) unauthorized_is_403: bool,
    pub(super) not_found: NotFound,
    pub(super) conflict: Option<StatusCode>,
    pub(super) unknown_sort_is_500: bool,
}

/// The shape of a failure's body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Told {
    #[default]
    Spring,
    WithoutMessage,
    WithEmptyMessage,
    Html,
    Oauth,
    ProblemDetails,
    Text,
}

/// What the answer is where an id is unknown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum NotFound {
    #[default]
    Ordinary,
    /// To a GET; other calls keep their 404.
    Null,
    /// To a GET; other calls keep their 404.
    Empty,
    Status(StatusCode),
}

impl Failures {
    /// A handler's failure with the status that the service has for it; maybe it is none any more.
    pub(super) async fn judged(&self, call: &Call, answer: Response) -> Response {
        let status = answer.status();
        let is_about_one = matches!(call.place, Place::One(_));
        let is_read = call.method == Method::GET;
        let other = match status {
            StatusCode::CONFLICT => self.conflict,
            StatusCode::NOT_FOUND if is_about_one || call.is_write() => match self.not_found {
                NotFound::Null if is_read => return found(with_json(answer, &Tree::null())),
                NotFound::Empty if is_read => return found(without_body(answer)),
                NotFound::Status(other) => Some(other),
                NotFound::Ordinary | NotFound::Null | NotFound::Empty => None,
            },
            StatusCode::BAD_REQUEST if self.unknown_sort_is_500 => {
                let (answer, failure) = body(answer).await;
                let message = failure
                    .member("message")
                    .and_then(Tree::as_text)
                    .unwrap_or_default();
                let answer = with_json(answer, &failure);
                return match message.starts_with("No property ") {
                    true => with_status(answer, StatusCode::INTERNAL_SERVER_ERROR).await,
                    false => answer,
                };
            }
            _ => None,
        };
        match other {
            Some(other) => with_status(answer, other).await,
            None => answer,
        }
    }

    /// The failure in the service's shape.
    pub(super) async fn told(&self, call: &Call, mut answer: Response) -> Response {
        if !answer.status().is_client_error() && !answer.status().is_server_error() {
            return answer;
        }
        if answer.status() == StatusCode::UNAUTHORIZED {
            if self.unauthorized_is_empty {
                return without_body(answer);
            }
            if self.unauthorized_is_403 && !call.is_login() {
                answer.headers_mut().remove(WWW_AUTHENTICATE);
                answer = with_status(answer, StatusCode::FORBIDDEN).await;
            }
        }
        let status = answer.status();
        let (answer, mut failure) = body(answer).await;
        let reason = status.canonical_reason().unwrap_or("Error");
        let message = failure
            .member("message")
            .and_then(Tree::as_text)
            .unwrap_or_default();
        match self.told {
            Told::Spring => with_json(answer, &failure),
            Told::WithoutMessage => {
                drop((failure.take("message"), failure.take("errors")));
                with_json(answer, &failure)
            }
            Told::WithEmptyMessage => {
                failure.set("message", Tree::text(""));
                drop(failure.take("errors"));
                with_json(answer, &failure)
            }
            Told::Html => with_body(
                answer,
                "text/html;charset=utf-8",
                html(status, reason, &message),
            ),
            Told::Oauth => {
                let told = [
                    ("error", Tree::text(oauth_word(status))),
                    ("error_description", Tree::text(&message)),
                ];
                with_json(answer, &Tree::object(told))
            }
            Told::ProblemDetails => {
                let told = Tree::object([
                    ("type", Tree::text("about:blank")),
                    ("title", Tree::text(reason)),
                    ("status", Tree::plain(status.as_u16())),
                    ("detail", Tree::text(&message)),
                    ("instance", failure.take("path").unwrap_or_else(Tree::null)),
                ]);
                with_body(answer, "application/problem+json", told.to_string())
            }
            Told::Text => with_body(answer, "text/plain;charset=UTF-8", message),
        }
    }
}

fn found(mut answer: Response) -> Response {
    *answer.status_mut() = StatusCode::OK;
    answer
}

/// The status stands in the body, too.
async fn with_status(answer: Response, status: StatusCode) -> Response {
    let (mut answer, mut failure) = body(answer).await;
    *answer.status_mut() = status;
    failure.set("status", Tree::plain(status.as_u16()));
    failure.set(
        "error",
        Tree::text(status.canonical_reason().unwrap_or("Error")),
    );
    with_json(answer, &failure)
}

fn oauth_word(status: StatusCode) -> &'static str {
    match status {
        StatusCode::UNAUTHORIZED => "invalid_token",
        StatusCode::FORBIDDEN => "access_denied",
        status if status.is_server_error() => "server_error",
        _ => "invalid_request",
    }
}

/// A page like those of the servers and proxies in front of a service.
fn html(status: StatusCode, reason: &str, message: &str) -> String {
    let title = format!("HTTP Status {} – {reason}", status.as_u16());
    let message = message
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    format!(
        "<!doctype html><html lang=\"en\"><head><title>{title}</title></head>\
         <body><h1>{title}</h1><hr class=\"line\" /><p><b>Message</b> {message}</p></body></html>"
    )
}
