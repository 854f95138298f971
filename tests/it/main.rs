//! Everything that is tested from outside: one binary, one file per subject.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed; the lint's own exception for tests leaves out their helpers"
)]

mod support;

mod architecture;
mod contract;

mod graphql_customer_writes;
mod graphql_customers;
mod graphql_fwos;
mod graphql_http;

mod grpc_auth;
mod grpc_customers;
mod grpc_deadlines;
mod grpc_errors;
mod grpc_fwos;
mod grpc_services;
mod grpc_wire;

mod failures;
mod guide;
mod parity;
mod upstream_calls;
mod windows;

mod cli;
mod cli_serve;
mod listener;

mod sandbox_auth;
mod sandbox_contract;
mod sandbox_customer_writes;
mod sandbox_customers;
mod sandbox_fwos;
mod sandbox_pages;
mod sandbox_personalities;
mod sandbox_personality_failures;
mod sandbox_personality_lists;
mod sandbox_personality_objects;
mod sandbox_personality_transport;
mod sandbox_personality_writes;
mod sandbox_projects;
mod sandbox_totals;
mod sandbox_worlds;
