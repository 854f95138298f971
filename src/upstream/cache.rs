//! Answers of the upstream, kept for each caller alone.
//!
//! A hit is an entry whose deadline lies ahead and about whose subject nothing happened since it was asked. The deadline lives in the value, on
//! tokio's clock; the store's own clock only gives memory back.

use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::domain::caller::CachePolicy;
use crate::domain::caller::Caller;
use crate::domain::error::Error;
use crate::domain::error::ErrorKind;
use crate::domain::ledger::Kept;
use crate::domain::ledger::Outcome;
use crate::upstream::epochs::Epochs;
use crate::upstream::epochs::Moment;
use crate::upstream::flight::Boarding;
use crate::upstream::flight::Flights;
use crate::upstream::metrics::CacheResult;
use crate::upstream::metrics::Metrics;
use crate::upstream::question::Question;
use crate::upstream::question::Subject;

/// How long and how much is kept.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Memory for all answers in bytes.
    pub bytes_max: u64,
    /// How long a customer is fresh.
    pub customer_ttl: Duration,
    /// How long a field work order is fresh.
    pub fwo_ttl: Duration,
    /// How long a page of a list is fresh.
    pub list_ttl: Duration,
}

/// Largest single answer kept, in bytes of upstream JSON: 200 customers are 112 KiB, an order of 150 lines 45 KiB.
const ANSWER_BYTES_MAX: usize = 256 * 1024;

/// What an entry costs beyond its answer: key, bookkeeping of the store, `Arc` (measured: 330 to 363 bytes).
const ENTRY_OVERHEAD_BYTES: usize = 360;

/// An answer with its weight in bytes of upstream JSON.
pub(super) struct Fetched<A> {
    pub(super) answer: Arc<A>,
    pub(super) bytes: usize,
    /// Whether the answer is good enough to be kept.
    pub(super) keep: bool,
}

impl<A> Fetched<A> {
    /// An answer whose weight is that of its entry.
    pub(super) fn small(answer: A) -> Self {
        Fetched {
            answer: Arc::new(answer),
            bytes: size_of::<A>(),
            keep: true,
        }
    }
}

/// When an answer was asked for: what it may be kept for follows from that, not from when it came.
#[derive(Clone, Copy)]
pub(super) struct Asked {
    at: Instant,
    token_end: Instant,
    moment: Moment,
}

impl Asked {
    /// To be called before the upstream is.
    pub(super) fn now(caller: &Caller, epochs: &Epochs) -> Self {
        Asked {
            at: Instant::now(),
            token_end: caller.token_end(),
            moment: epochs.now(),
        }
    }
}

struct Entry<A> {
    answer: Arc<A>,
    bytes: u32,
    asked_at: Instant,
    fresh_until: Instant,
    asked: Moment,
}

impl<A> Clone for Entry<A> {
    fn clone(&self) -> Self {
        Entry {
            answer: self.answer.clone(),
            ..*self
        }
    }
}

impl<A> Entry<A> {
    fn kept(&self) -> Kept {
        Kept {
            age: self.asked_at.elapsed(),
            fresh_for: self.fresh_until.saturating_duration_since(Instant::now()),
        }
    }
}

/// The answers to one kind of question.
pub(super) struct AnswerCache<T, A> {
    name: &'static str,
    ttl: Duration,
    store: moka::sync::Cache<Question<T>, Entry<A>>,
    flights: Flights<Question<T>, A>,
    epochs: Arc<Epochs>,
    metrics: Arc<Metrics>,
}

