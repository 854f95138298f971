//! All settings of the process.
//!
//! Never reads the environment or a file by itself: [`Sources`] brings what was found there, so that a test can say
//! anything and a reader finds every setting in one table.

mod form;
mod load;
mod mistake;
mod sources;
mod table;

#[cfg(test)]
mod tests;

use std::net::SocketAddr;

use crate::gateway;
use crate::graphql;
use crate::grpc;
use crate::listener;
use crate::telemetry;
use crate::upstream;

pub use crate::config::form::Form;
pub use crate::config::mistake::Mistake;
pub use crate::config::mistake::Mistakes;
pub use crate::config::sources::Flag;
pub use crate::config::sources::Sources;
pub use crate::config::table::Absent;
pub use crate::config::table::SETTINGS;
pub use crate::config::table::Setting;
pub use crate::config::table::reference;

/// Every setting, read and checked.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where GraphQL, gRPC and GraphiQL listen.
    pub listen: SocketAddr,
    /// Where health and metrics listen.
    pub admin_listen: SocketAddr,
    /// Connections on `listen`: how many, how patiently, and how they end.
    pub listener: listener::Settings,
    /// Most requests under way at once; further ones are refused.
    pub requests_in_flight: usize,
    /// The certificates of `listen`; none, where clients come without TLS.
    pub tls: Option<listener::tls::Settings>,
    /// Logs.
    pub log: telemetry::Settings,
    /// The PeerAssist REST API and how it is called.
    pub upstream: upstream::Settings,
    /// The core that both doors call.
    pub gateway: gateway::Settings,
    /// The GraphQL door.
    pub graphql: graphql::Settings,
    /// The gRPC door.
    pub grpc: grpc::Settings,
}
