//! The upstream of the model, its users, and what they may count on.

use std::iter::Sum;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use prometheus_client::registry::Registry;
use tokio::time::Instant;
use tokio::time::sleep;

use crate::domain::caller::BearerToken;
use crate::domain::caller::CachePolicy;
use crate::domain::caller::Caller;
use crate::domain::caller::FingerprintKey;
use crate::domain::caller::Standing;
use crate::domain::customer::Customer;
use crate::domain::error::Error;
use crate::domain::error::ErrorKind;
use crate::domain::id::CustomerId;
use crate::domain::ledger::Account;
use crate::domain::ledger::Detail;
use crate::domain::ledger::Ledger;
use crate::upstream::cache::AnswerCache;
use crate::upstream::cache::Asked;
use crate::upstream::cache::Fetched;
use crate::upstream::cache::Known;
use crate::upstream::cache::Lifetimes;
use crate::upstream::cache::Part;
use crate::upstream::cache::Room;
use crate::upstream::cache::Store;
use crate::upstream::caching::Caching;
use crate::upstream::epochs::Epochs;
use crate::upstream::interleavings::Flaw;
use crate::upstream::metrics::Metrics;
use crate::upstream::question::CustomersPage;
use crate::upstream::question::Question;
use crate::upstream::question::Subject;
use crate::upstream::schedules::CUSTOMERS;
use crate::upstream::schedules::USERS;
use crate::upstream::schedules::Versions;
use crate::upstream::schedules::Weather;
use crate::upstream::schedules::customer;
use crate::upstream::schedules::list;
use crate::upstream::shared::Shared;
use crate::upstream::writes::Resource;
use crate::upstream::writing::Writing;

const LIFETIMES: Lifetimes = Lifetimes {
    fresh: Duration::from_millis(150),
    revalidating: Duration::from_millis(100),
    failing: Duration::from_millis(150),
    absent: Duration::from_millis(100),
};

/// Longest time that an answer is served.
const AGE_MAX: Duration = Duration::from_millis(400);

/// How long a write of unknown outcome may still take effect.
const PAUSE: Duration = Duration::from_millis(300);

/// Enough for all.
const ROOM: Room = Room {
    bytes_max: 1 << 20,
    caller_bytes_max: 1 << 20,
};

/// Every sixth version is that there is none.
const fn is_absent(version: u64) -> bool {
    version % 6 == 5
}

/// What the upstream said, and to whom.
#[derive(Clone, Copy, Debug)]
struct Said {
    to: usize,
    versions: Versions,
}

/// What the readers may count on.
#[derive(Default)]
struct Promises {
    /// What the upstream holds.
    held: Versions,
    /// Writes under way, those included that may still land.
    writing: [usize; CUSTOMERS],
    /// When it held each version no longer.
    past: [Vec<Instant>; CUSTOMERS],
    /// The newest version that anybody was told of, which an object's readers must see.
    told: Versions,
    /// The newest version that each user was told of, which that user's lists must show.
    told_to: [Versions; USERS],
    /// The first answer that broke a promise.
    broken: Option<String>,
    figures: Figures,
}

/// How much happened.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Figures {
    pub(super) reads: u64,
    /// Answers out of the cache.
    pub(super) hits: u64,
    /// Of them those that were not fresh any more.
    pub(super) stale: u64,
    /// Answers that there is no such thing.
    pub(super) absent: u64,
    /// Answers of the upstream that what is kept is right.
    pub(super) confirmed: u64,
}

impl Sum for Figures {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Figures::default(), |sum, more| Figures {
            reads: sum.reads + more.reads,
            hits: sum.hits + more.hits,
            stale: sum.stale + more.stale,
            absent: sum.absent + more.absent,
            confirmed: sum.confirmed + more.confirmed,
        })
    }
}

pub(super) struct World {
    flaw: Option<Flaw>,
    epochs: Arc<Epochs>,
    shared: Arc<Shared>,
    store: Arc<Store>,
    customers: Arc<AnswerCache<CustomerId, Said>>,
    lists: Arc<AnswerCache<CustomersPage, Said>>,
    callers: Vec<Caller>,
    token_ends: Vec<Instant>,
    known: Mutex<Promises>,
}

/// One reader: whose, and in which mood.
#[derive(Clone, Copy)]
pub(super) struct Reader {
    pub(super) user: usize,
    pub(super) policy: CachePolicy,
    pub(super) weather: Weather,
}

