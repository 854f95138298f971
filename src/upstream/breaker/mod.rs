//! The breaker of one route: an upstream that fails for several callers is left alone, and asked again with care.
//!
//! *Closed*, calls go out, and their outcomes are remembered. *Open*, none does, but for one probe each second. Behind
//! the first good probe comes a *ramp*: each good answer lets one more call out beside the others, so that those who
//! waited for the upstream's return do not all come at once.
//!
//! What one caller suffers may be that caller's own matter, so it takes three of them to open a route for all. A caller
//! who fails alone, and for long, closes the route for that caller alone. Where not even a connection comes about, it
//! does not matter who asks.
//!
//! Time is an argument here, and nothing waits: `breakers` joins this with the clock.

use std::time::Duration;

use tokio::time::Instant;

/// So many failures in a row are needed.
const IN_A_ROW: u32 = 5;

/// So many callers must have failed in that row for the route to be closed to all.
const CALLERS: usize = 3;

/// Outcomes that are remembered. Nine in ten of them must be failures: an upstream that fails every other time is
/// better asked again than left alone.
const REMEMBERED: u32 = 20;

/// How long fewer callers must have failed for the route to be closed to them.
const LONE_AFTER: Duration = Duration::from_secs(10);

/// Outcomes that were followed by nothing for so long say nothing any more.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(10);

/// Between two probes. It stays so short because whoever waits for the upstream's return waits so long at most.
const PAUSE: Duration = Duration::from_secs(1);

/// Good answers in the ramp after which everybody may go.
const RAMP: u32 = 32;

/// When to come again where the ramp is full.
const RAMP_WAIT: Duration = Duration::from_millis(100);

/// Somebody who asks, only to tell one from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Who(pub(super) u64);

/// What an exchange says of the upstream, whatever it says to the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It answers; a refusal is an answer.
    Good,
    /// It failed, or did not answer in time.
    Failed,
    /// There was not even a connection.
    Unreached,
}

/// The permission to make one call.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ticket {
    who: Who,
    /// The state that it was given in: what comes of it later says nothing of a later state.
    generation: u64,
    kind: TicketKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TicketKind {
    Plain,
    Probe,
    Ramp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Closed,
    Open {
        probe_at: Instant,
        /// For those alone who failed, where not.
        for_all: bool,
    },
    Ramp {
        good: u32,
        under_way: u32,
    },
}

/// The breaker of one route.
#[derive(Debug)]
pub(super) struct Breaker {
    state: State,
    generation: u64,
    history: History,
}

impl Breaker {
    /// A breaker that has seen nothing.
    pub(super) fn new() -> Self {
        Breaker {
            state: State::Closed,
            generation: 0,
            history: History::default(),
        }
    }

    /// How long the caller must wait before a call, where they must.
    pub(super) fn wait(&self, who: Who, now: Instant) -> Option<Duration> {
        match self.state {
            State::Closed => None,
            State::Open { probe_at, .. } if self.is_shut_to(who) => {
                Some(probe_at.saturating_duration_since(now)).filter(|wait| !wait.is_zero())
            }
            State::Open { .. } => None,
            State::Ramp { good, under_way } => (under_way > good).then_some(RAMP_WAIT),
        }
    }

    /// Lets a call out, or says how long to wait. Each ticket must be settled.
    pub(super) fn admit(&mut self, who: Who, now: Instant) -> Result<Ticket, Duration> {
        if let Some(wait) = self.wait(who, now) {
            return Err(wait);
        }
        let is_shut = self.is_shut_to(who);
        let kind = match &mut self.state {
            State::Open { probe_at, .. } if is_shut => {
                // A probe that hangs does not keep the next one back.
                *probe_at = now + PAUSE;
                TicketKind::Probe
            }
            State::Closed | State::Open { .. } => TicketKind::Plain,
            State::Ramp { under_way, .. } => {
                *under_way += 1;
                TicketKind::Ramp
            }
        };
        Ok(Ticket {
            who,
            generation: self.generation,
            kind,
        })
    }

    /// What came of a call; nothing where nobody waited for it. Tells whether the route was opened by it.
    pub(super) fn settle(
        &mut self,
        ticket: Ticket,
        verdict: Option<Verdict>,
        now: Instant,
    ) -> bool {
        if ticket.generation != self.generation {
            return false;
        }
        if let State::Ramp { under_way, .. } = &mut self.state {
            *under_way = under_way.saturating_sub(1);
        }
        match verdict {
            Some(Verdict::Good) => self.good(now),
            Some(Verdict::Failed) => return self.bad(ticket, false, now),
            Some(Verdict::Unreached) => return self.bad(ticket, true, now),
            None => {
                if let (State::Open { probe_at, .. }, TicketKind::Probe) =
                    (&mut self.state, ticket.kind)
                {
                    *probe_at = now;
                }
            }
        }
        false
    }

