//! What the operator's machines ask: `/livez`, `/readyz`, `/metrics`. Never on the port that clients see.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header;
use axum::response::IntoResponse;
use axum::response::Response;
use axum::routing::get;
use prometheus_client::encoding::text;
use prometheus_client::registry::Registry;
use tokio::sync::Mutex;
use tokio::time::Instant;

/// How long one look at the upstream counts: probes come every few seconds from several places.
const PROBE_TTL: Duration = Duration::from_secs(1);

const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

type Probe = dyn Fn() -> Pin<Box<dyn Future<Output = bool> + Send>> + Send + Sync;

/// Whether this process wants requests: the upstream can be reached and nobody asked it to stop.
#[derive(Clone)]
pub struct Readiness(Arc<Inner>);

struct Inner {
    draining: AtomicBool,
    probe: Box<Probe>,
    last: Mutex<Option<(Instant, bool)>>,
}

/// What a readiness probe hears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ready {
    /// Send requests.
    Yes,
    /// The process is about to end.
    Draining,
    /// The upstream does not answer at all.
    Unreachable,
}

impl Readiness {
    /// Ready while `probe` says that the upstream can be reached; asked at most once a second.
    pub fn new<F>(probe: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = bool> + Send + 'static,
    {
        let probe: Box<Probe> = Box::new(move || Box::pin(probe()));
        Readiness(Arc::new(Inner {
            draining: AtomicBool::new(false),
            probe,
            last: Mutex::new(None),
        }))
    }

    /// From now on not ready.
    pub fn drain(&self) {
        self.0.draining.store(true, Ordering::Relaxed);
    }

    /// Whether requests are wanted now.
    pub async fn check(&self) -> Ready {
        if self.0.draining.load(Ordering::Relaxed) {
            return Ready::Draining;
        }
        // Held while probing, so that many probes at once make one look.
        let mut last = self.0.last.lock().await;
        let reachable = match *last {
            Some((when, reachable)) if when.elapsed() < PROBE_TTL => reachable,
            _ => {
                let reachable = (self.0.probe)().await;
                *last = Some((Instant::now(), reachable));
                reachable
            }
        };
        if reachable {
            Ready::Yes
        } else {
            Ready::Unreachable
        }
    }
}

/// The routes of the admin listener.
pub fn router(readiness: Readiness, registry: Arc<Registry>) -> Router {
    let metrics = Router::new()
        .route("/metrics", get(metrics))
        .with_state(registry);
    Router::new()
        .route("/livez", get(async || "alive\n"))
        .route("/readyz", get(readyz))
        .with_state(readiness)
        .merge(metrics)
}

async fn readyz(State(readiness): State<Readiness>) -> (StatusCode, &'static str) {
    match readiness.check().await {
        Ready::Yes => (StatusCode::OK, "ready\n"),
        Ready::Draining => (StatusCode::SERVICE_UNAVAILABLE, "draining\n"),
        Ready::Unreachable => (
            StatusCode::SERVICE_UNAVAILABLE,
            "the upstream cannot be reached\n",
        ),
    }
}

async fn metrics(State(registry): State<Arc<Registry>>) -> Response {
    let mut body = String::new();
    match text::encode(&mut body, &registry) {
        Ok(()) => ([(header::CONTENT_TYPE, OPENMETRICS)], body).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicU32;

    fn counting(answers: &'static [bool]) -> (Readiness, Arc<AtomicU32>) {
        let looks = Arc::new(AtomicU32::new(0));
        let count = Arc::clone(&looks);
        let readiness = Readiness::new(move || {
            let look = count.fetch_add(1, Ordering::Relaxed) as usize;
            async move { answers[look] }
        });
        (readiness, looks)
    }

    #[tokio::test(start_paused = true)]
    async fn one_look_at_the_upstream_counts_for_a_second() {
        let (readiness, looks) = counting(&[true, false]);
        for _ in 0..5 {
            assert_eq!(readiness.check().await, Ready::Yes);
        }
        assert_eq!(looks.load(Ordering::Relaxed), 1);
        tokio::time::advance(PROBE_TTL).await;
        assert_eq!(readiness.check().await, Ready::Unreachable);
        assert_eq!(looks.load(Ordering::Relaxed), 2);
    }

    #[tokio::test]
    async fn a_draining_process_is_not_ready_and_asks_nobody() {
        let (readiness, looks) = counting(&[]);
        readiness.drain();
        assert_eq!(readiness.check().await, Ready::Draining);
        assert_eq!(looks.load(Ordering::Relaxed), 0);
    }
}
