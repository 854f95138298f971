//! Stub, replaced at the merge.

use std::time::Duration;

/// Stub.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "a stub")]
pub struct Settings {
    pub bytes_max: u64,
    pub customer_ttl: Duration,
    pub fwo_ttl: Duration,
    pub list_ttl: Duration,
}
