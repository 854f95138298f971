//! What exists: customers, field work orders, pages, callers and errors.
//!
//! Pure values. Nothing here does I/O or knows a protocol; every other module may name this one.

pub mod caller;
pub mod cursor;
pub mod customer;
pub mod error;
pub mod fwo;
pub mod id;
pub mod money;
pub mod order;
pub mod page;
pub mod term;