impl World {
    pub(super) fn new(flaw: Option<Flaw>) -> Arc<Self> {
        let now = Instant::now();
        let metrics = Arc::new(Metrics::new(&mut Registry::default()));
        let (epochs, shared) = Shared::alone();
        let store = Arc::new(Store::new(ROOM, epochs.clone(), shared.clone(), metrics));
        let token_ends: Vec<_> = (0..USERS as u64)
            .map(|user| now + Duration::from_millis(600 + 200 * user))
            .collect();
        let key = FingerprintKey::new(b"model");
        let caller = |user: usize| {
            let name = match flaw {
                Some(Flaw::OneKeyForAll) => 0,
                _ => user,
            };
            let token = BearerToken::parse(&format!("user-{name}")).expect("a token");
            let end = match flaw {
                Some(Flaw::TokensNeverEnd) => now + Duration::from_secs(3600),
                _ => token_ends[user],
            };
            let deadline = now + Duration::from_secs(60);
            Caller::new(&key, token, |_| Ok(Standing::new(end)), deadline).expect("a caller")
        };
        Arc::new(World {
            flaw,
            customers: Arc::new(AnswerCache::new("customer", LIFETIMES, store.clone())),
            lists: Arc::new(AnswerCache::new("customers", LIFETIMES, store.clone())),
            callers: (0..USERS).map(caller).collect(),
            store,
            epochs,
            shared,
            token_ends,
            known: Mutex::default(),
        })
    }

    /// How it went: the first answer that broke a promise, or how much happened.
    pub(super) fn end(&self) -> Result<Figures, String> {
        self.known(|known| match known.broken.take() {
            Some(broken) => Err(broken),
            None => Ok(known.figures),
        })
    }

    fn known<T>(&self, look: impl FnOnce(&mut Promises) -> T) -> T {
        look(&mut self.known.lock().expect("nobody panics with it"))
    }

    /// One call of the upstream: what it holds when the question arrives, or that this is what is known already.
    async fn ask(
        self: Arc<Self>,
        reader: Reader,
        known: Option<Known<Said>>,
    ) -> Result<Fetched<Said>, Error> {
        let Reader { user, weather, .. } = reader;
        sleep(weather.there).await;
        if Instant::now() >= self.token_ends[user] {
            self.store.forget(self.callers[user].fingerprint());
            return Err(Error::new(ErrorKind::TokenInvalid, "it has ended"));
        }
        let versions = self.known(|known| known.held);
        sleep(weather.back).await;
        if weather.lost {
            return Err(Error::new(ErrorKind::UpstreamUnavailable, "it is lost"));
        }
        let known = known.filter(|known| known.answer.versions == versions);
        let answer = match known {
            Some(known) => {
                self.known(|known| known.figures.confirmed += 1);
                known.answer
            }
            None => Arc::new(Said { to: user, versions }),
        };
        Ok(Fetched {
            answer,
            bytes: 100,
            caching: Caching::tagged("\"tag\""),
            unkept: None,
            original: None,
        })
    }

    /// A caller whose token is known to have ended is refused before the cache is looked at.
    fn is_refused(&self, user: usize) -> bool {
        Instant::now() >= self.callers[user].token_end()
    }

    fn caller(&self, reader: Reader, ledger: &Arc<Ledger>) -> Caller {
        let caller = self.callers[reader.user].clone();
        caller
            .with_account(Account::new(Some(ledger.clone())))
            .with_cache_policy(reader.policy)
    }

    pub(super) async fn read_customer(self: Arc<Self>, reader: Reader, index: usize) {
        let user = reader.user;
        if self.is_refused(user) {
            return;
        }
        let (begun, ledger) = (Instant::now(), Ledger::new(Detail::Totals));
        let (told, own) = self.known(|known| (known.told[index], known.told_to[user][index]));
        let world = self.clone();
        let fetch = |_, _, known| async move {
            let fetched = world.clone().ask(reader, known).await?;
            match is_absent(fetched.answer.versions[index]) {
                true => Err(Error::new(ErrorKind::NotFound, "there is none")),
                false => Ok(fetched),
            }
        };
        let caller = self.caller(reader, &ledger);
        let answer = self
            .customers
            .get_or_fetch(&caller, customer(index), fetch)
            .await;
        match answer {
            Ok(said) => {
                let is_old = said.versions[index] < told;
                self.judge(user, begun, &said, is_old, &ledger);
            }
            // Others may take a moment to see what was made.
            Err(error) if error.kind() == ErrorKind::NotFound => {
                self.judge_absence(user, begun, index, own, &ledger);
            }
            Err(_) => {}
        }
    }

    pub(super) async fn read_list(self: Arc<Self>, reader: Reader) {
        let user = reader.user;
        if self.is_refused(user) {
            return;
        }
        let (begun, ledger) = (Instant::now(), Ledger::new(Detail::Totals));
        let promised = self.known(|known| known.told_to[user]);
        let world = self.clone();
        let fetch = |asker: Caller, asked: Asked, known| async move {
            let fetched = world.clone().ask(reader, known).await?;
            let asked = match world.flaw {
                Some(Flaw::RowsAreDatedLate) => {
                    world.store.ask(&asker, list().tags(asker.fingerprint()))
                }
                _ => asked,
            };
            let there = (0..CUSTOMERS).filter(|index| !is_absent(fetched.answer.versions[*index]));
            for index in there {
                let part = Part {
                    answer: fetched.answer.clone(),
                    bytes: fetched.bytes,
                    caching: fetched.caching.of_a_part(),
                };
                world.customers.feed(&asker, customer(index), &asked, part);
            }
            Ok(fetched)
        };
        let caller = self.caller(reader, &ledger);
        if let Ok(said) = self.lists.get_or_fetch(&caller, list(), fetch).await {
            let pairs = said.versions.iter().zip(promised);
            let is_old = pairs.into_iter().any(|(version, own)| *version < own);
            self.judge(user, begun, &said, is_old, &ledger);
        }
    }

