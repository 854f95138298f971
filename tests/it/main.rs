//! Tests.

mod support;

mod sandbox_auth;
mod sandbox_contract;
mod sandbox_customers;
mod sandbox_fwos;
mod sandbox_pages;
mod sandbox_projects;
mod sandbox_worlds;
