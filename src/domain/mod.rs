//! Stub, replaced at the merge.

pub mod error;
