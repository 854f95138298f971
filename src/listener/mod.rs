//! The accept loop: sockets in, bounded and drained. Never looks into a request.
//!
//! A connection meets the files in this order: `accept` (is there room?), `tls`, `patient` (does its client go on?)
//! and `answers` (does anybody take what was asked for?).

mod accept;
mod addresses;
mod answers;
mod bind;
mod connection;
mod metrics;
mod patient;
pub mod tls;

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use http::Request;
use tokio::net::TcpListener;
use tokio::time::sleep;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::Service;

use crate::listener::accept::Accepted;
use crate::listener::accept::Room;
use crate::listener::connection::Door;
use crate::listener::tls::Tls;

pub use crate::listener::bind::Unbound;
pub use crate::listener::bind::bind;
pub use crate::listener::metrics::Metrics;

/// Bounds of one listener.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Most connections at once; further ones wait in the kernel's backlog.
    pub connections_max: usize,
    /// Most connections at once of one client address; further ones are closed.
    pub connections_per_address_max: usize,
    /// How long a new connection may stay silent; hyper itself would wait for ever.
    pub first_byte_timeout: Duration,
    /// How long the head of a request may take, and how long an HTTP/1 connection may idle between requests.
    pub head_timeout: Duration,
    /// How long a client may leave what it asked for, before it has taken a little more of it.
    pub write_timeout: Duration,
    /// How long an HTTP/2 connection may ask nothing.
    pub idle_timeout: Duration,
    /// How long the listener stays open once it should stop, so that balancers can notice.
    pub drain_delay: Duration,
    /// How long requests in flight may take to end after that.
    pub drain_timeout: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            connections_max: 2_000,
            connections_per_address_max: 100,
            first_byte_timeout: Duration::from_secs(5),
            head_timeout: Duration::from_secs(10),
            write_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(5 * 60),
            drain_delay: Duration::ZERO,
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

/// What answers requests: a router, or layers around one. It is a handle, and always ready.
pub trait App:
    Service<Request<Body>, Response = Response, Error = Infallible, Future: Send + 'static>
    + Clone
    + Send
    + Sync
    + 'static
{
}

impl<S> App for S where
    S: Service<Request<Body>, Response = Response, Error = Infallible, Future: Send + 'static>
        + Clone
        + Send
        + Sync
        + 'static
{
}

/// Serves `app` on every connection until `stop`, then says so to whom it serves, and lets requests in flight end.
///
/// Each request carries its peer as `ConnectInfo<SocketAddr>`. HTTP/1 and HTTP/2 share the port: by ALPN over TLS, by
/// prior knowledge without.
pub async fn serve(
    tcp: TcpListener,
    tls: Option<Tls>,
    app: impl App,
    settings: Settings,
    metrics: Metrics,
    stop: impl Future<Output = ()>,
) -> Stopped {
    let (draining, cut) = (CancellationToken::new(), CancellationToken::new());
    let room = Room::new(
        settings.connections_max,
        settings.connections_per_address_max,
    );
    let tasks = TaskTracker::new();
    let door = Arc::new(Door::new(app, tls, settings, metrics));
    let mut stop = pin!(async {
        stop.await;
        door.leave();
        sleep(settings.drain_delay).await;
    });
    loop {
        let Accepted {
            stream,
            peer,
            place,
        } = tokio::select! {
            biased;
            () = &mut stop => break,
            accepted = room.accept(&tcp, door.metrics()) => accepted,
        };
        // Child tokens, because polling a shared one would meet the same lock on every wake of every connection.
        let (draining, cut, door) = (draining.child_token(), cut.child_token(), Arc::clone(&door));
        tasks.spawn(async move {
            cut.run_until_cancelled(door.serve(stream, peer, draining))
                .await;
            drop(place);
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
