//! Values: answers of the upstream that instances keep for each other.
//!
//! What is read is believed only if it opens with the caller's token, is the caller's answer to the very question, was
//! asked for in this life of the log, nothing happened to it since, and its time is not over. Anything that does not
//! open is a sign that the store mixes things up, or that somebody else writes into it.

use std::sync::Arc;
use std::time::Duration;
use std::time::SystemTime;
use std::time::UNIX_EPOCH;

use bytes::Bytes;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio::time::timeout;

use crate::domain::caller::Caller;
use crate::domain::caller::Fingerprint;
use crate::upstream::caching::Caching;
use crate::upstream::epochs::Epochs;
use crate::upstream::epochs::Moment;
use crate::upstream::epochs::Tag;
use crate::upstream::shared::journal::Sight;
use crate::upstream::shared::link::Broken;
use crate::upstream::shared::link::Connection;
use crate::upstream::shared::log::Line;
use crate::upstream::shared::log::Log;
use crate::upstream::shared::metrics::Deposit;
use crate::upstream::shared::metrics::Look;
use crate::upstream::shared::metrics::Metrics;
use crate::upstream::shared::seal::Keys;
use crate::upstream::shared::seal::OVERHEAD_BYTES;
use crate::upstream::shared::seal::Value;

/// Largest body that is kept, in bytes, as for the memory of one process.
pub(super) const BODY_BYTES_MAX: usize = 256 * 1024;

/// Longest text of a call; a filter has some texts of at most 255 characters.
const CALL_BYTES_MAX: usize = 16 * 1024;

/// Largest value that is opened.
const VALUE_BYTES_MAX: usize = BODY_BYTES_MAX + CALL_BYTES_MAX + OVERHEAD_BYTES;

/// Most answers that wait to be kept; each holds its body.
const WAITING_MAX: usize = 64;

/// How long the removal of a wrong value waits for the next line; the value ends by itself a little later.
const REMOVE_TIME: Duration = Duration::from_secs(2);

/// How long an answer may wait to be kept: its life goes on meanwhile.
const WAIT_MAX: Duration = Duration::from_secs(1);

/// What is asked, as the shared level sees it.
pub(crate) struct Question<'a> {
    pub(crate) caller: &'a Caller,
    /// The call that answers it: `GET /customer/3`.
    pub(crate) call: &'a str,
    /// Whose bumps end the answer.
    pub(crate) tags: &'a [Tag],
    /// The epochs' clock when it was asked.
    pub(crate) moment: Moment,
}

/// An answer that another instance kept, or this one earlier.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    /// The upstream's JSON.
    pub(crate) body: Bytes,
    /// When the upstream was asked for it.
    pub(crate) asked_at: Instant,
    /// Until when it is good.
    pub(crate) good_until: Instant,
    /// How far the log had been read then.
    pub(crate) sight: Sight,
}

impl Found {
    /// What may be done with it by whoever put the question at `asked_at`.
    pub(crate) fn caching(&self, asked_at: Instant) -> Caching {
        let age = asked_at.saturating_duration_since(self.asked_at);
        let fresh_for = self.good_until.saturating_duration_since(asked_at);
        Caching::shared(self.sight, age, fresh_for)
    }
}

/// What the store has under a name.
struct Kept {
    line: Line,
    sealed: Vec<u8>,
    life: Duration,
}

/// An answer on its way into the store.
struct Waiting {
    caller: Caller,
    name: String,
    value: Value,
    since: Instant,
}

/// The store.
pub(super) struct Values {
    log: Arc<Log>,
    keys: Arc<Keys>,
    epochs: Arc<Epochs>,
    patience: Duration,
    clock: Clock,
    waiting: mpsc::Sender<Waiting>,
    metrics: Arc<Metrics>,
}

/// A clock that instances have in common, more or less: milliseconds since some moment.
pub(super) type Clock = fn() -> u64;

