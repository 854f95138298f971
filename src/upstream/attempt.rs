//! One HTTP exchange with the upstream: build, send, judge the status, read the body.
//! Never retries and never caches; callers decide that.

use std::error::Error as StdError;
use std::time::Duration;

use bytes::Bytes;
use bytes::BytesMut;
use http::HeaderMap;
use http::HeaderValue;
use http::StatusCode;
use http::header;
use tokio::time::Instant;
use url::Url;

use crate::domain::caller::BearerToken;
use crate::domain::error::Error;
use crate::domain::error::ErrorKind;
use crate::upstream::Settings;
use crate::upstream::metrics::Metrics;
use crate::upstream::retry::Again;
use crate::upstream::retry::Failure;
use crate::upstream::wire;

/// Longest wait that an upstream's `Retry-After` is believed to mean, and what garbage there means.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(60);
const RETRY_AFTER_UNREADABLE: Duration = Duration::from_secs(1);

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

/// The one client of the upstream.
pub(super) struct Exchange {
    client: reqwest::Client,
    base_url: Url,
    attempt_timeout: Duration,
    connect_timeout: Duration,
    body_bytes_max: usize,
}

/// An answer whose status says success.
pub(super) struct Answer {
    pub(super) body: Bytes,
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

    /// Reads a resource with the caller's own token.
    pub(super) async fn get(
        &self,
        token: &BearerToken,
        read: &Read,
        metrics: &Metrics,
    ) -> Result<Answer, Failure> {
        let mut url = self.url(&read.path);
        if !read.parameters.is_empty() {
            url.query_pairs_mut().extend_pairs(&read.parameters);
        }
        let request = self
            .client
            .get(url)
            .header(header::AUTHORIZATION, bearer(token));
        self.send(request, "GET", read.route, metrics).await
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
        self.send(self.client.post(url).json(body), "POST", "/auth", metrics)
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
        method: &'static str,
        route: &'static str,
        metrics: &Metrics,
    ) -> Result<Answer, Failure> {
        let begun = Instant::now();
        let request = request.header(header::ACCEPT, "application/json");
        let mut status = None;
        let whole = async {
            let response = request
                .send()
                .await
                .map_err(|error| unsent(error.without_url()))?;
            status = Some(response.status());
            judge(response.status(), response.headers())?;
            self.read_body(response).await.map(|body| Answer { body })
        };
        // A bound on the whole exchange: an idle timer would be reset by each dripping byte.
        let outcome = tokio::time::timeout(self.attempt_timeout, whole)
            .await
            .unwrap_or_else(|_| {
                Err(Failure::passing(
                    Error::new(
                        ErrorKind::UpstreamTimeout,
                        "the upstream did not answer in time",
                    ),
                    1,
                ))
            });
        let label = match (status, &outcome) {
            (Some(status), _) => status.as_str().to_owned(),
            (None, Err(failure)) => failure.error.kind().reason().to_owned(),
            (None, Ok(_)) => String::new(),
        };
        metrics.call(method, route, label, begun.elapsed());
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

/// The table of statuses (reliability targets, F23 to F38): what each means, and whether to try again.
fn judge(status: StatusCode, headers: &HeaderMap) -> Result<(), Failure> {
    let lasting = |kind, message: &'static str| Err(Failure::lasting(Error::new(kind, message)));
    match status.as_u16() {
        200..=299 => Ok(()),
        401 => lasting(
            ErrorKind::TokenInvalid,
            "the upstream does not accept the token",
        ),
        403 => lasting(ErrorKind::Forbidden, "the user may not read this"),
        // A page in HTML comes from a proxy or a wrong base URL, and says nothing about the id.
        404 if is_html(headers) => lasting(
            ErrorKind::UpstreamInvalid,
            "the upstream does not know this route",
        ),
        404 | 410 => lasting(ErrorKind::NotFound, "not found"),
        400 | 422 => lasting(
            ErrorKind::InvalidInput,
            "the upstream does not accept the request",
        ),
        409 => lasting(
            ErrorKind::Conflict,
            "the request contradicts the present state",
        ),
        412 | 428 => lasting(
            ErrorKind::Precondition,
            "the present state does not allow this",
        ),
        429 => {
            let wait = retry_after(headers).unwrap_or(RETRY_AFTER_UNREADABLE);
            let error = Error::new(ErrorKind::RateLimited, "the upstream asks to slow down")
                .retry_after(wait);
            Err(Failure {
                error,
                again: Again::After(wait),
            })
        }
        500 => Err(Failure::passing(
            Error::new(ErrorKind::UpstreamError, "the upstream failed"),
            1,
        )),
        502 => Err(Failure::passing(
            Error::new(
                ErrorKind::UpstreamUnavailable,
                "the upstream is unavailable",
            ),
            2,
        )),
        503 => {
            let wait = retry_after(headers).unwrap_or(RETRY_AFTER_UNREADABLE);
            let error = Error::new(
                ErrorKind::UpstreamUnavailable,
                "the upstream is unavailable",
            )
            .retry_after(wait);
            Err(Failure::passing(error, 2))
        }
        504 => Err(Failure::passing(
            Error::new(
                ErrorKind::UpstreamTimeout,
                "the upstream did not answer in time",
            ),
            2,
        )),
        501 | 505..=599 => lasting(ErrorKind::UpstreamError, "the upstream failed"),
        _ => lasting(
            ErrorKind::UpstreamInvalid,
            "the upstream's status is not in its contract",
        ),
    }
}

fn is_html(headers: &HeaderMap) -> bool {
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    kind.is_some_and(|kind| {
        kind.trim_start()
            .to_ascii_lowercase()
            .starts_with("text/html")
    })
}

/// `Retry-After` in seconds or as a date, between nothing and a minute.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if text.bytes().all(|b| b.is_ascii_digit()) && !text.is_empty() {
        let seconds = text.parse().unwrap_or(u64::MAX);
        return Some(Duration::from_secs(seconds).min(RETRY_AFTER_MAX));
    }
    let date = chrono::DateTime::parse_from_rfc2822(text).ok()?;
    let left = date.with_timezone(&chrono::Utc) - chrono::Utc::now();
    Some(left.to_std().unwrap_or(Duration::ZERO).min(RETRY_AFTER_MAX))
}

