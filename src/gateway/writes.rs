//! Writes to the end: each is a task of its own, done once, whoever hangs up and whoever asks again.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::hash::Hash;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use futures_util::future::Shared;
use tokio::time::Instant;
use tokio_util::task::TaskTracker;

use crate::domain::caller::Caller;
use crate::domain::caller::Fingerprint;
use crate::domain::error::Error;
use crate::domain::error::ErrorKind;
use crate::domain::request_id::RequestId;
use crate::upstream::Departure;

/// How long the answer to a request id is given again.
pub(super) const REPLAY: Duration = Duration::from_secs(600);

/// Most answers remembered, each of one object, some 5 KiB. None is forgotten before its time: beyond this many a write
/// with a request id is not begun.
const ANSWERS_MAX: u64 = 20_000;

/// Most of them for one caller in ten minutes.
const ANSWERS_OF_ONE_MAX: u32 = 4_000;

/// Most writes under way, those included that wait for their turn.
const RUNNING_MAX: usize = 2_000;

/// When to come again with a write that was not begun.
const COME_AGAIN: Duration = Duration::from_secs(1);

type Outcome<T> = Result<T, Error>;

/// The writes whose answers are of one kind.
pub(super) struct Writes<T> {
    answers: moka::sync::Cache<(Fingerprint, RequestId), Answer<T>>,
    /// How many answers each caller has had remembered since the first of ten minutes.
    shares: moka::sync::Cache<Fingerprint, Arc<AtomicU32>>,
    tasks: TaskTracker,
    hasher: RandomState,
}

/// A write that was begun, by its request id.
#[derive(Clone)]
struct Answer<T> {
    /// What was asked for: another request must not get this answer.
    asked: u64,
    running: Running<T>,
    until: Instant,
}

/// A write that runs or has run.
struct Running<T> {
    departure: Departure,
    outcome: Shared<BoxFuture<'static, Outcome<T>>>,
}

impl<T> Clone for Running<T> {
    fn clone(&self) -> Self {
        Running {
            departure: self.departure.clone(),
            outcome: self.outcome.clone(),
        }
    }
}

impl<T: Clone> Running<T> {
    /// Whether it has ended without having been done, and so may be asked for again.
    fn is_undone(&self) -> bool {
        let ended = self.outcome.clone().now_or_never();
        ended.is_some_and(|outcome| !is_final(&outcome))
    }
}

impl<T: Clone + Send + Sync + 'static> Writes<T> {
    /// No writes yet; `tasks` knows all that run.
    pub(super) fn new(tasks: TaskTracker) -> Self {
        Writes {
            answers: moka::sync::Cache::builder().time_to_live(REPLAY).build(),
            shares: moka::sync::Cache::builder().time_to_live(REPLAY).build(),
            tasks,
            hasher: RandomState::new(),
        }
    }

    /// Runs `write` to its end and gives its outcome, but waits no longer than the caller does.
    ///
    /// Where the caller has used `request` for the same `asked` within ten minutes, the write is not run again.
    /// Fails with `InvalidInput` where it was used for something else, with `WriteUnknown` where the caller's
    /// deadline passes while the write is under way, and with `Overloaded` where nothing was begun.
    pub(super) async fn run<F>(
        &self,
        caller: &Caller,
        request: Option<RequestId>,
        asked: impl Hash,
        write: impl FnOnce(Departure) -> F,
    ) -> Outcome<T>
    where
        F: Future<Output = Outcome<T>> + Send + 'static,
    {
        let running = match request {
            None => {
                self.has_room()?;
                self.start(write)
            }
            Some(request) => self.start_once(caller, request, asked, write)?,
        };
        let Running { departure, outcome } = running;
        match tokio::time::timeout_at(caller.deadline(), outcome).await {
            Ok(outcome) => outcome,
            Err(_) if departure.abandon() => Err(Error::new(
                ErrorKind::UpstreamTimeout,
                "the deadline passed before the write was sent: nothing was done",
            )),
            Err(_) => Err(Error::new(
                ErrorKind::WriteUnknown,
                "the deadline passed while the write was under way: whether it takes effect is not known",
            )),
        }
    }

    fn start_once<F>(
        &self,
        caller: &Caller,
        request: RequestId,
        asked: impl Hash,
        write: impl FnOnce(Departure) -> F,
    ) -> Outcome<Running<T>>
    where
        F: Future<Output = Outcome<T>> + Send + 'static,
    {
        let asked = self.hasher.hash_one(asked);
        self.has_room()?;
        let key = (caller.fingerprint(), request);
        let now = Instant::now();
        let begin = || Answer {
            asked,
            running: self.start(write),
            until: (now + REPLAY).min(caller.token_end()),
        };
        // The store's own clock gives memory back; what counts is the time in the answer.
        let is_over = |known: &Answer<T>| known.until <= now || known.running.is_undone();
        if self.answers.get(&key).is_none_or(|known| is_over(&known)) {
            self.has_room_for(caller)?;
        }
        let entry = self.answers.entry(key).or_insert_with_if(begin, is_over);
        let answer = entry.into_value();
        if answer.asked != asked {
            let rule = "was used for another request within the last ten minutes";
            return Err(Error::invalid(REQUEST_ID, rule));
        }
        Ok(answer.running)
    }

    /// Fails with `Overloaded` where too much is under way.
    fn has_room(&self) -> Result<(), Error> {
        if self.tasks.len() < RUNNING_MAX {
            return Ok(());
        }
        let message = "too many writes are under way: nothing was done";
        Err(Error::new(ErrorKind::Overloaded, message).retry_after(COME_AGAIN))
    }

    /// Fails with `Overloaded` where no further answer can be remembered for as long as is promised.
    fn has_room_for(&self, caller: &Caller) -> Result<(), Error> {
        if self.answers.entry_count() >= ANSWERS_MAX {
            // The count is brought up to date now and then only.
            self.answers.run_pending_tasks();
        }
        let share = self.shares.get_with(caller.fingerprint(), Arc::default);
        let is_full = self.answers.entry_count() >= ANSWERS_MAX;
        if is_full || share.fetch_add(1, Ordering::Relaxed) >= ANSWERS_OF_ONE_MAX {
            let message = "no further request id can be remembered now: nothing was done";
            return Err(Error::new(ErrorKind::Overloaded, message).retry_after(COME_AGAIN));
        }
        Ok(())
    }

    /// Starts a write that nobody can stop once it has left.
    fn start<F>(&self, write: impl FnOnce(Departure) -> F) -> Running<T>
    where
        F: Future<Output = Outcome<T>> + Send + 'static,
    {
        let departure = Departure::new();
        let left = departure.clone();
        let task = self.tasks.spawn(write(departure.clone()));
        let outcome = task.map(move |ended| ended.unwrap_or_else(|panic| Err(lost(panic, &left))));
        Running {
            departure,
            outcome: outcome.boxed().shared(),
        }
    }
}