impl Values {
    /// A store, and what puts answers into it for as long as the process lives.
    pub(super) fn new(
        log: Arc<Log>,
        keys: Arc<Keys>,
        epochs: Arc<Epochs>,
        patience: Duration,
        clock: Clock,
        metrics: Arc<Metrics>,
    ) -> (Self, impl Future<Output = ()> + Send + use<>) {
        let (waiting, deposits) = mpsc::channel(WAITING_MAX);
        let deposit = deposit(deposits, log.clone(), keys.clone(), clock, metrics.clone());
        let values = Values {
            log,
            keys,
            epochs,
            patience,
            clock,
            waiting,
            metrics,
        };
        (values, deposit)
    }

    /// The answer to a question, if one is kept that is still good. Waits no longer than anybody does.
    pub(super) async fn find(&self, question: &Question<'_>) -> Option<Found> {
        let name = self.keys.name(question.caller.fingerprint(), question.call);
        let (look, found) = match self.read(&name).await {
            Err(()) => (Look::Failed, None),
            Ok(None) => (Look::Miss, None),
            Ok(Some(Kept { line, sealed, life })) => match self.open(question, &name, sealed) {
                None => {
                    refuse(&self.log, &line, name);
                    (Look::Foreign, None)
                }
                Some(value) => match self.judge(question, value, life) {
                    None => (Look::Miss, None),
                    found => (Look::Hit, found),
                },
            },
        };
        self.metrics.look(look);
        found
    }

    /// What the store has under a name.
    async fn read(&self, name: &str) -> Result<Option<Kept>, ()> {
        let line = self.log.line().ok_or(())?;
        let (asked, name) = (line.clone(), name.to_owned());
        let get = async move {
            let get = |connection: &dyn Connection| connection.get(name, VALUE_BYTES_MAX);
            asked.ask(get).await
        };
        // The command goes on whoever waits: a reply that nobody takes must not become another one's.
        let got = timeout(self.patience, tokio::spawn(get)).await;
        match got {
            Ok(Ok(Ok(got))) => Ok(got.map(|(sealed, life)| Kept { line, sealed, life })),
            Ok(Ok(Err(Broken::Refused))) => Err(()),
            Ok(Ok(Err(Broken::Lost)) | Err(_)) => {
                line.hang_up();
                Err(())
            }
            Err(_) => {
                self.log.give_up();
                Err(())
            }
        }
    }

    /// The value, if it is this caller's answer to this question.
    fn open(&self, question: &Question<'_>, name: &str, sealed: Vec<u8>) -> Option<Value> {
        if sealed.len() > VALUE_BYTES_MAX {
            return None;
        }
        let value = self.keys.open(question.caller, name, sealed)?;
        // The seal says so already: this is the second lock on the door behind which other people's data lie.
        let caller = question.caller.fingerprint();
        let is_own = value.caller == *caller.as_bytes() && value.call == question.call;
        is_own.then_some(value)
    }

    /// The value as an answer, if it is still good. `life` is what the store says of how long it lives.
    fn judge(&self, question: &Question<'_>, value: Value, life: Duration) -> Option<Found> {
        let caller = question.caller.fingerprint();
        if !self.epochs.hold(question.tags, question.moment)
            || !self.permits(caller, question.tags, value.sight())
        {
            return None;
        }
        let (now, clock) = (Instant::now(), (self.clock)());
        let age = Duration::from_millis(clock.saturating_sub(value.asked_at));
        // Two clocks: ours may be behind the asker's, and the store's is the one that both have in common.
        let left = Duration::from_millis(value.good_until.saturating_sub(clock)).min(life);
        let good_until = (now + left).min(question.caller.token_end());
        let sight = value.sight();
        (good_until > now).then(|| Found {
            sight,
            body: value.body,
            asked_at: now.checked_sub(age).unwrap_or(now),
            good_until,
        })
    }

