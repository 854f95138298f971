//! Epochs: what makes a cached answer unreachable the moment something happened to what it says.
//!
//! One clock counts what happened. A tag hashes to a slot of a fixed table, which holds the count of its last
//! bump. Whoever asks the upstream reads the clock *before*; the answer is good only while none of its tags was
//! bumped since. So an answer that was under way when the bump came is as dead as one that was kept before,
//! even if its tag was unknown when the question was asked, as with the rows of a list. Two tags in one slot
//! cost a refetch, never a stale answer.
//!
//! Instances that share a cache (`shared`) share the places of the tags in their tables, and nothing else of them: a
//! place is a keyed hash of a few bits.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use ring::hmac;

use crate::domain::caller::Fingerprint;
use crate::domain::id::CustomerId;
use crate::domain::id::FwoId;
use crate::domain::id::Id;

/// Slots in the table: 4,096 of them are 64 KiB and make a chance collision of two live tags rare.
pub(super) const SLOTS: usize = 4096;

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

impl Tag {
    /// The tag as bytes, no two tags alike: what is hashed where instances must agree on its place.
    fn bytes(self) -> [u8; 34] {
        let (kind, sort, name): (u8, u8, &[u8]) = match &self {
            Tag::Everything(caller) => (0, 0, caller.as_bytes()),
            Tag::Lists(caller, Kind::Customers) => (1, 0, caller.as_bytes()),
            Tag::Lists(caller, Kind::Fwos) => (1, 1, caller.as_bytes()),
            Tag::Customer(id) => (2, 0, &id.get().to_be_bytes()),
            Tag::Fwo(id) => (3, 0, &id.get().to_be_bytes()),
        };
        let mut bytes = [0; 34];
        (bytes[0], bytes[1]) = (kind, sort);
        bytes[2..2 + name.len()].copy_from_slice(name);
        bytes
    }
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

/// Where a tag stands in the table: all that other instances hear of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Place(u16);

impl Place {
    /// The place with this number, if there is one.
    pub(super) fn new(number: u16) -> Option<Self> {
        (usize::from(number) < SLOTS).then_some(Place(number))
    }

    /// Its number, below [`SLOTS`].
    pub(super) fn number(self) -> u16 {
        self.0
    }
}

/// How a tag comes to its place.
enum Places {
    /// As in no other process.
    Own(RandomState),
    /// As in every instance with the same key.
    Shared(hmac::Key),
}

#[derive(Default)]
struct Slot {
    bumped: AtomicU64,
    /// How many writes of unknown outcome keep it closed.
    closed: AtomicU32,
}

/// The clock and its table.
pub(super) struct Epochs {
    clock: AtomicU64,
    /// When everything ended last.
    ended: AtomicU64,
    slots: Box<[Slot]>,
    places: Places,
}

impl Epochs {
    /// Epochs that nobody else knows of.
    pub(super) fn new() -> Self {
        Epochs::with(Places::Own(RandomState::new()))
    }

    /// Epochs in which a tag has the same place as in every instance with this key.
    pub(super) fn shared(key: hmac::Key) -> Self {
        Epochs::with(Places::Shared(key))
    }

    fn with(places: Places) -> Self {
        Epochs {
            clock: AtomicU64::new(0),
            ended: AtomicU64::new(0),
            slots: (0..SLOTS).map(|_| Slot::default()).collect(),
            places,
        }
    }

    /// The clock now; to be read before the fetch that it guards.
    pub(super) fn now(&self) -> Moment {
        Moment(self.clock.load(Ordering::SeqCst))
    }

    /// Whether what was asked at `asked` is still good for all of these tags.
    pub(super) fn hold(&self, tags: &[Tag], asked: Moment) -> bool {
        let holds = |tag: &Tag| {
            let slot = self.slot(self.place(*tag));
            // In this order: what opens a slot bumps it first.
            slot.closed.load(Ordering::SeqCst) == 0 && slot.bumped.load(Ordering::SeqCst) <= asked.0
        };
        self.ended.load(Ordering::SeqCst) <= asked.0 && tags.iter().all(holds)
    }

    /// Ends what was asked about `tag` until now.
    pub(super) fn bump(&self, tag: Tag) {
        self.bump_place(self.place(tag));
    }