    fn is_shut_to(&self, who: Who) -> bool {
        match self.state {
            State::Open { for_all, .. } => for_all || self.history.has_failed(who),
            State::Closed | State::Ramp { .. } => false,
        }
    }

    fn good(&mut self, now: Instant) {
        self.history.good(now);
        match &mut self.state {
            State::Closed => {}
            State::Open { for_all, .. } => {
                self.state = match for_all {
                    true => State::Ramp {
                        good: 1,
                        under_way: 0,
                    },
                    false => State::Closed,
                };
                self.history = History::default();
                self.generation += 1;
            }
            State::Ramp { good, .. } => {
                *good += 1;
                if *good >= RAMP {
                    self.state = State::Closed;
                }
            }
        }
    }

    fn bad(&mut self, ticket: Ticket, is_unreached: bool, now: Instant) -> bool {
        self.history.bad(ticket.who, is_unreached, now);
        let probe_at = now + PAUSE;
        let judged = self.history.judge(now);
        match (&mut self.state, judged) {
            (State::Open { probe_at: at, .. }, None | Some(Shut::ForSome))
            | (
                State::Open {
                    probe_at: at,
                    for_all: true,
                },
                Some(Shut::ForAll),
            ) => {
                if ticket.kind == TicketKind::Probe {
                    *at = probe_at;
                }
                false
            }
            (_, Some(shut)) => {
                let for_all = shut == Shut::ForAll;
                self.state = State::Open { probe_at, for_all };
                self.generation += 1;
                true
            }
            (State::Ramp { good, .. }, None) => {
                *good /= 2;
                false
            }
            (State::Closed, None) => false,
        }
    }
}

/// To whom a route is to be shut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shut {
    ForAll,
    /// To those in the history.
    ForSome,
}

/// The last outcomes of a route.
#[derive(Debug, Default)]
struct History {
    /// One bit each, the last one lowest: whether it was a failure.
    failed: u32,
    known: u32,
    in_a_row: u32,
    unreached_in_a_row: u32,
    /// Some of those who failed in this row.
    callers: [Option<Who>; CALLERS],
    row_began: Option<Instant>,
    last: Option<Instant>,
}

impl History {
    fn good(&mut self, now: Instant) {
        self.forget(now);
        *self = History {
            failed: self.failed << 1,
            known: (self.known + 1).min(REMEMBERED),
            last: Some(now),
            ..History::default()
        };
    }

    fn bad(&mut self, who: Who, is_unreached: bool, now: Instant) {
        self.forget(now);
        self.failed = self.failed << 1 | 1;
        self.known = (self.known + 1).min(REMEMBERED);
        self.in_a_row += 1;
        self.unreached_in_a_row = match is_unreached {
            true => self.unreached_in_a_row + 1,
            false => 0,
        };
        if !self.has_failed(who)
            && let Some(place) = self.callers.iter_mut().find(|place| place.is_none())
        {
            *place = Some(who);
        }
        self.row_began.get_or_insert(now);
        self.last = Some(now);
    }

    fn forget(&mut self, now: Instant) {
        let since = self.last.map(|last| now.saturating_duration_since(last));
        if since.is_some_and(|since| since >= FORGOTTEN_AFTER) {
            *self = History::default();
        }
    }

    fn has_failed(&self, who: Who) -> bool {
        self.callers.contains(&Some(who))
    }

    fn judge(&self, now: Instant) -> Option<Shut> {
        let failed = (self.failed & ((1 << REMEMBERED) - 1)).count_ones();
        if self.in_a_row < IN_A_ROW || failed * 10 < self.known * 9 {
            return None;
        }
        let are_several = self.callers.iter().all(Option::is_some);
        if are_several || self.unreached_in_a_row >= IN_A_ROW {
            return Some(Shut::ForAll);
        }
        let lasts = self
            .row_began
            .map(|began| now.saturating_duration_since(began));
        lasts
            .is_some_and(|lasts| lasts >= LONE_AFTER)
            .then_some(Shut::ForSome)
    }
}

#[cfg(test)]
mod tests;
