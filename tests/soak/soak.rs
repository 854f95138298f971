//! The soak itself: a gateway, its upstream, its users, and the verdict.

use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::books::Books;
use crate::books::Flaw;
use crate::books::Lives;
use crate::books::TOKEN_MARKER;
use crate::doors::Doors;
use crate::judge::Broken;
use crate::judge::Judge;
use crate::process::Ended;
use crate::process::Process;
use crate::upstream::Upstream;
use crate::user::Scene;
use crate::user::User;
use crate::variable;
use crate::watch::Watched;
use crate::watch::thirds;

/// Tabs of each user, which ask independently of each other.
const TABS: usize = 2;

/// Requests under way at once.
const SLOTS: usize = 64;

/// Longer than the gateway keeps an idle connection, or answers for whoever has gone.
const SETTLES: Duration = Duration::from_secs(90);

/// How many, how often and how long.
#[derive(Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) users: usize,
    /// Requests a second of all users, as far as the machine keeps up: each tab rests between two requests.
    pub(crate) rate: f64,
    pub(crate) lasts: Duration,
}

impl Plan {
    fn rest(&self) -> Duration {
        Duration::from_secs_f64((self.users * TABS) as f64 / self.rate)
    }
}

/// A gateway before its upstream.
pub(crate) struct Stage {
    upstream: Upstream,
    gateway: Process,
    pub(crate) scene: Arc<Scene>,
    pub(crate) watched: Watched,
}

impl Stage {
    pub(crate) async fn build(plan: Plan, lives: Lives, flaw: Option<Flaw>) -> Self {
        let upstream = Upstream::start(Books::new(plan.users, lives, flaw)).await;
        let arguments = [
            "serve",
            "--upstream",
            &upstream.base,
            "--listen",
            "127.0.0.1:0",
            "--admin-listen",
            "127.0.0.1:0",
        ];
        let variables = [
            ("PEERASSIST_UPSTREAM__CLIENT_KEY", "a key"),
            // Short lives, so that what is kept is at its largest long before the end, and is gone soon after it.
            ("PEERASSIST_UPSTREAM__CACHE__CUSTOMER_TTL", "15s"),
            ("PEERASSIST_UPSTREAM__CACHE__FWO_TTL", "15s"),
            ("PEERASSIST_UPSTREAM__CACHE__LIST_TTL", "15s"),
            ("PEERASSIST_UPSTREAM__CACHE__STALE_WHILE_REVALIDATE", "10s"),
            ("PEERASSIST_UPSTREAM__CACHE__STALE_IF_ERROR", "10s"),
            ("PEERASSIST_LOG__FILTER", "warn"),
            ("PEERASSIST_LOG__FORMAT", "text"),
        ];
        let mut gateway = match variable("SOAK_GATEWAY") {
            Some(program) => Process::start_program(&program, &arguments, &variables),
            None => Process::start(&arguments, &variables),
        };
        let base = gateway.line("gateway: ");
        let admin = gateway.address("admin");
        let begun = Instant::now();
        let scene = Arc::new(Scene {
            books: upstream.books.clone(),
            doors: Doors::new(&base),
            judge: Judge::default(),
            rest: plan.rest(),
            over: CancellationToken::new(),
            slots: Semaphore::new(SLOTS),
        });
        let watched = Watched {
            pid: gateway.id(),
            admin,
            begun,
        };
        Stage {
            upstream,
            gateway,
            scene,
            watched,
        }
    }

    /// Lets so many users live until the end.
    pub(crate) async fn play(&self, users: usize) {
        let mut tabs = JoinSet::new();
        for number in 0..users {
            let scene = self.scene.clone();
            tabs.spawn(async move {
                // Not all at once: each begins within the rest between two requests.
                sleep(scene.rest.mul_f64(fastrand::f64())).await;
                let user = User::new(scene, number).await;
                tokio::join!(user.live(), user.live());
            });
        }
        while let Some(tab) = tabs.join_next().await {
            tab.unwrap();
        }
    }

    /// Sends everybody home, and ends the gateway.
    pub(crate) async fn close(self, descriptors_before: usize) -> Closed {
        let Stage {
            upstream,
            gateway,
            scene,
            watched,
        } = self;
        let scene = Arc::into_inner(scene).expect("every user has gone");
        let Scene {
            books,
            judge,
            doors,
            ..
        } = scene;
        drop((doors, upstream)); // and with them every connection
        let begun = Instant::now();
        let left = || (watched.sample().descriptors, watched.kept());
        let (mut descriptors, mut kept) = left();
        while (descriptors > descriptors_before || kept > 0) && begun.elapsed() < SETTLES {
            sleep(Duration::from_millis(500)).await;
            (descriptors, kept) = left();
        }
        gateway.signal("TERM");
        let ended = tokio::task::spawn_blocking(|| gateway.ended());
        Closed {
            books,
            judge,
            descriptors,
            kept,
            settled: begun.elapsed(),
            ended: ended.await.unwrap(),
        }
    }
}

/// What is left when everybody has gone.
pub(crate) struct Closed {
    books: Arc<Books>,
    pub(crate) judge: Judge,
    /// What the gateway still had open.
    descriptors: usize,
    /// The bytes that it still kept in its cache.
    kept: u64,
    /// After how long there was no more left, or nobody waited any longer.
    settled: Duration,
    ended: Ended,
}

