//! One HTTP exchange with the upstream: build, send, judge the status, read the body.
//! Never retries and never caches; callers decide that.

use std::error::Error as StdError;
use std::time::Duration;

use bytes::Bytes;
use bytes::BytesMut;
use http::HeaderMap;
use http::HeaderValue;
use http::Method;
use http::StatusCode;
use http::header;
use tokio::time::Instant;
use url::Url;

use crate::domain::caller::BearerToken;
use crate::domain::error::Error;
use crate::domain::error::ErrorKind;
use crate::domain::page::UpstreamPage;
use crate::upstream::Settings;
use crate::upstream::breaker::Verdict;
use crate::upstream::breakers::Route;
use crate::upstream::caching::Caching;
use crate::upstream::caching::Validator;
use crate::upstream::metrics::Metrics;
use crate::upstream::retry::Failure;
use crate::upstream::status;
use crate::upstream::wire;

/// Most of a refusal's body that is read, in bytes: it is looked through for the fields at fault.
const REFUSAL_BYTES_MAX: usize = 64 * 1024;

/// How long a connection of HTTP/2 may be silent under a request before it must show that it lives, and within what.
const PING_AFTER: Duration = Duration::from_secs(1);
const PING_TIMEOUT: Duration = Duration::from_secs(1);

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

/// What the outcome of a read or a login says of the upstream.
pub(super) fn verdict(outcome: &Result<Answer, Failure>) -> Verdict {
    match outcome {
        Err(failure) if failure.is_unreached => Verdict::Unreached,
        Err(failure) if is_failure(failure.error.kind()) => Verdict::Failed,
        Ok(_) | Err(_) => Verdict::Good,
    }
}

/// What the outcome of a write says of the upstream.
pub(super) fn verdict_of_write(outcome: &Result<Done, Undone>) -> Verdict {
    match outcome {
        Err(undone) if undone.unsent => Verdict::Unreached,
        Err(undone) if is_failure(undone.error.kind()) => Verdict::Failed,
        Ok(_) | Err(_) => Verdict::Good,
    }
}

/// Whether the upstream failed, rather than refused.
fn is_failure(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::UpstreamUnavailable
            | ErrorKind::UpstreamTimeout
            | ErrorKind::UpstreamError
            | ErrorKind::WriteUnknown
    )
}

/// The one client of the upstream.
pub(super) struct Exchange {
    client: reqwest::Client,
    base_url: Url,
    attempt_timeout: Duration,
    connect_timeout: Duration,
    body_bytes_max: usize,
}

/// What a call is, for metrics, and whether it asks only for what is not known yet.
struct Call {
    method: &'static str,
    route: &'static str,
    is_conditional: bool,
    /// When nobody waits for it any more.
    deadline: Instant,
}

/// An answer whose status says success.
pub(super) struct Answer {
    /// None: what the asker knows is right still.
    pub(super) body: Option<Bytes>,
    pub(super) caching: Caching,
}

impl Exchange {
    pub(super) fn new(settings: &Settings) -> Result<Self, reqwest::Error> {
        // TLS by ring; where somebody has installed a provider already, that one serves as well.
        let _there = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .connect_timeout(settings.connect_timeout)
            // A redirect could carry the token, or an x- header, to another origin.
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .no_proxy()
            // Below the usual keep-alive of servers, so that we rarely write into a connection that closes.
            .pool_idle_timeout(Duration::from_secs(15))
            .pool_max_idle_per_host(64)
            // Many requests share a connection of HTTP/2: one that is dead must not stay in the pool.
            .http2_keep_alive_interval(PING_AFTER)
            .http2_keep_alive_timeout(PING_TIMEOUT)
            .tcp_nodelay(true)
            .user_agent(concat!("peerassist-gateway/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Exchange {
            client,
            base_url: settings.base_url.clone(),
            attempt_timeout: settings.attempt_timeout,
            connect_timeout: settings.connect_timeout,
            body_bytes_max: settings.body_bytes_max,
        })
    }

    /// Reads a resource with the caller's own token, unless it is still as the validator has it; by the deadline at
    /// the latest.
    pub(super) async fn get(
        &self,
        token: &BearerToken,
        read: &Read,
        validator: Option<&Validator>,
        deadline: Instant,
        metrics: &Metrics,
    ) -> Result<Answer, Failure> {
        let mut url = self.url(&read.path);
        if !read.parameters.is_empty() {
            url.query_pairs_mut().extend_pairs(&read.parameters);
        }
        let mut request = self
            .client
            .get(url)
            .header(header::AUTHORIZATION, bearer(token));
        if let Some(validator) = validator {
            let (name, value) = validator.if_none_match();
            request = request.header(name, value);
        }
        let call = Call {
            method: "GET",
            route: read.route,
            is_conditional: validator.is_some(),
            deadline,
        };
        self.send(request, call, metrics).await
    }

