//! The breakers of all routes, on the clock.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;

use tokio::time::Instant;

use crate::domain::caller::Caller;
use crate::domain::error::Error;
use crate::domain::error::ErrorKind;
use crate::upstream::breaker::Breaker;
use crate::upstream::breaker::Ticket;
use crate::upstream::breaker::Verdict;
use crate::upstream::breaker::Who;
use crate::upstream::metrics::Metrics;

/// What is asked of the upstream, without its ids: reads and writes of one path fail each by themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Route {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
}

type Table = HashMap<Route, Breaker>;

/// One breaker for each route that was ever asked, some dozen.
pub(super) struct Breakers {
    table: Mutex<Table>,
    hasher: RandomState,
    metrics: Arc<Metrics>,
}

impl Breakers {
    pub(super) fn new(metrics: Arc<Metrics>) -> Self {
        Breakers {
            table: Mutex::default(),
            hasher: RandomState::new(),
            metrics,
        }
    }

    /// The caller, as breakers know them.
    pub(super) fn caller(&self, caller: &Caller) -> Who {
        self.user(caller.fingerprint().as_bytes())
    }

    /// Somebody without a token, by what else tells them from others.
    pub(super) fn user(&self, known_by: &[u8]) -> Who {
        Who(self.hasher.hash_one(known_by))
    }

    /// Fails with `UpstreamUnavailable` where the route is open: at once, before anything is waited for.
    pub(super) fn check(&self, route: Route, who: Who) -> Result<(), Error> {
        let now = Instant::now();
        let wait = self
            .lock()
            .get(&route)
            .and_then(|known| known.wait(who, now));
        match wait {
            None => Ok(()),
            Some(wait) => Err(self.refused(route, wait)),
        }
    }

    /// Permission for one call, which ends with what is given.
    ///
    /// Fails with `UpstreamUnavailable` where the route is open.
    pub(super) fn enter(&self, route: Route, who: Who) -> Result<Pass<'_>, Error> {
        let mut table = self.lock();
        let breaker = table.entry(route).or_insert_with(Breaker::new);
        let admitted = breaker.admit(who, Instant::now());
        drop(table);
        match admitted {
            Ok(ticket) => Ok(Pass {
                breakers: self,
                route,
                ticket,
                verdict: None,
            }),
            Err(wait) => Err(self.refused(route, wait)),
        }
    }

    fn refused(&self, route: Route, wait: Duration) -> Error {
        self.metrics.refused(route);
        let message = "the upstream fails, and is left alone for a moment";
        // Not less than a millisecond, which is what callers are told in.
        let wait = wait.max(Duration::from_millis(1));
        Error::new(ErrorKind::UpstreamUnavailable, message).retry_after(wait)
    }

    fn settle(&self, route: Route, ticket: Ticket, verdict: Option<Verdict>) {
        let mut table = self.lock();
        let breaker = table.get_mut(&route);
        let opened = breaker.is_some_and(|breaker| breaker.settle(ticket, verdict, Instant::now()));
        drop(table);
        if opened {
            self.metrics.opened(route);
            let Route { method, path } = route;
            tracing::warn!(
                method,
                route = path,
                "the upstream fails, and is left alone"
            );
        }
    }

    /// A panic elsewhere does not make a breaker wrong: each change to it is a single step.
    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The permission to make one call.
pub(super) struct Pass<'b> {
    breakers: &'b Breakers,
    route: Route,
    ticket: Ticket,
    verdict: Option<Verdict>,
}

impl Pass<'_> {
    /// The call came to this.
    pub(super) fn settle(mut self, verdict: Verdict) {
        self.verdict = Some(verdict);
    }
}

/// Whoever hangs up says nothing of the upstream.
impl Drop for Pass<'_> {
    fn drop(&mut self) {
        self.breakers.settle(self.route, self.ticket, self.verdict);
    }
}
