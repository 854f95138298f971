//! The store: a shelf for each caller, and on it that caller's entries, the one used longest ago in front.
//!
//! A shelf has its own budget, so that nobody who reads much can push out what others keep; all shelves together have
//! one more. Whatever ends a caller (a refused token, the token's end, an absence) takes the shelf away as a whole, and
//! what was asked for a shelf that is gone is not kept: the next shelf of that caller has another number.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;

use hashlink::LruCache;
use tokio::time::Instant;

use crate::domain::caller::CachePolicy;
use crate::domain::caller::Caller;
use crate::domain::caller::Fingerprint;
use crate::domain::ledger::Kept;
use crate::upstream::cache::Original;
use crate::upstream::cache::entry::Entry;
use crate::upstream::epochs::Epochs;
use crate::upstream::epochs::Moment;
use crate::upstream::epochs::Tag;
use crate::upstream::metrics::Metrics;
use crate::upstream::question::Key;
use crate::upstream::question::Question;
use crate::upstream::question::Subject;
use crate::upstream::shared;
use crate::upstream::shared::Found;
use crate::upstream::shared::Shared;
use crate::upstream::shared::Sight;

/// Parts that lock by themselves. A fingerprint is as good as random, so that callers spread over them.
const SHARDS: usize = 16;

/// What an empty shelf costs: its place in the table, and the list heads (counted, not measured).
const SHELF_BYTES: u64 = 256;

/// How long a shelf stays that nothing is put on: longer than any fetch for it is under way.
const SHELF_IDLE: Duration = Duration::from_secs(30);

/// How much memory answers may take.
#[derive(Clone, Copy, Debug)]
pub(in crate::upstream) struct Room {
    /// For all callers together, in bytes.
    pub(in crate::upstream) bytes_max: u64,
    /// For one of them.
    pub(in crate::upstream) caller_bytes_max: u64,
}

/// All shelves.
pub(in crate::upstream) struct Store {
    shards: Box<[Mutex<Shelves>]>,
    room: Room,
    /// Shelves made until now: the number of the last one.
    made: AtomicU64,
    /// Which shard gives room next.
    hand: AtomicU64,
    epochs: Arc<Epochs>,
    shared: Arc<Shared>,
    metrics: Arc<Metrics>,
}

type Shelves = LruCache<Fingerprint, Shelf>;

struct Shelf {
    number: u64,
    entries: LruCache<Key, Entry>,
    bytes: u64,
    /// When the last of its entries is of no use any more.
    ends_at: Instant,
    asked_at: Instant,
    /// When it was last known that no other instance had heard the caller refused.
    looked_at: Instant,
}

/// When a question was put, and for which shelf: what its answer may be kept for follows from that, not from when it
/// came.
#[derive(Clone, Copy, Debug)]
pub(in crate::upstream) struct Asked {
    pub(super) at: Instant,
    pub(super) token_end: Instant,
    pub(super) moment: Moment,
    shelf: u64,
    /// What ends its answer.
    tags: [Tag; 2],
    /// How far the log of the other instances had been read, where that is known.
    sight: Option<Sight>,
}

impl Asked {
    /// The question as other instances may put it.
    fn shared<'a>(&'a self, caller: &'a Caller, call: &'a str) -> shared::Question<'a> {
        shared::Question {
            caller,
            call,
            tags: &self.tags,
            moment: self.moment,
        }
    }
}

impl Store {
    pub(in crate::upstream) fn new(
        room: Room,
        epochs: Arc<Epochs>,
        shared: Arc<Shared>,
        metrics: Arc<Metrics>,
    ) -> Self {
        let shelves = || Mutex::new(LruCache::new_unbounded());
        Store {
            shards: std::iter::repeat_with(shelves).take(SHARDS).collect(),
            room,
            made: AtomicU64::new(0),
            hand: AtomicU64::new(0),
            epochs,
            shared,
            metrics,
        }
    }

    pub(super) fn shared(&self) -> &Shared {
        &self.shared
    }

    pub(super) fn epochs(&self) -> &Epochs {
        &self.epochs
    }

