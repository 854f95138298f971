//! What is asked of the upstream in one call, and what it says.

use std::error::Error as StdError;

use bytes::Bytes;
use http::Method;

use crate::domain::error::Error;
use crate::domain::error::ErrorKind;
use crate::domain::page::UpstreamPage;
use crate::upstream::breaker::Verdict;
use crate::upstream::breakers::Route;
use crate::upstream::caching::Caching;
use crate::upstream::retry::Failure;
use crate::upstream::writes::Resource;

/// A read of one resource. The path is built from numbers and fixed words only.
#[derive(Clone, Debug)]
pub(super) struct Read {
    /// The path with its ids as placeholders, for metrics and logs.
    pub(super) route: &'static str,
    /// The path: `/customer/3`.
    pub(super) path: String,
    /// The query.
    pub(super) parameters: Vec<(&'static str, String)>,
}

impl Read {
    /// One object.
    pub(super) fn item<R: Resource>(id: R::Id) -> Self {
        Read {
            route: R::ITEM,
            path: R::path(id),
            parameters: vec![],
        }
    }

    /// One page of a list; the page's own parameters stand behind those of its query.
    pub(super) fn page(
        route: &'static str,
        mut parameters: Vec<(&'static str, String)>,
        page: UpstreamPage,
    ) -> Self {
        parameters.push(("page", page.page.to_string()));
        parameters.push(("size", page.size.to_string()));
        Read {
            route,
            path: route.into(),
            parameters,
        }
    }

    /// What it is to the breakers.
    pub(super) fn route(&self) -> Route {
        Route {
            method: "GET",
            path: self.route,
        }
    }

    /// The call for people to read: `GET /customer?page=0&size=20`.
    pub(super) fn call(&self) -> String {
        let parameters = self.parameters.iter();
        let parameters = parameters.map(|(name, value)| format!("{name}={value}"));
        let query = parameters.collect::<Vec<_>>().join("&");
        let mark = if query.is_empty() { "" } else { "?" };
        format!("GET {}{mark}{query}", self.path)
    }
}

/// A write. The path is built from numbers and fixed words only.
#[derive(Clone, Debug)]
pub(super) struct Write {
    pub(super) method: Method,
    /// The path with its ids as placeholders, for metrics and logs.
    pub(super) route: &'static str,
    /// The path: `/customer/3`.
    pub(super) path: String,
    /// The JSON object to be written, where there is one.
    pub(super) body: Option<String>,
}

impl Write {
    /// What it is to the breakers.
    pub(super) fn route(&self) -> Route {
        Route {
            method: method_name(&self.method),
            path: self.route,
        }
    }

    /// The call for people to read: `PUT /customer/3`.
    pub(super) fn call(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

/// An answer whose status says success.
pub(super) struct Answer {
    /// None: what the asker knows is right still.
    pub(super) body: Option<Bytes>,
    pub(super) caching: Caching,
}

/// What the upstream said to a write that it did.
pub(super) struct Done {
    /// What it says where the object is, as it came.
    pub(super) location: Option<String>,
    /// Its answer, which may be missing, cut off or nonsense: the write is done all the same.
    pub(super) body: Result<Bytes, Failure>,
    /// Whether the answer ought to be read as the upstream's own: JSON, or nothing at all.
    pub(super) is_own: bool,
    /// Whether it is a page in HTML, which may be anybody's: then not even that it was done is certain.
    pub(super) is_page: bool,
}

/// A write that was not done, or of which nobody knows.
pub(super) struct Undone {
    pub(super) error: Error,
    /// Whether the upstream has not begun with it for certain, so that it may be tried again.
    pub(super) unsent: bool,
    /// What the upstream says about the fields at fault, where it refused them.
    pub(super) refusal: Option<Bytes>,
}

impl Undone {
    /// One of which nobody knows whether it was done.
    pub(super) fn unknown(what_happened: &str) -> Self {
        let message = format!("{what_happened}: whether it took effect is not known");
        Undone {
            error: Error::new(ErrorKind::WriteUnknown, message),
            unsent: false,
            refusal: None,
        }
    }

    /// The same, and why.
    pub(super) fn because(self, why: impl StdError + Send + Sync + 'static) -> Self {
        Undone {
            error: self.error.because(why),
            ..self
        }
    }
}

/// What the outcome of a read or a login says of the upstream.
pub(super) fn verdict(outcome: &Result<Answer, Failure>) -> Verdict {
    match outcome {
        Err(failure) if failure.is_unreached => Verdict::Unreached,
        Err(failure) if failure.error.kind().is_upstream_failure() => Verdict::Failed,
        Ok(_) | Err(_) => Verdict::Good,
    }
}

/// What the outcome of a write says of the upstream.
pub(super) fn verdict_of_write(outcome: &Result<Done, Undone>) -> Verdict {
    match outcome {
        Err(undone) if undone.unsent => Verdict::Unreached,
        Err(undone) if undone.error.kind().is_upstream_failure() => Verdict::Failed,
        Ok(_) | Err(_) => Verdict::Good,
    }
}

/// The method as a label of a metric.
fn method_name(method: &Method) -> &'static str {
    match *method {
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        _ => "other",
    }
}
