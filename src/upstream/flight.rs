//! Flights: one fetch for all who ask the same at the same time.
//!
//! The fetch runs as a task of its own. Whoever started it may hang up without harming those who joined;
//! only when the last of them has gone is the fetch cancelled.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use futures_util::future::Shared;
use tokio::task::AbortHandle;

use crate::domain::error::Error;
use crate::domain::error::ErrorKind;
use crate::upstream::cache::Asked;

type Outcome<A> = Result<Arc<A>, Error>;

/// The fetches under way, by question.
pub(super) struct Flights<Q, A> {
    flying: Arc<Mutex<Table<Q, A>>>,
}

struct Table<Q, A> {
    flights: HashMap<Q, Flight<A>>,
    started: u64,
}

impl<Q: Eq + Hash, A> Table<Q, A> {
    /// Takes a flight off the table, where it is still there.
    fn remove(&mut self, question: &Q, number: u64) {
        let flight = self.flights.get(question);
        if flight.is_some_and(|flight| flight.cabin.number == number) {
            self.flights.remove(question);
        }
    }
}

struct Flight<A> {
    /// When its question was asked.
    asked: Asked,
    cabin: Arc<Cabin>,
    outcome: Shared<BoxFuture<'static, Outcome<A>>>,
}

/// Who is on board. It outlives the flight's place on the table, which a later flight may take.
struct Cabin {
    number: u64,
    /// Counted under the lock of the table, so that nobody boards while the last one leaves.
    passengers: AtomicUsize,
    task: AbortHandle,
}

/// How a question came to its flight.
pub(super) enum Boarding<A> {
    /// There is an answer already.
    Answered(Arc<A>),
    /// This question started the flight.
    Started(BoxFuture<'static, Outcome<A>>),
    /// A flight for it was under way.
    Joined(BoxFuture<'static, Outcome<A>>),
}

impl<Q, A> Flights<Q, A>
where
    Q: Clone + Eq + Hash + Send + 'static,
    A: Send + Sync + 'static,
{
    pub(super) fn new() -> Self {
        let table = Table {
            flights: HashMap::new(),
            started: 0,
        };
        Flights {
            flying: Arc::new(Mutex::new(table)),
        }
    }

    /// Joins the flight of `question`, or starts one with `fetch`, asked at `asked`.
    ///
    /// A flight that `is_good` does not find good any more began before something happened to what it asks
    /// about: those who are on board stay, but nobody boards. `answered` is asked once more under the lock, because a flight that has just landed has left its
    /// answer there; `fetch` must leave it there before it ends.
    pub(super) fn board<F>(
        &self,
        question: Q,
        asked: Asked,
        is_good: impl FnOnce(&Asked) -> bool,
        answered: impl FnOnce() -> Option<Arc<A>>,
        fetch: impl FnOnce() -> F,
    ) -> Boarding<A>
    where
        F: Future<Output = Outcome<A>> + Send + 'static,
    {
        let mut table = lock(&self.flying);
        let boarding = table.flights.get(&question);
        if let Some(flight) = boarding.filter(|flight| is_good(&flight.asked)) {
            flight.cabin.passengers.fetch_add(1, Ordering::Relaxed);
            let (cabin, outcome) = (flight.cabin.clone(), flight.outcome.clone());
            return Boarding::Joined(self.ride(question, cabin, outcome));
        }
        if let Some(answer) = answered() {
            return Boarding::Answered(answer);
        }
        table.started += 1;
        let number = table.started;
        let landing = Landing {
            flying: self.flying.clone(),
            question: question.clone(),
            number,
        };
        let fetch = fetch();
        let task = tokio::spawn(async move {
            let _landing = landing; // dropped however the fetch ends, by panic too
            fetch.await
        });
        let cabin = Arc::new(Cabin {
            number,
            passengers: AtomicUsize::new(1),
            task: task.abort_handle(),
        });
        let outcome = task
            .map(|ended| ended.unwrap_or_else(|error| Err(lost(error))))
            .boxed()
            .shared();
        let flight = Flight {
            asked,
            cabin: cabin.clone(),
            outcome: outcome.clone(),
        };
        table.flights.insert(question.clone(), flight);
        Boarding::Started(self.ride(question, cabin, outcome))
    }

    fn ride(
        &self,
        question: Q,
        cabin: Arc<Cabin>,
        outcome: Shared<BoxFuture<'static, Outcome<A>>>,
    ) -> BoxFuture<'static, Outcome<A>> {
        let seat = Seat {
            flying: self.flying.clone(),
            question,
            cabin,
        };
        async move {
            let _seat = seat;
            outcome.await
        }
        .boxed()
    }
}

/// Takes a landed flight off the table.
struct Landing<Q: Eq + Hash, A> {
    flying: Arc<Mutex<Table<Q, A>>>,
    question: Q,
    number: u64,
}

impl<Q: Eq + Hash, A> Drop for Landing<Q, A> {
    fn drop(&mut self) {
        lock(&self.flying).remove(&self.question, self.number);
    }
}

/// One who waits for a flight; the last to leave cancels it.
struct Seat<Q: Eq + Hash, A> {
    flying: Arc<Mutex<Table<Q, A>>>,
    question: Q,
    cabin: Arc<Cabin>,
}

impl<Q: Eq + Hash, A> Drop for Seat<Q, A> {
    fn drop(&mut self) {
        let mut table = lock(&self.flying);
        let Cabin {
            number,
            passengers,
            task,
        } = &*self.cabin;
        if passengers.fetch_sub(1, Ordering::Relaxed) == 1 {
            task.abort();
            table.remove(&self.question, *number);
        }
    }
}

/// A panic elsewhere does not make the table wrong: each change to it is a single step.
fn lock<Q, A>(table: &Mutex<Table<Q, A>>) -> MutexGuard<'_, Table<Q, A>> {
    table.lock().unwrap_or_else(PoisonError::into_inner)
}

fn lost(error: tokio::task::JoinError) -> Error {
    if error.is_cancelled() {
        return Error::new(
            ErrorKind::Cancelled,
            "nobody waits for this answer any more",
        );
    }
    Error::new(ErrorKind::Internal, "the fetch of this answer broke down").because(error)
}
