//! The accept loop: sockets in, bounded and drained. Never looks into a request.

mod bind;
mod metrics;

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::response::Response;
use http::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioExecutor;
use hyper_util::rt::TokioIo;
use hyper_util::rt::TokioTimer;
use hyper_util::server::conn::auto;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::Semaphore;
use tokio::time::sleep;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::Service;
use tracing::debug;
use tracing::warn;

use crate::listener::metrics::Open;

pub use crate::listener::bind::Unbound;
pub use crate::listener::bind::bind;
pub use crate::listener::metrics::Metrics;

/// A process without free descriptors gets some when connections end; asking faster only burns the processor.
const ACCEPT_RETRY: Duration = Duration::from_millis(200);

/// Bounds of one listener.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Most connections at once; further ones wait in the kernel's backlog.
    pub connections_max: usize,
    /// How long a new connection may stay silent; hyper itself would wait for ever.
    pub first_byte_timeout: Duration,
    /// How long the head of a request may take, and how long an HTTP/1 connection may idle between requests.
    pub head_timeout: Duration,
    /// How long requests in flight may take to end once the listener stops.
    pub drain_timeout: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            connections_max: 2_000,
            first_byte_timeout: Duration::from_secs(5),
            head_timeout: Duration::from_secs(10),
            drain_timeout: Duration::from_secs(25),
        }
    }
}

/// How a listener ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stopped {
    /// Connections whose requests had not ended when the drain time was over.
    pub cut: usize,
}

/// Serves `app` on every connection until `stop`, then lets requests in flight end.
///
/// Each request carries its peer as `ConnectInfo<SocketAddr>`. HTTP/1 and HTTP/2 (prior knowledge) share the port.
pub async fn serve(
    tcp: TcpListener,
    app: Router,
    settings: Settings,
    metrics: Metrics,
    stop: impl Future<Output = ()>,
) -> Stopped {
    let (draining, cut) = (CancellationToken::new(), CancellationToken::new());
    let slots = Arc::new(Semaphore::new(settings.connections_max));
    let tasks = TaskTracker::new();
    let door = Arc::new(Door {
        app,
        http: http(&settings),
        settings,
        metrics,
    });
    let mut stop = pin!(stop);
    loop {
        let (stream, peer, slot) = tokio::select! {
            biased;
            () = &mut stop => break,
            accepted = accept(&tcp, &slots, &door.metrics) => accepted,
        };
        // Child tokens, because polling a shared one would meet the same lock on every wake of every connection.
        let (draining, cut, door) = (draining.child_token(), cut.child_token(), Arc::clone(&door));
        tasks.spawn(async move {
            cut.run_until_cancelled(door.serve(stream, peer, draining))
                .await;
            drop(slot);
        });
    }
    drop(tcp);
    draining.cancel();
    tasks.close();
    if timeout(settings.drain_timeout, tasks.wait()).await.is_ok() {
        return Stopped { cut: 0 };
    }
    let late = tasks.len();
    cut.cancel();
    tasks.wait().await;
    Stopped { cut: late }
}

/// What every connection of one listener shares.
struct Door {
    app: Router,
    http: auto::Builder<TokioExecutor>,
    settings: Settings,
    metrics: Metrics,
}

impl Door {
    async fn serve(&self, stream: TcpStream, peer: SocketAddr, draining: CancellationToken) {
        self.metrics.accepted.inc();
        let _open = Open::new(&self.metrics.open);
        // A look at the byte itself: a fresh socket may well call itself readable without one.
        let mut byte = [0];
        let spoke = timeout(self.settings.first_byte_timeout, stream.peek(&mut byte));
        match draining.run_until_cancelled(spoke).await {
            Some(Ok(Ok(_))) => {}
            Some(Ok(Err(error))) => return debug!(%peer, %error, "a connection broke"),
            Some(Err(_)) => {
                self.metrics.silent.inc();
                return;
            }
            None => return,
        }
        let service = service_fn(|request| self.answer(request, peer));
        let mut connection = pin!(self.http.serve_connection(TokioIo::new(stream), service));
        let done = tokio::select! {
            done = connection.as_mut() => done,
            () = draining.cancelled() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = done {
            debug!(%peer, %error, "a connection broke");
        }
    }

    fn answer(
        &self,
        request: Request<Incoming>,
        peer: SocketAddr,
    ) -> impl Future<Output = Result<Response, Infallible>> + use<> {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        // A router is a handle, and always ready.
        self.app.clone().call(request)
    }
}

/// The next connection for which there is a slot. A failure is slept over: a loop that ends is an outage.
async fn accept(
    tcp: &TcpListener,
    slots: &Arc<Semaphore>,
    metrics: &Metrics,
) -> (TcpStream, SocketAddr, OwnedSemaphorePermit) {
    if slots.available_permits() == 0 {
        metrics.full.inc();
        // Not louder: at the limit this happens for every connection, and the metric tells.
        debug!("every connection slot is taken: a client waits");
    }
    let slot = Arc::clone(slots)
        .acquire_owned()
        .await
        .expect("nobody closes the semaphore");
    loop {
        match tcp.accept().await {
            Ok((stream, peer)) => {
                // Answers are written whole; without this the last segment would wait for an acknowledgement.
                if let Err(error) = stream.set_nodelay(true) {
                    debug!(%peer, %error, "TCP_NODELAY was refused");
                }
                return (stream, peer, slot);
            }
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                metrics.failed.inc();
                warn!(%error, "no connection can be accepted");
                sleep(ACCEPT_RETRY).await;
            }
        }
    }
}

/// The client went away before its turn.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::ConnectionAborted;
    use io::ErrorKind::ConnectionRefused;
    use io::ErrorKind::ConnectionReset;
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset
    )
}

/// Limits of the reliability bar, "Hardening recipe for the listeners": each was tried with the attack it is for.
///
/// The buffer is larger than the longest target that hyper reads (64 KiB), so that a longer one is told as such (414).
/// Never `pipeline_flush`: with it hyper writes nothing while bytes of a next request are there, so a client that asks
/// without end and reads nothing fills the memory, and a refusal with unread bytes behind it is never sent.
fn http(settings: &Settings) -> auto::Builder<TokioExecutor> {
    let mut http = auto::Builder::new(TokioExecutor::new());
    http.http1()
        .timer(TokioTimer::new())
        .header_read_timeout(settings.head_timeout)
        .max_headers(100)
        .max_buf_size(96 * 1024);
    http.http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(100)
        .max_header_list_size(16 * 1024)
        .initial_stream_window_size(64 * 1024)
        .initial_connection_window_size(1024 * 1024)
        .keep_alive_interval(Duration::from_secs(20))
        .keep_alive_timeout(Duration::from_secs(10))
        .max_pending_accept_reset_streams(20)
        .max_local_error_reset_streams(1024);
    http
}
