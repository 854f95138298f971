//! Stub, replaced at the merge.

pub mod cache;

use std::time::Duration;

use prometheus_client::registry::Registry;
use secrecy::SecretString;
use url::Url;

use crate::domain::error::Error;

/// Stub.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "a stub")]
pub struct Settings {
    pub base_url: Url,
    pub client_key: Option<SecretString>,
    pub allow_plain_http: bool,
    pub connect_timeout: Duration,
    pub attempt_timeout: Duration,
    pub operation_timeout: Duration,
    pub body_bytes_max: usize,
    pub page_size_max: u32,
    pub cache: cache::Settings,
}

/// Stub.
#[derive(Clone)]
pub struct Upstream {
    settings: Settings,
}

impl Upstream {
    /// Stub.
    pub fn new(settings: Settings, _registry: &mut Registry) -> Result<Upstream, Error> {
        Ok(Upstream { settings })
    }

    /// Stub: whether a connection can be made.
    pub async fn reachable(&self) -> bool {
        let Ok(addresses) = self.settings.base_url.socket_addrs(|| None) else {
            return false;
        };
        let connect = tokio::net::TcpStream::connect(&*addresses);
        tokio::time::timeout(self.settings.connect_timeout, connect)
            .await
            .is_ok_and(|done| done.is_ok())
    }
}
