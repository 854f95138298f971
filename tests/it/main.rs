//! Everything that is tested from outside: one binary, one file per subject.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed; the lint's own exception for tests leaves out their helpers"
)]

mod support;

mod grpc_auth;
mod grpc_customers;
mod grpc_deadlines;
mod grpc_errors;
mod grpc_fwos;
mod grpc_services;
mod grpc_wire;
