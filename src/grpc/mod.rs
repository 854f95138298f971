//! Stub, replaced at the merge.

use axum::Router;
use axum::routing::post;
use prometheus_client::registry::Registry;

use crate::gateway::Gateway;

/// Stub.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "a stub")]
pub struct Settings {
    pub reflection: bool,
    pub message_bytes_max: usize,
}

/// Stub: the descriptor set of all services.
pub const DESCRIPTOR: &[u8] = b"\x0a\x00";

/// Stub: the proto sources, each with its path.
pub const PROTO_SOURCES: &[(&str, &str)] =
    &[("peerassist/v1/stub.proto", "syntax = \"proto3\";\n")];

/// Stub.
#[derive(Clone)]
pub struct Health;

impl Health {
    /// Stub.
    pub async fn draining(&self) {}
}

/// Stub.
pub fn router(
    _gateway: Gateway,
    _settings: Settings,
    _registry: &mut Registry,
) -> (Router, Health) {
    let router = Router::new().route("/peerassist.v1.StubService/{*rest}", post(|| async { "" }));
    (
        router.fallback(|| async { "the fallback of tonic" }),
        Health,
    )
}
