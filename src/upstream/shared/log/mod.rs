//! The log: how an instance hears of what happened at the others, and tells them.
//!
//! One task reads (`reader`). Whoever must be up to date waits for a round of reading that begins
//! after it began to wait, so that all who wait share one. Whoever tells appends, over the same connection. Where
//! nobody could be told, that is owed: nothing is trusted here until all have been told that everything has ended.

mod line;
mod reader;

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::time::Duration;

use ring::hmac;
use tokio::sync::Notify;
use tokio::sync::watch;
use tokio::time::timeout;

pub(super) use crate::upstream::shared::log::line::Line;

use crate::upstream::shared::journal::Journal;
use crate::upstream::shared::journal::Sight;
use crate::upstream::shared::link::Broken;
use crate::upstream::shared::link::Connector;
use crate::upstream::shared::metrics::Metrics;
use crate::upstream::shared::metrics::Telling;
use crate::upstream::shared::notice::Notice;

/// How long a write waits for a server of which nothing good is known: one that is back answers in this time.
const PATIENCE_MIN: Duration = Duration::from_millis(5);

/// How reading goes.
#[derive(Clone, Default)]
struct State {
    /// The last round that is complete.
    finished: u64,
    /// Whether it was read in time.
    quick: bool,
    /// Whether it is worth while to wait for another one, because what is kept can be trusted then.
    usable: bool,
    line: Option<Line>,
}

impl State {
    fn line(&self) -> Option<&Line> {
        self.line.as_ref().filter(|line| !line.is_over())
    }
}

/// The log as one instance sees it.
pub(super) struct Log {
    connector: Arc<dyn Connector>,
    key: hmac::Key,
    journal: Mutex<Journal>,
    /// How long anybody waits for an answer.
    patience: Duration,
    /// How far a new instance reads back.
    look_back: Duration,
    state: watch::Sender<State>,
    /// The last round that has begun.
    started: AtomicU64,
    /// The last round that somebody waits for.
    wanted: AtomicU64,
    wake: Notify,
    hurry: Notify,
    /// How often others were not told of something.
    owed: AtomicU64,
    /// Up to which of these times they have been told that everything has ended.
    paid: AtomicU64,
    /// Notices that nobody waits for any more, and of which it is not known whether they are in the log.
    pending: AtomicUsize,
    metrics: Arc<Metrics>,
}

impl Log {
    /// A log that nobody has read yet; `drive` does.
    pub(super) fn new(
        connector: Arc<dyn Connector>,
        key: hmac::Key,
        journal: Journal,
        patience: Duration,
        look_back: Duration,
        metrics: Arc<Metrics>,
    ) -> Arc<Self> {
        Arc::new(Log {
            connector,
            key,
            journal: Mutex::new(journal),
            patience,
            look_back,
            state: watch::Sender::default(),
            started: AtomicU64::new(0),
            wanted: AtomicU64::new(0),
            wake: Notify::new(),
            hurry: Notify::new(),
            owed: AtomicU64::new(0),
            paid: AtomicU64::new(0),
            pending: AtomicUsize::new(0),
            metrics,
        })
    }

    /// What was read.
    pub(super) fn journal(&self) -> MutexGuard<'_, Journal> {
        // A panic elsewhere leaves nothing half done that matters: what was not bumped was not read either.
        self.journal.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads all that others told before now, if that can be done in time: whether what is kept may be trusted.
    pub(super) async fn catch_up(&self) -> bool {
        let caught_up = self.round_from_now().await && !self.is_in_doubt();
        self.metrics.request(caught_up);
        caught_up
    }

    async fn round_from_now(&self) -> bool {
        if !self.state.borrow().usable {
            return false;
        }
        let ticket = self.started.load(Ordering::SeqCst) + 1;
        self.wanted.fetch_max(ticket, Ordering::SeqCst);
        self.wake.notify_one();
        let mut state = self.state.subscribe();
        let round = state.wait_for(|state| !state.usable || state.finished >= ticket);
        match timeout(self.patience, round).await {
            Ok(state) => state.is_ok_and(|state| state.usable),
            Err(_) => {
                self.give_up();
                false
            }
        }
    }

    /// Whether something that this instance had to tell may not be in the log.
    fn is_in_doubt(&self) -> bool {
        self.owes() || self.pending.load(Ordering::SeqCst) > 0
    }

    fn owes(&self) -> bool {
        self.owed.load(Ordering::SeqCst) > self.paid.load(Ordering::SeqCst)
    }

    /// Says that waiting is not worth while until a round was read in time.
    pub(super) fn give_up(&self) {
        self.state.send_if_modified(|state| {
            state.quick = false;
            std::mem::take(&mut state.usable)
        });
    }

    /// How far the log has been read, where it may be trusted.
    pub(super) fn sight(&self) -> Option<Sight> {
        let is_good = self.state.borrow().usable && !self.is_in_doubt();
        is_good.then(|| self.journal().sight())
    }

    /// The line, where there is one.
    pub(super) fn line(&self) -> Option<Line> {
        self.state.borrow().line().cloned()
    }

    /// Tells the others, and gives whether they have been told. Waits for at most as long as anybody does, and less
    /// for a server that did not answer lately; the notice is on its way all the same.
    pub(super) async fn tell(self: &Arc<Self>, notice: &Notice) -> bool {
        let patience = match self.state.borrow().quick {
            true => self.patience,
            false => self.patience.min(PATIENCE_MIN),
        };
        let mut append = tokio::spawn(self.clone().append(notice.print(&self.key), patience));
        let told = match timeout(patience, &mut append).await {
            Ok(Ok(true)) => Telling::Told,
            Ok(Ok(false)) => Telling::Untold,
            Ok(Err(_)) => {
                self.owe();
                Telling::Untold
            }
            Err(_) => {
                self.pending.fetch_add(1, Ordering::SeqCst);
                let log = self.clone();
                tokio::spawn(async move {
                    if append.await.is_err() {
                        log.owe();
                    }
                    log.pending.fetch_sub(1, Ordering::SeqCst);
                });
                Telling::Late
            }
        };
        self.metrics.telling(told);
        told == Telling::Told
    }

    /// Appends a notice; where that fails it is owed.
    async fn append(self: Arc<Self>, notice: Vec<u8>, patience: Duration) -> bool {
        let Some(line) = self.line_within(patience).await else {
            self.owe();
            return false;
        };
        let appended = line.ask(|connection| connection.append(notice)).await;
        let Err(broken) = appended else { return true };
        self.owe();
        if broken == Broken::Refused {
            // A full server refuses to be told, but not to forget: then nobody trusts the log.
            let _best_effort = line.ask(|connection| connection.withdraw()).await;
        }
        line.hang_up();
        false
    }

    /// The line, or the one that is made within this time.
    pub(super) async fn line_within(&self, patience: Duration) -> Option<Line> {
        if let Some(line) = self.line() {
            return Some(line);
        }
        self.hurry.notify_one();
        let mut state = self.state.subscribe();
        let joined = state.wait_for(|state| state.line().is_some());
        timeout(patience, joined).await.ok()?.ok()?.line().cloned()
    }

    /// Remembers that others were not told of something.
    fn owe(&self) {
        self.owed.fetch_add(1, Ordering::SeqCst);
        self.give_up();
        self.wake.notify_one();
    }
}
