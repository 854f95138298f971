//! A model of readers and writers over the real cache, flights and epochs: random schedules under a paused clock.
//!
//! Three users read two customers and their list, and write them, while answers are lost, writes land late,
//! readers hang up and tokens end. Each answer is judged: whose is it, is it older than what was acknowledged when
//! its read began, older than it may be, or served after its token's end? The same schedules over broken designs
//! must be found out, or the judge is worth nothing.

use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use fastrand::Rng;
use prometheus_client::registry::Registry;
use tokio::time::Instant;
use tokio::time::sleep;

use crate::domain::caller::BearerToken;
use crate::domain::caller::Caller;
use crate::domain::caller::FingerprintKey;
use crate::domain::caller::Standing;
use crate::domain::customer::Customer;
use crate::domain::customer::CustomersQuery;
use crate::domain::error::Error;
use crate::domain::error::ErrorKind;
use crate::domain::id::CustomerId;
use crate::domain::id::Id;
use crate::domain::page::UpstreamPage;
use crate::upstream::cache::AnswerCache;
use crate::upstream::cache::Asked;
use crate::upstream::cache::Fetched;
use crate::upstream::epochs::Epochs;
use crate::upstream::epochs::Writing;
use crate::upstream::metrics::Metrics;
use crate::upstream::question::CustomersPage;
use crate::upstream::writes::Resource;

const USERS: usize = 3;
const CUSTOMERS: usize = 2;
const OPERATIONS: usize = 60;
const TTL: Duration = Duration::from_millis(300);

/// A version of each customer.
type Versions = [u64; CUSTOMERS];

/// A design that must be found out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flaw {
    /// A write bumps nothing.
    NoBump,
    /// A write bumps when it begins, and not when it ends.
    NoBumpAfterwards,
    /// Rows of a list are kept as if they had been asked for when they came.
    RowsAreDatedLate,
    /// A write of unknown outcome leaves its tags open.
    LateWritesAreForgotten,
    /// The callers share one fingerprint.
    OneKeyForAll,
    /// Answers outlive the token that they were read with.
    TokensNeverEnd,
}

/// What the upstream said, and to whom.
#[derive(Clone, Copy, Debug)]
struct Said {
    to: usize,
    versions: Versions,
    at: Instant,
}

/// What the readers may count on.
#[derive(Default)]
struct Known {
    /// What the upstream holds.
    held: Versions,
    /// The newest version that anybody was told of, which an object's readers must see.
    told: Versions,
    /// The newest version that each user was told of, which that user's lists must show.
    told_to: [Versions; USERS],
    /// The first answer that broke a promise.
    broken: Option<String>,
    hits: u64,
    reads: u64,
}

struct World {
    flaw: Option<Flaw>,
    epochs: Arc<Epochs>,
    customers: Arc<AnswerCache<CustomerId, Said>>,
    lists: Arc<AnswerCache<CustomersPage, Said>>,
    callers: Vec<Caller>,
    token_ends: Vec<Instant>,
    known: Mutex<Known>,
}

/// How long one call takes on its way there and back, and whether its answer is lost.
#[derive(Clone, Copy)]
struct Weather {
    there: Duration,
    back: Duration,
    lost: bool,
    /// A write whose answer is lost takes effect so much later.
    late: Duration,
}

impl Weather {
    fn random(rng: &mut Rng) -> Self {
        let mut upto = |ms| Duration::from_millis(rng.u64(0..ms));
        Weather {
            there: upto(60),
            back: upto(60),
            late: upto(250),
            lost: rng.u8(0..10) == 0,
        }
    }
}

fn customer(index: usize) -> CustomerId {
    CustomerId::new(index as i64 + 1).expect("a positive number")
}

fn list() -> CustomersPage {
    CustomersPage {
        query: CustomersQuery::default(),
        page: UpstreamPage { page: 0, size: 20 },
    }
}