    fn judge(&self, user: usize, begun: Instant, said: &Said, is_old: bool, ledger: &Ledger) {
        let is_long_past = |known: &mut Promises| {
            let versions = said.versions.iter().zip(&known.past);
            let mut ended = versions.filter_map(|(version, past)| past.get(*version as usize));
            ended.any(|ended| *ended + AGE_MAX < begun)
        };
        let wrong = if said.to != user {
            Some("ANOTHER USER'S")
        } else if is_old {
            Some("OLDER THAN A WRITE")
        } else if begun >= self.token_ends[user] {
            Some("AFTER THE TOKEN'S END")
        } else if self.known(is_long_past) {
            Some("OLDER THAN ALLOWED")
        } else {
            None
        };
        self.count(
            wrong.map(|wrong| format!("{wrong}: {said:?} for {user} at {begun:?}")),
            ledger,
        );
    }

    fn judge_absence(&self, user: usize, begun: Instant, index: usize, own: u64, ledger: &Ledger) {
        let wrong = self.known(|known| {
            known.figures.absent += 1;
            let since = (own..=known.held[index]).filter(|version| is_absent(*version));
            let could_be = |version: u64| {
                let ended = known.past[index].get(version as usize);
                ended.is_none_or(|ended| *ended + AGE_MAX >= begun)
            };
            (!since.into_iter().any(could_be)).then(|| {
                format!("OLDER THAN A WRITE: {user} is told at {begun:?} that there is no {index}")
            })
        });
        self.count(wrong, ledger);
    }

    fn count(&self, broken: Option<String>, ledger: &Ledger) {
        let totals = ledger.totals();
        self.known(|known| {
            known.figures.reads += 1;
            known.figures.hits += totals.cached;
            known.figures.stale += totals.stale;
            if let Some(broken) = broken {
                known.broken.get_or_insert(broken);
            }
        });
    }

    /// A write. Ids are never used again, so what is deleted is made anew only after everybody knows of that.
    pub(super) async fn write(self: Arc<Self>, user: usize, index: usize, weather: Weather) {
        if self.is_refused(user) {
            return;
        }
        let makes = self.known(|known| {
            known.writing[index] += 1;
            is_absent(known.held[index]) && known.writing[index] == 1
        });
        self.send(user, index, weather, makes).await;
        self.known(|known| known.writing[index] -= 1);
    }

    /// A write as `Road` makes it: bumped, sent, judged, bumped, told.
    async fn send(&self, user: usize, index: usize, weather: Weather, makes: bool) {
        let id = (!makes).then(|| customer(index));
        let tags = match self.flaw {
            Some(Flaw::NoBump) => vec![],
            Some(Flaw::InvalidatesInsteadOfBumping) if !weather.lost => vec![],
            Some(Flaw::AbsencesOutliveCreates) if makes => vec![],
            _ => Customer::tags(&self.callers[user], id),
        };
        let (epochs, shared) = (self.epochs.clone(), self.shared.clone());
        let mut writing = Writing::begin(epochs, shared, tags).await;
        sleep(weather.there).await;
        if !weather.lost {
            let version = self.land(index, makes);
            sleep(weather.back).await;
            match self.flaw {
                Some(Flaw::NoBumpAfterwards) => std::mem::forget(writing),
                Some(Flaw::InvalidatesInsteadOfBumping) => {
                    writing.end().await;
                    self.invalidate(index);
                }
                _ => drop(writing.end().await),
            }
            self.tell(user, index, version);
            return;
        }
        sleep(weather.back).await;
        if self.flaw != Some(Flaw::LateWritesAreForgotten) {
            writing.may_land_within(PAUSE);
        }
        writing.end().await;
        sleep(weather.late).await;
        // Nobody is told of it, but whoever asks from now on asks the upstream itself.
        let version = self.land(index, makes);
        self.tell(user, index, version);
    }

    /// Takes what is kept of a customer, and of the list, off every shelf.
    fn invalidate(&self, index: usize) {
        for caller in &self.callers {
            self.store.remove(&Question::new(caller, customer(index)));
            self.store.remove(&Question::new(caller, list()));
        }
    }

    /// Nothing is made that is there, and nothing changed that is not.
    fn land(&self, index: usize, makes: bool) -> Option<u64> {
        self.known(|known| {
            if is_absent(known.held[index]) != makes {
                return None;
            }
            known.past[index].push(Instant::now());
            known.held[index] += 1;
            Some(known.held[index])
        })
    }

    fn tell(&self, user: usize, index: usize, version: Option<u64>) {
        let Some(version) = version else {
            return;
        };
        self.known(|known| {
            let mine = &mut known.told_to[user][index];
            *mine = version.max(*mine);
            known.told[index] = version.max(known.told[index]);
        });
    }
}
