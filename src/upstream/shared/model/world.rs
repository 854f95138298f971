//! The upstream of the model, its instances, their server, and what readers may count on.

use std::iter::Sum;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use bytes::Bytes;
use fastrand::Rng;
use serde::Deserialize;
use serde::Serialize;
use tokio::time::Instant;
use tokio::time::sleep;

use crate::domain::caller::BearerToken;
use crate::domain::caller::Caller;
use crate::domain::caller::FingerprintKey;
use crate::domain::caller::Standing;
use crate::domain::customer::Customer;
use crate::domain::error::Error;
use crate::domain::error::ErrorKind;
use crate::domain::ledger::Account;
use crate::domain::ledger::Detail;
use crate::domain::ledger::Ledger;
use crate::upstream::cache::Asked;
use crate::upstream::cache::Fetched;
use crate::upstream::cache::Original;
use crate::upstream::cache::Part;
use crate::upstream::caching::Caching;
use crate::upstream::epochs::Tag;
use crate::upstream::question::Subject;
use crate::upstream::schedules::CUSTOMERS;
use crate::upstream::schedules::USERS;
use crate::upstream::schedules::Versions;
use crate::upstream::schedules::Weather;
use crate::upstream::schedules::customer;
use crate::upstream::schedules::list;
use crate::upstream::shared::Question;
use crate::upstream::shared::fake::Data;
use crate::upstream::shared::fake::FakeServer;
use crate::upstream::shared::model::Flaw;
use crate::upstream::shared::model::instance::AGE_MAX;
use crate::upstream::shared::model::instance::Instance;
use crate::upstream::shared::model::instance::LIFETIMES;
use crate::upstream::writes::Resource;
use crate::upstream::writing::Writing;

pub(super) const INSTANCES: usize = 2;

/// How long a write of unknown outcome may still take effect.
const PAUSE: Duration = Duration::from_millis(300);

/// What the upstream said, and to whom.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Said {
    to: usize,
    versions: Versions,
}

/// What readers may count on.
#[derive(Default)]
struct Promises {
    /// What the upstream holds.
    held: Versions,
    /// When it held each version no longer.
    past: [Vec<Instant>; CUSTOMERS],
    /// The newest version that anybody was told of, by the instance through which it may be read.
    told: [Versions; INSTANCES],
    /// The newest version that each user was told of, which that user's lists must show, likewise.
    told_to: [[Versions; USERS]; INSTANCES],
    /// The first answer that broke a promise.
    broken: Option<String>,
    figures: Figures,
}

/// How much happened.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Figures {
    pub(super) reads: u64,
    pub(super) writes: u64,
    /// Answers out of the cache.
    pub(super) hits: u64,
    /// Answers that another instance had asked for, or this one before.
    pub(super) shared: u64,
    /// Writes of which the other instance could not be told.
    pub(super) untold: u64,
    /// Reads that trusted nothing.
    pub(super) bypassed: u64,
}

impl Sum for Figures {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Figures::default(), |sum, more| Figures {
            reads: sum.reads + more.reads,
            writes: sum.writes + more.writes,
            hits: sum.hits + more.hits,
            shared: sum.shared + more.shared,
            untold: sum.untold + more.untold,
            bypassed: sum.bypassed + more.bypassed,
        })
    }
}

pub(super) struct World {
    flaw: Option<Flaw>,
    server: Arc<FakeServer>,
    /// What it held a while ago.
    backup: Mutex<Data>,
    instances: Vec<Instance>,
    callers: Vec<Caller>,
    token_ends: Vec<Instant>,
    known: Mutex<Promises>,
}

