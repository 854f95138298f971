//! What is kept of an answer, and what it is good for as it grows old.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::domain::ledger::Kept;
use crate::upstream::cache::Known;
use crate::upstream::cache::store::Asked;
use crate::upstream::caching::Caching;
use crate::upstream::epochs::Moment;

/// How long answers are kept, each time counted from the end of the one before.
#[derive(Clone, Copy, Debug)]
pub(in crate::upstream) struct Lifetimes {
    /// Served without asking again.
    pub(in crate::upstream) fresh: Duration,
    /// Served once more while the upstream is asked again.
    pub(in crate::upstream) revalidating: Duration,
    /// Served where the upstream fails.
    pub(in crate::upstream) failing: Duration,
    /// That there is no such thing.
    pub(in crate::upstream) absent: Duration,
}

/// What an entry is good for now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// It is the answer.
    Fresh,
    /// It is the answer once more, while a new one is fetched.
    Stale,
    /// It is the answer if the upstream has none.
    Fallback,
    /// The upstream may say that it is right; by itself it is no answer.
    Old,
}

/// Several entries may share one answer.
#[derive(Clone)]
pub(super) struct Entry {
    /// None: there is no such thing.
    answer: Option<Arc<dyn Any + Send + Sync>>,
    /// Where the upstream can confirm it: what it said of it.
    confirmable: Option<Arc<Caching>>,
    bytes: u32,
    moment: Moment,
    asked_at: Instant,
    /// How old it was then, as the upstream says.
    age: Duration,
    fresh_until: Instant,
    stale_until: Instant,
    fallback_until: Instant,
    ends_at: Instant,
    /// The upstream failed just now: it is not asked again before this.
    rests_until: Option<Instant>,
}

/// What an entry costs beyond its answer: key, links, the places in the table (counted, not measured).
const OVERHEAD_BYTES: usize = 400;

/// How long the upstream is left alone after a failure, as far as an entry is there to be served instead.
const REST: Duration = Duration::from_secs(1);

impl Entry {
    /// An answer that weighs so many bytes of upstream JSON.
    pub(super) fn answer<A: Send + Sync + 'static>(
        answer: Arc<A>,
        bytes: usize,
        asked: &Asked,
        caching: &Caching,
        lifetimes: &Lifetimes,
    ) -> Self {
        let until =
            |lasts: Duration| (asked.at + lasts.saturating_sub(caching.age)).min(asked.token_end);
        let fresh = caching.fresh(lifetimes.fresh);
        let stale = fresh + caching.stale_while_revalidate(lifetimes.revalidating);
        let fallback = stale + caching.stale_if_error(lifetimes.failing);
        // What may be confirmed is worth keeping as long as an answer is at all.
        let confirmable = caching.validator.is_some();
        let at_least = match confirmable {
            true => lifetimes.fresh,
            false => Duration::ZERO,
        };
        // Where another instance asked for it, that is when it was asked for.
        let earlier = caching.shared.and(asked.at.checked_sub(caching.age));
        let (asked_at, age) = earlier.map_or((asked.at, caching.age), |at| (at, Duration::ZERO));
        Entry {
            answer: Some(answer),
            confirmable: confirmable.then(|| Arc::new(caching.clone())),
            bytes: weight(bytes),
            moment: asked.moment,
            asked_at,
            age,
            fresh_until: until(fresh),
            stale_until: until(stale),
            fallback_until: until(fallback),
            ends_at: until(fallback.max(at_least)),
            rests_until: None,
        }
    }

    /// That there is no such thing.
    pub(super) fn absence(asked: &Asked, lifetimes: &Lifetimes) -> Self {
        let until = (asked.at + lifetimes.absent).min(asked.token_end);
        Entry {
            answer: None,
            confirmable: None,
            bytes: weight(0),
            moment: asked.moment,
            asked_at: asked.at,
            age: Duration::ZERO,
            fresh_until: until,
            stale_until: until,
            fallback_until: until,
            ends_at: until,
            rests_until: None,
        }
    }

    /// The answer; none where it says that there is none. An entry of another kind is no answer at all.
    pub(super) fn content<A: Send + Sync + 'static>(&self) -> Option<Option<Arc<A>>> {
        match &self.answer {
            None => Some(None),
            Some(answer) => answer.clone().downcast().ok().map(Some),
        }
    }

    pub(super) fn is_absence(&self) -> bool {
        self.answer.is_none()
    }

    pub(super) fn stage(&self) -> Stage {
        let now = Instant::now();
        if now < self.fresh_until {
            Stage::Fresh
        } else if now < self.stale_until {
            Stage::Stale
        } else if now < self.fallback_until {
            Stage::Fallback
        } else {
            Stage::Old
        }
    }

    /// The answer with what the upstream said of it, where that can confirm it.
    pub(super) fn to_confirm<A: Send + Sync + 'static>(&self) -> Option<Known<A>> {
        Some(Known {
            caching: self.confirmable.clone()?,
            answer: self.content()??,
            bytes: (self.bytes as usize).saturating_sub(OVERHEAD_BYTES),
        })
    }

    pub(super) fn moment(&self) -> Moment {
        self.moment
    }

    pub(super) fn asked_at(&self) -> Instant {
        self.asked_at
    }

    pub(super) fn fresh_until(&self) -> Instant {
        self.fresh_until
    }

    pub(super) fn bytes(&self) -> u64 {
        u64::from(self.bytes)
    }

    pub(super) fn ends_at(&self) -> Instant {
        self.ends_at
    }

    /// How it stands in time.
    pub(super) fn kept(&self) -> Kept {
        let now = Instant::now();
        Kept {
            age: now.saturating_duration_since(self.asked_at) + self.age,
            fresh_for: self.fresh_until.saturating_duration_since(now),
        }
    }

    /// The upstream failed to give a newer one.
    pub(super) fn rest(&mut self) {
        self.rests_until = Some(Instant::now() + REST);
    }

    pub(super) fn rests(&self) -> bool {
        self.rests_until.is_some_and(|until| Instant::now() < until)
    }
}

/// Answers above 256 KiB are not kept: far within u32.
fn weight(bytes: usize) -> u32 {
    u32::try_from(bytes + OVERHEAD_BYTES).unwrap_or(u32::MAX)
}
