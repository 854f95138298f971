//! What one request cost: the upstream calls that it made, and the answers that it found made already.
//!
//! A request has a ledger only where its caller asks to see one; without it nothing is written down, and nothing is
//! allocated for it.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::Instant;

use crate::domain::error::Error;

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
    /// It was asked upstream.
    Miss,
    /// It joined one that was under way.
    Coalesced,
}

impl Outcome {
    /// The word that both doors show.
    pub const fn word(self) -> &'static str {
        match self {
            Outcome::Hit => "HIT",
            Outcome::Miss => "MISS",
            Outcome::Coalesced => "COALESCED",
        }
    }
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
    /// How old a kept answer was.
    pub age: Option<Duration>,
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
    /// Questions that were answered from the cache.
    pub cached: u64,
    /// Questions that joined one under way.
    pub coalesced: u64,
}

/// The ledger of one request.
#[derive(Debug)]
pub struct Ledger {
    bound: AtomicU64,
    actual: AtomicU64,
    cached: AtomicU64,
    coalesced: AtomicU64,
    questions: Option<Mutex<Vec<Question>>>,
}

impl Ledger {
    /// An empty ledger.
    pub fn new(detail: Detail) -> Arc<Self> {
        Arc::new(Ledger {
            bound: AtomicU64::new(0),
            actual: AtomicU64::new(0),
            cached: AtomicU64::new(0),
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
            cached: self.cached.load(Ordering::Relaxed),
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
        let total = match outcome {
            Outcome::Hit => &self.cached,
            Outcome::Miss => &self.actual,
            Outcome::Coalesced => &self.coalesced,
        };
        total.fetch_add(1, Ordering::Relaxed);
        if let Some(questions) = &self.questions {
            let mut questions = questions.lock().unwrap_or_else(PoisonError::into_inner);
            questions.push(question());
        }
    }
}

/// Where the questions of a request are entered: in its ledger, by the field that asks, or nowhere.
#[derive(Clone, Debug, Default)]
pub struct Account {
    ledger: Option<Arc<Ledger>>,
    /// The field that asks, where the ledger wants to know.
    path: Option<Arc<str>>,
}

impl Account {
    /// Entries into this ledger, where there is one.
    pub fn new(ledger: Option<Arc<Ledger>>) -> Self {
        Account { ledger, path: None }
    }

    /// The same account, for the field at `path`, which is called only where it is to be seen.
    #[must_use]
    pub fn at(&self, path: impl FnOnce() -> Arc<str>) -> Self {
        Account {
            ledger: self.ledger.clone(),
            path: self.has_questions().then(path),
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
        age: Option<Duration>,
        elapsed: Duration,
    ) {
        if let Some(ledger) = &self.ledger {
            ledger.enter(outcome, || Question {
                path: self.path.clone(),
                call: call(),
                outcome,
                age,
                elapsed,
            });
        }
    }
}
