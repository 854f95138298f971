//! The first turn of each request, for which requests wait in a queue of their own.
//!
//! Where the processors are what is short, a hundred requests that are ready would stand in the queues of the threads
//! before the connection that could refuse the next one, and refusals would be as late as answers. So where much is
//! going on, a request begins when nothing else is ready: neither a connection, nor a request that is further along. It
//! waits here until then, where it can be told how long that takes.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::Semaphore;
use tokio::task::yield_now;
use tokio::time::Instant;

/// Longest time that a request should wait for its turn. A refusal is promised within 50 ms, and an answer that waited
/// for much longer would have been better refused.
const WAIT_MAX: Duration = Duration::from_millis(50);

/// So many may always wait: an estimate from a moment in which the machine was busy with something else is no reason
/// to turn a handful of requests away.
const WAITING_MIN: u64 = 64;

/// More turns at once let refusals wait for longer, fewer cost a look at the sockets for each of them. Measured with
/// `load overload` on one core, 2026-11: with 2, 4, 8 and 16, refusals take 4, 5, 9 and 19 ms, and the peak is at 92,
/// 93, 96 and 98 % of what it is without a queue.
const TURNS_PER_THREAD: usize = 4;

/// The weight of the latest turn in the time that turns take: one in so many.
const SMOOTHING: u64 = 8;

/// The turns of one process.
#[derive(Debug)]
pub(super) struct Turns {
    free: Arc<Semaphore>,
    at_once: u64,
    /// Requests that have not had their turn. The gauge is the state.
    waiting: Gauge,
    /// How long a turn takes, in nanoseconds: from when it was given to its end, with all that goes before it.
    takes: AtomicU64,
}

/// A request that has not had its turn yet.
#[derive(Debug)]
pub(super) struct Waiting(Arc<Turns>);

/// A turn, which is over when this is dropped.
#[derive(Debug)]
pub(super) struct Turn {
    turns: Arc<Turns>,
    begun: Instant,
    _permit: Option<OwnedSemaphorePermit>,
}

impl Turns {
    /// The turns of a process with so many threads.
    pub(super) fn new(threads: usize) -> Self {
        Turns::of(TURNS_PER_THREAD * threads)
    }

    fn of(at_once: usize) -> Self {
        Turns {
            free: Arc::new(Semaphore::new(at_once)),
            at_once: at_once as u64,
            waiting: Gauge::default(),
            takes: AtomicU64::new(0),
        }
    }

    /// Shows how many wait.
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register(
            "http_server_waiting_requests",
            "requests that no thread has begun with",
            self.waiting.clone(),
        );
    }

    /// Queues a request; `None` where it would wait for too long.
    ///
    /// To be called when the request comes, whichever task is to run it.
    pub(super) fn queue(self: &Arc<Self>) -> Option<Waiting> {
        let before = u64::try_from(self.waiting.inc()).unwrap_or(0);
        let waiting = Waiting(Arc::clone(self));
        let wait = Duration::from_nanos(before * self.takes.load(Relaxed) / self.at_once);
        (before < WAITING_MIN || wait <= WAIT_MAX).then_some(waiting)
    }

    fn took(&self, time: Duration) {
        let time = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        // Two ends at once may lose one of them, which an average survives.
        let takes = self.takes.load(Relaxed);
        let takes = takes - takes / SMOOTHING + time / SMOOTHING;
        self.takes.store(takes, Relaxed);
    }
}

impl Waiting {
    /// The turn of the request that waits. Where `under_way` requests are more than have a turn at once, everything
    /// goes before it that is ready on this thread.
    pub(super) async fn turn(self, under_way: u64) -> Turn {
        let turns = Arc::clone(&self.0);
        let permit = Arc::clone(&turns.free).acquire_owned().await.ok();
        let begun = Instant::now();
        if under_way > turns.at_once {
            yield_now().await;
        }
        Turn {
            turns,
            begun,
            _permit: permit,
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.waiting.dec();
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.turns.took(self.begun.elapsed());
    }
}

#[cfg(test)]
mod tests {
    use super::TURNS_PER_THREAD;
    use super::Turns;
    use super::WAIT_MAX;
    use super::WAITING_MIN;
    use std::sync::Arc;
    use std::time::Duration;
    use tokio::time::advance;

    /// Turns on one thread that take so long.
    async fn taking(time: Duration) -> Arc<Turns> {
        let turns = Arc::new(Turns::new(1));
        for _ in 0..100 {
            let waiting = turns.queue().expect("nobody waits");
            let turn = waiting.turn(1).await;
            advance(time).await;
            drop(turn);
        }
        turns
    }

    /// How many may wait before the next one is refused.
    fn room(turns: &Arc<Turns>) -> usize {
        let waiting: Vec<_> = std::iter::from_fn(|| turns.queue()).take(10_000).collect();
        waiting.len()
    }

    #[tokio::test(start_paused = true)]
    async fn as_many_may_wait_as_get_their_turn_in_time() {
        let turns = taking(Duration::from_micros(500)).await;
        let expected = 2 * TURNS_PER_THREAD * WAIT_MAX.as_millis() as usize;
        assert!((expected..expected * 11 / 10).contains(&room(&turns)));
        assert_eq!(turns.waiting.get(), 0, "who is refused waits for nothing");
    }

    #[tokio::test(start_paused = true)]
    async fn a_few_may_always_wait_and_before_the_first_turn_anybody_may() {
        let slow = taking(Duration::from_secs(1)).await;
        assert_eq!(room(&slow) as u64, WAITING_MIN);
        assert_eq!(room(&Arc::new(Turns::new(1))), 10_000);
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_have_their_turn_at_once_than_may_and_who_gives_up_takes_none() {
        let turns = Arc::new(Turns::of(2));
        let queue = || turns.queue().expect("few wait");
        let first = queue().turn(2).await;
        let _second = queue().turn(2).await;
        let (mut third, mut fourth) = (Box::pin(queue().turn(2)), Box::pin(queue().turn(2)));
        assert!(futures_util::poll!(&mut third).is_pending());
        assert!(futures_util::poll!(&mut fourth).is_pending());
        assert_eq!(turns.waiting.get(), 2);
        drop(third);
        drop(first);
        let _fourth = fourth.await;
        assert_eq!(turns.waiting.get(), 0);
    }
}
