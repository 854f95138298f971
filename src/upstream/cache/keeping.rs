//! What is kept of what a fetch has brought, and why not.

use std::sync::Arc;

use tokio::time::Instant;

use crate::domain::caller::CachePolicy;
use crate::domain::caller::Caller;
use crate::domain::error::ErrorKind;
use crate::domain::ledger::Kept;
use crate::upstream::cache::Fetched;
use crate::upstream::cache::Part;
use crate::upstream::cache::answers::AnswerCache;
use crate::upstream::cache::answers::Landed;
use crate::upstream::cache::entry::Entry;
use crate::upstream::cache::store::Asked;
use crate::upstream::question::Question;
use crate::upstream::question::Subject;

/// Largest single answer kept, in bytes of upstream JSON: 200 customers are 112 KiB, an order of 150 lines 45 KiB.
const ANSWER_BYTES_MAX: usize = 256 * 1024;

impl<T, A> AnswerCache<T, A>
where
    T: Subject,
    A: Send + Sync + 'static,
{
    /// Keeps an answer that came with another one: a page feeds the customers that it lists.
    pub(in crate::upstream) fn feed(
        &self,
        caller: &Caller,
        subject: T,
        asked: &Asked,
        part: Part<A>,
    ) {
        let Part {
            answer,
            bytes,
            caching,
        } = part;
        let question = Question::new(caller, subject);
        // Something may have happened to a row of a page that happened to no page, before this instance asked.
        let permits = |sight| {
            let shared = self.store.shared();
            shared.permits(question.caller(), &question.tags(), sight)
        };
        if caching.forbidden.is_none() && caching.shared.is_none_or(permits) {
            let entry = Entry::answer(answer, bytes, asked, &caching, &self.lifetimes);
            // Nobody asked for it, so nobody needs to know why it is not kept.
            let _kept = self.keep(caller, &question, asked, bytes, entry);
        }
    }

    /// Keeps what a fetch has brought, and says how.
    pub(super) fn land(
        &self,
        caller: &Caller,
        question: &Question<T>,
        asked: &Asked,
        fetched: Fetched<A>,
    ) -> Arc<Landed<A>> {
        let Fetched {
            answer,
            bytes,
            caching,
            unkept,
            original,
        } = fetched;
        let kept = match unkept.or(caching.forbidden) {
            Some(why) => {
                self.store.remove(question);
                Err(why)
            }
            None => {
                let answer = answer.clone();
                let entry = Entry::answer(answer, bytes, asked, &caching, &self.lifetimes);
                self.keep(caller, question, asked, bytes, entry)
            }
        };
        let account = caller.account();
        match kept {
            Ok(kept) => {
                if let Some(original) = original {
                    self.store.share(caller, asked, original, kept);
                }
                account.kept(|| question.call(), kept);
            }
            Err(why) => account.not_kept(|| question.call(), why),
        }
        let kept = kept.ok();
        Arc::new(Landed { answer, kept })
    }

    /// Remembers what a failure says of what is kept.
    pub(super) fn failed(
        &self,
        caller: &Caller,
        question: &Question<T>,
        asked: &Asked,
        kind: ErrorKind,
    ) {
        match kind {
            ErrorKind::NotFound if T::MAY_BE_ABSENT => {
                let entry = Entry::absence(asked, &self.lifetimes);
                if self.keep(caller, question, asked, 0, entry).is_err() {
                    self.store.remove(question);
                }
            }
            ErrorKind::NotFound | ErrorKind::Forbidden => self.store.remove(question),
            kind if kind.is_upstream_failure() => self.store.amend(question, Entry::rest),
            _ => {}
        }
    }

    /// Keeps an entry; fails with the reason why not.
    fn keep(
        &self,
        caller: &Caller,
        question: &Question<T>,
        asked: &Asked,
        bytes: usize,
        entry: Entry,
    ) -> Result<Kept, &'static str> {
        if caller.cache_policy() == CachePolicy::NoStore {
            return Err("the request says no-store");
        }
        if bytes > ANSWER_BYTES_MAX {
            return Err("the answer is too large");
        }
        if !self.holds(question, asked) || !self.store.is_there(question, asked) {
            return Err("it was written meanwhile, or may be");
        }
        if entry.ends_at() <= Instant::now() {
            return Err("the upstream, the settings or the end of the token leave it no time");
        }
        let kept = entry.kept();
        self.store.put(question, asked, entry);
        Ok(kept)
    }
}
