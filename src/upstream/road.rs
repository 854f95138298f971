//! The road itself: one question on its way out and back, with its retries, its metrics and its decoding.

use std::fmt::Display;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future;
use futures_util::future::Either;
use secrecy::SecretString;
use serde_json::value::RawValue;
use tokio::time::Instant;

use crate::domain::caller::Caller;
use crate::domain::error::Error;
use crate::domain::error::ErrorKind;
use crate::domain::id::Id;
use crate::domain::ledger::Outcome;
use crate::domain::page::UpstreamPage;
use crate::upstream::Listing;
use crate::upstream::attempt::Exchange;
use crate::upstream::breakers::Breakers;
use crate::upstream::cache::Asked;
use crate::upstream::cache::Fetched;
use crate::upstream::cache::Known;
use crate::upstream::cache::Original;
use crate::upstream::cache::Part;
use crate::upstream::cache::Store;
use crate::upstream::caching::Caching;
use crate::upstream::caching::Validator;
use crate::upstream::call::Answer;
use crate::upstream::call::Read;
use crate::upstream::call::verdict;
use crate::upstream::decode;
use crate::upstream::decode::Rows;
use crate::upstream::decode::Weighed;
use crate::upstream::epochs::Epochs;
use crate::upstream::extra::ExtraCalls;
use crate::upstream::hedge::Hedging;
use crate::upstream::lanes::Lane;
use crate::upstream::lanes::Lanes;
use crate::upstream::metrics::Metrics;
use crate::upstream::retry;
use crate::upstream::retry::Failure;
use crate::upstream::shared::Shared;
use crate::upstream::turns::Turns;
use crate::upstream::wire::Invalid;
use crate::upstream::writes::Resource;

/// What every call needs.
pub(super) struct Road {
    pub(super) exchange: Exchange,
    pub(super) epochs: Arc<Epochs>,
    pub(super) shared: Arc<Shared>,
    pub(super) store: Arc<Store>,
    pub(super) metrics: Arc<Metrics>,
    /// Whether the upstream can shorten how long its answers are kept.
    pub(super) obey_headers: bool,
    pub(super) client_key: Option<SecretString>,
    pub(super) operation_timeout: Duration,
    /// How long a write of unknown outcome may still take effect: nothing that it touches is kept meanwhile.
    pub(super) unknown_pause: Duration,
    pub(super) lanes: Lanes,
    pub(super) breakers: Breakers,
    /// How many reads may be tried again.
    pub(super) retries: ExtraCalls,
    pub(super) hedging: Hedging,
    pub(super) turns: Turns,
    pub(super) page_size_max: u32,
}

impl Road {
    /// Reads a resource of which nothing is kept, by then at the latest.
    pub(super) async fn read<T>(
        &self,
        caller: &Caller,
        read: &Read,
        deadline: Instant,
        decode: impl Fn(&RawValue) -> Result<T, Failure>,
    ) -> Result<T, Error> {
        let answer = self
            .ask_until(deadline, caller, false, read, None, decode)
            .await;
        match answer? {
            Reply::New(answer, ..) => Ok(answer),
            Reply::Unchanged(_) => Err(unasked()),
        }
    }

    /// Reads a resource: attempts, judges and decodes, and tries again where that is worth while. With a validator the
    /// upstream may say that what is kept is right still. What was `asked` to be kept, another instance may keep.
    ///
    /// Whoever waits for it may come and go, so it is bound by no deadline of theirs: it ends with the last of them.
    pub(super) async fn ask<T>(
        &self,
        caller: &Caller,
        asked: &Asked,
        read: &Read,
        validator: Option<&Validator>,
        decode: impl Fn(&RawValue) -> Result<T, Failure>,
    ) -> Result<Reply<T>, Error> {
        let is_shared = !self.shared.is_alone();
        if is_shared && let Some(found) = self.find(caller, asked, read, &decode).await {
            return Ok(found);
        }
        let deadline = self.longest();
        self.ask_until(deadline, caller, is_shared, read, validator, decode)
            .await
    }

    /// When a question ends that is put now, and that nobody waits for with a deadline of their own.
    pub(super) fn longest(&self) -> Instant {
        Instant::now() + self.operation_timeout
    }

    async fn ask_until<T>(
        &self,
        deadline: Instant,
        caller: &Caller,
        is_shared: bool,
        read: &Read,
        validator: Option<&Validator>,
        decode: impl Fn(&RawValue) -> Result<T, Failure>,
    ) -> Result<Reply<T>, Error> {
        caller.budget().charge();
        self.retries.earn();
        let may_repeat = |error: &Error| {
            let may = self.retries.take();
            if may {
                self.metrics.retry(error.kind());
            }
            may
        };
        let attempt = || async {
            let answer = self.attempted(deadline, caller, read, validator).await?;
            let caching = match self.obey_headers {
                true => answer.caching,
                false => answer.caching.only_validator(),
            };
            match answer.body {
                Some(body) => {
                    let answer = decode(json(&body)?)?;
                    let call = is_shared.then(|| read.call());
                    let original = call.map(|call| Original { call, body });
                    Ok(Reply::New(answer, caching, original))
                }
                None => Ok(Reply::Unchanged(caching)),
            }
        };
        let outcome = retry::retry(&retry::POLICY, deadline, may_repeat, attempt).await;
        if let Err(error) = &outcome {
            if error.kind() == ErrorKind::TokenInvalid {
                self.end_caller(caller).await;
            }
            tracing::debug!(
                route = read.route,
                reason = error.kind().reason(),
                ?error,
                "the upstream was asked in vain"
            );
        }
        outcome
    }

