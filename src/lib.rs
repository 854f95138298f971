//! PeerAssist customers and field work orders over GraphQL and gRPC.
//!
//! The process shell, in the order in which a process meets it: [`config`] reads the settings, [`telemetry`] turns
//! on logs and metrics, [`serve`] puts the parts together on two [`listener`]s, [`observe`] gives every request its
//! identity and its place in the metrics, [`fallback`] answers what no door knows, and [`admin`] tells the operator.

pub mod config;
pub mod telemetry;

pub mod serve;

pub mod admin;
pub mod fallback;
pub mod listener;
pub mod observe;

pub mod domain;
pub mod gateway;
pub mod graphql;
pub mod grpc;
pub mod upstream;
