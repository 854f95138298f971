//! Listening on an address, or saying why that cannot be.

use std::error::Error;
use std::fmt;
use std::io;
use std::net::SocketAddr;

use tokio::net::TcpListener;

/// An address that nobody can listen on, in words that say what to do.
#[derive(Debug)]
pub struct Unbound {
    address: SocketAddr,
    flag: &'static str,
    error: io::Error,
}

/// Listens on `address`; `flag` is what the operator would change.
pub async fn bind(address: SocketAddr, flag: &'static str) -> Result<TcpListener, Unbound> {
    TcpListener::bind(address).await.map_err(|error| Unbound {
        address,
        flag,
        error,
    })
}

impl fmt::Display for Unbound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Unbound {
            address,
            flag,
            error,
        } = self;
        write!(f, "cannot listen on {address}: ")?;
        let any = SocketAddr::new(address.ip(), 0);
        match error.kind() {
            io::ErrorKind::AddrInUse => {
                write!(
                    f,
                    "another program already does; stop it, or choose another port with {flag} ({any} takes any)"
                )
            }
            io::ErrorKind::PermissionDenied => {
                write!(
                    f,
                    "this user may not; choose a port from 1024 up with {flag}"
                )
            }
            io::ErrorKind::AddrNotAvailable => {
                write!(
                    f,
                    "this machine has no such address; choose one of its own with {flag}"
                )
            }
            _ => write!(f, "{error}; choose another address with {flag}"),
        }
    }
}

impl Error for Unbound {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.error)
    }
}