impl World {
    fn new(flaw: Option<Flaw>) -> Arc<Self> {
        let now = Instant::now();
        let (epochs, metrics) = (
            Arc::new(Epochs::new()),
            Arc::new(Metrics::new(&mut Registry::default())),
        );
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
            customers: Arc::new(AnswerCache::new(
                "customer",
                1 << 20,
                TTL,
                epochs.clone(),
                metrics.clone(),
            )),
            lists: Arc::new(AnswerCache::new(
                "customers",
                1 << 20,
                TTL,
                epochs.clone(),
                metrics,
            )),
            callers: (0..USERS).map(caller).collect(),
            epochs,
            token_ends,
            known: Mutex::default(),
        })
    }

    fn known<T>(&self, look: impl FnOnce(&mut Known) -> T) -> T {
        look(&mut self.known.lock().expect("nobody panics with it"))
    }

    /// One call of the upstream: what it holds when the question arrives.
    async fn ask(self: Arc<Self>, user: usize, weather: Weather) -> Result<Fetched<Said>, Error> {
        sleep(weather.there).await;
        let at = Instant::now();
        if at >= self.token_ends[user] {
            return Err(Error::new(ErrorKind::TokenInvalid, "it has ended"));
        }
        let versions = self.known(|known| known.held);
        sleep(weather.back).await;
        if weather.lost {
            return Err(Error::new(ErrorKind::UpstreamUnavailable, "it is lost"));
        }
        Ok(Fetched {
            answer: Arc::new(Said {
                to: user,
                versions,
                at,
            }),
            bytes: 100,
            keep: true,
        })
    }

    /// A caller whose token is known to have ended is refused before the cache is looked at.
    fn is_refused(&self, user: usize) -> bool {
        Instant::now() >= self.callers[user].token_end()
    }

    async fn read_customer(self: Arc<Self>, user: usize, index: usize, weather: Weather) {
        if self.is_refused(user) {
            return;
        }
        let (begun, promised) = (Instant::now(), self.known(|known| known.told[index]));
        let fetch = |_| self.clone().ask(user, weather);
        let caller = &self.callers[user];
        let answer = self.customers.get_or_fetch(caller, customer(index), fetch);
        if let Ok(said) = answer.await {
            let is_old = said.versions[index] < promised;
            self.judge(user, begun, &said, is_old, "customer");
        }
    }

    async fn read_list(self: Arc<Self>, user: usize, weather: Weather) {
        if self.is_refused(user) {
            return;
        }
        let (begun, promised) = (Instant::now(), self.known(|known| known.told_to[user]));
        let world = self.clone();
        let fetch = |asked: Asked| async move {
            let fetched = world.clone().ask(user, weather).await?;
            let asked = match world.flaw {
                Some(Flaw::RowsAreDatedLate) => Asked::now(&world.callers[user], &world.epochs),
                _ => asked,
            };
            for index in 0..CUSTOMERS {
                let caller = &world.callers[user];
                world
                    .customers
                    .feed(caller, customer(index), asked, &fetched);
            }
            Ok(fetched)
        };
        let answer = self.lists.get_or_fetch(&self.callers[user], list(), fetch);
        if let Ok(said) = answer.await {
            let pairs = said.versions.iter().zip(promised);
            let is_old = pairs.into_iter().any(|(version, own)| *version < own);
            self.judge(user, begun, &said, is_old, "list");
        }
    }

    fn judge(&self, user: usize, begun: Instant, said: &Said, is_old: bool, what: &str) {
        let wrong = if said.to != user {
            Some("ANOTHER USER'S")
        } else if is_old {
            Some("OLDER THAN A WRITE")
        } else if begun >= self.token_ends[user] {
            Some("AFTER THE TOKEN'S END")
        } else if begun > said.at + TTL {
            Some("OLDER THAN ALLOWED")
        } else {
            None
        };
        self.known(|known| {
            known.reads += 1;
            known.hits += u64::from(said.at < begun);
            if let Some(wrong) = wrong {
                let told = format!("{wrong}: {what} for {user}: {said:?}, asked at {begun:?}");
                known.broken.get_or_insert(told);
            }
        });
    }

    /// A write as `Road::update` makes it: bumped, sent, judged, bumped, told.
    async fn write(self: Arc<Self>, user: usize, index: usize, weather: Weather) {
        if self.is_refused(user) {
            return;
        }
        let tags = match self.flaw {
            Some(Flaw::NoBump) => vec![],
            _ => Customer::tags(&self.callers[user], Some(customer(index))),
        };
        let writing = Writing::begin(self.epochs.clone(), tags);
        sleep(weather.there).await;
        if !weather.lost {
            let version = self.land(index);
            sleep(weather.back).await;
            match self.flaw {
                Some(Flaw::NoBumpAfterwards) => std::mem::forget(writing),
                _ => drop(writing),
            }
            self.tell(user, index, version);
            return;
        }
        sleep(weather.back).await;
        if self.flaw != Some(Flaw::LateWritesAreForgotten) {
            writing.may_land_within(TTL);
        }
        drop(writing);
        sleep(weather.late).await;
        // Nobody is told of it, but whoever asks from now on asks the upstream itself.
        let version = self.land(index);
        self.tell(user, index, version);
    }

    fn land(&self, index: usize) -> u64 {
        self.known(|known| {
            known.held[index] += 1;
            known.held[index]
        })
    }

    fn tell(&self, user: usize, index: usize, version: u64) {
        self.known(|known| {
            let mine = &mut known.told_to[user][index];
            *mine = version.max(*mine);
            known.told[index] = version.max(known.told[index]);
        });
    }
}

