//! Epochs: what makes a cached answer unreachable the moment something happened to what it says.
//!
//! One clock counts what happened. A tag hashes to a slot of a fixed table, which holds the count of its last
//! bump. Whoever asks the upstream reads the clock *before*; the answer is good only while none of its tags was
//! bumped since. So an answer that was under way when the bump came is as dead as one that was kept before,
//! even if its tag was unknown when the question was asked, as with the rows of a list. Two tags in one slot
//! cost a refetch, never a stale answer.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::domain::caller::Fingerprint;
use crate::domain::id::CustomerId;
use crate::domain::id::FwoId;

/// Slots in the table: 4,096 of them are 64 KiB and make a chance collision of two live tags rare.
const SLOTS: usize = 4096;

/// What can happen to cached answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Tag {
    /// All that this caller ever read: the token was refused, or names were changed that other objects copy.
    Everything(Fingerprint),
    /// The lists of this kind that this caller read.
    Lists(Fingerprint, Kind),
    /// This customer, whoever read it.
    Customer(CustomerId),
    /// This order, whoever read it.
    Fwo(FwoId),
}

/// What a list lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Customers,
    Fwos,
}

/// A reading of the clock.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment(u64);

#[derive(Default)]
struct Slot {
    bumped: AtomicU64,
    /// How many writes of unknown outcome keep it closed.
    closed: AtomicU32,
}

/// The clock and its table.
pub(super) struct Epochs {
    clock: AtomicU64,
    slots: Box<[Slot]>,
    hasher: RandomState,
}

impl Epochs {
    pub(super) fn new() -> Self {
        Epochs {
            clock: AtomicU64::new(0),
            slots: (0..SLOTS).map(|_| Slot::default()).collect(),
            hasher: RandomState::new(),
        }
    }

    /// The clock now; to be read before the fetch that it guards.
    pub(super) fn now(&self) -> Moment {
        Moment(self.clock.load(Ordering::SeqCst))
    }

    /// Whether what was asked at `asked` is still good for all of these tags.
    pub(super) fn hold(&self, tags: &[Tag], asked: Moment) -> bool {
        tags.iter().all(|tag| {
            let slot = self.slot(*tag);
            // In this order: what opens a slot bumps it first.
            slot.closed.load(Ordering::SeqCst) == 0 && slot.bumped.load(Ordering::SeqCst) <= asked.0
        })
    }

    /// Ends what was asked about `tag` until now.
    pub(super) fn bump(&self, tag: Tag) {
        // First the clock, then the slot: whoever reads the new time asks after the bump.
        let now = self.clock.fetch_add(1, Ordering::SeqCst) + 1;
        self.slot(tag).bumped.fetch_max(now, Ordering::SeqCst);
    }

    /// Closes these tags: nothing about them is good until they are opened again.
    fn close(&self, tags: &[Tag]) {
        for tag in tags {
            self.slot(*tag).closed.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn open(&self, tags: &[Tag]) {
        for tag in tags {
            self.bump(*tag);
            self.slot(*tag).closed.fetch_sub(1, Ordering::SeqCst);
        }
    }

    fn slot(&self, tag: Tag) -> &Slot {
        // The remainder of a division by SLOTS is below SLOTS, which is a usize.
        &self.slots[(self.hasher.hash_one(tag) % SLOTS as u64) as usize]
    }
}

/// A write under way: its tags are bumped when it begins and when it ends, however it ends.
pub(super) struct Writing {
    epochs: Arc<Epochs>,
    tags: Vec<Tag>,
}

impl Writing {
    pub(super) fn begin(epochs: Arc<Epochs>, tags: Vec<Tag>) -> Self {
        let writing = Writing { epochs, tags };
        writing.bump();
        writing
    }

    /// Says that the write may still take effect: nothing that it touches is kept for `pause`.
    pub(super) fn may_land_within(&self, pause: Duration) {
        let (epochs, tags) = (self.epochs.clone(), self.tags.clone());
        epochs.close(&tags);
        tokio::spawn(async move {
            tokio::time::sleep(pause).await;
            epochs.open(&tags);
        });
    }

    fn bump(&self) {
        for tag in &self.tags {
            self.epochs.bump(*tag);
        }
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        self.bump();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::Epochs;
    use super::Tag;
    use super::Writing;
    use crate::domain::id::CustomerId;
    use crate::domain::id::Id;

    fn customer() -> Tag {
        Tag::Customer(CustomerId::new(3).expect("an id"))
    }

    #[test]
    fn what_was_asked_before_or_during_a_write_is_not_good_after_it() {
        let epochs = Arc::new(Epochs::new());
        let before = epochs.now();
        assert!(epochs.hold(&[customer()], before));
        let writing = Writing::begin(epochs.clone(), vec![customer()]);
        let during = epochs.now();
        assert!(!epochs.hold(&[customer()], before));
        assert!(epochs.hold(&[customer()], during));
        drop(writing);
        assert!(!epochs.hold(&[customer()], during));
        assert!(epochs.hold(&[customer()], epochs.now()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_write_that_may_still_land_keeps_its_tags_closed() {
        let epochs = Arc::new(Epochs::new());
        let writing = Writing::begin(epochs.clone(), vec![customer()]);
        writing.may_land_within(Duration::from_secs(30));
        drop(writing);
        let asked = epochs.now();
        assert!(!epochs.hold(&[customer()], asked));
        tokio::time::sleep(Duration::from_secs(31)).await;
        assert!(
            !epochs.hold(&[customer()], asked),
            "it was asked before the end"
        );
        assert!(epochs.hold(&[customer()], epochs.now()));
    }
}
