//! Epochs: what makes a cached answer unreachable the moment something happened to what it says.
//!
//! A fixed table of counters. A tag hashes to a slot; an entry remembers the slot and the epoch that were
//! read *before* its fetch began, and is served only while that epoch stands. So an answer that was under
//! way when the bump came is as dead as one that was stored before. Two tags in one slot cost a refetch,
//! never a stale answer.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use crate::domain::caller::Fingerprint;

/// Slots in the table: 4,096 counters are 32 KiB and make a chance collision of two live tags rare.
const SLOTS: usize = 4096;

/// What can happen to cached answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Tag {
    /// All that this caller ever read, as when the upstream refuses the token.
    Everything(Fingerprint),
}

/// The epoch of a tag at one moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stamp {
    slot: usize,
    epoch: u64,
}

/// The table of counters.
pub(super) struct Epochs {
    slots: Box<[AtomicU64]>,
    hasher: RandomState,
}

impl Epochs {
    pub(super) fn new() -> Self {
        Epochs {
            slots: (0..SLOTS).map(|_| AtomicU64::new(0)).collect(),
            hasher: RandomState::new(),
        }
    }

    /// The epoch of `tag` now; to be read before the fetch that it guards.
    pub(super) fn stamp(&self, tag: Tag) -> Stamp {
        let slot = self.slot(tag);
        Stamp {
            slot,
            epoch: self.slots[slot].load(Ordering::SeqCst),
        }
    }

    /// Whether nothing was bumped since the stamp.
    pub(super) fn holds(&self, stamp: Stamp) -> bool {
        self.slots[stamp.slot].load(Ordering::SeqCst) == stamp.epoch
    }

    /// Ends the epoch of `tag`.
    pub(super) fn bump(&self, tag: Tag) {
        self.slots[self.slot(tag)].fetch_add(1, Ordering::SeqCst);
    }

    fn slot(&self, tag: Tag) -> usize {
        // The remainder of a division by SLOTS is below SLOTS, which is a usize.
        (self.hasher.hash_one(tag) % SLOTS as u64) as usize
    }
}
