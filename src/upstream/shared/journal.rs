//! The journal: what an instance has read of the log, and what follows from it for what is kept.
//!
//! Each entry ends what was asked before it about some places: what this process keeps, by bumping the local epochs,
//! and what the store keeps, by remembering the position. An unreadable entry may say anything, so it ends all, and
//! nothing is trusted until whatever it may have begun is over: a gateway with another secret writes such entries.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use ring::hmac;
use tokio::time::Instant;

use crate::upstream::epochs::Epochs;
use crate::upstream::epochs::Place;
use crate::upstream::epochs::SLOTS;
use crate::upstream::shared::link::Incarnation;
use crate::upstream::shared::notice::CallerMark;
use crate::upstream::shared::notice::Notice;
use crate::upstream::shared::notice::WriteId;
use crate::upstream::shared::position::Position;

/// Most refused callers remembered, 64 bytes each. More within `hold` of each other end everything: it takes an attacker
/// a thousand upstream calls a second to cool the caches.
const REFUSED_MAX: usize = 65_536;

/// How far an instance has read, and in which log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sight {
    pub(super) incarnation: Incarnation,
    pub(super) position: Position,
}

/// What was read.
pub(super) struct Journal {
    key: hmac::Key,
    epochs: Arc<Epochs>,
    /// How long an unreadable entry may keep things closed, and a refused caller is remembered: longer than an answer
    /// lives in the store.
    hold: Duration,
    sight: Sight,
    /// What was asked before is not used.
    floor: Position,
    /// Where each place was bumped last.
    bumped: Box<[Position]>,
    open: HashMap<WriteId, Open>,
    refused: HashMap<CallerMark, Refusal>,
    blind_until: Option<Instant>,
}

/// Where a refusal stands, and when it was read.
struct Refusal {
    at: Position,
    read_at: Instant,
}

/// A write that keeps its places closed.
struct Open {
    places: Vec<Place>,
    until: Instant,
}

impl Journal {
    /// A journal in which nothing stands. Unreadable entries end after `hold`, and so do refusals.
    pub(super) fn new(key: hmac::Key, epochs: Arc<Epochs>, hold: Duration) -> Self {
        Journal {
            key,
            epochs,
            hold,
            sight: Sight {
                incarnation: Incarnation([0; 16]),
                position: Position::default(),
            },
            floor: Position::default(),
            bumped: vec![Position::default(); SLOTS].into(),
            open: HashMap::new(),
            refused: HashMap::new(),
            blind_until: None,
        }
    }

    /// Begins anew: all that this process keeps has ended, and of what the store keeps only that is used which was
    /// asked for in this incarnation at `floor` or later. The entries from there on must follow.
    pub(super) fn begin(&mut self, incarnation: Incarnation, floor: Position) {
        self.epochs.end_all();
        self.sight = Sight {
            incarnation,
            position: floor,
        };
        self.floor = floor;
        self.bumped.fill(Position::default());
    }

    /// Forgets what the store keeps of before `floor`.
    pub(super) fn raise_floor(&mut self, floor: Position) {
        self.floor = self.floor.max(floor);
    }

    /// Reads the entry after those that were read.
    pub(super) fn read(&mut self, position: Position, bytes: &[u8]) {
        match Notice::read(bytes, &self.key) {
            Some(Notice::Joined) => {}
            Some(Notice::Begun {
                write,
                places,
                within,
            }) => {
                self.bump(&places, position);
                self.close(write, places, within);
            }
            Some(Notice::Ended { write, places }) => {
                self.bump(&places, position);
                self.open(write);
            }
            Some(Notice::MayLand {
                write,
                places,
                within,
            }) => {
                self.bump(&places, position);
                self.open(write);
                self.close(write, places, within);
            }
            Some(Notice::Refused { caller }) => self.refuse(caller, position),
            Some(Notice::Everything) => self.end_all(position),
            None => {
                self.end_all(position);
                self.blind_until = Some(Instant::now() + self.hold);
            }
        }
        self.sight.position = position;
    }

    /// Opens what has been closed for as long as it may be: its end was lost. Call it when the log was read to its end,
    /// before trusting the journal.
    pub(super) fn settle(&mut self) {
        let now = Instant::now();
        let over = |open: &Open| open.until <= now;
        let writes = self.open.iter().filter(|(_, open)| over(open));
        let writes: Vec<_> = writes.map(|(write, _)| *write).collect();
        for write in writes {
            self.give_up(write);
        }
        self.blind_until = self.blind_until.filter(|until| *until > now);
        let hold = self.hold;
        self.refused
            .retain(|_, refusal| now < refusal.read_at + hold);
    }

    /// Whether an entry that cannot be read may still mean something.
    pub(super) fn is_blind(&self) -> bool {
        self.blind_until.is_some()
    }

    /// How far it has been read.
    pub(super) fn sight(&self) -> Sight {
        self.sight
    }

    /// Whether this caller may have been refused since this process looked last: a refusal was read meanwhile, or that
    /// is longer ago than refusals are remembered.
    pub(super) fn refused_since(&self, caller: CallerMark, looked: Instant) -> bool {
        let refusal = self.refused.get(&caller);
        let is_read = refusal.is_some_and(|refusal| refusal.read_at >= looked);
        is_read || looked + self.hold <= Instant::now()
    }

    /// Whether nothing that was read speaks against an answer of this caller about these places that was asked for
    /// with `asked` in sight. What happened in this process alone, and what is closed, the epochs know.
    pub(super) fn permits(&self, caller: CallerMark, places: &[Place], asked: Sight) -> bool {
        let refusal = self.refused.get(&caller);
        if refusal.is_some_and(|refusal| refusal.at > asked.position) {
            return false;
        }
        let last = |place: &Place| self.bumped[usize::from(place.number())];
        asked.incarnation == self.sight.incarnation
            && (self.floor..=self.sight.position).contains(&asked.position)
            && places.iter().all(|place| last(place) <= asked.position)
    }

    /// First the position, then the epoch: whoever reads the new epoch finds the position.
    fn bump(&mut self, places: &[Place], position: Position) {
        for place in places {
            self.bumped[usize::from(place.number())] = position;
        }
        for place in places {
            self.epochs.bump_place(*place);
        }
    }

    fn refuse(&mut self, caller: CallerMark, at: Position) {
        if self.refused.len() >= REFUSED_MAX {
            self.end_all(at);
            self.refused.clear();
        }
        let read_at = Instant::now();
        self.refused.insert(caller, Refusal { at, read_at });
    }

    fn end_all(&mut self, position: Position) {
        self.raise_floor(position);
        self.epochs.end_all();
    }

    fn close(&mut self, write: WriteId, places: Vec<Place>, within: Duration) {
        // The log may be read twice.
        if self.open.contains_key(&write) {
            return;
        }
        self.epochs.close(&places);
        let until = Instant::now() + within;
        self.open.insert(write, Open { places, until });
    }

    /// Opens what a write has closed whose end nobody tells. It may have taken effect at any time until now, and so
    /// nothing is used that was asked for with what was read until now in sight.
    fn give_up(&mut self, write: WriteId) {
        let now = self.sight.position.next();
        if let Some(open) = self.open.get(&write) {
            for place in &open.places {
                self.bumped[usize::from(place.number())] = now;
            }
        }
        self.open(write);
    }

    fn open(&mut self, write: WriteId) {
        if let Some(open) = self.open.remove(&write) {
            self.epochs.open(&open.places);
        }
    }
}