/// How long a reader waits: 15 of 100 hang up soon.
fn patience(rng: &mut Rng) -> Duration {
    match rng.u8(0..100) {
        0..15 => Duration::from_millis(rng.u64(0..80)),
        _ => Duration::from_secs(60),
    }
}

async fn within(patience: Duration, read: impl Future<Output = ()>) {
    let _hung_up = tokio::time::timeout(patience, read).await;
}

/// One schedule; gives how many reads there were and how many of them were hits.
fn run(flaw: Option<Flaw>, seed: u64) -> Result<(u64, u64), String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let (world, mut rng) = (World::new(flaw), Rng::with_seed(seed));
        let mut tasks = Vec::new();
        for _ in 0..OPERATIONS {
            let (user, index) = (rng.usize(0..USERS), rng.usize(0..CUSTOMERS));
            let weather = Weather::random(&mut rng);
            let world = world.clone();
            match rng.u8(0..10) {
                // A write is a task of its own that nobody stops.
                0..3 => tasks.push(tokio::spawn(world.write(user, index, weather))),
                3..8 => {
                    let read = world.read_customer(user, index, weather);
                    tasks.push(tokio::spawn(within(patience(&mut rng), read)));
                }
                _ => {
                    let read = world.read_list(user, weather);
                    tasks.push(tokio::spawn(within(patience(&mut rng), read)));
                }
            }
            sleep(Duration::from_millis(rng.u64(0..25))).await;
        }
        for task in tasks {
            task.await.expect("nothing panics");
        }
        let known = world.known(|known| (known.broken.take(), known.reads, known.hits));
        match known {
            (Some(broken), ..) => Err(broken),
            (None, reads, hits) => Ok((reads, hits)),
        }
    })
}

/// What is wrong in the first of these schedules that breaks a promise.
fn first_broken(flaw: Flaw, schedules: u64) -> Option<String> {
    (0..schedules).find_map(|seed| run(Some(flaw), seed).err())
}

#[test]
fn broken_designs_are_found_out() {
    for (flaw, wrong) in [
        (Flaw::NoBump, "OLDER THAN A WRITE"),
        (Flaw::NoBumpAfterwards, "OLDER THAN A WRITE"),
        (Flaw::RowsAreDatedLate, "OLDER THAN A WRITE"),
        (Flaw::LateWritesAreForgotten, "OLDER THAN A WRITE"),
        (Flaw::OneKeyForAll, "ANOTHER USER'S"),
        (Flaw::TokensNeverEnd, "AFTER THE TOKEN'S END"),
    ] {
        let told = first_broken(flaw, 500).unwrap_or_default();
        assert!(told.starts_with(wrong), "{flaw:?}: {told}");
    }
}

#[test]
#[expect(
    clippy::print_stdout,
    reason = "the figures are for whoever runs it with --nocapture"
)]
fn no_answer_breaks_a_promise_in_20_000_schedules() {
    const SCHEDULES: u64 = 20_000;
    let half = |first| {
        std::thread::spawn(move || {
            let schedules = (first..SCHEDULES).step_by(2);
            let runs = schedules.map(|seed| (seed, run(None, seed)));
            runs.fold((0, 0), |(reads, hits), (seed, outcome)| match outcome {
                Ok((more, kept)) => (reads + more, hits + kept),
                Err(broken) => panic!("schedule {seed}: {broken}"),
            })
        })
    };
    let halves = [half(0), half(1)].map(|half| half.join().expect("no promise is broken"));
    let (reads, hits) = (halves[0].0 + halves[1].0, halves[0].1 + halves[1].1);
    println!(
        "{SCHEDULES} schedules, {reads} reads, {hits} of them answered by what was asked before"
    );
    assert!(hits > SCHEDULES, "the cache must really be hit");
}