/// No status came: a failed connection, a refused certificate, or an exchange cut off.
fn unsent(error: reqwest::Error) -> Failure {
    let unavailable = |message| Error::new(ErrorKind::UpstreamUnavailable, message);
    if is_caused_by::<rustls::Error>(&error) {
        tracing::error!(%error, "the upstream's certificate or TLS is not acceptable");
        return Failure::lasting(
            unavailable("the upstream could not be reached securely").because(error),
        );
    }
    if error.is_timeout() {
        // Only connecting has a timer of its own in the client; the whole exchange has ours.
        return Failure::passing(
            unavailable("the upstream could not be reached in time").because(error),
            1,
        );
    }
    if is_caused_by::<hyper::Error>(&error) && parse_failed(&error) {
        return Failure::lasting(
            invalid("the upstream does not speak HTTP as it should").because(error),
        );
    }
    let message = if error.is_connect() {
        "the upstream could not be reached"
    } else {
        "the upstream broke off"
    };
    Failure::passing(unavailable(message).because(error), 2)
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

#[cfg(test)]
mod tests {
    use super::judge;
    use super::retry_after;
    use crate::domain::error::ErrorKind;
    use crate::upstream::retry::Again;
    use http::HeaderMap;
    use http::StatusCode;
    use http::header;
    use std::time::Duration;

    fn headers(name: header::HeaderName, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name, http::HeaderValue::from_static(value))])
    }

    #[test]
    fn each_status_has_one_meaning() {
        let table = [
            (302, ErrorKind::UpstreamInvalid, Again::Never),
            (400, ErrorKind::InvalidInput, Again::Never),
            (401, ErrorKind::TokenInvalid, Again::Never),
            (403, ErrorKind::Forbidden, Again::Never),
            (404, ErrorKind::NotFound, Again::Never),
            (405, ErrorKind::UpstreamInvalid, Again::Never),
            (410, ErrorKind::NotFound, Again::Never),
            (500, ErrorKind::UpstreamError, Again::Times(1)),
            (502, ErrorKind::UpstreamUnavailable, Again::Times(2)),
            (503, ErrorKind::UpstreamUnavailable, Again::Times(2)),
            (504, ErrorKind::UpstreamTimeout, Again::Times(2)),
        ];
        for (status, kind, again) in table {
            let status = StatusCode::from_u16(status).expect("a status");
            let failure = judge(status, &HeaderMap::new()).expect_err("a failure");
            assert_eq!(
                (failure.error.kind(), failure.again),
                (kind, again),
                "{status}"
            );
        }
    }

    #[test]
    fn a_404_in_html_is_a_wrong_route_and_not_a_missing_id() {
        let failure = judge(
            StatusCode::NOT_FOUND,
            &headers(header::CONTENT_TYPE, "text/html;charset=utf-8"),
        );
        assert_eq!(
            failure.err().map(|f| f.error.kind()),
            Some(ErrorKind::UpstreamInvalid)
        );
    }

    #[test]
    fn retry_after_is_clamped() {
        let read = |value| retry_after(&headers(header::RETRY_AFTER, value));
        assert_eq!(read("2"), Some(Duration::from_secs(2)));
        assert_eq!(read("1000000000"), Some(Duration::from_secs(60)));
        assert_eq!(
            read("99999999999999999999999999"),
            Some(Duration::from_secs(60))
        );
        assert_eq!(read("Wed, 21 Oct 2015 07:28:00 GMT"), Some(Duration::ZERO));
        assert_eq!(read("soon"), None);
    }
}
