//! The answers to one kind of question: which of them are served, and which are fetched.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::domain::caller::CachePolicy;
use crate::domain::caller::Caller;
use crate::domain::error::Error;
use crate::domain::error::ErrorKind;
use crate::domain::ledger::Account;
use crate::domain::ledger::Kept;
use crate::domain::ledger::Outcome;
use crate::upstream::cache::Fetched;
use crate::upstream::cache::Known;
use crate::upstream::cache::entry::Entry;
use crate::upstream::cache::entry::Lifetimes;
use crate::upstream::cache::entry::Stage;
use crate::upstream::cache::store::Asked;
use crate::upstream::cache::store::Store;
use crate::upstream::flight::Boarding;
use crate::upstream::flight::Flights;
use crate::upstream::metrics::CacheResult;
use crate::upstream::question::Question;
use crate::upstream::question::Subject;

/// How long a reader waits for an upstream that may be failing where there is an answer to fall back on.
const PATIENCE_WITH_FALLBACK: Duration = Duration::from_secs(1);

/// How long before its deadline a reader rather takes what there is to fall back on.
const LAST_MOMENT: Duration = Duration::from_millis(25);

/// An answer that has come, and how it stands in the cache where it is kept.
pub(super) struct Landed<A> {
    pub(super) answer: Arc<A>,
    pub(super) kept: Option<Kept>,
}

/// The answers to one kind of question.
pub(in crate::upstream) struct AnswerCache<T, A> {
    name: &'static str,
    pub(super) lifetimes: Lifetimes,
    flights: Flights<Question<T>, Landed<A>>,
    pub(super) store: Arc<Store>,
}