    /// Writes with the caller's own token: once, whatever happens.
    pub(super) async fn write(
        &self,
        token: &BearerToken,
        write: &Write,
        metrics: &Metrics,
    ) -> Result<Done, Undone> {
        let (begun, _under_way) = (Instant::now(), metrics.begin());
        let mut request = self
            .client
            .request(write.method.clone(), self.url(&write.path))
            .header(header::ACCEPT, "application/json")
            .header(header::AUTHORIZATION, bearer(token));
        if let Some(body) = &write.body {
            request = request
                .header(header::CONTENT_TYPE, "application/json")
                .body(body.clone());
        }
        let (mut status, mut head) = (None, None);
        let whole = async {
            let response = request.send().await.map_err(unanswered)?;
            status = Some(response.status());
            head = Some(told_by_head(&response));
            self.written(response).await
        };
        let outcome = tokio::time::timeout(self.attempt_timeout, whole).await;
        let outcome = outcome.unwrap_or_else(|_| match (status, head) {
            // The head said that it was done; only its answer did not come.
            (Some(status), Some(head)) if status.is_success() => Ok(head),
            _ => Err(unknown("the upstream did not answer the write in time")),
        });
        let label = match (status, &outcome) {
            (Some(status), _) => status.as_str().to_owned(),
            (None, Err(undone)) => undone.error.kind().reason().to_owned(),
            (None, Ok(_)) => String::new(),
        };
        metrics.call(
            method_name(&write.method),
            write.route,
            label,
            begun.elapsed(),
        );
        outcome
    }

    async fn written(&self, mut response: reqwest::Response) -> Result<Done, Undone> {
        if let Err(error) = status::judge_write(response.status(), response.headers()) {
            let refused = error.kind() == ErrorKind::InvalidInput && is_json(response.headers());
            let refusal = match refused {
                true => read_some(&mut response, REFUSAL_BYTES_MAX).await,
                false => None,
            };
            return Err(Undone {
                error,
                unsent: false,
                refusal,
            });
        }
        let head = told_by_head(&response);
        let body = self.read_body(response).await;
        Ok(Done { body, ..head })
    }

    /// Logs in. The client key travels in the query, as the guide has it: this URL is never logged.
    pub(super) async fn log_in(
        &self,
        client_key: &str,
        body: &serde_json::Value,
        metrics: &Metrics,
    ) -> Result<Answer, Failure> {
        let mut url = self.url("/auth");
        url.query_pairs_mut().append_pair("clientKey", client_key);
        let call = Call {
            method: "POST",
            route: "/auth",
            is_conditional: false,
            deadline: Instant::now() + self.attempt_timeout,
        };
        self.send(self.client.post(url).json(body), call, metrics)
            .await
    }

    /// Whether anything answers HTTP at the base URL.
    pub(super) async fn reachable(&self) -> bool {
        let ask = self.client.head(self.base_url.clone()).send();
        matches!(
            tokio::time::timeout(self.connect_timeout, ask).await,
            Ok(Ok(_))
        )
    }

    fn url(&self, path: &str) -> Url {
        let mut url = self.base_url.clone();
        let prefix = url.path().trim_end_matches('/').to_owned();
        url.set_path(&format!("{prefix}{path}"));
        url
    }

    async fn send(
        &self,
        request: reqwest::RequestBuilder,
        call: Call,
        metrics: &Metrics,
    ) -> Result<Answer, Failure> {
        let (begun, _under_way) = (Instant::now(), metrics.begin());
        let request = request.header(header::ACCEPT, "application/json");
        let mut status = None;
        let whole = async {
            let response = request
                .send()
                .await
                .map_err(|error| unsent(error.without_url()))?;
            status = Some(response.status());
            let caching = Caching::of(response.headers());
            if call.is_conditional && response.status() == StatusCode::NOT_MODIFIED {
                return Ok(Answer {
                    body: None,
                    caching,
                });
            }
            status::judge(response.status(), response.headers())?;
            let body = Some(self.read_body(response).await?);
            Ok(Answer { body, caching })
        };
        // A bound on the whole exchange: an idle timer would be reset by each dripping byte.
        let until = call.deadline.min(begun + self.attempt_timeout);
        let outcome = tokio::time::timeout_at(until, whole)
            .await
            .unwrap_or_else(|_| Err(Failure::passing(late(), 1)));
        let label = match (status, &outcome) {
            (Some(status), _) => status.as_str().to_owned(),
            (None, Err(failure)) => failure.error.kind().reason().to_owned(),
            (None, Ok(_)) => String::new(),
        };
        metrics.call(call.method, call.route, label, begun.elapsed());
        outcome
    }

