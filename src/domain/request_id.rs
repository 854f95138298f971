//! Request ids: how a caller says that two requests are one.

use std::fmt;

use crate::domain::error::Error;

/// Longest request id in bytes: a UUID has 36.
const BYTES_MAX: usize = 128;

/// The caller's own name for one write. A second request of the same caller with the same id, within ten
/// minutes, gets the first one's answer and does nothing.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RequestId(Box<str>);

impl RequestId {
    /// Reads a request id; `field` is what the door calls it.
    ///
    /// Fails with `InvalidInput` where it is empty, longer than 128 bytes or holds control characters.
    pub fn parse(field: &str, text: &str) -> Result<Self, Error> {
        if text.is_empty() || text.len() > BYTES_MAX || text.chars().any(char::is_control) {
            let rule = format!("must be 1 to {BYTES_MAX} bytes without control characters");
            return Err(Error::invalid(field, rule));
        }
        Ok(RequestId(text.into()))
    }

    /// Reads a request id that must be a UUID (AIP-155).
    ///
    /// Fails with `InvalidInput` where it is none.
    pub fn parse_uuid(field: &str, text: &str) -> Result<Self, Error> {
        let uuid =
            uuid::Uuid::try_parse(text).map_err(|_| Error::invalid(field, "must be a UUID"))?;
        Ok(RequestId(uuid.to_string().into()))
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
