//! One connection from its first byte to its end.

use std::convert::Infallible;
use std::fmt::Display;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::body::Body;
use axum::extract::ConnectInfo;
use http::HeaderValue;
use http::Request;
use http::Version;
use http::header;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioExecutor;
use hyper_util::rt::TokioIo;
use hyper_util::rt::TokioTimer;
use hyper_util::server::conn::auto;
use tokio::io::AsyncRead;
use tokio::io::AsyncWrite;
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tracing::debug;

use crate::listener::App;
use crate::listener::Settings;
use crate::listener::answers::Answer;
use crate::listener::answers::Answers;
use crate::listener::answers::Verdict;
use crate::listener::metrics::Metrics;
use crate::listener::metrics::Open;
use crate::listener::patient::Patient;
use crate::listener::tls::Tls;

/// What every connection of one listener shares.
pub(super) struct Door<A> {
    app: A,
    tls: Option<Tls>,
    http: auto::Builder<TokioExecutor>,
    settings: Settings,
    metrics: Metrics,
    leaving: Arc<AtomicBool>,
}

impl<A: App> Door<A> {
    /// A door to `app`, behind TLS where there is one.
    pub(super) fn new(app: A, tls: Option<Tls>, settings: Settings, metrics: Metrics) -> Self {
        Door {
            app,
            tls,
            http: http(&settings),
            settings,
            metrics,
            leaving: Arc::default(),
        }
    }

    /// What is counted here.
    pub(super) fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// From now on every answer over HTTP/1 says that it is the last of its connection. HTTP/2 has a word of its own
    /// for the end, that loses nothing.
    pub(super) fn leave(&self) {
        self.leaving.store(true, Ordering::Relaxed);
    }

    /// Serves one connection; when `draining`, to the end of what it has asked.
    pub(super) async fn serve(
        &self,
        stream: TcpStream,
        peer: SocketAddr,
        draining: CancellationToken,
    ) {
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
        let Some(tls) = &self.tls else {
            return self.converse(stream, peer, draining).await;
        };
        let agreed = timeout(self.settings.head_timeout, tls.acceptor().accept(stream));
        match draining.run_until_cancelled(agreed).await {
            Some(Ok(Ok(stream))) => self.converse(stream, peer, draining).await,
            Some(Ok(Err(error))) => {
                self.metrics.failed_handshakes.inc();
                debug!(%peer, %error, "a TLS handshake failed");
            }
            Some(Err(_)) => {
                self.metrics.stalled.inc();
            }
            None => {}
        }
    }

    /// Serves HTTP on a connection on which somebody speaks.
    async fn converse(
        &self,
        stream: impl AsyncRead + AsyncWrite + Unpin + 'static,
        peer: SocketAddr,
        draining: CancellationToken,
    ) {
        let Settings {
            head_timeout,
            write_timeout,
            idle_timeout,
            ..
        } = self.settings;
        let stalled = self.metrics.stalled.clone();
        let stream = Patient::new(
            stream,
            Instant::now() + head_timeout,
            write_timeout,
            stalled,
        );
        let answers = Answers::new();
        let service = service_fn(|request| self.answer(request, peer, &answers));
        let mut connection = pin!(self.http.serve_connection(TokioIo::new(stream), service));
        let verdict = tokio::select! {
            done = connection.as_mut() => return log(peer, done),
            () = draining.cancelled() => None,
            verdict = answers.watch(write_timeout, idle_timeout) => Some(verdict),
        };
        match verdict {
            Some(Verdict::Stalled) => {
                self.metrics.stalled.inc();
                debug!(%peer, "closed: its client does not take what it asked for");
            }
            Some(Verdict::Idle) => {
                self.metrics.idle.inc();
                connection.as_mut().graceful_shutdown();
                // What is left then lies in the window of a stream that its client never opens.
                let _cut = timeout(write_timeout, connection).await;
            }
            None => {
                connection.as_mut().graceful_shutdown();
                log(peer, connection.await);
            }
        }
    }

    fn answer(
        &self,
        request: Request<Incoming>,
        peer: SocketAddr,
        answers: &Arc<Answers>,
    ) -> impl Future<Output = Result<http::Response<Answer>, Infallible>> + use<A> {
        let owed = answers.owe();
        let leaving = Arc::clone(&self.leaving);
        let http1 = request.version() < Version::HTTP_2;
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        // Before the first poll, so that the layers of `app` see a request when it comes and not when it has its turn.
        let answering = self.app.clone().call(request);
        async move {
            let mut response = answering.await?;
            if http1 && leaving.load(Ordering::Relaxed) {
                let close = HeaderValue::from_static("close");
                response.headers_mut().insert(header::CONNECTION, close);
            }
            Ok(response.map(|body| Answer::new(body, owed)))
        }
    }
}

fn log<E: Display>(peer: SocketAddr, done: Result<(), E>) {
    if let Err(error) = done {
        debug!(%peer, %error, "a connection broke");
    }
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
