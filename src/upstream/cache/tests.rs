//! The cache by itself, before an upstream that is a closure, under a paused clock.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::time::Duration;

use http::HeaderMap;
use http::HeaderName;
use http::HeaderValue;
use prometheus_client::registry::Registry;
use tokio::time::Instant;
use tokio::time::advance;
use tokio::time::sleep;

use crate::domain::caller::BearerToken;
use crate::domain::caller::CachePolicy;
use crate::domain::caller::Caller;
use crate::domain::caller::FingerprintKey;
use crate::domain::caller::Standing;
use crate::domain::error::Error;
use crate::domain::error::ErrorKind;
use crate::domain::id::CustomerId;
use crate::domain::id::Id;
use crate::domain::ledger::Account;
use crate::domain::ledger::Detail;
use crate::domain::ledger::Kept;
use crate::domain::ledger::Ledger;
use crate::upstream::cache::AnswerCache;
use crate::upstream::cache::Fetched;
use crate::upstream::cache::Known;
use crate::upstream::cache::Lifetimes;
use crate::upstream::cache::Part;
use crate::upstream::cache::Room;
use crate::upstream::cache::Settings;
use crate::upstream::cache::Store;
use crate::upstream::caching::Caching;
use crate::upstream::epochs::Epochs;
use crate::upstream::epochs::Kind;
use crate::upstream::epochs::Tag;
use crate::upstream::metrics::Metrics;
use crate::upstream::question::Subject;
use crate::upstream::shared::Shared;

const LIFETIMES: Lifetimes = Lifetimes {
    fresh: Duration::from_secs(30),
    revalidating: Duration::from_secs(30),
    failing: Duration::from_secs(300),
    absent: Duration::from_secs(5),
};

/// What the upstream says each time: the number of the call.
type Said = usize;

struct Bench {
    cache: Arc<AnswerCache<CustomerId, Said>>,
    store: Arc<Store>,
    epochs: Arc<Epochs>,
    metrics: Arc<Metrics>,
    calls: Arc<AtomicUsize>,
}

/// How the upstream answers.
#[derive(Clone, Copy, Debug)]
enum Mood {
    /// At once, with these headers.
    Good(&'static [(&'static str, &'static str)]),
    Fails(ErrorKind),
    Hangs(Duration),
}

const GOOD: Mood = Mood::Good(&[]);

/// What a reader saw.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    answer: Result<Said, ErrorKind>,
    outcome: &'static str,
}

fn seen(answer: Said, outcome: &'static str) -> Seen {
    let answer = Ok(answer);
    Seen { answer, outcome }
}

fn refused(kind: ErrorKind, outcome: &'static str) -> Seen {
    let answer = Err(kind);
    Seen { answer, outcome }
}

fn bench_with(room: Room) -> Bench {
    let metrics = Arc::new(Metrics::new(&mut Registry::default()));
    let (epochs, shared) = Shared::alone();
    let store = Arc::new(Store::new(room, epochs.clone(), shared, metrics.clone()));
    Bench {
        cache: Arc::new(AnswerCache::new("customer", LIFETIMES, store.clone())),
        store,
        epochs,
        metrics,
        calls: Arc::default(),
    }
}

fn bench() -> Bench {
    bench_with(Room {
        bytes_max: 1 << 20,
        caller_bytes_max: 1 << 20,
    })
}

fn customer(id: i64) -> CustomerId {
    CustomerId::new(id).expect("a positive number")
}

/// A caller whose token lives for an hour, and who waits longer than any test takes.
fn caller(name: &str) -> Caller {
    until(name, Instant::now() + Duration::from_secs(3600))
}

fn until(name: &str, token_end: Instant) -> Caller {
    let token = BearerToken::parse(name).expect("a token");
    let standing = |_| Ok(Standing::new(token_end));
    let deadline = Instant::now() + Duration::from_secs(24 * 3600);
    Caller::new(&FingerprintKey::new(b"key"), token, standing, deadline).expect("a caller")
}

fn headers(head: &[(&'static str, &'static str)]) -> HeaderMap {
    let pairs = head.iter().map(|(name, value)| {
        let name = HeaderName::from_static(name);
        (name, HeaderValue::from_static(value))
    });
    pairs.collect()
}