/// Runs the soak, prints what it shows, and says whether all promises were kept.
pub(crate) async fn run(plan: Plan) -> bool {
    let lives = Lives {
        least: Duration::from_secs(15),
        most: Duration::from_secs(90),
        told: 40,
    };
    let Plan { users, rate, lasts } = plan;
    println!("{users} users with {TABS} tabs each, {rate} requests a second wished, {lasts:?}");
    let stage = Stage::build(plan, lives, None).await;
    let before = stage.watched.sample();
    let (samples, ()) = tokio::join!(
        stage.watched.watch(&stage.scene, plan.lasts),
        stage.play(plan.users)
    );
    let took = stage.watched.begun.elapsed();
    let cache = stage.watched.cache();
    let Closed {
        books,
        judge,
        descriptors,
        kept,
        settled,
        ended,
    } = stage.close(before.descriptors).await;
    let figures = judge.figures();
    let mut verdict = Verdict::default();
    for what in judge.shown() {
        println!("{what}");
    }
    for broken in Broken::ALL {
        verdict.must(figures.broken(broken) == 0, format!("{broken:?}"));
    }
    for name in [
        "GET",
        "POST",
        "gRPC",
        "write",
        "login",
        "hung up",
        "not modified",
    ] {
        let is_there = figures.requests.contains_key(name);
        verdict.must(is_there, format!("nobody came by {name}"));
    }
    let [fresh, stale, joined] = cache.shares(Default::default());
    verdict.must(fresh > 0.0, "no hits".to_owned());
    verdict.must(!figures.codes.is_empty(), "no failures".to_owned());
    let foreign = books.foreign_writes.load(Ordering::Relaxed);
    verdict.must(foreign == 0, format!("{foreign} writes of foreign objects"));
    let is_long = plan.lasts >= Duration::from_secs(180);
    let (warm_up, share, slack) = match is_long {
        true => (Duration::from_secs(60), 0.05, 4.0),
        false => (plan.lasts / 4, 0.25, 24.0),
    };
    let (middle, last) = thirds(&samples, warm_up);
    let bound = middle + (middle * share).max(slack);
    verdict.must(
        last <= bound,
        format!("memory grew: {middle:.1}, {last:.1}"),
    );
    verdict.must(
        descriptors <= before.descriptors,
        format!("{descriptors} descriptors, {} before", before.descriptors),
    );
    verdict.must(kept == 0, format!("{kept} bytes kept for nobody"));
    verdict.must(ended.code == Some(0), format!("exit code {:?}", ended.code));
    verdict.must(is_quiet(&ended), "the log".to_owned());
    println!(
        "failures that the upstream's explain: {}",
        listed(&figures.codes)
    );
    println!("requests: {}", listed(&figures.requests));
    let threads = samples.iter().map(|sample| sample.threads).max();
    println!(
        "soak: {}; {:.0} s, {users} users, {} tokens, {} requests ({:.0}/s, p50 < {} ms, p99 < {} ms), {} rows judged, \
         looks into the cache: {fresh:.0}% fresh, {stale:.0}% stale, {joined:.1}% joined; {} upstream calls, {} leaks, {} miscounts, {} stale, {} after a \
         refusal, {} unexpected of {} failures, memory {:.1} then {:.1} MiB, descriptors {} then {}, at most {} threads, \
         {kept} bytes kept {:.0} s after the last had gone",
        verdict.word(),
        took.as_secs_f64(),
        books.issued(),
        figures.total(),
        figures.total() as f64 / took.as_secs_f64(),
        figures.percentile(50),
        figures.percentile(99),
        figures.rows,
        books.calls.load(Ordering::Relaxed),
        figures.broken(Broken::Leak) + foreign,
        figures.broken(Broken::Miscount),
        figures.broken(Broken::Stale),
        figures.broken(Broken::Undead),
        figures.broken(Broken::Unexpected),
        figures.failed(),
        middle,
        last,
        before.descriptors,
        descriptors,
        threads.unwrap_or(0),
        settled.as_secs_f64(),
    );
    verdict.is_good()
}

/// Whether the log tells of no fault of the gateway's own, and of no token.
fn is_quiet(ended: &Ended) -> bool {
    let is_error = |line: &str| line.split_whitespace().nth(1) == Some("ERROR");
    let is_loud = |line: &&str| is_error(line) || line.contains(TOKEN_MARKER);
    let lines: Vec<&str> = ended.stderr.lines().filter(is_loud).take(5).collect();
    for line in &lines {
        println!("log: {line}");
    }
    lines.is_empty()
}

fn listed<K: std::fmt::Display>(counts: &std::collections::BTreeMap<K, u64>) -> String {
    let mut text = String::new();
    for (name, count) in counts {
        let _infallible = write!(text, "{name} {count}, ");
    }
    text.trim_end_matches(", ").to_owned()
}

/// Whether all promises were kept.
#[derive(Default)]
struct Verdict {
    broken: usize,
}

impl Verdict {
    fn must(&mut self, is_so: bool, what: String) {
        if !is_so {
            println!("BROKEN: {what}");
            self.broken += 1;
        }
    }

    fn is_good(&self) -> bool {
        self.broken == 0
    }

    fn word(&self) -> &'static str {
        match self.is_good() {
            true => "ok",
            false => "NOT OK",
        }
    }
}
