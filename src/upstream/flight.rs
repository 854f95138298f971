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

struct Flight<A> {
    number: u64,
    /// When its question was asked.
    asked: Asked,
    passengers: usize,
    outcome: Shared<BoxFuture<'static, Outcome<A>>>,
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
        let boarding = table.flights.get_mut(&question);
        if let Some(flight) = boarding.filter(|flight| is_good(&flight.asked)) {
            flight.passengers += 1;
            let (number, outcome) = (flight.number, flight.outcome.clone());
            return Boarding::Joined(self.ride(question, number, outcome));
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
        let abort = task.abort_handle();
        let outcome = task
            .map(|ended| ended.unwrap_or_else(|error| Err(lost(error))))
            .boxed()
            .shared();
        let flight = Flight {
            number,
            asked,
            passengers: 1,
            outcome: outcome.clone(),
            task: abort,
        };
        table.flights.insert(question.clone(), flight);
        Boarding::Started(self.ride(question, number, outcome))
    }

    fn ride(
        &self,
        question: Q,
        number: u64,
        outcome: Shared<BoxFuture<'static, Outcome<A>>>,
    ) -> BoxFuture<'static, Outcome<A>> {
        let seat = Seat {
            flying: self.flying.clone(),
            question,
            number,
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
        let mut table = lock(&self.flying);
        if table
            .flights
            .get(&self.question)
            .is_some_and(|flight| flight.number == self.number)
        {
            table.flights.remove(&self.question);
        }
    }
}

/// One who waits for a flight; the last to leave cancels it.
struct Seat<Q: Eq + Hash, A> {
    flying: Arc<Mutex<Table<Q, A>>>,
    question: Q,
    number: u64,
}

impl<Q: Eq + Hash, A> Drop for Seat<Q, A> {
    fn drop(&mut self) {
        let mut table = lock(&self.flying);
        let Some(flight) = table
            .flights
            .get_mut(&self.question)
            .filter(|flight| flight.number == self.number)
        else {
            return;
        };
        flight.passengers -= 1;
        if flight.passengers == 0 {
            flight.task.abort();
            table.flights.remove(&self.question);
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