impl Bench {
    async fn read(&self, caller: &Caller, id: i64, mood: Mood) -> Seen {
        let ledger = Ledger::new(Detail::Questions);
        let caller = caller
            .clone()
            .with_account(Account::new(Some(ledger.clone())));
        let calls = self.calls.clone();
        let fetch = |_: Caller, _, known: Option<Known<Said>>| async move {
            let call = calls.fetch_add(1, Ordering::SeqCst) + 1;
            let head = match mood {
                Mood::Good(head) => headers(head),
                Mood::Fails(kind) => return Err(Error::new(kind, "it fails")),
                Mood::Hangs(time) => {
                    sleep(time).await;
                    HeaderMap::new()
                }
            };
            let caching = Caching::of(&head);
            // The same tag each time: nothing ever changes.
            let answer = match known.filter(|known| caching.validator.as_ref() == known.validator())
            {
                Some(known) => known.answer,
                None => Arc::new(call),
            };
            Ok(Fetched {
                answer,
                bytes: 100,
                caching,
                unkept: None,
                original: None,
            })
        };
        let answer = self.cache.get_or_fetch(&caller, customer(id), fetch).await;
        let questions = ledger.questions();
        Seen {
            answer: answer.map(|said| *said).map_err(|error| error.kind()),
            // Calls are entered by the road, which is not here.
            outcome: questions
                .last()
                .map_or("MISS", |question| question.outcome.word()),
        }
    }

    fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    /// Bytes, entries and callers as the gauges have them.
    fn gauges(&self) -> [u64; 3] {
        let kept = &self.metrics.kept;
        [kept.bytes.get(), kept.entries.get(), kept.callers.get()]
    }
}

