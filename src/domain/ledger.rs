//! What one request cost: the upstream calls that it made, and the answers that it found made already.
//!
//! A request has a ledger only where its caller asks to see one; without it no question is written down. How fresh
//! the answers were is always added up, because the doors tell it to everybody.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::Instant;

use crate::domain::error::Error;
use crate::domain::freshness::Freshness;
use crate::domain::freshness::Parts;

/// How much a caller asks to see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// How much in all.
    Totals,
    /// Each question, too.
    Questions,
}

/// What a caller asks with: a header of HTTP, or metadata of gRPC.
pub const HEADER: &str = "x-explain";

impl Detail {
    /// What the value of [`HEADER`] asks for; nothing for `0` and where there is none.
    ///
    /// Fails with `InvalidInput` for anything but `0`, `1` and `2`.
    pub fn asked(value: Option<&[u8]>) -> Result<Option<Self>, Error> {
        match value {
            None | Some(b"0") => Ok(None),
            Some(b"1") => Ok(Some(Detail::Totals)),
            Some(b"2") => Ok(Some(Detail::Questions)),
            Some(_) => Err(Error::invalid(HEADER, "must be 0, 1 or 2")),
        }
    }
}

/// What became of a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// It was answered from the cache.
    Hit,
    /// It was answered from the cache past its freshness.
    Stale,
    /// It was answered from the cache that instances share.
    Shared,
    /// It was asked upstream.
    Miss,
    /// It was asked upstream, which said that the kept answer is still right.
    Revalidated,
    /// It joined one that was under way.
    Coalesced,
}

impl Outcome {
    /// All of them.
    pub const ALL: [Outcome; 6] = [
        Outcome::Hit,
        Outcome::Stale,
        Outcome::Shared,
        Outcome::Miss,
        Outcome::Revalidated,
        Outcome::Coalesced,
    ];

    /// The word that both doors show.
    pub const fn word(self) -> &'static str {
        match self {
            Outcome::Hit => "HIT",
            Outcome::Stale => "STALE",
            Outcome::Shared => "SHARED",
            Outcome::Miss => "MISS",
            Outcome::Revalidated => "REVALIDATED",
            Outcome::Coalesced => "COALESCED",
        }
    }
}

/// How an answer of the cache stands in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    /// How long ago it was asked for.
    pub age: Duration,
    /// How much longer it is fresh; zero for a stale one.
    pub fresh_for: Duration,
}

/// One question.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// The field that asked, where the door has fields: `fwos.edges.0.node.customer`.
    pub path: Option<Arc<str>>,
    /// The upstream call that answers it: `GET /customer/3`.
    pub call: String,
    /// What became of it.
    pub outcome: Outcome,
    /// How its answer stood in the cache; `None` where it came from elsewhere and was not kept.
    pub kept: Option<Kept>,
    /// Why its answer is not kept, or not for as long as others.
    pub not_kept: Option<&'static str>,
    /// How long its answer took.
    pub elapsed: Duration,
}

/// How much in all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Upstream calls that the request might have made, as was known before the first one.
    pub bound: u64,
    /// Upstream calls that were made, each try counted.
    pub actual: u64,
    /// Those of them to which the upstream said that the kept answer is still right.
    pub revalidated: u64,
    /// Questions that were answered from the cache.
    pub cached: u64,
    /// Those of them that were answered past their freshness.
    pub stale: u64,
    /// Questions that joined one under way.
    pub coalesced: u64,
}

/// The ledger of one request.
#[derive(Debug)]
pub struct Ledger {
    bound: AtomicU64,
    actual: AtomicU64,
    revalidated: AtomicU64,
    cached: AtomicU64,
    stale: AtomicU64,
    coalesced: AtomicU64,
    questions: Option<Mutex<Vec<Question>>>,
}

impl Ledger {
    /// An empty ledger.
    pub fn new(detail: Detail) -> Arc<Self> {
        Arc::new(Ledger {
            bound: AtomicU64::new(0),
            actual: AtomicU64::new(0),
            revalidated: AtomicU64::new(0),
            cached: AtomicU64::new(0),
            stale: AtomicU64::new(0),
            coalesced: AtomicU64::new(0),
            questions: match detail {
                Detail::Totals => None,
                Detail::Questions => Some(Mutex::default()),
            },
        })
    }

    /// How much in all until now.
    pub fn totals(&self) -> Totals {
        Totals {
            bound: self.bound.load(Ordering::Relaxed),
            actual: self.actual.load(Ordering::Relaxed),
            revalidated: self.revalidated.load(Ordering::Relaxed),
            cached: self.cached.load(Ordering::Relaxed),
            stale: self.stale.load(Ordering::Relaxed),
            coalesced: self.coalesced.load(Ordering::Relaxed),
        }
    }

    /// Each question until now, in the order of their answers; none where only the totals were asked for.
    pub fn questions(&self) -> Vec<Question> {
        let questions = self.questions.as_ref();
        questions.map_or(Vec::new(), |questions| {
            let questions = questions.lock().unwrap_or_else(PoisonError::into_inner);
            questions.clone()
        })
    }

