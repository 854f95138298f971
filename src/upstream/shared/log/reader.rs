//! The reader of the log: one task that connects, reads back what may still matter, and then reads on whenever somebody
//! waits for it. It has the only connection, and begins anew wherever something may be missing.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use ring::digest;
use tokio::time::Instant;
use tokio::time::sleep;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::upstream::shared::link::Broken;
use crate::upstream::shared::link::Connection;
use crate::upstream::shared::link::Incarnation;
use crate::upstream::shared::link::Joined;
use crate::upstream::shared::log::Line;
use crate::upstream::shared::log::Log;
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

impl Log {
    /// Joins the log and reads it, again and again, for as long as the process lives.
    pub(in crate::upstream::shared) async fn drive(self: Arc<Self>) {
        let (mut is_first, mut pause, mut is_told) = (true, PAUSE_MIN, false);
        loop {
            let begun = Instant::now();
            // A connection that is not ready in time goes as a whole: nobody else has it yet.
            let joined = timeout(JOIN_TIME, self.join(is_first)).await;
            let joined = joined.ok().and_then(Result::ok);
            self.metrics.join(joined.is_some());
            if let Some(connection) = joined {
                (is_first, is_told) = (false, false);
                self.follow(connection).await;
                if begun.elapsed() > HEARTBEAT {
                    pause = PAUSE_MIN;
                }
            }
            self.state.send_modify(|state| {
                (state.quick, state.usable) = (false, false);
                state.line = None;
            });
            self.metrics.usable(false);
            if !std::mem::replace(&mut is_told, true) {
                tracing::warn!("the shared cache cannot be reached: requests bypass all caches");
            }
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
        let line = Line::new(connection.clone(), over.clone());
        self.state.send_modify(|state| state.line = Some(line));
        let (mut pause, trusted_from) = (PAUSE_MIN, Instant::now() + QUARANTINE);
        let (mut was_usable, mut was_blind) = (false, false);
        loop {
            let begun = Instant::now();
            let number = tokio::select! {
                number = timeout(STALL, self.round(&connection)) => number.ok().and_then(Result::ok),
                () = over.cancelled() => None,
            };
            let Some(number) = number else { return };
            let took = begun.elapsed();
            self.metrics.catch_up(took);
            let is_blind = self.journal().is_blind();
            let quick = took <= self.patience;
            let usable = quick && !is_blind && Instant::now() >= trusted_from;
            self.state.send_modify(|state| {
                state.finished = number;
                (state.quick, state.usable) = (quick, usable);
            });
            self.metrics.usable(usable);
            if usable && !std::mem::replace(&mut was_usable, true) {
                tracing::info!("the shared cache is in use");
            }
            if is_blind && !std::mem::replace(&mut was_blind, is_blind) {
                tracing::warn!(
                    "the log of the shared cache cannot be read: does a gateway with another secret write it?"
                );
            }
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
            if !batch.has_more {
                journal.settle();
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