/// Lets what runs in the background come to its end.
async fn settle() {
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
}

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn a_thousand_reads_of_an_answer_that_went_stale_are_one_refresh() {
    let (bench, anna) = (bench(), caller("anna"));
    assert_eq!(bench.read(&anna, 3, GOOD).await, seen(1, "MISS"));
    advance(31 * SECOND).await;
    for _ in 0..1000 {
        let hangs = Mood::Hangs(SECOND);
        assert_eq!(bench.read(&anna, 3, hangs).await, seen(1, "STALE"));
    }
    sleep(2 * SECOND).await;
    assert_eq!(bench.read(&anna, 3, GOOD).await, seen(2, "HIT"));
    assert_eq!(bench.calls(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_refresh_that_fails_is_not_repeated_at_once() {
    let (bench, anna) = (bench(), caller("anna"));
    bench.read(&anna, 3, GOOD).await;
    advance(31 * SECOND).await;
    let down = Mood::Fails(ErrorKind::UpstreamUnavailable);
    for _ in 0..100 {
        assert_eq!(bench.read(&anna, 3, down).await, seen(1, "STALE"));
        settle().await;
    }
    assert_eq!(bench.calls(), 2);
    advance(2 * SECOND).await;
    bench.read(&anna, 3, down).await;
    settle().await;
    assert_eq!(bench.calls(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_failing_upstream_leaves_the_answer_that_is_kept_until_its_time_is_over() {
    for kind in [
        ErrorKind::UpstreamUnavailable,
        ErrorKind::UpstreamTimeout,
        ErrorKind::UpstreamError,
    ] {
        let (bench, anna) = (bench(), caller("anna"));
        bench.read(&anna, 3, GOOD).await;
        advance(61 * SECOND).await;
        assert_eq!(
            bench.read(&anna, 3, Mood::Fails(kind)).await,
            seen(1, "STALE")
        );
        // Whoever comes next does not wait for the same failure.
        assert_eq!(
            bench.read(&anna, 3, Mood::Fails(kind)).await,
            seen(1, "STALE")
        );
        assert_eq!(bench.calls(), 2, "{kind:?}");
        advance(300 * SECOND).await;
        assert_eq!(
            bench.read(&anna, 3, Mood::Fails(kind)).await,
            refused(kind, "MISS")
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_never_covered_by_what_is_kept() {
    for kind in [
        ErrorKind::TokenInvalid,
        ErrorKind::Forbidden,
        ErrorKind::NotFound,
        ErrorKind::RateLimited,
        ErrorKind::UpstreamInvalid,
    ] {
        let (bench, anna) = (bench(), caller("anna"));
        bench.read(&anna, 3, GOOD).await;
        advance(61 * SECOND).await;
        assert_eq!(
            bench.read(&anna, 3, Mood::Fails(kind)).await,
            refused(kind, "MISS")
        );
    }
    // And what is forbidden now is not given away behind a refresh, either.
    for kind in [ErrorKind::Forbidden, ErrorKind::NotFound] {
        let (bench, anna) = (bench(), caller("anna"));
        bench.read(&anna, 3, GOOD).await;
        advance(31 * SECOND).await;
        assert_eq!(
            bench.read(&anna, 3, Mood::Fails(kind)).await,
            seen(1, "STALE")
        );
        settle().await;
        let next = bench.read(&anna, 3, Mood::Fails(kind)).await;
        assert_eq!(next.answer, Err(kind));
    }
}

#[tokio::test(start_paused = true)]
async fn a_hanging_upstream_is_waited_for_a_second_where_there_is_something_to_fall_back_on() {
    let (bench, anna) = (bench(), caller("anna"));
    bench.read(&anna, 3, GOOD).await;
    advance(61 * SECOND).await;
    let begun = Instant::now();
    assert_eq!(
        bench.read(&anna, 3, Mood::Hangs(4 * SECOND)).await,
        seen(1, "STALE")
    );
    assert_eq!(begun.elapsed(), SECOND);
    // The call goes on, and what it brings is there for the next one.
    sleep(4 * SECOND).await;
    assert_eq!(bench.read(&anna, 3, GOOD).await, seen(2, "HIT"));
}

#[tokio::test(start_paused = true)]
async fn a_write_ends_what_is_kept_for_failures_as_well() {
    let (bench, anna) = (bench(), caller("anna"));
    bench.read(&anna, 3, GOOD).await;
    advance(61 * SECOND).await;
    bench.epochs.bump(Tag::Customer(customer(3)));
    let down = ErrorKind::UpstreamUnavailable;
    assert_eq!(
        bench.read(&anna, 3, Mood::Fails(down)).await,
        refused(down, "MISS")
    );
}

#[tokio::test(start_paused = true)]
async fn that_there_is_none_is_known_for_a_moment_and_not_beyond_a_create_of_ones_own() {
    let (bench, anna) = (bench(), caller("anna"));
    let none = ErrorKind::NotFound;
    assert_eq!(
        bench.read(&anna, 3, Mood::Fails(none)).await,
        refused(none, "MISS")
    );
    assert_eq!(bench.read(&anna, 3, GOOD).await, refused(none, "HIT"));
    let lists = Tag::Lists(anna.fingerprint(), Kind::Customers);
    bench.epochs.bump(lists);
    assert_eq!(bench.read(&anna, 3, GOOD).await, seen(2, "MISS"));

    assert_eq!(
        bench.read(&anna, 4, Mood::Fails(none)).await,
        refused(none, "MISS")
    );
    advance(5 * SECOND).await;
    assert_eq!(bench.read(&anna, 4, GOOD).await, seen(4, "MISS"));
}

#[tokio::test(start_paused = true)]
async fn nothing_outlives_the_token_that_it_was_read_with() {
    let bench = bench();
    let anna = until("anna", Instant::now() + 10 * SECOND);
    bench.read(&anna, 3, GOOD).await;
    advance(9 * SECOND).await;
    assert_eq!(bench.read(&anna, 3, GOOD).await, seen(1, "HIT"));
    advance(SECOND).await;
    let down = ErrorKind::UpstreamUnavailable;
    assert_eq!(
        bench.read(&anna, 3, Mood::Fails(down)).await,
        refused(down, "MISS")
    );
}

#[tokio::test(start_paused = true)]
async fn who_is_forgotten_loses_what_is_kept_and_what_is_under_way_and_nobody_else_does() {
    let bench = Arc::new(bench());
    let callers: Vec<Caller> = (0..500).map(|n| caller(&format!("caller-{n}"))).collect();
    for caller in &callers {
        bench.read(caller, 3, GOOD).await;
    }
    let (other, gone) = (bench.clone(), callers[0].clone());
    let under_way = tokio::spawn(async move { other.read(&gone, 4, Mood::Hangs(SECOND)).await });
    settle().await;
    bench.store.forget(callers[0].fingerprint());
    assert_eq!(under_way.await.expect("it ends").answer, Ok(501));
    assert_eq!(bench.read(&callers[0], 3, GOOD).await, seen(502, "MISS"));
    assert_eq!(bench.read(&callers[0], 4, GOOD).await, seen(503, "MISS"));
    for caller in &callers[1..] {
        assert_eq!(bench.read(caller, 3, GOOD).await.outcome, "HIT");
    }
}

#[tokio::test(start_paused = true)]
async fn one_who_reads_much_pushes_out_their_own_answers_alone() {
    let bench = bench_with(Room {
        bytes_max: 1 << 20,
        caller_bytes_max: 10_000,
    });
    let (anna, greedy) = (caller("anna"), caller("greedy"));
    bench.read(&anna, 1, GOOD).await;
    for id in 1..=1000 {
        bench.read(&greedy, id, GOOD).await;
    }
    assert_eq!(bench.read(&anna, 1, GOOD).await.outcome, "HIT");
    assert_eq!(bench.read(&greedy, 1000, GOOD).await.outcome, "HIT");
    assert_eq!(bench.read(&greedy, 1, GOOD).await.outcome, "MISS");
    let [bytes, ..] = bench.gauges();
    assert!(bytes < 12_000, "{bytes}");
}

#[tokio::test(start_paused = true)]
async fn all_together_stay_within_the_room_that_there_is() {
    let bench = bench_with(Room {
        bytes_max: 100_000,
        caller_bytes_max: 10_000,
    });
    for n in 0..2000 {
        bench.read(&caller(&format!("caller-{n}")), 1, GOOD).await;
        let [bytes, ..] = bench.gauges();
        assert!(bytes <= 100_000, "{bytes} after {n}");
    }
    assert_eq!(
        bench.read(&caller("caller-1999"), 1, GOOD).await.outcome,
        "HIT"
    );
    assert_eq!(
        bench.read(&caller("caller-0"), 1, GOOD).await.outcome,
        "MISS"
    );
}

#[tokio::test(start_paused = true)]
async fn the_memory_of_who_has_gone_is_given_back() {
    let bench = bench();
    for n in 0..100 {
        bench
            .read(
                &until(&format!("caller-{n}"), Instant::now() + 10 * SECOND),
                1,
                GOOD,
            )
            .await;
    }
    let [bytes, entries, callers] = bench.gauges();
    assert!(
        bytes > 100 * 500 && entries == 100 && callers == 100,
        "{bytes} {entries} {callers}"
    );
    bench
        .store
        .forget(until("caller-0", Instant::now()).fingerprint());
    assert_eq!(bench.gauges()[1..], [99, 99]);
    advance(31 * SECOND).await;
    bench.store.tidy();
    assert_eq!(bench.gauges(), [0, 0, 0]);
}

#[tokio::test(start_paused = true)]
async fn who_wants_no_kept_answer_gets_none_and_renews_it_for_the_others() {
    let (bench, anna) = (bench(), caller("anna"));
    bench.read(&anna, 3, GOOD).await;
    advance(SECOND).await;
    let fresh = anna.clone().with_cache_policy(CachePolicy::NoCache);
    assert_eq!(bench.read(&fresh, 3, GOOD).await, seen(2, "MISS"));
    assert_eq!(bench.read(&anna, 3, GOOD).await, seen(2, "HIT"));
    // One that may not even be kept leaves what is there.
    advance(SECOND).await;
    let secret = anna.clone().with_cache_policy(CachePolicy::NoStore);
    assert_eq!(bench.read(&secret, 3, GOOD).await, seen(3, "MISS"));
    assert_eq!(bench.read(&anna, 3, GOOD).await, seen(2, "HIT"));
    let down = ErrorKind::UpstreamUnavailable;
    assert_eq!(
        bench.read(&secret, 3, Mood::Fails(down)).await,
        refused(down, "MISS")
    );
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_the_upstream_confirms_is_fresh_again() {
    let (bench, anna) = (bench(), caller("anna"));
    let tagged = Mood::Good(&[("etag", "\"1\"")]);
    assert_eq!(bench.read(&anna, 3, tagged).await, seen(1, "MISS"));
    // Not even a write makes it useless: the upstream has the last word.
    bench.epochs.bump(Tag::Customer(customer(3)));
    assert_eq!(bench.read(&anna, 3, tagged).await, seen(1, "MISS"));
    assert_eq!(bench.read(&anna, 3, tagged).await, seen(1, "HIT"));
    assert_eq!(bench.calls(), 2);
}

#[tokio::test(start_paused = true)]
async fn the_upstream_can_forbid_to_keep_and_ask_to_be_asked_each_time() {
    let (bench, anna) = (bench(), caller("anna"));
    let secret = Mood::Good(&[("cache-control", "no-store")]);
    assert_eq!(bench.read(&anna, 3, secret).await, seen(1, "MISS"));
    assert_eq!(bench.read(&anna, 3, secret).await, seen(2, "MISS"));
    let checked = Mood::Good(&[("cache-control", "no-cache"), ("etag", "\"1\"")]);
    assert_eq!(bench.read(&anna, 4, checked).await, seen(3, "MISS"));
    assert_eq!(bench.read(&anna, 4, checked).await, seen(3, "MISS"));
    assert_eq!(bench.calls(), 4);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_was_old_when_it_came_is_that_old_here() {
    let (bench, anna) = (bench(), caller("anna"));
    let old = Mood::Good(&[("age", "12"), ("cache-control", "max-age=20")]);
    bench.read(&anna, 3, old).await;
    advance(3 * SECOND).await;
    let account = Account::new(None);
    let reader = anna.clone().with_account(account.clone());
    assert!(bench.cache.get(&reader, &customer(3)).await.is_some());
    let kept = account.standing().kept;
    assert_eq!(
        kept,
        Some(Kept {
            age: 15 * SECOND,
            fresh_for: 5 * SECOND
        })
    );
}

#[tokio::test(start_paused = true)]
async fn a_row_of_a_page_is_kept_as_old_as_the_page() {
    let (bench, anna) = (bench(), caller("anna"));
    let asked = bench.store.ask(&anna, customer(3).tags(anna.fingerprint()));
    advance(10 * SECOND).await;
    let row = Part {
        answer: Arc::new(7),
        bytes: 100,
        caching: Caching::of(&headers(&[("etag", "\"page\"")])).of_a_part(),
    };
    bench.cache.feed(&anna, customer(3), &asked, row);
    assert_eq!(bench.read(&anna, 3, GOOD).await, seen(7, "HIT"));
    advance(20 * SECOND).await;
    assert_eq!(bench.read(&anna, 3, GOOD).await, seen(7, "STALE"));
}

#[tokio::test(start_paused = true)]
async fn what_was_asked_for_earlier_does_not_replace_what_was_asked_for_later() {
    let (bench, anna) = (bench(), caller("anna"));
    let tags = || customer(3).tags(anna.fingerprint());
    let earlier = bench.store.ask(&anna, tags());
    advance(SECOND).await;
    let later = bench.store.ask(&anna, tags());
    for (asked, answer) in [(later, 2), (earlier, 1)] {
        let row = Part::small(answer, &Caching::default());
        bench.cache.feed(&anna, customer(3), &asked, row);
    }
    assert_eq!(bench.read(&anna, 3, GOOD).await, seen(2, "HIT"));
}

#[tokio::test(start_paused = true)]
async fn what_is_never_fresh_is_never_stale_either() {
    let settings = Settings {
        bytes_max: 1 << 20,
        caller_bytes_max: 1 << 20,
        customer_ttl: Duration::ZERO,
        fwo_ttl: Duration::ZERO,
        list_ttl: Duration::ZERO,
        stale_while_revalidate: 30 * SECOND,
        stale_if_error: 300 * SECOND,
        not_found_ttl: 5 * SECOND,
        obey_headers: true,
    };
    let anna = caller("anna");
    let mut bench = bench();
    let lifetimes = settings.lifetimes(settings.customer_ttl);
    bench.cache = Arc::new(AnswerCache::new("customer", lifetimes, bench.store.clone()));
    assert_eq!(bench.read(&anna, 3, GOOD).await, seen(1, "MISS"));
    assert_eq!(bench.read(&anna, 3, GOOD).await, seen(2, "MISS"));
    assert_eq!(bench.gauges()[1], 0);
}