    /// What another instance keeps, if it can be read here, too.
    async fn find<T>(
        &self,
        caller: &Caller,
        asked: &Asked,
        read: &Read,
        decode: impl Fn(&RawValue) -> Result<T, Failure>,
    ) -> Option<Reply<T>> {
        let (begun, call) = (Instant::now(), read.call());
        let found = self.store.find(caller, asked, &call).await?;
        let answer = json(&found.body).and_then(decode).ok()?;
        let caching = found.caching(begun);
        let account = caller.account();
        account.enter(Outcome::Shared, || call, None, begun.elapsed());
        Some(Reply::New(answer, caching, None))
    }

    /// Ends all that the caller has read, here and at the other instances: the token was refused.
    pub(super) async fn end_caller(&self, caller: &Caller) {
        self.store.forget(caller.fingerprint());
        self.shared.refused(caller.fingerprint()).await;
    }

    /// One attempt, where the upstream is not left alone: an exchange, or two where the first takes long.
    async fn attempted(
        &self,
        deadline: Instant,
        caller: &Caller,
        read: &Read,
        validator: Option<&Validator>,
    ) -> Result<Answer, Failure> {
        let (route, who) = (read.route(), self.breakers.caller(caller));
        self.breakers.check(route, who).map_err(Failure::lasting)?;
        // Held for the exchange alone: nobody sleeps between two tries with it.
        let lane = self.lanes.take(caller, deadline).await;
        let lane = lane.map_err(Failure::lasting)?;
        let exchange = |lane| self.exchanged(lane, deadline, caller, read, validator);
        let begun = Instant::now();
        let answer = match self.hedging.delay(read.route) {
            None => exchange(lane).await,
            Some(delay) => {
                let second = || {
                    let lane = self.lanes.try_take(caller);
                    let lane = lane.filter(|_| self.hedging.take())?;
                    self.metrics.hedge(route);
                    Some(exchange(lane))
                };
                hedged(exchange(lane), delay, second).await
            }
        };
        self.hedging.took(read.route, begun.elapsed());
        answer
    }

    /// One exchange, entered in the caller's account also where its answer is not waited for.
    async fn exchanged(
        &self,
        _lane: Lane,
        deadline: Instant,
        caller: &Caller,
        read: &Read,
        validator: Option<&Validator>,
    ) -> Result<Answer, Failure> {
        let pass = self
            .breakers
            .enter(read.route(), self.breakers.caller(caller));
        let pass = pass.map_err(Failure::lasting)?;
        let mut entry = Entry::new(caller, read);
        let token = caller.token();
        let answer = self
            .exchange
            .get(token, read, validator, deadline, &self.metrics)
            .await;
        // Whom the deadline has cut off says nothing of the upstream.
        if answer.is_ok() || Instant::now() < deadline {
            pass.settle(verdict(&answer));
        }
        if let Ok(Answer { body: None, .. }) = &answer {
            entry.outcome = Outcome::Revalidated;
        }
        answer
    }

    pub(super) async fn ask_page<T>(
        &self,
        caller: &Caller,
        asked: &Asked,
        read: &Read,
        validator: Option<&Validator>,
        page: UpstreamPage,
        decode: impl Fn(&RawValue) -> Result<Rows<T>, Invalid>,
    ) -> Result<Reply<Rows<T>>, Error> {
        self.ask(caller, asked, read, validator, |body| {
            let rows =
                decode(body).map_err(|invalid| Failure::lasting(unreadable("page", invalid)))?;
            if rows.rows.len() > page.size as usize {
                let error = Error::new(
                    ErrorKind::UpstreamInvalid,
                    "the upstream's page is longer than was asked for",
                );
                return Err(Failure::lasting(error));
            }
            Ok(rows)
        })
        .await
    }
}

/// The first good answer of two exchanges, the second of which begins only where the first takes longer than `delay`,
/// and where there is one. Fails as the one that ends last.
async fn hedged<F>(
    first: F,
    delay: Duration,
    second: impl FnOnce() -> Option<F>,
) -> Result<Answer, Failure>
where
    F: Future<Output = Result<Answer, Failure>>,
{
    let mut first = pin!(first);
    if let Ok(answer) = tokio::time::timeout(delay, &mut first).await {
        return answer;
    }
    let Some(second) = second() else {
        return first.await;
    };
    match future::select(first, pin!(second)).await {
        Either::Left((Err(_), other)) => other.await,
        Either::Right((Err(_), other)) => other.await,
        Either::Left((answer, _)) | Either::Right((answer, _)) => answer,
    }
}

