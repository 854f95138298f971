//! What exists: customers, field work orders, pages, callers and errors.
//!
//! Pure values. Nothing here does I/O or knows a protocol; every other module may name this one.

pub mod budget;
pub mod cache_control;
pub mod caller;
pub mod change;
mod check;
pub mod collation;
pub mod cursor;
pub mod customer;
pub mod customer_filter;
pub mod customer_write;
pub mod error;
pub mod etag;
pub mod filter;
pub mod freshness;
pub mod fwo;
pub mod fwo_filter;
pub mod fwo_write;
pub mod id;
pub mod jwt;
pub mod keys;
pub mod ledger;
mod moment;
pub mod money;
pub mod order;
pub mod page;
pub mod request_id;
pub mod term;