    pub(super) fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// Whether what is kept may answer this caller's request, as far as other instances are concerned. Where one of them
    /// heard the caller refused, the shelf is taken away first.
    pub(super) async fn trusts(&self, caller: &Caller) -> bool {
        if !self.shared.trusts(caller).await {
            return false;
        }
        if self.shared.is_alone() {
            return true;
        }
        let fingerprint = caller.fingerprint();
        let mut shelves = self.shelves(fingerprint);
        let Some(shelf) = shelves.peek_mut(&fingerprint) else {
            return true;
        };
        let looked_at = std::mem::replace(&mut shelf.looked_at, Instant::now());
        if self.shared.refused_since(fingerprint, looked_at)
            && let Some(shelf) = shelves.remove(&fingerprint)
        {
            self.is_gone(&shelf);
        }
        true
    }

    /// To be called before the upstream is; bumps of `tags` end the answer.
    pub(in crate::upstream) fn ask(&self, caller: &Caller, tags: [Tag; 2]) -> Asked {
        let (now, moment) = (Instant::now(), self.epochs.now());
        let mut shelves = self.shelves(caller.fingerprint());
        let shelf = shelves.entry(caller.fingerprint()).or_insert_with(|| {
            self.metrics.kept.callers.inc();
            self.metrics.kept.bytes.inc_by(SHELF_BYTES);
            Shelf {
                number: self.made.fetch_add(1, Ordering::Relaxed),
                entries: LruCache::new_unbounded(),
                bytes: 0,
                ends_at: now,
                asked_at: now,
                looked_at: now,
            }
        });
        shelf.asked_at = now;
        Asked {
            at: now,
            token_end: caller.token_end(),
            moment,
            shelf: shelf.number,
            tags,
            sight: self.shared.sight(),
        }
    }

    /// The answer that another instance keeps to a question that was put just now, if it is still good and does for
    /// this caller.
    pub(in crate::upstream) async fn find(
        &self,
        caller: &Caller,
        asked: &Asked,
        call: &str,
    ) -> Option<Found> {
        if caller.cache_policy() != CachePolicy::Any || !self.shared.trusts(caller).await {
            return None;
        }
        let found = self.shared.find(&asked.shared(caller, call)).await?;
        let (age, until) = (found.asked_at.elapsed(), found.good_until);
        caller
            .takes_kept(found.asked_at, age, until)
            .then_some(found)
    }

    /// Keeps an answer for the other instances as well, as long as it is fresh here.
    pub(super) fn share(&self, caller: &Caller, asked: &Asked, original: Original, kept: Kept) {
        let now = Instant::now();
        let asked_at = now.checked_sub(kept.age).unwrap_or(now);
        let Original { call, body } = original;
        self.shared.keep(
            &asked.shared(caller, &call),
            asked.sight,
            asked_at,
            now + kept.fresh_for,
            body,
        );
    }

    /// Whether nothing ended the caller since that was asked.
    pub(super) fn is_there<T: Subject>(&self, question: &Question<T>, asked: &Asked) -> bool {
        let shelves = self.shelves(question.caller());
        let shelf = shelves.peek(&question.caller());
        shelf.is_some_and(|shelf| shelf.number == asked.shelf)
    }

    pub(super) fn get<T: Subject>(&self, question: &Question<T>) -> Option<Entry> {
        let mut shelves = self.shelves(question.caller());
        let shelf = shelves.get_mut(&question.caller())?;
        shelf.entries.get(&question.key()).cloned()
    }

    /// Keeps an entry on the shelf that it was asked for.
    pub(super) fn put<T: Subject>(&self, question: &Question<T>, asked: &Asked, entry: Entry) {
        let mut shelves = self.shelves(question.caller());
        let shelf = shelves.get_mut(&question.caller());
        let Some(shelf) = shelf.filter(|shelf| shelf.number == asked.shelf) else {
            return;
        };
        let key = question.key();
        let kept = shelf.entries.peek(&key);
        if kept.is_some_and(|kept| kept.asked_at() > entry.asked_at()) {
            // It was asked for earlier and came later: nobody is to see the world go backwards.
            return;
        }
        let (before, bytes) = (shelf.bytes, entry.bytes());
        shelf.ends_at = shelf.ends_at.max(entry.ends_at());
        match shelf.entries.insert(key, entry) {
            Some(old) => shelf.bytes = shelf.bytes + bytes - old.bytes(),
            None => {
                shelf.bytes += bytes;
                self.metrics.kept.entries.inc();
            }
        }
        while shelf.bytes > self.room.caller_bytes_max && self.take_oldest(shelf) {}
        self.account(before, shelf.bytes);
        drop(shelves);
        self.make_room();
    }

