//! PeerAssist customers and field work orders over GraphQL and gRPC.

pub mod domain;
pub mod gateway;
pub mod grpc;
pub mod upstream;