    fn expect(&self, calls: u64) {
        self.bound.store(calls, Ordering::Relaxed);
    }

    /// Whether each question is to be seen.
    fn has_questions(&self) -> bool {
        self.questions.is_some()
    }

    /// Enters a question; `question` is called only where it is to be seen.
    fn enter(&self, outcome: Outcome, question: impl FnOnce() -> Question) {
        let (total, part) = match outcome {
            Outcome::Hit | Outcome::Shared => (&self.cached, None),
            Outcome::Stale => (&self.cached, Some(&self.stale)),
            Outcome::Miss => (&self.actual, None),
            Outcome::Revalidated => (&self.actual, Some(&self.revalidated)),
            Outcome::Coalesced => (&self.coalesced, None),
        };
        for total in [Some(total), part].into_iter().flatten() {
            total.fetch_add(1, Ordering::Relaxed);
        }
        if let Some(questions) = &self.questions {
            let mut questions = questions.lock().unwrap_or_else(PoisonError::into_inner);
            questions.push(question());
        }
    }

    /// Completes the last question of this field that this call answered, where questions are to be seen.
    fn complete(
        &self,
        path: Option<&Arc<str>>,
        call: impl FnOnce() -> String,
        complete: impl FnOnce(&mut Question),
    ) {
        let Some(questions) = &self.questions else {
            return;
        };
        let call = call();
        let mut questions = questions.lock().unwrap_or_else(PoisonError::into_inner);
        let mut latest = questions.iter_mut().rev();
        let found = latest.find(|question| question.path.as_ref() == path && question.call == call);
        if let Some(question) = found {
            complete(question);
        }
    }
}

/// Where the questions of a request are entered: in its ledger, by the field that asks, or nowhere.
#[derive(Clone, Debug, Default)]
pub struct Account {
    ledger: Option<Arc<Ledger>>,
    /// The field that asks, where the ledger wants to know.
    path: Option<Arc<str>>,
    /// What the result of the request is made of; the default account adds nothing up.
    parts: Option<Arc<Parts>>,
}

impl Account {
    /// The account of one request, with entries into this ledger, where there is one.
    pub fn new(ledger: Option<Arc<Ledger>>) -> Self {
        Account {
            ledger,
            path: None,
            parts: Some(Arc::new(Parts::new())),
        }
    }

    /// The same account, for the field at `path`, which is called only where it is to be seen.
    #[must_use]
    pub fn at(&self, path: impl FnOnce() -> Arc<str>) -> Self {
        Account {
            path: self.has_questions().then(path),
            ..self.clone()
        }
    }

    /// Whether each question is to be seen.
    pub fn has_questions(&self) -> bool {
        self.ledger
            .as_ref()
            .is_some_and(|ledger| ledger.has_questions())
    }

    /// Says how many upstream calls the request may make.
    pub fn expect(&self, calls: u64) {
        if let Some(ledger) = &self.ledger {
            ledger.expect(calls);
        }
    }

    /// Asks upstream, and enters that; `call` is called only where it is to be seen.
    pub async fn asked<T>(
        &self,
        call: impl FnOnce() -> String,
        exchange: impl Future<Output = T>,
    ) -> T {
        let begun = Instant::now();
        let answer = exchange.await;
        self.enter(Outcome::Miss, call, None, begun.elapsed());
        answer
    }

    /// Enters a question; `call` is called only where it is to be seen.
    pub fn enter(
        &self,
        outcome: Outcome,
        call: impl FnOnce() -> String,
        kept: Option<Kept>,
        elapsed: Duration,
    ) {
        if let Some(parts) = &self.parts {
            parts.came_to(outcome);
        }
        if let Some(ledger) = &self.ledger {
            ledger.enter(outcome, || Question {
                path: self.path.clone(),
                call: call(),
                outcome,
                kept,
                not_kept: None,
                elapsed,
            });
        }
    }

    /// Says how the answer to the call just entered is kept: for explain.
    pub fn kept(&self, call: impl FnOnce() -> String, kept: Kept) {
        if let Some(ledger) = &self.ledger {
            ledger.complete(self.path.as_ref(), call, |question| {
                question.kept = Some(kept);
            });
        }
    }

    /// Says why the answer to the call just entered is not kept, or is kept only for the time told: for explain.
    pub fn not_kept(&self, call: impl FnOnce() -> String, why: &'static str) {
        if let Some(ledger) = &self.ledger {
            ledger.complete(self.path.as_ref(), call, |question| {
                question.not_kept = Some(why);
            });
        }
    }

    /// Adds an answer to what the request's result is made of, whether anybody asked for a ledger or not; `None` for
    /// one that may not be kept at all. The result is as old as its oldest part, and fresh as long as the first of them
    /// to go stale.
    pub fn served(&self, kept: Option<Kept>) {
        if let Some(parts) = &self.parts {
            parts.add(kept);
        }
    }

    /// What the answers add up to until now.
    pub fn standing(&self) -> Freshness {
        let parts = self.parts.as_ref();
        parts.map_or(Freshness::default(), |parts| parts.freshness())
    }
}
