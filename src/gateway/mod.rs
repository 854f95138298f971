//! What can be asked: every operation once. Both doors call only this.

mod auth;
pub mod bill;
mod customers;
mod footing;
mod fwos;
#[cfg(test)]
mod histories;
mod lookups;
mod paging;
mod scan;
mod search;
mod view;
mod walk;
mod writes;

use std::sync::Arc;
use std::time::Duration;

use ring::rand::SecureRandom;
use ring::rand::SystemRandom;
use secrecy::ExposeSecret;
use secrecy::SecretString;
use tokio_util::task::TaskTracker;
use tracing::warn;

pub use crate::gateway::auth::Login;
pub use crate::gateway::bill::Bill;
pub use crate::gateway::bill::Limits;
pub use crate::gateway::lookups::CustomerLookups;
pub use crate::gateway::lookups::Found;
pub use crate::gateway::lookups::Wanted;
pub use crate::gateway::paging::Page;
pub use crate::upstream::Credentials;
pub use crate::upstream::Session;

use crate::domain::caller::FingerprintKey;
use crate::domain::cursor::CursorSeal;
use crate::domain::customer::Customer;
use crate::domain::error::Error;
use crate::domain::error::ErrorKind;
use crate::domain::fwo::Fwo;
use crate::domain::keys;
use crate::gateway::auth::KnownTokens;
use crate::gateway::scan::ScanBounds;
use crate::gateway::writes::Writes;
use crate::upstream::Upstream;

/// Settings of the gateway itself.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Seals cursors and keys fingerprints, at least 32 characters; random at each start where absent, and
    /// then cursors die with the process.
    pub secret: Option<SecretString>,
    /// How much a request may ask for.
    pub limits: Limits,
    /// Longest list in rows that is read whole for a filter that the upstream ignores.
    pub scan_rows_max: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            secret: None,
            limits: Limits::default(),
            scan_rows_max: 2000,
        }
    }
}

/// All operations. A clone is the same gateway.
#[derive(Clone)]
pub struct Gateway(Arc<Inner>);

struct Inner {
    upstream: Upstream,
    seal: Arc<CursorSeal>,
    scan_rows_max: u64,
    fingerprints: FingerprintKey,
    tokens: KnownTokens,
    limits: Limits,
    customer_writes: Writes<Arc<Customer>>,
    fwo_writes: Writes<Arc<Fwo>>,
    deletions: Writes<()>,
    tasks: TaskTracker,
}

impl Gateway {
    /// A gateway to `upstream`.
    pub fn new(settings: Settings, upstream: Upstream) -> Result<Self, Error> {
        let secret = match &settings.secret {
            Some(secret) => secret.expose_secret().as_bytes().to_vec(),
            None => {
                warn!(
                    setting = "gateway.secret",
                    "gateway.secret is not set: cursors and page tokens end with this process, and no other instance takes them"
                );
                random_secret()?
            }
        };
        let tasks = TaskTracker::new();
        Ok(Gateway(Arc::new(Inner {
            upstream,
            seal: Arc::new(CursorSeal::new(&keys::derive(&secret, b"cursors"))),
            scan_rows_max: settings.scan_rows_max,
            fingerprints: FingerprintKey::new(&keys::derive::<32>(&secret, b"fingerprints")),
            tokens: KnownTokens::new(),
            limits: settings.limits,
            customer_writes: Writes::new(tasks.clone()),
            fwo_writes: Writes::new(tasks.clone()),
            deletions: Writes::new(tasks.clone()),
            tasks,
        })))
    }

    /// Ends when every write has, those included whose callers have hung up. To be called when no more come.
    pub async fn writes_ended(&self) {
        self.0.tasks.close();
        self.0.tasks.wait().await;
    }

    fn scan_bounds(&self) -> ScanBounds {
        ScanBounds {
            rows_max: self.0.scan_rows_max,
            page_size: self.0.upstream.page_size_max(),
        }
    }

    /// Longest time that any operation takes.
    pub fn operation_timeout(&self) -> Duration {
        self.0.upstream.operation_timeout()
    }
}

fn random_secret() -> Result<Vec<u8>, Error> {
    let mut secret = vec![0; 32];
    let filled = SystemRandom::new().fill(&mut secret);
    filled.map_err(|_| Error::new(ErrorKind::Internal, "the system has no randomness"))?;
    Ok(secret)
}
