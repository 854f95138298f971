//! What an upstream that is down, flaps or is slow now and then costs its callers, and what they cost it.
//!
//! Counts are asserted; times are printed, because they belong to the machine. `PEERASSIST_LOAD=full` runs what the
//! figures are quoted for: `PEERASSIST_LOAD=full cargo test --release --test it -- outage --nocapture --test-threads=1`.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;
use tokio::time::Instant;

use crate::support::fault::FaultyUpstream;
use crate::support::fault::Reply;
use crate::support::fault::Reply::Later;
use crate::support::fault::Reply::Whole;
use crate::support::fault::json as json_answer;
use crate::support::load::is_full;
use crate::support::process::Process;
use crate::support::stack::User;
use crate::support::stack::gateway;

/// How many tokens share the load.
const CALLERS: usize = 8;

/// One read: when it was sent, how long it took, and why it failed where it did.
struct Read {
    sent: Instant,
    took: Duration,
    failed: Option<String>,
}

/// Eight callers of one gateway, whose reads are of different customers: nothing comes out of the cache.
struct Load {
    users: Vec<User>,
    next: AtomicUsize,
    timeout: Option<&'static str>,
    /// Kept for its end; a lock, because what reads its lines cannot be shared.
    _gateway: Mutex<Process>,
}

impl Load {
    fn before(base: &str, settings: &[(&str, &str)], timeout: Option<&'static str>) -> Arc<Self> {
        // All of the load comes from one address, and a busy machine lets many reads wait.
        let endless = [
            ("PEERASSIST_LIMITS__UPSTREAM_CALLS_PER_MINUTE", "1000000"),
            ("PEERASSIST_CONNECTIONS_PER_ADDRESS_MAX", "2000"),
        ];
        let settings = [settings, &endless].concat();
        let (process, base) = gateway(base, &settings);
        let users = (0..CALLERS).map(|caller| User::new(&base, &format!("caller-{caller}")));
        Arc::new(Load {
            users: users.collect(),
            next: AtomicUsize::new(1),
            timeout,
            _gateway: process.into(),
        })
    }

    async fn read(&self) -> Read {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let query = format!("{{ customer(by: {{ databaseId: {id} }}) {{ name }} }}");
        let user = &self.users[id % CALLERS];
        let sent = Instant::now();
        let answer = match self.timeout {
            Some(timeout) => user.ask_within(&query, json!({}), timeout).await,
            None => user.ask(&query, json!({})).await,
        };
        let reason = answer["errors"][0]["extensions"]["reason"].as_str();
        Read {
            sent,
            took: sent.elapsed(),
            failed: reason.map(str::to_owned),
        }
    }

    /// So many reads each second, whether the earlier ones have ended or not.
    async fn run(self: &Arc<Self>, rate: u32, lasts: Duration) -> Vec<Read> {
        let begun = Instant::now();
        let count = (lasts.as_secs_f64() * f64::from(rate)) as u32;
        let reads = (0..count).map(|place| {
            let load = self.clone();
            tokio::spawn(async move {
                tokio::time::sleep_until(begun + Duration::from_secs(1) * place / rate).await;
                load.read().await
            })
        });
        let reads = join_all(reads).await;
        reads.into_iter().map(|read| read.unwrap()).collect()
    }
}

