//! Stub, replaced at the merge.

/// Stub.
#[derive(Debug, thiserror::Error)]
#[error("stub")]
pub struct Error;