/// The field of a request id in the core's words; each door has its own.
pub(crate) const REQUEST_ID: &str = "requestId";

/// Whether an outcome stands for good. What was refused, or never left, was not done and may be asked for again.
fn is_final<T>(outcome: &Outcome<T>) -> bool {
    match outcome {
        Ok(_) => true,
        Err(error) => error.kind() == ErrorKind::WriteUnknown,
    }
}

fn lost(panic: tokio::task::JoinError, departure: &Departure) -> Error {
    let (kind, message) = if departure.has_left() {
        (
            ErrorKind::WriteUnknown,
            "the write broke down: whether it took effect is not known",
        )
    } else {
        (
            ErrorKind::Internal,
            "the write broke down before it was sent",
        )
    };
    Error::new(kind, message).because(panic)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::AtomicU32;
    use std::sync::atomic::Ordering;
    use std::time::Duration;

    use tokio::time::Instant;
    use tokio_util::task::TaskTracker;

    use super::Outcome;
    use super::Writes;
    use crate::domain::caller::BearerToken;
    use crate::domain::caller::Caller;
    use crate::domain::caller::FingerprintKey;
    use crate::domain::caller::Standing;
    use crate::domain::error::Error;
    use crate::domain::error::ErrorKind;
    use crate::domain::request_id::RequestId;
    use crate::upstream::Departure;

    fn caller(token: &str, patience: Duration) -> Caller {
        let token = BearerToken::parse(token).expect("a token");
        let end = Instant::now() + Duration::from_secs(3600);
        let deadline = Instant::now() + patience;
        Caller::new(
            &FingerprintKey::new(b"key"),
            token,
            |_| Ok(Standing::new(end)),
            deadline,
        )
        .expect("a caller")
    }

    fn id(text: &str) -> Option<RequestId> {
        RequestId::parse("requestId", text).ok()
    }

    const PATIENCE: Duration = Duration::from_secs(15);

    /// A write that leaves after a second, takes another one, and counts.
    fn leaving(
        done: &Arc<AtomicU32>,
        outcome: Result<(), ErrorKind>,
    ) -> impl FnOnce(Departure) -> futures_util::future::BoxFuture<'static, Outcome<u32>> {
        let done = done.clone();
        move |departure| {
            Box::pin(async move {
                tokio::time::sleep(Duration::from_secs(1)).await;
                departure.leave()?;
                tokio::time::sleep(Duration::from_secs(1)).await;
                let count = done.fetch_add(1, Ordering::SeqCst) + 1;
                outcome
                    .map(|()| count)
                    .map_err(|kind| Error::new(kind, "no"))
            })
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_id_is_done_once_per_caller_for_ten_minutes() {
        let (writes, done) = (Writes::new(TaskTracker::new()), Arc::new(AtomicU32::new(0)));
        let run = |token, request, asked: &'static str| {
            let (writes, done) = (&writes, &done);
            async move {
                let write = leaving(done, Ok(()));
                writes
                    .run(&caller(token, PATIENCE), id(request), asked, write)
                    .await
            }
        };
        let (one, two) = tokio::join!(run("a", "x", "mill"), run("a", "x", "mill"));
        assert_eq!((one.ok(), two.ok()), (Some(1), Some(1)));
        assert_eq!(run("a", "x", "mill").await.ok(), Some(1));
        let other = run("a", "x", "dam").await.map_err(|error| error.kind());
        assert_eq!(other, Err(ErrorKind::InvalidInput));
        assert_eq!(run("b", "x", "mill").await.ok(), Some(2));
        assert_eq!(run("a", "y", "mill").await.ok(), Some(3));
        tokio::time::advance(super::REPLAY).await;
        assert_eq!(run("a", "x", "mill").await.ok(), Some(4));
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_refused_may_be_asked_for_again_and_what_is_unknown_may_not() {
        let writes = Writes::new(TaskTracker::new());
        let done = Arc::new(AtomicU32::new(0));
        let caller = caller("a", PATIENCE);
        for (request, first, second) in [
            ("refused", ErrorKind::InvalidInput, Ok(2)),
            (
                "unknown",
                ErrorKind::WriteUnknown,
                Err(ErrorKind::WriteUnknown),
            ),
        ] {
            done.store(0, Ordering::SeqCst);
            let outcome = writes
                .run(&caller, id(request), "", leaving(&done, Err(first)))
                .await;
            assert_eq!(outcome.map_err(|error| error.kind()), Err(first));
            let outcome = writes
                .run(&caller, id(request), "", leaving(&done, Ok(())))
                .await;
            assert_eq!(outcome.map_err(|error| error.kind()), second, "{request}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_deadline_before_the_departure_stops_the_write_and_one_after_it_does_not() {
        let tasks = TaskTracker::new();
        let (writes, done) = (Writes::new(tasks.clone()), Arc::new(AtomicU32::new(0)));
        tasks.close();
        for (patience, kind, count) in [
            (500, ErrorKind::UpstreamTimeout, 0),
            (1500, ErrorKind::WriteUnknown, 1),
        ] {
            let caller = caller("a", Duration::from_millis(patience));
            let outcome = writes.run(&caller, None, "", leaving(&done, Ok(()))).await;
            assert_eq!(outcome.map_err(|error| error.kind()), Err(kind));
            tasks.wait().await;
            assert_eq!(done.load(Ordering::SeqCst), count);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_caller_who_hangs_up_does_not_stop_the_write() {
        let tasks = TaskTracker::new();
        let (writes, done) = (Writes::new(tasks.clone()), Arc::new(AtomicU32::new(0)));
        tasks.close();
        let caller = caller("a", PATIENCE);
        let asked = writes.run(&caller, None, "", leaving(&done, Ok(())));
        let hung_up = tokio::time::timeout(Duration::from_millis(10), asked).await;
        assert!(hung_up.is_err());
        tasks.wait().await;
        assert_eq!(done.load(Ordering::SeqCst), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_write_is_not_begun_where_too_many_run_or_its_answer_could_not_be_kept() {
        let tasks = TaskTracker::new();
        let writes = Writes::new(tasks.clone());
        let one = caller("a", PATIENCE);
        let running: Vec<_> = (0..super::RUNNING_MAX)
            .map(|_| tasks.spawn(std::future::pending::<()>()))
            .collect();
        let refused = writes.run(&one, None, "", async |_| Ok(())).await;
        assert_eq!(
            refused.map_err(|error| error.kind()),
            Err(ErrorKind::Overloaded)
        );
        for task in running {
            task.abort();
            assert!(task.await.is_err());
        }
        for n in 0..super::ANSWERS_OF_ONE_MAX {
            let outcome = writes.run(&one, id(&n.to_string()), n, async |_| Ok(()));
            assert_eq!(outcome.await.ok(), Some(()), "{n}");
        }
        let refused = writes.run(&one, id("x"), "", async |_| Ok(())).await;
        assert_eq!(
            refused.map_err(|error| error.kind()),
            Err(ErrorKind::Overloaded)
        );
        // Neither a repeat nor anybody else is refused for that.
        let again = writes.run(&one, id("0"), 0_u32, async |_| Ok(())).await;
        assert_eq!(again.ok(), Some(()));
        let other = caller("b", PATIENCE);
        let outcome = writes.run(&other, id("x"), "", async |_| Ok(())).await;
        assert_eq!(outcome.ok(), Some(()));
    }
}
