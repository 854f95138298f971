//! PeerAssist customers and field work orders over GraphQL and gRPC.
//!
//! A request comes in by one of two doors, [`graphql`] or [`grpc`], which turn it into one operation of the
//! [`gateway`]; that asks the [`upstream`], the PeerAssist REST API, with the caller's own token; and all of
//! them speak of what exists in the words of the [`domain`].
//!
//! Around them stands the process: [`config`] reads the settings, [`telemetry`] turns on logs and metrics,
//! [`serve`] puts the parts together on two [`listener`]s, [`head`] refuses what could be read in two ways, [`observe`]
//! gives every request its identity and its place in the metrics, [`fallback`] answers what no door knows, and [`admin`] tells the operator.

pub mod graphql;
pub mod grpc;

pub mod gateway;

pub mod upstream;

pub mod domain;

pub mod config;
pub mod telemetry;

pub mod serve;

pub mod admin;
pub mod fallback;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzzing;
pub mod head;
pub mod listener;
pub mod observe;
pub mod shed;
