//! The log: how an instance hears of what happened at the others, and tells them.
//!
//! One task reads; it has the only connection. Whoever must be up to date waits for a round of reading that begins
//! after it began to wait, so that all who wait share one. Whoever tells appends, over the same connection. Where
//! nobody could be told, that is owed: nothing is trusted here until all have been told that everything has ended.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::time::Duration;

use ring::digest;
use ring::hmac;
use tokio::sync::Notify;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio::time::sleep;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::upstream::shared::journal::Journal;
use crate::upstream::shared::journal::Sight;
use crate::upstream::shared::link::Broken;
use crate::upstream::shared::link::Connection;
use crate::upstream::shared::link::Connector;
use crate::upstream::shared::link::Incarnation;
use crate::upstream::shared::link::Joined;
use crate::upstream::shared::link::Reply;
use crate::upstream::shared::metrics::Metrics;
use crate::upstream::shared::metrics::Telling;
use crate::upstream::shared::notice::Notice;
use crate::upstream::shared::position::Position;

/// How long connecting and reading back may take.
const JOIN_TIME: Duration = Duration::from_secs(2);

/// After how long without an answer a connection is given up.
const STALL: Duration = Duration::from_secs(2);

/// How often the log is read where nobody asks: nobody falls behind, and the end of a server is noticed.
const HEARTBEAT: Duration = Duration::from_secs(1);

/// The first and the longest pause between two attempts to get an answer in time.
const PAUSE_MIN: Duration = Duration::from_millis(20);
const PAUSE_MAX: Duration = Duration::from_millis(500);

/// How long after joining nothing is trusted. Whoever else could not reach the server has tried again by then, and has
/// told what was owed: an instance that finds its way back first must not trust what the others know better.
const QUARANTINE: Duration = Duration::from_secs(3);

/// How long a write waits for a server of which nothing good is known: one that is back answers in this time.
const PATIENCE_MIN: Duration = Duration::from_millis(5);

/// A connection for as long as it is believed.
#[derive(Clone)]
pub(super) struct Line {
    connection: Arc<dyn Connection>,
    over: CancellationToken,
}

impl Line {
    /// The answer to a command, or the end of the line. A command that was sent is carried out all the same.
    pub(super) async fn ask<T>(
        &self,
        command: impl FnOnce(&dyn Connection) -> Reply<T>,
    ) -> Result<T, Broken> {
        tokio::select! {
            biased;
            () = self.over.cancelled() => Err(Broken::Lost),
            answer = async { command(&*self.connection).await } => answer,
        }
    }

    /// Gives the line up: what comes over it cannot be believed. Another one is made.
    pub(super) fn hang_up(&self) {
        self.over.cancel();
    }
}

/// How reading goes.
#[derive(Clone, Default)]
struct State {
    /// The last round that is complete.
    finished: u64,
    /// Whether it is worth while to wait for another one.
    usable: bool,
    line: Option<Line>,
}