    /// Ends what was asked until now about whatever has this place.
    pub(super) fn bump_place(&self, place: Place) {
        let now = self.tick();
        self.slot(place).bumped.fetch_max(now, Ordering::SeqCst);
    }

    /// Ends all that was asked until now.
    pub(super) fn end_all(&self) {
        let now = self.tick();
        self.ended.fetch_max(now, Ordering::SeqCst);
    }

    /// Moves the clock on. First the clock, then a slot: whoever reads the new time asks after the bump.
    fn tick(&self) -> u64 {
        self.clock.fetch_add(1, Ordering::SeqCst) + 1
    }

    /// Closes these places: nothing about what has them is good until they are opened again, once for each time.
    pub(super) fn close(&self, places: &[Place]) {
        for place in places {
            self.slot(*place).closed.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// Opens places that were closed, and ends what was asked meanwhile.
    pub(super) fn open(&self, places: &[Place]) {
        for place in places {
            self.bump_place(*place);
            self.slot(*place).closed.fetch_sub(1, Ordering::SeqCst);
        }
    }

    /// The places of these tags.
    pub(super) fn places(&self, tags: &[Tag]) -> Vec<Place> {
        tags.iter().map(|tag| self.place(*tag)).collect()
    }

    fn place(&self, tag: Tag) -> Place {
        let hash = match &self.places {
            Places::Own(hasher) => hasher.hash_one(tag),
            Places::Shared(key) => {
                let hash = hmac::sign(key, &tag.bytes());
                let (first, _) = hash.as_ref().split_first_chunk().expect("it has 32 bytes");
                u64::from_be_bytes(*first)
            }
        };
        // The remainder of a division by SLOTS is below SLOTS, which is within u16.
        Place((hash % SLOTS as u64) as u16)
    }

    fn slot(&self, place: Place) -> &Slot {
        &self.slots[usize::from(place.0)]
    }
}

#[cfg(test)]
mod tests {
    use super::Epochs;
    use super::Kind;
    use super::Tag;
    use crate::domain::caller::BearerToken;
    use crate::domain::caller::FingerprintKey;
    use crate::domain::id::CustomerId;
    use crate::domain::id::FwoId;
    use crate::domain::id::Id;
    use ring::hmac;

    fn customer() -> Tag {
        Tag::Customer(CustomerId::new(3).expect("an id"))
    }

    #[test]
    fn what_is_closed_is_not_good_until_it_is_opened_as_often_as_it_was_closed() {
        let epochs = Epochs::new();
        let places = epochs.places(&[customer()]);
        epochs.close(&places);
        epochs.close(&places);
        epochs.open(&places);
        let meanwhile = epochs.now();
        assert!(!epochs.hold(&[customer()], meanwhile));
        epochs.open(&places);
        assert!(
            !epochs.hold(&[customer()], meanwhile),
            "it was asked before the end"
        );
        assert!(epochs.hold(&[customer()], epochs.now()));
    }

    #[test]
    fn the_end_of_all_ends_what_has_no_place_yet() {
        let epochs = Epochs::new();
        let before = epochs.now();
        epochs.end_all();
        assert!(!epochs.hold(&[], before) && !epochs.hold(&[customer()], before));
        assert!(epochs.hold(&[customer()], epochs.now()));
    }

    #[test]
    fn instances_with_the_same_key_agree_on_the_places_of_all_tags() {
        let key = |secret: u8| hmac::Key::new(hmac::HMAC_SHA256, &[secret; 32]);
        let places = |epochs: Epochs| {
            let caller = FingerprintKey::new(b"secret");
            let caller = BearerToken::parse("ada").map(|token| caller.fingerprint(&token));
            let caller = caller.expect("a token");
            let order = FwoId::new(3).expect("an id");
            epochs.places(&[
                Tag::Everything(caller),
                Tag::Lists(caller, Kind::Customers),
                Tag::Lists(caller, Kind::Fwos),
                customer(),
                Tag::Fwo(order),
            ])
        };
        let one = places(Epochs::shared(key(1)));
        assert_eq!(one, places(Epochs::shared(key(1))));
        assert_ne!(one, places(Epochs::shared(key(2))));
        let mut distinct = one.clone();
        distinct.sort();
        distinct.dedup();
        assert_eq!(distinct.len(), one.len(), "they are five places of 4,096");
    }
}
