//! What the upstream holds: tokens, and for each of them rows that say whose they are.
//!
//! Every row is marked with a keyed hash of the token that it was read with, and so is the length of every list. Ids
//! are shared by many users, so that a key of a cache which forgot whose it is would find somebody else's row.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::RwLock;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::time::Instant;

use crate::weather::Sky;

/// Objects of each kind that a user writes to.
pub(crate) const WRITTEN: usize = 8;

/// Ids that one user may see, of each kind.
const IDS: i64 = 40;

/// Users share their ids with every so many others.
const GROUPS: usize = 50;

/// What every token begins with, so that it can be looked for where none may be.
pub(crate) const TOKEN_MARKER: &str = "soak-token-";

/// What every mark begins with.
pub(crate) const MARK_PREFIX: &str = "owner-";

/// A defect that is planted to see that it is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// Some lists have a row of somebody else.
    ForeignRow,
    /// Some lists say somebody else's length.
    ForeignTotal,
    /// Writes are acknowledged and forgotten.
    LostWrite,
    /// A token that was refused is taken again.
    UndeadToken,
    /// Some failures are kept from the books.
    HiddenFailure,
}

/// A kind of object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Kind {
    Customer,
    Fwo,
}

/// The keyed hash of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Mark(u64);

impl Mark {
    /// The mark as rows carry it.
    pub(crate) fn text(self) -> String {
        format!("{MARK_PREFIX}{:016x}", self.0)
    }

    /// How many objects of a kind there are for the token.
    pub(crate) fn total(self, kind: Kind) -> u64 {
        match kind {
            Kind::Customer => 12 + self.0 % 13,
            Kind::Fwo => 15 + (self.0 >> 8) % 16,
        }
    }

    /// Somebody else's.
    pub(crate) fn other(self) -> Self {
        Mark(self.0.rotate_left(17) ^ 1)
    }
}

/// How long tokens live.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lives {
    /// The shortest life of a token that is taken back before its time.
    pub(crate) least: Duration,
    /// The longest.
    pub(crate) most: Duration,
    /// How many in a hundred are not taken back but told to live a minute, the least that can be told.
    pub(crate) told: u8,
}

/// A token that was given to a user.
pub(crate) struct Grant {
    pub(crate) user: usize,
    pub(crate) mark: Mark,
    /// When it is no longer taken.
    pub(crate) ends: Instant,
    /// How many minutes its login was told.
    pub(crate) minutes: u64,
    refused: AtomicU64,
}

impl Grant {
    /// Whether the token has ended, or will within `margin`.
    pub(crate) fn has_ended(&self, margin: Duration) -> bool {
        Instant::now() + margin >= self.ends
    }

    /// Notes that it was refused; how often it was before.
    pub(crate) fn refuse(&self) -> u64 {
        self.refused.fetch_add(1, Ordering::Relaxed)
    }
}

/// The versions of what one user writes to.
pub(crate) type Versions = HashMap<(Kind, usize), u64>;

/// All of it.
pub(crate) struct Books {
    pub(crate) flaw: Option<Flaw>,
    lives: Lives,
    key: RandomState,
    grants: RwLock<HashMap<String, Arc<Grant>>>,
    issued: AtomicU64,
    held: Vec<Mutex<Versions>>,
    pub(crate) skies: Vec<Mutex<Sky>>,
    /// Requests that were received.
    pub(crate) calls: AtomicU64,
    /// Writes that came with somebody else's object.
    pub(crate) foreign_writes: AtomicU64,
}

impl Books {
    pub(crate) fn new(users: usize, lives: Lives, flaw: Option<Flaw>) -> Self {
        Books {
            flaw,
            lives,
            key: RandomState::new(),
            grants: RwLock::default(),
            issued: AtomicU64::new(0),
            held: (0..users).map(|_| Mutex::default()).collect(),
            skies: (0..users).map(|_| Mutex::default()).collect(),
            calls: AtomicU64::new(0),
            foreign_writes: AtomicU64::new(0),
        }
    }

    /// A new token for a user.
    pub(crate) fn grant(&self, user: usize) -> (String, Arc<Grant>) {
        let number = self.issued.fetch_add(1, Ordering::Relaxed);
        let token = format!("{TOKEN_MARKER}{number}-{:016x}", fastrand::u64(..));
        let (life, minutes) = if fastrand::u8(0..100) < self.lives.told {
            (Duration::from_secs(60), 1)
        } else {
            let span = self.lives.most - self.lives.least;
            (self.lives.least + span.mul_f64(fastrand::f64()), 60)
        };
        let grant = Arc::new(Grant {
            user,
            mark: Mark(self.key.hash_one(&token)),
            ends: Instant::now() + life,
            minutes,
            refused: AtomicU64::new(0),
        });
        let mut grants = self.grants.write().unwrap();
        grants.insert(token.clone(), grant.clone());
        (token, grant)
    }

    /// What is known of a token.
    pub(crate) fn known(&self, token: &str) -> Option<Arc<Grant>> {
        self.grants.read().unwrap().get(token).cloned()
    }

    /// How many tokens there were.
    pub(crate) fn issued(&self) -> u64 {
        self.issued.load(Ordering::Relaxed)
    }

    /// The version of each object that the user has written to.
    pub(crate) fn versions(&self, user: usize) -> Versions {
        self.held[user].lock().unwrap().clone()
    }

    /// Takes a version. A late write does not undo a newer one: versions only grow.
    pub(crate) fn write(&self, user: usize, kind: Kind, place: usize, version: u64) {
        if self.flaw == Some(Flaw::LostWrite) {
            return;
        }
        let mut held = self.held[user].lock().unwrap();
        let now = held.entry((kind, place)).or_default();
        *now = version.max(*now);
    }
}

/// The id of a user's object.
pub(crate) fn id(user: usize, place: usize) -> i64 {
    (user % GROUPS) as i64 * IDS + place as i64 + 1
}

/// The place of an id among a user's objects.
pub(crate) fn place(user: usize, id: i64) -> Option<usize> {
    usize::try_from(id - self::id(user, 0)).ok()
}

/// An id that no object of the user has.
pub(crate) fn absent(user: usize) -> i64 {
    id(user, 0) + 900_000
}

/// The number in a text such as `owner-… v12`.
pub(crate) fn version(text: &str) -> Option<u64> {
    text.rsplit(' ').next()?.strip_prefix('v')?.parse().ok()
}
