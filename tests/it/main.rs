//! Everything that is tested from outside: one binary, one file per subject.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed; the lint's own exception for tests leaves out their helpers"
)]
#![allow(
    clippy::print_stdout,
    reason = "figures for whoever runs a test with --nocapture"
)]

mod support;

mod architecture;
mod contract;
mod keys;

mod bad_inputs;

mod graphql_customer_writes;
mod graphql_customers;
mod graphql_fwo_writes;
mod graphql_fwos;
mod graphql_http;
mod graphql_persisted;
mod graphql_sse;

mod grpc_auth;
mod grpc_cache;
mod grpc_customer_writes;
mod grpc_customers;
mod grpc_deadlines;
mod grpc_errors;
mod grpc_fwo_bodies;
mod grpc_fwo_rules;
mod grpc_fwo_writes;
mod grpc_fwos;
mod grpc_services;
mod grpc_wire;
mod grpc_writes;

mod bill;
mod cache_headers;
mod cache_lifetimes;
mod cache_requests;
mod caller_memory;
mod coalescing;
mod connection_faults;
mod cursors;
mod deadlines;
mod exactly_once;
mod explain;
mod failures;
mod guide;
mod ignored_filters;
mod outage;
mod parity;
mod parity_inputs;
mod parity_writes;
mod read_your_writes;
mod round_trip;
mod secrets;
mod shared_cache;
mod shared_cache_faults;
mod upstream_calls;
mod windows;
mod write_failures;

mod cli;
mod cli_serve;
mod listener;
mod listener_limits;
mod overload;
mod restarts;
mod tls;

mod sandbox_auth;
mod sandbox_contract;
mod sandbox_customer_writes;
mod sandbox_customers;
mod sandbox_durability;
mod sandbox_fwo_roles;
mod sandbox_fwo_rules;
mod sandbox_fwo_steps;
mod sandbox_fwo_writes;
mod sandbox_fwos;
mod sandbox_pages;
mod sandbox_personalities;
mod sandbox_personality_failures;
mod sandbox_personality_lists;
mod sandbox_personality_objects;
mod sandbox_personality_round_trip;
mod sandbox_personality_transport;
mod sandbox_personality_writes;
mod sandbox_projects;
mod sandbox_tenants;
mod sandbox_totals;
mod sandbox_worlds;