    /// Whether nothing has happened to this caller and to what these tags stand for since the log was read so far. To be asked after the
    /// epochs' clock was read that guards the answer from then on: what has happened before, the journal knows.
    pub(super) fn permits(&self, caller: Fingerprint, tags: &[Tag], sight: Sight) -> bool {
        let (mark, places) = (self.keys.mark(caller), self.epochs.places(tags));
        self.log.journal().permits(mark, &places, sight)
    }

    /// Keeps an answer, sometime soon and if there is room: nobody waits for it. `sight` must have been taken
    /// before the upstream was asked.
    pub(super) fn keep(
        &self,
        question: &Question<'_>,
        sight: Sight,
        asked_at: Instant,
        good_until: Instant,
        body: Bytes,
    ) {
        let is_small = body.len() <= BODY_BYTES_MAX && question.call.len() <= CALL_BYTES_MAX;
        // What has ended meanwhile is of no use to anybody.
        if !is_small || !self.epochs.hold(question.tags, question.moment) {
            return;
        }
        let (now, clock) = (Instant::now(), (self.clock)());
        let good_until = good_until.min(question.caller.token_end());
        let caller = question.caller.clone();
        let waiting = Waiting {
            name: self.keys.name(caller.fingerprint(), question.call),
            value: Value {
                caller: *caller.fingerprint().as_bytes(),
                call: question.call.to_owned(),
                incarnation: sight.incarnation,
                asked: sight.position,
                asked_at: clock.saturating_sub(millis(now.saturating_duration_since(asked_at))),
                good_until: clock.saturating_add(millis(good_until.saturating_duration_since(now))),
                body,
            },
            caller,
            since: now,
        };
        if self.waiting.try_send(waiting).is_err() {
            self.metrics.deposit(Deposit::Dropped);
        }
    }
}

impl Value {
    /// What of the log was in sight when it was asked for.
    fn sight(&self) -> Sight {
        Sight {
            incarnation: self.incarnation,
            position: self.asked,
        }
    }
}

/// Gives up the line that brought a value which is no answer for who asked, and drops the value over the next one.
fn refuse(log: &Arc<Log>, line: &Line, name: String) {
    tracing::error!(
        event = "shared_cache_foreign_value",
        "the shared cache gave a value that is not the caller's: it is dropped, and the connection renewed"
    );
    line.hang_up();
    let log = log.clone();
    tokio::spawn(async move {
        if let Some(line) = log.line_within(REMOVE_TIME).await {
            let _best_effort = line.ask(|connection| connection.remove(name)).await;
        }
    });
}

/// Puts answers into the store, one after the other.
async fn deposit(
    mut waiting: mpsc::Receiver<Waiting>,
    log: Arc<Log>,
    keys: Arc<Keys>,
    clock: Clock,
    metrics: Arc<Metrics>,
) {
    while let Some(answer) = waiting.recv().await {
        let waited = answer.since.elapsed();
        let left = Duration::from_millis(answer.value.good_until.saturating_sub(clock()));
        // Where nothing is trusted nothing is sent either: a server that hangs gets no more to hang on.
        let line = log.sight().and_then(|_| log.line());
        let Some(line) = line.filter(|_| waited < WAIT_MAX && !left.is_zero()) else {
            metrics.deposit(Deposit::Dropped);
            continue;
        };
        let Some(sealed) = keys.seal(&answer.caller, &answer.name, &answer.value) else {
            metrics.deposit(Deposit::Failed);
            continue;
        };
        let set = |connection: &dyn Connection| connection.set(answer.name, sealed, left);
        let kept = line.ask(set).await;
        metrics.deposit(match kept {
            Ok(()) => Deposit::Kept,
            Err(_) => Deposit::Failed,
        });
        if kept == Err(Broken::Lost) {
            line.hang_up();
        }
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// The clock of the machine.
pub(super) fn millis_since_1970() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, millis)
}