impl State {
    fn line(&self) -> Option<&Line> {
        self.line.as_ref().filter(|line| !line.over.is_cancelled())
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
        self.state
            .send_if_modified(|state| std::mem::take(&mut state.usable));
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
        let patience = match self.state.borrow().usable {
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

    /// Joins the log and reads it, again and again, for as long as the process lives.
    pub(super) async fn drive(self: Arc<Self>) {
        let (mut is_first, mut pause) = (true, PAUSE_MIN);
        loop {
            let begun = Instant::now();
            // A connection that is not ready in time goes as a whole: nobody else has it yet.
            let joined = timeout(JOIN_TIME, self.join(is_first)).await;
            let joined = joined.ok().and_then(Result::ok);
            self.metrics.join(joined.is_some());
            if let Some(connection) = joined {
                is_first = false;
                self.follow(connection).await;
                if begun.elapsed() > HEARTBEAT {
                    pause = PAUSE_MIN;
                }
            }
            self.state.send_modify(|state| {
                state.usable = false;
                state.line = None;
            });
            self.metrics.usable(false);
            tokio::select! {
                () = sleep(pause) => {}
                () = self.hurry.notified() => {}
            }
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }

    /// Connects, and reads back what may still matter.
    async fn join(&self, is_first: bool) -> Result<Arc<dyn Connection>, Broken> {
        let connection = self.connector.connect().await?;
        let (joined, incarnation) = self.enter(&connection).await?;
        let since = joined.at.before(self.look_back);
        let entries = read_back(&connection, since, &joined).await?;
        // After reading: what was trimmed meanwhile was perhaps not read.
        let oldest = connection.oldest().await?.ok_or(Broken::Lost)?;
        let floor = match is_first {
            true => oldest.max(since),
            // Somebody may have had something to tell while this instance could not hear, or could not be heard.
            false => joined.at,
        };
        let mut journal = self.journal();
        journal.begin(incarnation, floor);
        for (position, notice) in entries {
            journal.read(position, &notice);
        }
        drop(journal);
        Ok(connection)
    }

    /// Gives notice of having joined. A log that went backwards is not the one that was read: it gets another name.
    async fn enter(
        &self,
        connection: &Arc<dyn Connection>,
    ) -> Result<(Joined, Incarnation), Broken> {
        let mut rename = false;
        loop {
            let notice = Notice::Joined.print(&self.key);
            let name = fastrand::u128(..).to_be_bytes();
            let joined = connection.join(name, rename, notice).await?;
            let incarnation = incarnation(&connection.server(), &joined);
            let seen = self.journal().sight();
            rename = seen.incarnation == incarnation && joined.at <= seen.position;
            if !rename {
                return Ok((joined, incarnation));
            }
        }
    }

    /// Reads the log over a connection until that is over.
    async fn follow(&self, connection: Arc<dyn Connection>) {
        let over = CancellationToken::new();
        // However reading ends, nobody goes on waiting for this connection.
        let _over = over.clone().drop_guard();
        let line = Line {
            connection: connection.clone(),
            over: over.clone(),
        };
        self.state.send_modify(|state| state.line = Some(line));
        let (mut pause, trusted_from) = (PAUSE_MIN, Instant::now() + QUARANTINE);
        loop {
            let begun = Instant::now();
            let number = tokio::select! {
                number = timeout(STALL, self.round(&connection)) => number.ok().and_then(Result::ok),
                () = over.cancelled() => None,
            };
            let Some(number) = number else { return };
            let took = begun.elapsed();
            self.metrics.catch_up(took);
            let usable = took <= self.patience
                && !self.journal().is_blind()
                && Instant::now() >= trusted_from;
            self.state.send_modify(|state| {
                state.finished = number;
                state.usable = usable;
            });
            self.metrics.usable(usable);
            if self.owes() || usable && self.is_wanted(number) {
                continue;
            }
            let rest = if usable { HEARTBEAT } else { pause };
            tokio::select! {
                () = self.wake.notified() => {}
                () = sleep(rest) => {}
                () = over.cancelled() => return,
            }
            pause = if usable {
                PAUSE_MIN
            } else {
                (pause * 2).min(PAUSE_MAX)
            };
        }
    }

    /// Whether somebody waits for a round after this one.
    fn is_wanted(&self, number: u64) -> bool {
        self.wanted.load(Ordering::SeqCst) > number
    }

    /// Pays what is owed, and then reads the log to its end; gives the number of the round.
    async fn round(&self, connection: &Arc<dyn Connection>) -> Result<u64, Broken> {
        let owed = self.owed.load(Ordering::SeqCst);
        if self.owes() {
            let notice = Notice::Everything.print(&self.key);
            connection.append(notice).await?;
            self.paid.fetch_max(owed, Ordering::SeqCst);
        }
        let number = self.started.fetch_add(1, Ordering::SeqCst) + 1;
        loop {
            let seen = self.journal().sight();
            let batch = connection.read(number, seen.position).await?;
            let name = batch.name.ok_or(Broken::Lost)?;
            let mut entries = batch.entries.into_iter();
            // The last entry that was read must still be there: nothing was trimmed, lost or replaced behind it.
            let anchor = entries.next().ok_or(Broken::Lost)?;
            let known = Joined {
                name,
                at: seen.position,
            };
            if anchor.0 != seen.position
                || incarnation(&connection.server(), &known) != seen.incarnation
            {
                return Err(Broken::Lost);
            }
            let mut journal = self.journal();
            for (position, notice) in entries {
                journal.read(position, &notice);
            }
            journal.settle();
            if !batch.has_more {
                return Ok(number);
            }
        }
    }
}

/// All of the log from `since` on, which must contain the notice of having joined.
async fn read_back(
    connection: &Arc<dyn Connection>,
    since: Position,
    joined: &Joined,
) -> Result<Vec<(Position, Vec<u8>)>, Broken> {
    let mut entries: Vec<(Position, Vec<u8>)> = Vec::new();
    loop {
        let last = entries.pop();
        let from = last.as_ref().map_or(since, |(position, _)| *position);
        let batch = connection.read(0, from).await?;
        let first = batch.entries.first().map(|(position, _)| *position);
        let goes_on = last.is_none() || first == Some(from);
        if batch.name != Some(joined.name) || !goes_on {
            return Err(Broken::Lost);
        }
        entries.extend(batch.entries);
        if !batch.has_more {
            break;
        }
    }
    let is_whole = entries.iter().any(|(position, _)| *position == joined.at);
    is_whole.then_some(entries).ok_or(Broken::Lost)
}

/// A server's run and the name of a log in it are one life of the log.
fn incarnation(server: &[u8], joined: &Joined) -> Incarnation {
    let mut hash = digest::Context::new(&digest::SHA256);
    hash.update(&joined.name);
    hash.update(server);
    let hash = hash.finish();
    let (first, _) = hash.as_ref().split_first_chunk().expect("it has 32 bytes");
    Incarnation(*first)
}
