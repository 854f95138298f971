//! One layer around every request: its id, its span, its duration, and a net under panics.
//!
//! One and not five, because each stock layer costs a tenth of a bare request (performance measurements, 2.5).

use std::hash::Hash;
use std::hash::Hasher;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::task::Context;
use std::task::Poll;

use axum::extract::MatchedPath;
use axum::extract::Request;
use axum::response::Response;
use futures_util::FutureExt;
use futures_util::future::Either;
use futures_util::future::ready;
use http::HeaderName;
use http::HeaderValue;
use http::Method;
use http::StatusCode;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::EncodeLabelValue;
use prometheus_client::encoding::LabelValueEncoder;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use prometheus_client::registry::Unit;
use tokio::time::Instant;
use tower::Layer;
use tower::Service;
use tracing::Instrument;
use tracing::debug;
use tracing::debug_span;
use tracing::warn;

use crate::fallback;
use crate::fallback::Dialect;
use crate::head;

/// Carries the request's id: in from a client or a proxy, always out, and to the doors.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Longest id that is taken over from a client.
const REQUEST_ID_BYTES_MAX: usize = 64;

/// Seconds: from a cached answer (under 1 ms) to the longest operation (15 s).
const BUCKETS: [f64; 14] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0,
];

/// The layer. Its clones count into the same metrics.
#[derive(Clone, Debug)]
pub struct Observe {
    durations: Family<Labels, Histogram>,
}

impl Observe {
    /// A layer whose metrics are shown in `registry`.
    pub fn registered(registry: &mut Registry) -> Self {
        let durations =
            Family::new_with_constructor((|| Histogram::new(BUCKETS)) as fn() -> Histogram);
        let help = "from the head of a request to the head of its response";
        registry.register_with_unit(
            "http_server_request_duration",
            help,
            Unit::Seconds,
            durations.clone(),
        );
        Observe { durations }
    }
}

impl<S> Layer<S> for Observe {
    type Service = Observed<S>;

    fn layer(&self, inner: S) -> Observed<S> {
        Observed {
            observe: self.clone(),
            inner,
        }
    }
}

/// A service with the layer around it.
#[derive(Clone, Debug)]
pub struct Observed<S> {
    observe: Observe,
    inner: S,
}

impl<S> Service<Request> for Observed<S>
where
    S: Service<Request, Response = Response>,
    S::Future: Send + 'static,
    S::Error: Send + 'static,
{
    type Response = Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        let start = Instant::now();
        let id = request_id(&mut request);
        let route = Route(request.extensions().get::<MatchedPath>().cloned());
        let method = MethodLabel::of(request.method());
        let dialect = Dialect::of(&request);
        // At debug, because a span costs more than the rest of this layer; failures are logged with the id below.
        let span = debug_span!("request", id = ?id, route = route.as_str());
        let durations = self.observe.durations.clone();
        let answer = match head::admit(&mut request) {
            Ok(()) => Either::Left(self.inner.call(request)),
            Err(why) => Either::Right(ready(Ok(fallback::malformed(why)))),
        };
        let answer = AssertUnwindSafe(answer).catch_unwind().instrument(span);
        Box::pin(async move {
            let mut response = match answer.await {
                Ok(answer) => answer?,
                // The panic hook has logged where.
                Err(_) => dialect.internal(&id),
            };
            let status = response.status();
            let elapsed = start.elapsed();
            // Only what is our fault is loud: under overload there are thousands of 503s, and the metric counts them.
            if status == StatusCode::INTERNAL_SERVER_ERROR {
                warn!(request_id = ?id, route = route.as_str(), "a request failed");
            } else {
                debug!(request_id = ?id, route = route.as_str(), status = status.as_u16(), ?elapsed, "answered");
            }
            let labels = Labels {
                route,
                method,
                status: status.as_u16(),
            };
            durations
                .get_or_create(&labels)
                .observe(elapsed.as_secs_f64());
            response.headers_mut().insert(REQUEST_ID, id);
            Ok(response)
        })
    }
}