    /// Changes an entry, if it is still there.
    pub(super) fn amend<T: Subject>(&self, question: &Question<T>, amend: impl FnOnce(&mut Entry)) {
        let mut shelves = self.shelves(question.caller());
        let shelf = shelves.peek_mut(&question.caller());
        if let Some(entry) = shelf.and_then(|shelf| shelf.entries.peek_mut(&question.key())) {
            amend(entry);
        }
    }

    pub(in crate::upstream) fn remove<T: Subject>(&self, question: &Question<T>) {
        let mut shelves = self.shelves(question.caller());
        let Some(shelf) = shelves.peek_mut(&question.caller()) else {
            return;
        };
        if let Some(entry) = shelf.entries.remove(&question.key()) {
            let before = shelf.bytes;
            shelf.bytes -= entry.bytes();
            self.metrics.kept.entries.dec();
            self.account(before, shelf.bytes);
        }
    }

    /// Ends a caller: whatever is kept for them, and whatever is under way.
    pub(in crate::upstream) fn forget(&self, caller: Fingerprint) {
        let shelf = self.shelves(caller).remove(&caller);
        if let Some(shelf) = shelf {
            self.is_gone(&shelf);
        }
    }

    /// Gives back the memory of what is of no use any more, and of callers who have gone.
    pub(in crate::upstream) fn tidy(&self) {
        let now = Instant::now();
        for shard in &self.shards {
            let mut shelves = lock(shard);
            shelves.retain(|_, shelf| {
                let before = shelf.bytes;
                while shelf
                    .entries
                    .iter()
                    .next()
                    .is_some_and(|(_, oldest)| oldest.ends_at() <= now)
                    && self.take_oldest(shelf)
                {}
                self.account(before, shelf.bytes);
                let lives = now < shelf.ends_at || now < shelf.asked_at + SHELF_IDLE;
                if !lives {
                    self.is_gone(shelf);
                }
                lives
            });
        }
    }

    /// Takes the entry away that was used longest ago on the shelf that was; from one shard after the other, so that
    /// all give alike.
    fn make_room(&self) {
        let mut in_vain = 0;
        while self.metrics.kept.bytes.get() > self.room.bytes_max && in_vain < SHARDS {
            let hand = self.hand.fetch_add(1, Ordering::Relaxed) % SHARDS as u64;
            // Below SHARDS, which is a usize.
            let mut shelves = lock(&self.shards[hand as usize]);
            let Some(caller) = shelves.iter().next().map(|(caller, _)| *caller) else {
                in_vain += 1;
                continue;
            };
            in_vain = 0;
            let Some(shelf) = shelves.peek_mut(&caller) else {
                continue;
            };
            let before = shelf.bytes;
            if self.take_oldest(shelf) {
                self.account(before, shelf.bytes);
            } else if let Some(shelf) = shelves.remove(&caller) {
                self.is_gone(&shelf);
            }
        }
    }

    /// Whether there was one.
    fn take_oldest(&self, shelf: &mut Shelf) -> bool {
        let Some((_, entry)) = shelf.entries.remove_lru() else {
            return false;
        };
        shelf.bytes -= entry.bytes();
        self.metrics.kept.entries.dec();
        true
    }

    fn is_gone(&self, shelf: &Shelf) {
        let kept = &self.metrics.kept;
        kept.callers.dec();
        kept.entries.dec_by(shelf.entries.len() as u64);
        kept.bytes.dec_by(shelf.bytes + SHELF_BYTES);
    }

    fn account(&self, before: u64, after: u64) {
        let bytes = &self.metrics.kept.bytes;
        if after > before {
            bytes.inc_by(after - before);
        } else {
            bytes.dec_by(before - after);
        }
    }

    fn shelves(&self, caller: Fingerprint) -> MutexGuard<'_, Shelves> {
        let shard = usize::from(caller.as_bytes()[0]) % SHARDS;
        lock(&self.shards[shard])
    }
}

/// A panic elsewhere does not make a shard wrong: it is changed by the lines above alone.
fn lock(shard: &Mutex<Shelves>) -> MutexGuard<'_, Shelves> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}
