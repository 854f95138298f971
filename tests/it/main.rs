//! Everything that is tested from outside: one binary, one file per subject.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

mod cli;
mod cli_serve;
mod listener;

mod sandbox_auth;
mod sandbox_contract;
mod sandbox_customers;
mod sandbox_fwos;
mod sandbox_pages;
mod sandbox_projects;
mod sandbox_worlds;
