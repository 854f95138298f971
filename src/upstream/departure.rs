//! The moment after which nobody can say any more that a write was not done.

use std::sync::Arc;
use std::sync::atomic::AtomicU8;
use std::sync::atomic::Ordering;

use crate::domain::error::Error;
use crate::domain::error::ErrorKind;

const WAITING: u8 = 0;
const LEFT: u8 = 1;
const ABANDONED: u8 = 2;

/// Whether one write has left for the upstream. It leaves or is abandoned, never both.
#[derive(Clone, Debug, Default)]
pub struct Departure(Arc<AtomicU8>);

impl Departure {
    /// A write that has not left.
    pub fn new() -> Self {
        Departure::default()
    }

    /// To be called right before the first byte is sent; fails with `UpstreamTimeout` where the write was abandoned.
    pub(crate) fn leave(&self) -> Result<(), Error> {
        match self.settle(LEFT) {
            LEFT => Ok(()),
            _ => Err(Error::new(
                ErrorKind::UpstreamTimeout,
                "the deadline passed before the write was sent: nothing was done",
            )),
        }
    }

    /// Gives the write up; `false` where it has left already.
    pub fn abandon(&self) -> bool {
        self.settle(ABANDONED) == ABANDONED
    }

    /// Whether the write was given up before it left.
    pub(crate) fn is_abandoned(&self) -> bool {
        self.0.load(Ordering::SeqCst) == ABANDONED
    }

    /// Whether the write has left.
    pub fn has_left(&self) -> bool {
        self.0.load(Ordering::SeqCst) == LEFT
    }

    /// What it has come to, which is `to` unless it had come to something before.
    fn settle(&self, to: u8) -> u8 {
        let settled = self
            .0
            .compare_exchange(WAITING, to, Ordering::SeqCst, Ordering::SeqCst);
        settled.map_or_else(|before| before, |_| to)
    }
}

#[cfg(test)]
mod tests {
    use super::Departure;

    #[test]
    fn a_write_leaves_or_is_abandoned_and_that_stands() {
        let write = Departure::new();
        assert!(!write.has_left());
        assert!(write.leave().is_ok() && write.leave().is_ok());
        assert!(!write.abandon() && write.has_left());
        let write = Departure::new();
        assert!(write.abandon() && write.abandon());
        assert!(write.leave().is_err() && !write.has_left());
    }
}
