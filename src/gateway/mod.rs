//! Stub, replaced at the merge.

use secrecy::SecretString;

use crate::domain::error::Error;
use crate::upstream::Upstream;

/// Stub.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "a stub")]
pub struct Settings {
    pub secret: Option<SecretString>,
}

/// Stub.
#[derive(Clone)]
pub struct Gateway;

impl Gateway {
    /// Stub.
    pub fn new(_settings: Settings, _upstream: Upstream) -> Result<Gateway, Error> {
        Ok(Gateway)
    }
}