impl World {
    pub(super) fn new(flaw: Option<Flaw>, seed: u64) -> Arc<Self> {
        let (now, server) = (Instant::now(), FakeServer::start());
        // In the midst of what happens after the first mishap.
        let token_ends: Vec<_> = (0..USERS as u64)
            .map(|user| now + Duration::from_millis(12_500 + 200 * user))
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
            let deadline = now + Duration::from_secs(600);
            Caller::new(&key, token, |_| Ok(Standing::new(end)), deadline).expect("a caller")
        };
        let instances =
            (0..INSTANCES as u64).map(|number| Instance::start(&server, flaw, seed * 31 + number));
        Arc::new(World {
            flaw,
            instances: instances.collect(),
            backup: Mutex::default(),
            server,
            callers: (0..USERS).map(caller).collect(),
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

    /// Something befalls the server, or nothing.
    pub(super) fn mishap(self: &Arc<Self>, rng: &mut Rng) {
        let server = self.server.clone();
        let span = Duration::from_millis(rng.u64(1..200));
        let backup = self.backup.lock().expect("nobody panics with it").clone();
        match rng.u8(0..10) {
            0 | 1 => {
                server.stop(true);
                tokio::spawn(async move {
                    sleep(span).await;
                    server.stop(false);
                });
            }
            2 | 3 => {
                server.kill();
                let is_empty = rng.bool();
                tokio::spawn(async move {
                    sleep(span).await;
                    server.restart(if is_empty { Data::default() } else { backup });
                });
            }
            4 => server.data().trim(rng.usize(0..3)),
            5 => server.data().go_back(Duration::from_secs(3600)),
            6 | 7 => server.data().mix_values(rng),
            _ => {
                let data = server.data().clone();
                *self.backup.lock().expect("nobody panics with it") = data;
            }
        }
    }

    /// The caller as one request, which is its own ledger's.
    fn request(&self, user: usize, ledger: &Arc<Ledger>) -> Caller {
        let one = &self.callers[user];
        let standing = |_| Ok(Standing::new(one.token_end()));
        let key = FingerprintKey::new(b"model");
        let caller = Caller::new(&key, one.token().clone(), standing, one.deadline());
        let caller = caller.expect("a caller");
        if self.flaw == Some(Flaw::CatchingUpIsIgnored) {
            caller.trust().set(true).expect("nobody has asked yet");
        }
        caller.with_account(Account::new(Some(ledger.clone())))
    }

    /// What `Road::ask` does: a look into the store, or one call of the upstream.
    async fn ask(
        &self,
        at: usize,
        user: usize,
        asker: &Caller,
        (asked, tags): (&Asked, &[Tag]),
        call: String,
        weather: Weather,
    ) -> Result<Fetched<Said>, Error> {
        let (instance, begun) = (&self.instances[at], Instant::now());
        if let Some(found) = instance.store.find(asker, asked, &call).await {
            self.known(|known| known.figures.shared += 1);
            return Ok(Fetched {
                answer: Arc::new(serde_json::from_slice(&found.body).expect("it was written so")),
                bytes: 100,
                caching: found.caching(begun),
                unkept: None,
                original: None,
            });
        }
        sleep(weather.there).await;
        if Instant::now() >= self.token_ends[user] {
            instance.store.forget(asker.fingerprint());
            instance.shared.refused(asker.fingerprint()).await;
            return Err(Error::new(ErrorKind::TokenInvalid, "it has ended"));
        }
        let versions = self.known(|known| known.held);
        sleep(weather.back).await;
        if weather.lost {
            return Err(Error::new(ErrorKind::UpstreamUnavailable, "it is lost"));
        }
        let said = Said { to: user, versions };
        let body = Bytes::from(serde_json::to_vec(&said).expect("it is plain"));
        let original = match self.flaw {
            Some(Flaw::ValuesAreDatedLate) => {
                let moment = instance.epochs.now();
                let question = Question {
                    caller: asker,
                    call: &call,
                    tags,
                    moment,
                };
                let (sight, until) = (instance.shared.sight(), begun + LIFETIMES.fresh);
                instance.shared.keep(&question, sight, begun, until, body);
                None
            }
            _ => Some(Original { call, body }),
        };
        Ok(Fetched {
            answer: Arc::new(said),
            bytes: 100,
            caching: Caching::default(),
            unkept: None,
            original,
        })
    }

    /// A caller whose token is known to have ended is refused before the cache is looked at.
    fn is_refused(&self, user: usize) -> bool {
        Instant::now() >= self.callers[user].token_end()
    }

    pub(super) async fn read_customer(
        self: Arc<Self>,
        at: usize,
        user: usize,
        index: usize,
        weather: Weather,
    ) {
        if self.is_refused(user) {
            return;
        }
        let (begun, ledger) = (Instant::now(), Ledger::new(Detail::Totals));
        let promised = self.known(|known| known.told[at][index]);
        let (world, caller) = (self.clone(), self.request(user, &ledger));
        let (tags, call) = (
            customer(index).tags(caller.fingerprint()),
            customer(index).call(),
        );
        let fetch = |asker: Caller, asked: Asked, _| async move {
            let about = (&asked, tags.as_slice());
            world.ask(at, user, &asker, about, call, weather).await
        };
        let customers = &self.instances[at].customers;
        let answer = customers
            .get_or_fetch(&caller, customer(index), fetch)
            .await;
        if let Ok(said) = answer {
            let is_old = said.versions[index] < promised;
            self.judge(user, begun, &said, is_old, &caller, &ledger);
        }
    }

    pub(super) async fn read_list(self: Arc<Self>, at: usize, user: usize, weather: Weather) {
        if self.is_refused(user) {
            return;
        }
        let (begun, ledger) = (Instant::now(), Ledger::new(Detail::Totals));
        let promised = self.known(|known| known.told_to[at][user]);
        let (world, caller) = (self.clone(), self.request(user, &ledger));
        let (tags, call) = (list().tags(caller.fingerprint()), list().call());
        let fetch = |asker: Caller, asked: Asked, _| async move {
            let about = (&asked, tags.as_slice());
            let fetched = world.ask(at, user, &asker, about, call, weather).await?;
            for index in 0..CUSTOMERS {
                let part = Part {
                    answer: fetched.answer.clone(),
                    bytes: fetched.bytes,
                    caching: fetched.caching.of_a_part(),
                };
                let customers = &world.instances[at].customers;
                customers.feed(&asker, customer(index), &asked, part);
            }
            Ok(fetched)
        };
        let lists = &self.instances[at].lists;
        if let Ok(said) = lists.get_or_fetch(&caller, list(), fetch).await {
            let pairs = said.versions.iter().zip(promised);
            let is_old = pairs.into_iter().any(|(version, own)| *version < own);
            self.judge(user, begun, &said, is_old, &caller, &ledger);
        }
    }

    fn judge(
        &self,
        user: usize,
        begun: Instant,
        said: &Said,
        is_old: bool,
        caller: &Caller,
        ledger: &Ledger,
    ) {
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
        let is_bypassed = caller.trust().get() == Some(&false);
        self.known(|known| {
            known.figures.reads += 1;
            known.figures.hits += ledger.totals().cached;
            known.figures.bypassed += u64::from(is_bypassed);
            if let Some(wrong) = wrong {
                let told = format!("{wrong}: {said:?} for {user} at {begun:?}");
                known.broken.get_or_insert(told);
            }
        });
    }

    /// A write as `Road` makes it: told, sent, judged, told, acknowledged.
    pub(super) async fn write(
        self: Arc<Self>,
        at: usize,
        user: usize,
        index: usize,
        weather: Weather,
    ) {
        if self.is_refused(user) {
            return;
        }
        let (instance, caller) = (&self.instances[at], &self.callers[user]);
        let tags = Customer::tags(caller, Some(customer(index)));
        let (epochs, shared) = (instance.epochs.clone(), instance.shared.clone());
        let mut writing = Writing::begin(epochs, shared, tags).await;
        sleep(weather.there).await;
        if !weather.lost {
            let version = self.land(index);
            sleep(weather.back).await;
            let is_told = writing.end().await;
            self.tell(at, user, index, version, is_told);
            return;
        }
        sleep(weather.back).await;
        writing.may_land_within(PAUSE);
        let is_told = writing.end().await;
        sleep(weather.late).await;
        // Nobody is told of it, but whoever asks from now on asks the upstream itself.
        let version = self.land(index);
        self.tell(at, user, index, version, is_told);
    }

    fn land(&self, index: usize) -> u64 {
        self.known(|known| {
            known.past[index].push(Instant::now());
            known.held[index] += 1;
            known.held[index]
        })
    }

    /// What may be counted on from now on: through the instance that wrote, and through the other one if it was told.
    fn tell(&self, at: usize, user: usize, index: usize, version: u64, is_told: bool) {
        self.known(|known| {
            known.figures.writes += 1;
            known.figures.untold += u64::from(!is_told);
            for through in (0..INSTANCES).filter(|through| is_told || *through == at) {
                let mine = &mut known.told_to[through][user][index];
                *mine = version.max(*mine);
                let all = &mut known.told[through][index];
                *all = version.max(*all);
            }
        });
    }
}
