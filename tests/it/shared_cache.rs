//! Two gateways that share a real Redis: what is written through one is seen through the other, what Redis holds tells
//! nothing, and its standing still or its end is seen by nobody.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::Json;
use axum::Router;
use axum::extract::Path;
use axum::response::IntoResponse;
use axum::routing::get;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::future::join_all;
use http::HeaderMap;
use http::StatusCode;
use serde_json::Value;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::time::Instant;

use crate::support::instances::Instance;
use crate::support::instances::Instances;
use crate::support::instances::Somebody;
use crate::support::instances::Way;
use crate::support::redis::Redis;
use crate::support::stack::User;
use crate::support::stack::http_client;

/// Writers at once, each with a customer of their own.
const WRITERS: usize = 8;

/// Long enough for a busy machine: what is tested here is what is said, not how fast.
const PATIENT: &[(&str, &str)] = &[("PEERASSIST_UPSTREAM__CACHE__REDIS_TIMEOUT", "2s")];

/// A city that no data set has.
fn city(writer: usize, version: u64) -> String {
    format!("markercity{writer}v{version}")
}

fn version(city: &str) -> u64 {
    let version = city.rsplit_once('v').map(|(_, version)| version.parse());
    version.and_then(Result::ok).unwrap_or(0)
}

/// Writes through one gateway, and reads through the other as soon as that is acknowledged; gives the reads.
async fn write_here_read_there(writer: usize, somebody: Somebody, writes: u64) -> u64 {
    let (id, mut reads) = (writer as i64 + 1, 0);
    for write in 1..=writes {
        let way = Way {
            at: fastrand::usize(..2),
            door: fastrand::usize(..2),
        };
        somebody.write(way, id, &city(writer, write)).await;
        let there = |door| Way {
            at: 1 - way.at,
            door,
        };
        let objects = [0, 1, 0].map(|door| somebody.city(there(door), id));
        let lists = [0, 1].map(|door| somebody.listed_city(there(door), id));
        let (objects, lists) = tokio::join!(join_all(objects), join_all(lists));
        for read in objects.into_iter().chain(lists) {
            assert_eq!(version(&read), write, "{read} after {write}: {way:?}");
            reads += 1;
        }
        if write % 4 == 0 {
            // And through the same one, which has not read of its own write yet.
            let here = somebody.city(way, id).await;
            assert_eq!(version(&here), write);
        }
    }
    reads
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_written_through_one_gateway_is_read_through_the_other_and_redis_can_tell_nothing()
{
    let redis = Redis::start();
    let instances = Instances::start("demo", &redis.url(), PATIENT).await;
    let monitor = redis.monitor();
    let mut hidden = vec!["markercity".to_owned(), "/customer".to_owned()];
    let mut writers = Vec::new();
    for writer in 0..WRITERS {
        let somebody = instances.user("admin").await;
        hidden.push(somebody.token().to_owned());
        hidden.push(STANDARD.encode(somebody.token()));
        let work = write_here_read_there(writer, somebody, 250);
        writers.push(tokio::spawn(work));
    }
    let begun = Instant::now();
    let mut reads = 0;
    for writer in writers {
        reads += writer.await.unwrap();
    }
    let writes = WRITERS * 250;
    println!(
        "{writes} writes through one gateway, {reads} reads through the other right after them, {:?}",
        begun.elapsed()
    );
    assert!(reads >= 10_000);
    instances.audit().await;
    let shared = instances
        .metric("shared_cache_lookups_total{result=\"hit\"}")
        .await;
    let told = instances
        .metric("shared_cache_notices_total{result=\"told\"}")
        .await;
    println!("{told} notices, {shared} answers of the other gateway");
    assert_eq!(told, 2.0 * writes as f64, "each write is told twice");

    // Something that is there to be found, so that the search is worth something.
    redis.ask(&["SET", "planted", "needle-in-the-haystack"]);
    let (held, heard) = (held(&redis), monitor.heard());
    for (what, bytes) in [("what Redis was told", heard), ("what it holds", held)] {
        let text = String::from_utf8_lossy(&bytes);
        println!("{what}: {} bytes", bytes.len());
        assert!(
            text.contains("needle-in-the-haystack"),
            "{what} is all there"
        );
        for hidden in &hidden {
            assert!(!text.contains(hidden), "{hidden} in {what}");
        }
    }
}

/// All keys and values, after a look at the keys.
fn held(redis: &Redis) -> Vec<u8> {
    let mut held = Vec::new();
    let mut values = 0;
    for key in redis.keys() {
        match key.strip_prefix("peerassist-gateway:1:") {
            Some(hash) => {
                assert!(hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_hexdigit()));
                values += 1;
            }
            None => assert!(
                key == "planted" || key.starts_with("{peerassist-gateway}:"),
                "{key}"
            ),
        }
        held.extend(key.as_bytes());
        held.extend(redis.ask(&["DUMP", &key]).bytes());
        if key.ends_with(":log") {
            held.extend(redis.ask(&["XRANGE", &key, "-", "+"]).bytes());
        } else {
            held.extend(redis.ask(&["GET", &key]).bytes());
        }
    }
    assert!(values > WRITERS, "answers are kept there");
    held
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_of_the_other_gateway_says_so_and_costs_no_call() {
    let redis = Redis::start();
    let instances = Instances::start("docs", &redis.url(), PATIENT).await;
    let somebody = instances.user("admin").await;
    let query = "{ customers(first: 3) { edges { node { name } } } }";
    let outcome = async |at: usize| {
        let user = &somebody.0[at].0;
        let request = explained(user, query).await;
        let cost = request["extensions"]["cost"].clone();
        let question = cost["questions"][0].clone();
        (cost["actual"].clone(), question["outcome"].clone())
    };
    let miss = outcome(0).await;
    assert_eq!(miss, (1.into(), "MISS".into()));
    let kept = async {
        while instances
            .metric("shared_cache_deposits_total{result=\"kept\"}")
            .await
            < 1.0
        {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), kept)
        .await
        .unwrap();
    assert_eq!(outcome(1).await, (0.into(), "SHARED".into()));
    assert_eq!(outcome(1).await, (0.into(), "HIT".into()));
    let metric = "shared_cache_lookups_total{result=\"hit\"}";
    assert_eq!(instances.both[1].metric(metric).await, 1.0);
    let other = instances.user("admin").await;
    let read = other.listed_city(Way { at: 1, door: 1 }, 3).await;
    assert!(!read.is_empty());
    assert_eq!(instances.both[1].metric(metric).await, 1.0, "another token");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_one_gateway_hears_refused_ends_at_the_other_and_nobody_else_does() {
    let redis = Redis::start();
    let upstream = Refusing::start().await;
    let start = || Instance::start(&upstream.base, &redis.url(), PATIENT);
    let both = [start(), start()];
    for instance in &both {
        instance.trusts(true).await;
    }
    let query = |id| format!("{{ customer(by: {{ databaseId: {id} }}) {{ name }} }}");
    let at = |place: usize, token: &str| User::new(&both[place].base, token);
    let outcome = async |user: &User, id| {
        let answer = explained(user, &query(id)).await;
        let question = answer["extensions"]["cost"]["questions"][0].clone();
        question["outcome"].as_str().unwrap().to_owned()
    };
    for token in ["ada", "bob"] {
        assert_eq!(outcome(&at(1, token), 3).await, "MISS");
        assert_eq!(outcome(&at(1, token), 3).await, "HIT");
    }
    upstream.refuse("ada");
    let [_, _, reason, _] = at(0, "ada").errors(&query(4)).await.remove(0);
    assert_eq!(reason, "TOKEN_INVALID");
    let [_, _, reason, _] = at(1, "ada").errors(&query(3)).await.remove(0);
    assert_eq!(reason, "TOKEN_INVALID", "nothing is kept for her there");
    assert_eq!(outcome(&at(1, "bob"), 3).await, "HIT");
}

/// An upstream of customers that refuses a token from a moment on.
struct Refusing {
    base: String,
    refused: Arc<std::sync::Mutex<Option<String>>>,
}

impl Refusing {
    async fn start() -> Self {
        let refused: Arc<std::sync::Mutex<Option<String>>> = Arc::default();
        let known = refused.clone();
        let customer = async move |Path(id): Path<i64>, headers: HeaderMap| {
            let bearer = headers["authorization"].to_str().unwrap();
            let token = known.lock().unwrap().clone();
            match token.is_some_and(|token| bearer.ends_with(&token)) {
                true => StatusCode::UNAUTHORIZED.into_response(),
                false => Json(json!({ "id": id, "name": "Summit" })).into_response(),
            }
        };
        let routes = Router::new().route("/customer/{id}", get(customer));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Refusing { base, refused }
    }

    fn refuse(&self, token: &str) {
        *self.refused.lock().unwrap() = Some(token.to_owned());
    }
}

/// The answer to a query, with what became of each question.
async fn explained(user: &User, query: &str) -> Value {
    let request = http_client()
        .post(format!("{}/graphql", user.base))
        .bearer_auth(&user.token)
        .header("x-explain", "2")
        .json(&json!({ "query": query }));
    request.send().await.unwrap().json().await.unwrap()
}

/// What everybody does while Redis has its troubles.
#[derive(Default)]
struct Load {
    is_over: AtomicBool,
    reads: AtomicU64,
    writes: AtomicU64,
    /// How long each read took, by the phase that it began in.
    took: std::sync::Mutex<Vec<(usize, Duration)>>,
    phase: AtomicU64,
}

impl Load {
    async fn carry(self: Arc<Self>, writer: usize, somebody: Somebody) {
        let id = writer as i64 + 1;
        let mut last = 0;
        while !self.is_over.load(Ordering::SeqCst) {
            let way = || Way {
                at: fastrand::usize(..2),
                door: fastrand::usize(..2),
            };
            if fastrand::u8(..10) < 2 {
                last += 1;
                somebody.write(way(), id, &city(writer, last)).await;
                self.writes.fetch_add(1, Ordering::SeqCst);
            }
            let (begun, phase) = (Instant::now(), self.phase.load(Ordering::SeqCst));
            let read = somebody.city(way(), id).await;
            self.took
                .lock()
                .unwrap()
                .push((phase as usize, begun.elapsed()));
            assert_eq!(version(&read), last, "{read} of {id} in phase {phase}");
            self.reads.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn enter(&self, phase: usize) {
        self.phase.store(phase as u64, Ordering::SeqCst);
    }

    /// Median and 99th of 100 reads of a phase.
    fn latencies(&self, phase: usize) -> [Duration; 2] {
        let took = self.took.lock().unwrap();
        let mut took: Vec<_> = took
            .iter()
            .filter(|(of, _)| *of == phase)
            .map(|(_, took)| *took)
            .collect();
        took.sort();
        [50, 99].map(|percent| took.get(took.len() * percent / 100).copied().unwrap())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_sees_that_redis_stands_still_or_ends() {
    let redis = Redis::start();
    let instances = Instances::start("demo", &redis.url(), &[]).await;
    let load = Arc::new(Load::default());
    let mut readers = Vec::new();
    for writer in 0..4 {
        let somebody = instances.user("admin").await;
        // Nobody has written yet.
        somebody
            .write(Way { at: 0, door: 0 }, writer as i64 + 1, &city(writer, 0))
            .await;
        readers.push(tokio::spawn(load.clone().carry(writer, somebody)));
    }
    let phases = [
        "with Redis",
        "standing still",
        "again",
        "killed",
        "started anew",
    ];
    load.enter(0);
    tokio::time::sleep(Duration::from_secs(2)).await;
    redis.signal("STOP");
    load.enter(1);
    tokio::time::sleep(Duration::from_secs(3)).await;
    redis.signal("CONT");
    load.enter(2);
    tokio::time::sleep(Duration::from_secs(1)).await;
    instances.trust().await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    redis.signal("KILL");
    load.enter(3);
    tokio::time::sleep(Duration::from_secs(2)).await;
    let _redis = redis.start_anew();
    load.enter(4);
    instances.trust().await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    load.is_over.store(true, Ordering::SeqCst);
    for reader in readers {
        reader.await.unwrap();
    }
    instances.audit().await;
    println!(
        "{} reads and {} writes, no error, none older than the write before it",
        load.reads.load(Ordering::SeqCst),
        load.writes.load(Ordering::SeqCst)
    );
    for (phase, name) in phases.iter().enumerate() {
        let [median, most] = load.latencies(phase);
        println!("{name}: p50 {median:?}, p99 {most:?}");
        assert!(most < Duration::from_secs(5), "{name}: {most:?}");
    }
}
