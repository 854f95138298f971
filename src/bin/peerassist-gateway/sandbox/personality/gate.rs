//! What happens before the handlers are asked: waits, failures, redirects, and routes that a live service may not have.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::http::HeaderMap;
use axum::http::HeaderValue;
use axum::http::Method;
use axum::http::StatusCode;
use axum::http::header::ALLOW;
use axum::http::header::LOCATION;
use axum::http::header::RETRY_AFTER;
use axum::response::IntoResponse;
use axum::response::Response;

use super::call::Api;
use super::call::Call;
use super::call::Place;
use crate::sandbox::error::Problem;
use crate::sandbox::error::describe;

/// What is turned away.
#[derive(Clone, Debug, Default)]
pub(super) struct Gate {
    pub(super) wait: Duration,
    pub(super) failure: Option<(StatusCode, Rate)>,
    pub(super) retry_after_seconds: Option<u32>,
    /// Scheme and host.
    pub(super) redirect: Option<String>,
    pub(super) refusals: Vec<Refusal>,
}

/// Every how many times something happens.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rate {
    pub(super) every: u64,
}

impl Rate {
    /// Counts one more, and says whether it is its turn.
    pub(super) fn strikes(self, counter: &AtomicU64) -> bool {
        (counter.fetch_add(1, Ordering::Relaxed) + 1).is_multiple_of(self.every)
    }
}

/// Calls that a service does not take.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    pub(super) covers: fn(&Method, &Call) -> bool,
    pub(super) status: StatusCode,
    pub(super) message: Option<&'static str>,
}

impl Gate {
    /// The answer to a call that goes no further, whoever sent it.
    pub(super) async fn turned_away(&self, call: &Call, calls: &AtomicU64) -> Option<Response> {
        tokio::time::sleep(self.wait).await;
        if let Some(host) = &self.redirect {
            let query = match call.query() {
                query if query.is_empty() => query,
                query => format!("?{query}"),
            };
            let target = HeaderValue::try_from(format!("{host}{}{query}", call.path)).ok()?;
            return Some((StatusCode::TEMPORARY_REDIRECT, [(LOCATION, target)]).into_response());
        }
        // Without a login there would be nothing to see.
        if let Some((status, rate)) = self.failure
            && !call.is_login()
            && rate.strikes(calls)
        {
            return Some(self.failed(call, status));
        }
        None
    }

    /// The answer to a call that the service does not take.
    pub(super) async fn refused(&self, api: &Api, call: &Call) -> Option<Response> {
        let refusal = self
            .refusals
            .iter()
            .find(|refusal| (refusal.covers)(&call.method, call))?;
        Some(refuse(api, call, refusal).await)
    }

    fn failed(&self, call: &Call, status: StatusCode) -> Response {
        let reason = status.canonical_reason().unwrap_or("Error");
        let mut answer = describe(Problem::new(status, reason), call.path.clone());
        let may_wait = [
            StatusCode::TOO_MANY_REQUESTS,
            StatusCode::SERVICE_UNAVAILABLE,
        ]
        .contains(&status);
        if let (Some(seconds), true) = (self.retry_after_seconds, may_wait) {
            answer.headers_mut().insert(RETRY_AFTER, seconds.into());
        }
        answer
    }

    /// Takes the methods that are refused out of `Allow`.
    pub(super) fn narrow(&self, call: &Call, headers: &mut HeaderMap) {
        let Some(allowed) = headers.get(ALLOW).and_then(|allowed| allowed.to_str().ok()) else {
            return;
        };
        let is_refused = |name: &str| {
            let method = match name {
                "HEAD" => "GET",
                name => name,
            };
            let method = Method::from_bytes(method.as_bytes()).unwrap_or_default();
            self.refusals.iter().any(|refusal| {
                refusal.status == StatusCode::METHOD_NOT_ALLOWED && (refusal.covers)(&method, call)
            })
        };
        let left: Vec<_> = allowed
            .split(',')
            .filter(|name| !is_refused(name))
            .collect();
        if let Ok(left) = HeaderValue::try_from(left.join(",")) {
            headers.insert(ALLOW, left);
        }
    }
}

/// The token is asked for before anything else is looked at, here as in the handlers.
async fn refuse(api: &Api, call: &Call, refusal: &Refusal) -> Response {
    let guard = api.ask(call, Method::OPTIONS, &call.path, None).await;
    if guard.status() == StatusCode::UNAUTHORIZED {
        return guard;
    }
    let status = refusal.status;
    let problem = match refusal.message {
        Some(message) => Problem::new(status, message),
        None if status == StatusCode::METHOD_NOT_ALLOWED => {
            Problem::method_not_allowed(&call.method)
        }
        None => Problem::no_resource(&call.path),
    };
    let mut answer = describe(problem, call.path.clone());
    if let (StatusCode::METHOD_NOT_ALLOWED, Some(allowed)) = (status, guard.headers().get(ALLOW)) {
        answer.headers_mut().insert(ALLOW, allowed.clone());
    }
    answer
}

pub(super) fn put_by_path(method: &Method, call: &Call) -> bool {
    method == Method::PUT && matches!(call.place, Place::One(_))
}

pub(super) fn put_by_body(method: &Method, call: &Call) -> bool {
    method == Method::PUT && matches!(call.place, Place::List(_))
}

pub(super) fn customer_list(method: &Method, call: &Call) -> bool {
    any_list(method, call) && call.list() == "/customer"
}

pub(super) fn fwo_details(method: &Method, call: &Call) -> bool {
    method == Method::GET && matches!(call.place, Place::One(_)) && call.list() == "/fwo"
}

pub(super) fn fwo_writes(method: &Method, call: &Call) -> bool {
    method != Method::GET && method != Method::OPTIONS && call.list() == "/fwo"
}

pub(super) fn deletes(method: &Method, call: &Call) -> bool {
    method == Method::DELETE && matches!(call.place, Place::One(_))
}

pub(super) fn projects(_: &Method, call: &Call) -> bool {
    call.list() == "/project"
}

pub(super) fn any_list(method: &Method, call: &Call) -> bool {
    method == Method::GET && matches!(call.place, Place::List(_))
}

pub(super) fn new_fwo(method: &Method, call: &Call) -> bool {
    method == Method::POST && matches!(call.place, Place::List(_)) && call.list() == "/fwo"
}
