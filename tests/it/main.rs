//! Tests.

#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed; the lint's own exception for tests leaves out their helpers"
)]

mod support;

mod sandbox_auth;
mod sandbox_contract;
mod sandbox_customers;
mod sandbox_fwos;
mod sandbox_pages;
mod sandbox_projects;
mod sandbox_totals;
mod sandbox_worlds;