impl<T, A> AnswerCache<T, A>
where
    T: Subject,
    A: Send + Sync + 'static,
{
    pub(in crate::upstream) fn new(
        name: &'static str,
        lifetimes: Lifetimes,
        store: Arc<Store>,
    ) -> Self {
        AnswerCache {
            name,
            lifetimes,
            flights: Flights::new(),
            store,
        }
    }

    /// The fresh answer to a question that nobody really asks: it is entered nowhere.
    pub(in crate::upstream) fn peek(&self, caller: &Caller, subject: &T) -> Option<Arc<A>> {
        self.fresh(caller, &Question::new(caller, subject.clone()))?
            .content()?
    }

    /// The fresh answer to the question, if there is one that may be trusted.
    pub(in crate::upstream) async fn get(&self, caller: &Caller, subject: &T) -> Option<Arc<A>> {
        if !self.store.trusts(caller).await {
            return None;
        }
        let question = Question::new(caller, subject.clone());
        let entry = self.fresh(caller, &question)?;
        let answer = entry.content()??;
        self.entered(caller, &question, Outcome::Hit, Some(entry.kept()));
        Some(answer)
    }

    /// The answer to the question: the kept one, or the one that is under way, or what `fetch` brings.
    ///
    /// Waits no longer than the caller does; a fetch that others wait for goes on. `fetch` is told for whom it asks,
    /// which is not always on the caller's account, and what is known that the upstream may say is right still.
    pub(in crate::upstream) async fn get_or_fetch<F>(
        self: &Arc<Self>,
        caller: &Caller,
        subject: T,
        fetch: impl FnOnce(Caller, Asked, Option<Known<A>>) -> F,
    ) -> Result<Arc<A>, Error>
    where
        F: Future<Output = Result<Fetched<A>, Error>> + Send + 'static,
    {
        let question = Question::new(caller, subject);
        if !self.store.trusts(caller).await {
            return self.bypass(caller, &question, fetch).await;
        }
        let Some(entry) = self.store.get(&question) else {
            let boarding = self.board(caller, &question, None, fetch);
            return self.arrive(caller, &question, boarding, None).await;
        };
        match self.stage(caller, &question, &entry) {
            Stage::Fresh => self.told(caller, &question, &entry, Outcome::Hit),
            Stage::Stale | Stage::Fallback if entry.rests() => {
                self.told(caller, &question, &entry, Outcome::Stale)
            }
            Stage::Stale => {
                self.refresh(caller, &question, entry.clone(), fetch);
                self.told(caller, &question, &entry, Outcome::Stale)
            }
            Stage::Fallback => {
                let boarding = self.board(caller, &question, Some(entry.clone()), fetch);
                self.arrive(caller, &question, boarding, Some(&entry)).await
            }
            Stage::Old => {
                let boarding = self.board(caller, &question, Some(entry), fetch);
                self.arrive(caller, &question, boarding, None).await
            }
        }
    }

    /// Asks the upstream without a look at what is kept, and keeps nothing: it may have ended at another instance, and
    /// so may what is under way for others.
    async fn bypass<F>(
        &self,
        caller: &Caller,
        question: &Question<T>,
        fetch: impl FnOnce(Caller, Asked, Option<Known<A>>) -> F,
    ) -> Result<Arc<A>, Error>
    where
        F: Future<Output = Result<Fetched<A>, Error>> + Send + 'static,
    {
        self.store.metrics().cache(self.name, CacheResult::Bypass);
        let asker = caller.clone().with_cache_policy(CachePolicy::NoStore);
        let fetch = fetch(asker, self.store.ask(caller, question.tags()), None);
        let outcome = tokio::time::timeout_at(caller.deadline(), fetch).await;
        let account = caller.account();
        account.not_kept(|| question.call(), "the other instances cannot be heard");
        account.served(None);
        Ok(outcome.unwrap_or_else(|_| Err(late()))?.answer)
    }

    /// Boards the fetch of the question that is under way, or starts one.
    fn board<F>(
        self: &Arc<Self>,
        caller: &Caller,
        question: &Question<T>,
        known: Option<Entry>,
        fetch: impl FnOnce(Caller, Asked, Option<Known<A>>) -> F,
    ) -> Boarding<Landed<A>>
    where
        F: Future<Output = Result<Fetched<A>, Error>> + Send + 'static,
    {
        let asked = self.store.ask(caller, question.tags());
        let launch = || {
            let fetch = fetch(
                caller.clone(),
                asked,
                known.and_then(|known| known.to_confirm()),
            );
            let (cache, caller, question) = (self.clone(), caller.clone(), question.clone());
            async move {
                match fetch.await {
                    Ok(fetched) => Ok(cache.land(&caller, &question, &asked, fetched)),
                    Err(error) => {
                        cache.failed(&caller, &question, &asked, error.kind());
                        Err(error)
                    }
                }
            }
        };
        let is_good = |asked: &Asked| {
            // What it brings may be that there is no such thing, which may have been made since.
            let may_be_absent = T::MAY_BE_ABSENT.then(|| question.tag_of_absence());
            self.holds(question, asked)
                && self
                    .store
                    .epochs()
                    .hold(may_be_absent.as_slice(), asked.moment)
                && self.store.is_there(question, asked)
                && self.takes(caller, asked)
        };
        let known = || {
            let entry = self.fresh(caller, question)?;
            let (answer, kept) = (entry.content()??, Some(entry.kept()));
            Some(Arc::new(Landed { answer, kept }))
        };
        self.flights
            .board(question.clone(), asked, is_good, known, launch)
    }

    /// Fetches anew for whoever asks next; nobody waits for it, and nobody's account knows of it.
    fn refresh<F>(
        self: &Arc<Self>,
        caller: &Caller,
        question: &Question<T>,
        known: Entry,
        fetch: impl FnOnce(Caller, Asked, Option<Known<A>>) -> F,
    ) where
        F: Future<Output = Result<Fetched<A>, Error>> + Send + 'static,
    {
        let caller = caller.clone().with_account(Account::default());
        if let Boarding::Started(ride) = self.board(&caller, question, Some(known), fetch) {
            self.store.metrics().cache(self.name, CacheResult::Refresh);
            tokio::spawn(ride);
        }
    }

    /// Waits for an answer, or takes what there is to fall back on where none comes.
    async fn arrive(
        &self,
        caller: &Caller,
        question: &Question<T>,
        boarding: Boarding<Landed<A>>,
        fallback: Option<&Entry>,
    ) -> Result<Arc<A>, Error> {
        let begun = Instant::now();
        let (mut ride, is_own) = match boarding {
            Boarding::Answered(landed) => {
                self.entered(caller, question, Outcome::Hit, landed.kept);
                return Ok(landed.answer.clone());
            }
            Boarding::Started(ride) => (ride, true),
            Boarding::Joined(ride) => (ride, false),
        };
        // Now, because whoever hangs up has looked into the cache, too. Where there is something to fall back on, what
        // the look comes to is not known yet.
        if fallback.is_none() {
            self.waits(is_own);
        }
        let until = match fallback {
            Some(_) => patience_with_fallback(caller),
            None => caller.deadline(),
        };
        let serves = |entry: &&Entry| self.stage(caller, question, entry) != Stage::Old;
        let outcome = match tokio::time::timeout_at(until, &mut ride).await {
            Ok(outcome) => outcome,
            Err(_) => match fallback.filter(serves) {
                Some(entry) => {
                    self.store.amend(question, Entry::rest);
                    // Whoever asks next may have what it brings.
                    tokio::spawn(ride);
                    return self.told(caller, question, entry, Outcome::Stale);
                }
                // What there was to fall back on may have ended meanwhile, by a write or by its time.
                None => tokio::time::timeout_at(caller.deadline(), ride)
                    .await
                    .unwrap_or_else(|_| Err(late())),
            },
        };
        if let (Err(error), Some(entry)) = (&outcome, fallback.filter(serves))
            && error.kind().is_upstream_failure()
        {
            return self.told(caller, question, entry, Outcome::Stale);
        }
        if fallback.is_some() {
            self.waits(is_own);
        }
        self.arrived(caller, question, is_own, begun, outcome)
    }

    /// Counts a look into the cache that must wait for the upstream.
    fn waits(&self, is_own: bool) {
        let result = match is_own {
            true => CacheResult::Miss,
            false => CacheResult::Coalesced,
        };
        self.store.metrics().cache(self.name, result);
    }

    /// Enters an answer that was waited for.
    fn arrived(
        &self,
        caller: &Caller,
        question: &Question<T>,
        is_own: bool,
        begun: Instant,
        outcome: Result<Arc<Landed<A>>, Error>,
    ) -> Result<Arc<A>, Error> {
        let kept = match &outcome {
            Ok(landed) => landed.kept,
            Err(_) => self.fresh(caller, question).map(|absence| absence.kept()),
        };
        let account = caller.account();
        if !is_own {
            // The road enters none but its own.
            account.enter(
                Outcome::Coalesced,
                || question.call(),
                kept,
                begun.elapsed(),
            );
        }
        account.served(kept);
        outcome.map(|landed| landed.answer.clone())
    }

    /// Gives what is kept.
    fn told(
        &self,
        caller: &Caller,
        question: &Question<T>,
        entry: &Entry,
        outcome: Outcome,
    ) -> Result<Arc<A>, Error> {
        self.entered(caller, question, outcome, Some(entry.kept()));
        match entry.content() {
            Some(Some(answer)) => Ok(answer),
            Some(None) => Err(Error::new(ErrorKind::NotFound, "not found")),
            None => Err(Error::new(
                ErrorKind::Internal,
                "an answer of another kind is kept",
            )),
        }
    }

    /// Counts an answer that was there already.
    fn entered(
        &self,
        caller: &Caller,
        question: &Question<T>,
        outcome: Outcome,
        kept: Option<Kept>,
    ) {
        let result = match outcome {
            Outcome::Stale => CacheResult::Stale,
            _ => CacheResult::Hit,
        };
        self.store.metrics().cache(self.name, result);
        let account = caller.account();
        account.enter(outcome, || question.call(), kept, Duration::ZERO);
        account.served(kept);
    }

    fn fresh(&self, caller: &Caller, question: &Question<T>) -> Option<Entry> {
        let entry = self.store.get(question)?;
        (self.stage(caller, question, &entry) == Stage::Fresh).then_some(entry)
    }

    /// What an entry is good for, for this caller and now.
    fn stage(&self, caller: &Caller, question: &Question<T>, entry: &Entry) -> Stage {
        let epochs = self.store.epochs();
        let may_be_there = || {
            let made = [question.tag_of_absence()];
            entry.is_absence() && !epochs.hold(&made, entry.moment())
        };
        let is_taken = caller.takes_kept(entry.asked_at(), entry.kept().age, entry.fresh_until());
        let is_out = !is_taken || !epochs.hold(&question.tags(), entry.moment()) || may_be_there();
        if is_out { Stage::Old } else { entry.stage() }
    }

    /// Whether whatever is brought by a fetch that was begun then does for this caller. Another instance may have asked
    /// for it earlier.
    fn takes(&self, caller: &Caller, asked: &Asked) -> bool {
        let fresh = self.lifetimes.fresh;
        match asked.at.checked_sub(fresh) {
            Some(earlier) if !self.store.shared().is_alone() => {
                caller.takes_kept(earlier, fresh, asked.at)
            }
            _ => caller.takes(asked.at),
        }
    }

    /// Whether nothing happened to what the question asks about since it was asked.
    pub(super) fn holds(&self, question: &Question<T>, asked: &Asked) -> bool {
        self.store.epochs().hold(&question.tags(), asked.moment)
    }
}

/// Until when a reader waits who has something to fall back on.
fn patience_with_fallback(caller: &Caller) -> Instant {
    let now = Instant::now();
    let deadline = caller.deadline().checked_sub(LAST_MOMENT);
    deadline.map_or(now, |deadline| deadline.min(now + PATIENCE_WITH_FALLBACK))
}

fn late() -> Error {
    Error::new(
        ErrorKind::UpstreamTimeout,
        "the upstream did not answer before the deadline",
    )
}
