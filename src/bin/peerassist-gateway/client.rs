//! The HTTP client of the commands that ask a running gateway.

use std::time::Duration;

use anyhow::Context;
use reqwest::Client;
use reqwest::redirect::Policy;

/// A little more than the gateway's own longest operation.
const TIMEOUT: Duration = Duration::from_secs(20);

/// A client that goes where it is told: no proxy, which would see passwords, and no redirects.
pub(crate) fn client() -> anyhow::Result<Client> {
    // An error says that a provider is already there, which is as good.
    let _there = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .timeout(TIMEOUT)
        .no_proxy()
        .redirect(Policy::none())
        .build()
        .context("no HTTP client can be made")
}
