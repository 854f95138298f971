//! Answers of the upstream, kept for each caller alone.
//!
//! An entry is the answer as long as it is *fresh*. Past that it is the answer once more while a new one is fetched
//! (*stale while revalidating*), and past that where the upstream fails (*stale if error*). All three only while nothing
//! happened to what it tells of since it was asked for, and never past the end of the token that it was read with. The
//! deadlines live in the entry, on tokio's clock.

mod answers;
mod entry;
mod keeping;
mod store;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

pub(super) use crate::upstream::cache::answers::AnswerCache;
pub(super) use crate::upstream::cache::entry::Lifetimes;
pub(super) use crate::upstream::cache::store::Asked;
pub(super) use crate::upstream::cache::store::Room;
pub(super) use crate::upstream::cache::store::Store;
use crate::upstream::caching::Caching;
use crate::upstream::caching::Validator;
use crate::upstream::epochs::Epochs;
use crate::upstream::metrics::Metrics;
use crate::upstream::shared::Shared;

/// How long and how much is kept.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Memory for all answers in bytes.
    pub bytes_max: u64,
    /// Memory for the answers to one caller in bytes.
    pub caller_bytes_max: u64,
    /// How long a customer is fresh.
    pub customer_ttl: Duration,
    /// How long a field work order is fresh.
    pub fwo_ttl: Duration,
    /// How long a page of a list is fresh.
    pub list_ttl: Duration,
    /// How long after that an answer is served once more while the upstream is asked again.
    pub stale_while_revalidate: Duration,
    /// How long after that an answer is served where the upstream fails.
    pub stale_if_error: Duration,
    /// How long it is remembered that there is no such thing.
    pub not_found_ttl: Duration,
    /// Whether `Cache-Control`, `Age`, `Vary` and `Set-Cookie` of the upstream can shorten all that.
    pub obey_headers: bool,
}

impl Settings {
    /// How long answers of a kind are kept that are fresh for so long. What is never fresh is not kept at all: whoever
    /// says so wants no stale answers, either.
    pub(super) fn lifetimes(&self, fresh: Duration) -> Lifetimes {
        if fresh.is_zero() {
            return Lifetimes {
                fresh,
                revalidating: Duration::ZERO,
                failing: Duration::ZERO,
                absent: Duration::ZERO,
            };
        }
        Lifetimes {
            fresh,
            revalidating: self.stale_while_revalidate,
            failing: self.stale_if_error,
            absent: self.not_found_ttl,
        }
    }

    pub(super) fn store(
        &self,
        epochs: Arc<Epochs>,
        shared: Arc<Shared>,
        metrics: Arc<Metrics>,
    ) -> Arc<Store> {
        let room = Room {
            bytes_max: self.bytes_max,
            caller_bytes_max: self.caller_bytes_max,
        };
        Arc::new(Store::new(room, epochs, shared, metrics))
    }
}

/// What a fetch brings.
pub(super) struct Fetched<A> {
    pub(super) answer: Arc<A>,
    /// Its weight in bytes of upstream JSON.
    pub(super) bytes: usize,
    pub(super) caching: Caching,
    /// Why it is not good enough to be kept.
    pub(super) unkept: Option<&'static str>,
    /// What the upstream said to the letter, where other instances may want it.
    pub(super) original: Option<Original>,
}

/// An answer to the letter, with the call that it answers.
pub(super) struct Original {
    pub(super) call: String,
    pub(super) body: Bytes,
}

/// A part of what a fetch brings that answers another question.
pub(super) struct Part<A> {
    pub(super) answer: Arc<A>,
    pub(super) bytes: usize,
    pub(super) caching: Caching,
}

impl<A> Part<A> {
    /// One whose weight is that of its entry.
    pub(super) fn small(answer: A, caching: &Caching) -> Self {
        Part {
            bytes: size_of::<A>(),
            answer: Arc::new(answer),
            caching: caching.of_a_part(),
        }
    }
}

/// What is kept already, and may be right still.
pub(super) struct Known<A> {
    pub(super) answer: Arc<A>,
    pub(super) bytes: usize,
    /// What the upstream said of it, its validator included.
    pub(super) caching: Arc<Caching>,
}

impl<A> Known<A> {
    /// To ask the upstream with.
    pub(super) fn validator(&self) -> Option<&Validator> {
        self.caching.validator.as_ref()
    }
}