fn good(target: &str) -> Vec<u8> {
    let id = target.rsplit('/').next().unwrap();
    json_answer(
        200,
        "",
        &format!(r#"{{"id":{id},"name":"N","status":"ACTIVE"}}"#),
    )
}

fn failing() -> Reply {
    Whole(json_answer(503, "", "{}"))
}

/// The time that so many of a thousand stay within.
fn within(times: impl Iterator<Item = Duration>, of_1000: usize) -> Duration {
    let mut times: Vec<Duration> = times.collect();
    times.sort_unstable();
    times
        .get((times.len() * of_1000 / 1000).min(times.len().saturating_sub(1)))
        .copied()
        .unwrap_or_default()
}

fn failures(reads: &[Read]) -> usize {
    reads.iter().filter(|read| read.failed.is_some()).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_costs_the_upstream_little_and_ends_without_a_herd() {
    let (rate, outage) = match is_full() {
        true => (200, Duration::from_secs(60)),
        false => (50, Duration::from_secs(4)),
    };
    let is_down = Arc::new(AtomicBool::new(false));
    let attempts: Arc<Mutex<Vec<Instant>>> = Arc::default();
    let (down, log) = (is_down.clone(), attempts.clone());
    let upstream = FaultyUpstream::start(move |asked| {
        log.lock().unwrap().push(Instant::now());
        match down.load(Ordering::SeqCst) {
            true => failing(),
            false => Later(Duration::from_millis(5), good(&asked.target)),
        }
    })
    .await;
    let load = Load::before(&upstream.base, &[], None);
    let warm = load.run(rate, Duration::from_secs(1)).await;
    assert_eq!(failures(&warm), 0);

    is_down.store(true, Ordering::SeqCst);
    let before = attempts.lock().unwrap().len();
    let reads = load.run(rate, outage).await;
    let made = attempts.lock().unwrap().len() - before;
    assert_eq!(failures(&reads), reads.len());
    assert!(
        reads
            .iter()
            .all(|read| read.failed.as_deref() == Some("UPSTREAM_UNAVAILABLE"))
    );
    let allowed = reads.len() as f64 * 1.2 + outage.as_secs_f64() * 10.0;
    assert!(made as f64 <= allowed, "{made} attempts of {allowed}");
    // Far below what the budget allows: it is left alone but for a probe a second.
    assert!(
        made <= 100 + 2 * outage.as_secs() as usize,
        "{made} attempts"
    );
    let opened = reads[0].sent + Duration::from_secs(1);
    let fast = || {
        reads
            .iter()
            .filter(|read| read.sent > opened)
            .map(|read| read.took)
    };
    println!(
        "outage of {outage:?} at {rate}/s: {} reads, {made} attempts ({allowed:.0} allowed); answers a second after its \
         begin: p50 {:?}, p99 {:?}, p99.9 {:?}",
        reads.len(),
        within(fast(), 500),
        within(fast(), 990),
        within(fast(), 999),
    );

    let ended = Instant::now();
    is_down.store(false, Ordering::SeqCst);
    let before = attempts.lock().unwrap().len();
    let after = load.run(rate, Duration::from_secs(4)).await;
    let first = after.iter().find(|read| read.failed.is_none()).unwrap();
    let first = first.sent + first.took - ended;
    let made: Vec<Instant> = attempts.lock().unwrap()[before..].to_vec();
    let second = made
        .iter()
        .filter(|at| **at < made[0] + Duration::from_secs(1))
        .count();
    let moment = made
        .iter()
        .filter(|at| **at < made[0] + Duration::from_millis(50))
        .count();
    println!(
        "recovery: first good answer after {first:?}; {second} attempts in the first second, {moment} in its first 50 ms"
    );
    // Nobody had waited for the return: there are no more calls than reads, and the last ones are all good.
    assert!(made.len() <= after.len(), "{} attempts", made.len());
    let last = &after[after.len() - rate as usize / 2..];
    assert_eq!(failures(last), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reads_of_an_upstream_that_fails_every_other_time_succeed_inside_the_budget() {
    let lasts = Duration::from_secs(if is_full() { 60 } else { 10 });
    let turn = AtomicUsize::new(0);
    let count = Arc::new(AtomicUsize::new(0));
    let attempts = count.clone();
    let upstream = FaultyUpstream::start(move |asked| {
        attempts.fetch_add(1, Ordering::SeqCst);
        match turn.fetch_add(1, Ordering::SeqCst).is_multiple_of(2) {
            true => failing(),
            false => Whole(good(&asked.target)),
        }
    })
    .await;
    let load = Load::before(&upstream.base, &[], None);
    let reads = load.run(10, lasts).await;
    let succeeded = reads.len() - failures(&reads);
    let made = count.load(Ordering::SeqCst);
    println!(
        "flapping: {succeeded} of {} reads succeed with {made} attempts",
        reads.len()
    );
    assert!(
        succeeded * 100 >= reads.len() * 95,
        "{succeeded} of {}",
        reads.len()
    );
    let allowed = reads.len() as f64 * 1.2 + (lasts.as_secs_f64() + 10.0) * 10.0;
    assert!(made as f64 <= allowed, "{made} attempts of {allowed}");
}

/// Log-normal times around 20 ms, but for one of each hundred, which is of 5 s; the same in each run.
fn times(count: usize) -> Vec<Duration> {
    let mut random = fastrand::Rng::with_seed(7);
    let mut hundred = || {
        let slow = random.usize(0..100);
        std::array::from_fn::<_, 100, _>(|place| {
            let (one, other) = (1.0 - random.f64(), random.f64());
            let normal = (-2.0 * one.ln()).sqrt() * (std::f64::consts::TAU * other).cos();
            match place == slow {
                true => Duration::from_secs(5),
                false => Duration::from_secs_f64(0.02 * (0.5 * normal).exp()),
            }
        })
    };
    (0..count / 100).flat_map(|_| hundred()).collect()
}

/// Reads with a deadline of 300 ms, and how many attempts they cost.
async fn slow_now_and_then(percent: &str) -> (Vec<Read>, usize) {
    let (rate, lasts) = match is_full() {
        true => (100, Duration::from_secs(60)),
        false => (50, Duration::from_secs(12)),
    };
    let times = times(10_000);
    let count = Arc::new(AtomicUsize::new(0));
    let attempts = count.clone();
    let upstream = FaultyUpstream::start(move |asked| {
        let place = attempts.fetch_add(1, Ordering::SeqCst);
        Later(times[place % times.len()], good(&asked.target))
    })
    .await;
    let settings = [("PEERASSIST_UPSTREAM__HEDGE_PERCENT", percent)];
    let load = Load::before(&upstream.base, &settings, Some("300"));
    let reads = load.run(rate, lasts).await;
    (reads, count.load(Ordering::SeqCst))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hedged_reads_lose_fewer_answers_for_two_calls_more_in_a_hundred() {
    for percent in ["0", "2"] {
        let (reads, made) = slow_now_and_then(percent).await;
        let times = || reads.iter().map(|read| read.took);
        let in_time = times()
            .filter(|took| *took <= Duration::from_millis(310))
            .count();
        let (asked, failed) = (reads.len(), failures(&reads));
        println!(
            "hedging {percent} %: {asked} reads, {made} attempts, {failed} without an answer, {:.2} % within 310 ms; p50 \
             {:?}, p98 {:?}, p99 {:?}, p99.9 {:?}",
            in_time as f64 * 100.0 / asked as f64,
            within(times(), 500),
            within(times(), 980),
            within(times(), 990),
            within(times(), 999),
        );
        let reasons = reads.iter().filter_map(|read| read.failed.as_deref());
        assert!(
            reasons
                .into_iter()
                .all(|reason| reason == "UPSTREAM_TIMEOUT")
        );
        // One in a hundred is lost by itself; more are only where the machine is slower than the deadline.
        let extra = made.saturating_sub(asked);
        let most = asked * percent.parse::<usize>().unwrap() / 100;
        assert!(extra <= most, "{extra} extra calls of {most}");
    }
}