impl<T, A> AnswerCache<T, A>
where
    T: Subject + Clone + Eq + Hash + Send + Sync + 'static,
    A: Send + Sync + 'static,
{
    pub(super) fn new(
        name: &'static str,
        bytes_max: u64,
        ttl: Duration,
        epochs: Arc<Epochs>,
        metrics: Arc<Metrics>,
    ) -> Self {
        let store = moka::sync::Cache::builder()
            .name(name)
            .max_capacity(bytes_max)
            .weigher(|_, entry: &Entry<A>| entry.bytes)
            .time_to_live(ttl)
            .build();
        AnswerCache {
            name,
            ttl,
            store,
            flights: Flights::new(),
            epochs,
            metrics,
        }
    }

    /// The fresh answer to a question that nobody really asks: it is entered nowhere.
    pub(super) fn peek(&self, caller: &Caller, subject: &T) -> Option<Arc<A>> {
        let kept = self.fresh(&Question::new(caller, subject.clone()))?;
        Some(kept.answer)
    }

    /// The fresh answer to the question, if there is one.
    pub(super) fn get(&self, caller: &Caller, subject: &T) -> Option<Arc<A>> {
        let question = Question::new(caller, subject.clone());
        let kept = self.taken(caller, &question)?;
        self.hit(caller, &question, &kept);
        Some(kept.answer)
    }

    /// The answer to the question: the kept one, or the one that is under way, or what `fetch` brings.
    ///
    /// Waits no longer than the caller does; a fetch that others wait for goes on.
    pub(super) async fn get_or_fetch<F>(
        self: &Arc<Self>,
        caller: &Caller,
        subject: T,
        fetch: impl FnOnce(Asked) -> F,
    ) -> Result<Arc<A>, Error>
    where
        F: Future<Output = Result<Fetched<A>, Error>> + Send + 'static,
    {
        let question = Question::new(caller, subject);
        if let Some(kept) = self.taken(caller, &question) {
            self.hit(caller, &question, &kept);
            return Ok(kept.answer);
        }
        let asked = Asked::now(caller, &self.epochs);
        let launch = || {
            let (cache, question, fetch) = (self.clone(), question.clone(), fetch(asked));
            let caller = caller.clone();
            async move {
                let fetched = fetch.await?;
                let call = question.call();
                match cache.keep(&caller, question, asked, &fetched) {
                    Ok(kept) => caller.account().kept(|| call, kept),
                    Err(why) => caller.account().not_kept(|| call, why),
                }
                Ok(fetched.answer)
            }
        };
        let is_good = |moment| {
            caller.cache_policy() == CachePolicy::Any && self.epochs.hold(&question.tags(), moment)
        };
        let known = || {
            let kept = self.taken(caller, &question)?;
            self.hit(caller, &question, &kept);
            Some(kept.answer)
        };
        let boarding = self
            .flights
            .board(question.clone(), asked.moment, is_good, known, launch);
        let outcome = match boarding {
            Boarding::Answered(answer) => return Ok(answer),
            Boarding::Started(ride) => {
                self.metrics.cache(self.name, CacheResult::Miss);
                patiently(caller, ride).await
            }
            Boarding::Joined(ride) => {
                self.metrics.cache(self.name, CacheResult::Coalesced);
                let outcome = patiently(caller, ride).await;
                let elapsed = asked.at.elapsed();
                caller
                    .account()
                    .enter(Outcome::Coalesced, || question.call(), None, elapsed);
                outcome
            }
        };
        // What it brought stands in the store, or may not be kept.
        let kept = self.taken(caller, &question).map(|entry| entry.kept());
        caller.account().served(kept.filter(|_| outcome.is_ok()));
        outcome
    }

    /// Counts an answer that was there already.
    fn hit(&self, caller: &Caller, question: &Question<T>, kept: &Entry<A>) {
        self.metrics.cache(self.name, CacheResult::Hit);
        let (account, kept) = (caller.account(), Some(kept.kept()));
        account.enter(Outcome::Hit, || question.call(), kept, Duration::ZERO);
        account.served(kept);
    }

    /// Keeps an answer that came with another one: a page feeds the customers that it lists.
    pub(super) fn feed(&self, caller: &Caller, subject: T, asked: Asked, fetched: &Fetched<A>) {
        // Nobody asked for it, so nobody needs to know why it is not kept.
        let _ = self.keep(caller, Question::new(caller, subject), asked, fetched);
    }

    /// Keeps an answer; fails with the reason why not.
    fn keep(
        &self,
        caller: &Caller,
        question: Question<T>,
        asked: Asked,
        fetched: &Fetched<A>,
    ) -> Result<Kept, &'static str> {
        let fresh_until = (asked.at + self.ttl).min(asked.token_end);
        if caller.cache_policy() == CachePolicy::NoStore {
            return Err("the request says no-store");
        }
        if !fetched.keep {
            return Err("the answer is not whole");
        }
        if fetched.bytes > ANSWER_BYTES_MAX {
            return Err("the answer is too large");
        }
        if fresh_until <= Instant::now() {
            return Err("the answer took longer than it would be fresh");
        }
        // At most 256 KiB and some: far within u32.
        let bytes = (fetched.bytes + ENTRY_OVERHEAD_BYTES) as u32;
        let entry = Entry {
            answer: fetched.answer.clone(),
            bytes,
            asked_at: asked.at,
            fresh_until,
            asked: asked.moment,
        };
        let kept = entry.kept();
        self.store.insert(question, entry);
        Ok(kept)
    }

    /// The fresh answer, if it does for this caller.
    fn taken(&self, caller: &Caller, question: &Question<T>) -> Option<Entry<A>> {
        self.fresh(question)
            .filter(|entry| caller.takes_kept(entry.asked_at, entry.kept().age, entry.fresh_until))
    }

    fn fresh(&self, question: &Question<T>) -> Option<Entry<A>> {
        let entry = self.store.get(question)?;
        let good =
            Instant::now() < entry.fresh_until && self.epochs.hold(&question.tags(), entry.asked);
        good.then_some(entry)
    }
}

/// Waits for an answer no longer than the caller does.
async fn patiently<A>(
    caller: &Caller,
    ride: impl Future<Output = Result<Arc<A>, Error>>,
) -> Result<Arc<A>, Error> {
    let waited = tokio::time::timeout_at(caller.deadline(), ride).await;
    waited.unwrap_or_else(|_| {
        Err(Error::new(
            ErrorKind::UpstreamTimeout,
            "the upstream did not answer before the deadline",
        ))
    })
}