    /// The body, never more than the cap and one chunk in memory, however small it came over the wire.
    async fn read_body(&self, mut response: reqwest::Response) -> Result<Bytes, Failure> {
        let json = is_json(response.headers());
        let mut body = BytesMut::new();
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|error| broken_off(error.without_url()))?
        {
            if body.len() + chunk.len() > self.body_bytes_max {
                return Err(Failure::lasting(invalid(
                    "the upstream's answer is too large",
                )));
            }
            body.extend_from_slice(&chunk);
        }
        if body.is_empty() {
            return Err(Failure::lasting(invalid("the upstream's answer is empty")));
        }
        if !json {
            return Err(Failure::lasting(invalid(
                "the upstream's answer is not JSON by its content type",
            )));
        }
        if !wire::is_shallow(&body) {
            return Err(Failure::lasting(invalid(
                "the upstream's answer is nested too deeply",
            )));
        }
        Ok(body.freeze())
    }
}

/// What the head of an answer says of a write that was done, as long as its body has not come.
fn told_by_head(response: &reqwest::Response) -> Done {
    let headers = response.headers();
    let location = headers.get(header::LOCATION);
    Done {
        location: location.and_then(|value| Some(value.to_str().ok()?.to_owned())),
        body: Err(Failure::lasting(late())),
        is_own: is_json(headers) || response.content_length() == Some(0),
        is_page: status::is_html(headers),
    }
}

/// The body of a refusal, unless it is long or breaks off.
async fn read_some(response: &mut reqwest::Response, bytes_max: usize) -> Option<Bytes> {
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await.ok()? {
        if body.len() + chunk.len() > bytes_max {
            return None;
        }
        body.extend_from_slice(&chunk);
    }
    wire::is_shallow(&body).then(|| body.freeze())
}

fn late() -> Error {
    Error::new(
        ErrorKind::UpstreamTimeout,
        "the upstream did not answer in time",
    )
}

/// A write of which nobody knows whether it was done.
pub(super) fn unknown(what_happened: &str) -> Undone {
    let message = format!("{what_happened}: whether it took effect is not known");
    Undone {
        error: Error::new(ErrorKind::WriteUnknown, message),
        unsent: false,
        refusal: None,
    }
}

/// A write without a status. Only a connection that never stood, or an upstream that says so itself, is a proof that
/// nothing was done: a connection that breaks as the request goes out may have carried all of it.
fn unanswered(error: reqwest::Error) -> Undone {
    let error = error.without_url();
    if is_unprocessed(&error) {
        return Undone {
            error: unsent(error).error,
            unsent: true,
            refusal: None,
        };
    }
    if !error.is_connect() {
        let Undone { error: unknown, .. } = unknown("the upstream broke off during the write");
        return Undone {
            error: unknown.because(error),
            unsent: false,
            refusal: None,
        };
    }
    let lasts = is_caused_by::<rustls::Error>(&error);
    Undone {
        error: unsent(error).error,
        unsent: !lasts,
        refusal: None,
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

fn bearer(token: &BearerToken) -> HeaderValue {
    let value = HeaderValue::try_from(format!("Bearer {}", token.expose()));
    let mut value = value.expect("a bearer token is token68, all of it visible ASCII");
    value.set_sensitive(true);
    value
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or("");
    let essence = kind
        .split(';')
        .next()
        .unwrap_or("")
        .trim()
        .to_ascii_lowercase();
    essence == "application/json"
        || (essence.starts_with("application/") && essence.ends_with("+json"))
}

fn invalid(message: &'static str) -> Error {
    Error::new(ErrorKind::UpstreamInvalid, message)
}

/// No status came: a failed connection, a refused certificate, or an exchange cut off.
fn unsent(error: reqwest::Error) -> Failure {
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
fn broken_off(error: reqwest::Error) -> Failure {
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
