//! One HTTP exchange with the upstream: build, send, judge the status, read the body.
//! Never retries and never caches; callers decide that.

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
use crate::domain::error::ErrorKind;
use crate::upstream::Settings;
use crate::upstream::breakage::broken_off;
use crate::upstream::breakage::invalid;
use crate::upstream::breakage::late;
use crate::upstream::breakage::unanswered;
use crate::upstream::breakage::unsent;
use crate::upstream::caching::Caching;
use crate::upstream::caching::Validator;
use crate::upstream::call::Answer;
use crate::upstream::call::Done;
use crate::upstream::call::Read;
use crate::upstream::call::Undone;
use crate::upstream::call::Write;
use crate::upstream::metrics::Metrics;
use crate::upstream::retry::Failure;
use crate::upstream::status;
use crate::upstream::wire;

/// Most of a refusal's body that is read, in bytes: it is looked through for the fields at fault.
const REFUSAL_BYTES_MAX: usize = 64 * 1024;

/// How long a connection of HTTP/2 may be silent under a request before it must show that it lives, and within what.
const PING_AFTER: Duration = Duration::from_secs(1);
const PING_TIMEOUT: Duration = Duration::from_secs(1);

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
            _ => Err(Undone::unknown(
                "the upstream did not answer the write in time",
            )),
        });
        let label = match (status, &outcome) {
            (Some(status), _) => status.as_str().to_owned(),
            (None, Err(undone)) => undone.error.kind().reason().to_owned(),
            (None, Ok(_)) => String::new(),
        };
        metrics.call(write.route().method, write.route, label, begun.elapsed());
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