/// An exchange in its caller's account, where it is entered as it ends: the upstream counts also those that are given up.
struct Entry<'c> {
    caller: &'c Caller,
    read: &'c Read,
    begun: Instant,
    outcome: Outcome,
}

impl<'c> Entry<'c> {
    fn new(caller: &'c Caller, read: &'c Read) -> Self {
        Entry {
            caller,
            read,
            begun: Instant::now(),
            outcome: Outcome::Miss,
        }
    }
}

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        let account = self.caller.account();
        let elapsed = self.begun.elapsed();
        account.enter(self.outcome, || self.read.call(), None, elapsed);
    }
}

/// What the upstream says to a read.
pub(super) enum Reply<T> {
    /// The answer, and to the letter what other instances may keep of it once it is known to be good.
    New(T, Caching, Option<Original>),
    /// What is kept is right still.
    Unchanged(Caching),
}

impl<A> Reply<Weighed<A>> {
    /// The object that it is about.
    pub(super) fn fetched(self, known: Option<Known<A>>) -> Result<Fetched<A>, Error> {
        let (answer, bytes, caching, original) = match self {
            Reply::New(Weighed { item, bytes }, caching, original) => {
                (item, bytes, caching, original)
            }
            Reply::Unchanged(caching) => {
                let known = known.ok_or_else(unasked)?;
                let caching = caching.confirming(&known.caching);
                (known.answer, known.bytes, caching, None)
            }
        };
        Ok(Fetched {
            answer,
            bytes,
            caching,
            unkept: None,
            original,
        })
    }
}

impl<T> Reply<Rows<T>> {
    /// The listing of the page; `feed` gets each good row. A page with a bad row is not kept, so the next reader asks
    /// again.
    pub(super) fn listed(
        self,
        noun: &str,
        known: Option<Known<Listing<T>>>,
        feed: impl Fn(Part<T>),
    ) -> Result<Fetched<Listing<T>>, Error> {
        match self {
            Reply::New(page, caching, original) => Ok(Fetched {
                original,
                ..listing(noun, page, caching, feed)
            }),
            Reply::Unchanged(caching) => {
                let known = known.ok_or_else(unasked)?;
                let caching = caching.confirming(&known.caching);
                let Known { answer, bytes, .. } = known;
                let good = answer.rows.iter().flatten();
                for row in good {
                    feed(Part {
                        answer: row.clone(),
                        bytes: bytes / answer.rows.len(),
                        caching: caching.of_a_part(),
                    });
                }
                Ok(Fetched {
                    answer,
                    bytes,
                    caching,
                    unkept: None,
                    original: None,
                })
            }
        }
    }
}

fn unasked() -> Error {
    Error::new(
        ErrorKind::UpstreamInvalid,
        "the upstream says that nothing changed, and was not asked whether it had",
    )
}

/// The body as JSON. One that ends too soon may have been cut off, which a second try can mend.
pub(super) fn json(body: &[u8]) -> Result<&RawValue, Failure> {
    serde_json::from_slice(body).map_err(|error: serde_json::Error| {
        let again = if error.is_eof() {
            retry::Again::Times(1)
        } else {
            retry::Again::Never
        };
        let error = Error::new(
            ErrorKind::UpstreamInvalid,
            "the upstream's answer is not well-formed JSON",
        )
        .because(error);
        Failure {
            error,
            again,
            is_unreached: false,
        }
    })
}

/// One object; another one than was asked for is no answer.
pub(super) fn one<R: Resource>(body: &RawValue, id: R::Id) -> Result<R, Failure> {
    let wrong = |why: &dyn Display| Failure::lasting(unreadable(R::NOUN, why));
    let object = decode::object(body).and_then(R::decode);
    let object = object.map_err(|invalid| wrong(&invalid))?;
    match object.id().get() == id.get() {
        true => Ok(object),
        false => Err(wrong(&"it is not the one asked for")),
    }
}

pub(super) fn unreadable(noun: &str, why: impl Display) -> Error {
    Error::new(
        ErrorKind::UpstreamInvalid,
        format!("the upstream's {noun} is not as its contract says: {why}"),
    )
}

fn listing<T>(
    noun: &str,
    page: Rows<T>,
    caching: Caching,
    feed: impl Fn(Part<T>),
) -> Fetched<Listing<T>> {
    let (mut bytes, mut unkept) = (0, None);
    let rows = page.rows.into_iter().map(|row| match row {
        Ok(row) => {
            bytes += row.bytes;
            feed(Part {
                answer: row.item.clone(),
                bytes: row.bytes,
                caching: caching.of_a_part(),
            });
            Ok(row.item)
        }
        Err(invalid) => {
            unkept = Some("a row cannot be read");
            Err(unreadable(noun, invalid))
        }
    });
    let rows = rows.collect();
    let answer = Arc::new(Listing {
        rows,
        total: page.total,
        last: page.last,
    });
    Fetched {
        answer,
        bytes,
        caching,
        unkept,
        original: None,
    }
}
