//! The next connection, as long as there is room for it.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::Semaphore;
use tokio::time::sleep;
use tracing::debug;
use tracing::warn;

use crate::listener::addresses::Addresses;
use crate::listener::addresses::Counted;
use crate::listener::metrics::Metrics;

/// A process without free descriptors gets some when connections end; asking faster only burns the processor.
const ACCEPT_RETRY: Duration = Duration::from_millis(200);

/// The room of one listener.
pub(super) struct Room {
    slots: Arc<Semaphore>,
    addresses: Arc<Addresses>,
}

/// A connection that was let in.
pub(super) struct Accepted {
    pub(super) stream: TcpStream,
    pub(super) peer: SocketAddr,
    pub(super) place: Place,
}

/// What a connection occupies until it ends.
pub(super) struct Place {
    _slot: OwnedSemaphorePermit,
    _of_address: Counted,
}

impl Room {
    /// Room for so many connections, and so many of one address among them.
    pub(super) fn new(connections_max: usize, connections_per_address_max: usize) -> Self {
        Room {
            slots: Arc::new(Semaphore::new(connections_max)),
            addresses: Arc::new(Addresses::new(connections_per_address_max)),
        }
    }

    /// The next connection for which there is room. Where there is none at all it waits in the backlog; where one
    /// address has all of its own, what comes from there is closed at once.
    pub(super) async fn accept(&self, tcp: &TcpListener, metrics: &Metrics) -> Accepted {
        if self.slots.available_permits() == 0 {
            metrics.full.inc();
            // Not louder: at the limit this happens for every connection, and the metric tells.
            debug!("every connection slot is taken: a client waits");
        }
        let slot = Arc::clone(&self.slots);
        let slot = slot.acquire_owned().await;
        let slot = slot.expect("nobody closes the semaphore");
        loop {
            let (stream, peer) = next(tcp, metrics).await;
            let Some(of_address) = self.addresses.count(peer.ip()) else {
                metrics.crowded.inc();
                debug!(%peer, "closed: the address has as many connections as it may");
                continue;
            };
            // Answers are written whole; without this the last segment would wait for an acknowledgement.
            if let Err(error) = stream.set_nodelay(true) {
                debug!(%peer, %error, "TCP_NODELAY was refused");
            }
            let place = Place {
                _slot: slot,
                _of_address: of_address,
            };
            return Accepted {
                stream,
                peer,
                place,
            };
        }
    }
}

/// The next connection. A failure is slept over: a loop that ends is an outage.
async fn next(tcp: &TcpListener, metrics: &Metrics) -> (TcpStream, SocketAddr) {
    loop {
        match tcp.accept().await {
            Ok(accepted) => return accepted,
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