/// The client's id if it is harmless in logs and headers, else a new one; the doors read it from the request.
fn request_id(request: &mut Request) -> HeaderValue {
    let harmless = |b: &u8| b.is_ascii_alphanumeric() || b"-_.".contains(b);
    let fits =
        |id: &[u8]| (1..=REQUEST_ID_BYTES_MAX).contains(&id.len()) && id.iter().all(harmless);
    match request.headers().get(REQUEST_ID) {
        Some(id) if fits(id.as_bytes()) => id.clone(),
        _ => {
            let fresh = format!("{:032x}", fastrand::u128(..));
            let id = HeaderValue::try_from(fresh).expect("hexadecimal digits are a header value");
            request.headers_mut().insert(REQUEST_ID, id.clone());
            id
        }
    }
}

/// The labels of one time series: few, because none of them is taken from what a client invents.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Labels {
    route: Route,
    method: MethodLabel,
    status: u16,
}

/// The pattern of the route, `/pkg.Service/{*rest}`, or none.
#[derive(Clone, Debug)]
struct Route(Option<MatchedPath>);

impl Route {
    fn as_str(&self) -> &str {
        self.0.as_ref().map_or("none", MatchedPath::as_str)
    }
}

impl PartialEq for Route {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Route {}

impl Hash for Route {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl EncodeLabelValue for Route {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> Result<(), std::fmt::Error> {
        self.as_str().encode(encoder)
    }
}

/// The method, where it is one of the known ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct MethodLabel(&'static str);

impl MethodLabel {
    fn of(method: &Method) -> Self {
        let known = ["GET", "POST", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH"];
        MethodLabel(
            known
                .into_iter()
                .find(|name| *name == method.as_str())
                .unwrap_or("_OTHER"),
        )
    }
}

impl EncodeLabelValue for MethodLabel {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> Result<(), std::fmt::Error> {
        self.0.encode(encoder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::Router;
    use axum::body::Body;
    use axum::routing::get;
    use prometheus_client::encoding::text;
    use tower::ServiceExt;

    async fn panics() {
        panic!("a bug");
    }

    async fn ask(observe: &Observe, path: &str, id: Option<&str>) -> Response {
        let app = Router::new()
            .route("/things/{id}", get(async || "thing"))
            .route("/panics", get(panics))
            .layer(observe.clone());
        let mut request = Request::new(Body::empty());
        *request.uri_mut() = path.parse().unwrap();
        let host = HeaderValue::from_static("test");
        request.headers_mut().insert(http::header::HOST, host);
        if let Some(id) = id {
            request
                .headers_mut()
                .insert(REQUEST_ID, id.parse().unwrap());
        }
        app.oneshot(request).await.unwrap()
    }

    #[tokio::test]
    async fn every_answer_carries_an_id_and_a_harmless_one_is_kept() {
        let observe = Observe::registered(&mut Registry::default());
        let id = async |id| {
            ask(&observe, "/things/1", id).await.headers()[REQUEST_ID]
                .to_str()
                .unwrap()
                .to_owned()
        };
        assert_eq!(id(Some("abc-1.2_3")).await, "abc-1.2_3");
        let long = "a".repeat(REQUEST_ID_BYTES_MAX + 1);
        for strange in [
            None,
            Some(""),
            Some("a b"),
            Some("<script>"),
            Some(long.as_str()),
        ] {
            let fresh = id(strange).await;
            assert!(
                fresh.len() == 32 && fresh.bytes().all(|b| b.is_ascii_hexdigit()),
                "{strange:?} -> {fresh}"
            );
        }
    }

    #[tokio::test]
    async fn durations_are_kept_by_route_and_not_by_path() {
        let mut registry = Registry::default();
        let observe = Observe::registered(&mut registry);
        for path in ["/things/1", "/things/2"] {
            ask(&observe, path, None).await;
        }
        let mut metrics = String::new();
        text::encode(&mut metrics, &registry).unwrap();
        let count = r#"http_server_request_duration_seconds_count{route="/things/{id}",method="GET",status="200"} 2"#;
        assert!(metrics.contains(count), "{metrics}");
    }

    #[tokio::test]
    async fn a_panic_is_an_answer_and_says_nothing() {
        let observe = Observe::registered(&mut Registry::default());
        let response = ask(&observe, "/panics", Some("abc")).await;
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let body = axum::body::to_bytes(response.into_body(), 1_000)
            .await
            .unwrap();
        let body = String::from_utf8(body.to_vec()).unwrap();
        assert!(
            body.contains("INTERNAL_SERVER_ERROR") && body.contains("\"incident\":\"abc\""),
            "{body}"
        );
        assert!(!body.contains("a bug"), "{body}");
    }
}
