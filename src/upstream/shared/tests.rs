//! Instances before one server that fails, under a paused clock.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join_all;
use prometheus_client::registry::Registry;
use tokio::time::Instant;
use tokio::time::sleep;

use crate::domain::caller::BearerToken;
use crate::domain::caller::Caller;
use crate::domain::caller::FingerprintKey;
use crate::domain::caller::Standing;
use crate::domain::id::CustomerId;
use crate::domain::id::Id;
use crate::upstream::epochs::Epochs;
use crate::upstream::epochs::Moment;
use crate::upstream::epochs::Tag;
use crate::upstream::shared::Found;
use crate::upstream::shared::Question;
use crate::upstream::shared::Shared;
use crate::upstream::shared::Sight;
use crate::upstream::shared::Times;
use crate::upstream::shared::fake;
use crate::upstream::shared::fake::Command;
use crate::upstream::shared::fake::FakeServer;
use crate::upstream::shared::fake::Fate;
use crate::upstream::shared::fake::Hearing;
use crate::upstream::shared::fake::Passage;
use crate::upstream::shared::metrics::Metrics;

const PATIENCE: Duration = Duration::from_millis(20);
const LIFE: Duration = Duration::from_secs(30);
const WRITE: Duration = Duration::from_secs(45);
/// Long enough to find the server, if it is there, and to trust it.
const JOINING: Duration = Duration::from_secs(7);
const CALL: &str = "GET /customer/3";
const BODY: &[u8] = b"{\"id\":3}";

/// What the weather of one instance is at present, and how often it sent each command.
#[derive(Default)]
struct Sky {
    /// Passages of commands that do not fare well.
    clouds: Mutex<Vec<(Command, Passage)>>,
    reads: AtomicU64,
    joins: AtomicU64,
}

impl Sky {
    fn cloud(&self, command: Command, fate: Fate, back: Duration) {
        let there = Duration::ZERO;
        self.gather(command, Passage { there, back, fate });
    }

    fn cloud_there(&self, command: Command, there: Duration) {
        let passage = Passage::default();
        self.gather(command, Passage { there, ..passage });
    }

    fn gather(&self, command: Command, passage: Passage) {
        let mut clouds = self.clouds.lock().expect("nobody panics with it");
        clouds.push((command, passage));
    }

    fn clear(&self) {
        self.clouds.lock().expect("nobody panics with it").clear();
    }

    fn passage(&self, command: Command) -> Passage {
        match command {
            Command::Read => self.reads.fetch_add(1, Ordering::SeqCst),
            Command::Join => self.joins.fetch_add(1, Ordering::SeqCst),
            _ => 0,
        };
        let clouds = self.clouds.lock().expect("nobody panics with it");
        let mut above = clouds.iter().filter(|(other, _)| *other == command);
        let quick = Duration::from_micros(200);
        above.next().map_or(
            Passage {
                there: quick,
                back: quick,
                fate: Fate::Good,
            },
            |(_, passage)| *passage,
        )
    }
}

struct Instance {
    epochs: Arc<Epochs>,
    shared: Arc<Shared>,
    sky: Arc<Sky>,
}

impl Instance {
    /// An instance that has had time to join, if it can.
    async fn start(server: &Arc<FakeServer>) -> Self {
        let instance = Instance::start_with(server, b"secret");
        sleep(JOINING).await;
        instance
    }

    fn start_with(server: &Arc<FakeServer>, secret: &[u8]) -> Self {
        let sky = Arc::new(Sky::default());
        let above = sky.clone();
        let (epochs, shared) = Shared::over(
            server.connector(
                Arc::new(move |command| above.passage(command)),
                Hearing::Good,
            ),
            secret,
            PATIENCE,
            Times {
                life: LIFE,
                write: WRITE,
            },
            fake::millis,
            Metrics::new(&mut Registry::default()),
        );
        Instance {
            epochs,
            shared,
            sky,
        }
    }

    /// Whether a request that begins now may trust what is kept.
    async fn trusts(&self) -> bool {
        self.shared.trusts(&ada()).await
    }

    /// Whether what was asked then is good for a request that begins now.
    async fn is_good(&self, asked: Moment) -> bool {
        self.trusts().await && self.epochs.hold(&[tag()], asked)
    }

    /// Asks the upstream, and keeps its answer for the others.
    async fn keep(&self, caller: &Caller) {
        let (moment, sight) = (self.epochs.now(), self.shared.sight());
        let now = Instant::now();
        let question = question(caller, moment);
        let body = Bytes::from_static(BODY);
        self.shared.keep(&question, sight, now, now + LIFE, body);
        sleep(Duration::from_millis(5)).await;
    }

    /// What a request that begins now finds in the store.
    async fn find(&self, caller: &Caller) -> Option<Found> {
        if !self.shared.trusts(caller).await {
            return None;
        }
        let question = question(caller, self.epochs.now());
        self.shared.find(&question).await
    }

    async fn write(&self) -> bool {
        let begun = self.shared.begin(7, &[tag()]).await;
        self.shared.end(7, &[tag()], None).await && begun
    }
}

fn question(caller: &Caller, moment: Moment) -> Question<'_> {
    Question {
        caller,
        call: CALL,
        tags: tags(),
        moment,
    }
}

fn tag() -> Tag {
    Tag::Customer(CustomerId::new(3).expect("an id"))
}

fn tags() -> &'static [Tag] {
    static TAGS: std::sync::OnceLock<[Tag; 1]> = std::sync::OnceLock::new();
    TAGS.get_or_init(|| [tag()])
}

fn caller(token: &str, life: Duration) -> Caller {
    let end = Instant::now() + life;
    let token = BearerToken::parse(token).expect("a token");
    let key = FingerprintKey::new(b"secret");
    Caller::new(&key, token, |_| Ok(Standing::new(end)), end).expect("a caller")
}

fn ada() -> Caller {
    caller("ada", Duration::from_secs(3600))
}

#[tokio::test(start_paused = true)]
async fn what_one_instance_writes_no_other_has_kept_from_before() {
    let server = FakeServer::start();
    let (a, b) = (
        Instance::start(&server).await,
        Instance::start(&server).await,
    );
    let before = b.epochs.now();
    assert!(b.is_good(before).await);
    assert!(a.shared.begin(7, &[tag()]).await);
    assert!(!b.is_good(before).await, "a write is under way");
    let meanwhile = b.epochs.now();
    assert!(!b.is_good(meanwhile).await, "its places are closed");
    assert!(a.shared.end(7, &[tag()], None).await);
    assert!(!b.is_good(meanwhile).await, "it was asked before the end");
    assert!(b.is_good(b.epochs.now()).await);
    assert!(a.trusts().await && a.is_good(a.epochs.now()).await);
}

#[tokio::test(start_paused = true)]
async fn all_who_wait_share_a_round_that_begins_after_they_began_to_wait() {
    let server = FakeServer::start();
    let b = Instance::start(&server).await;
    let before = b.sky.reads.load(Ordering::SeqCst);
    let waits = (0..100).map(|_| b.trusts());
    assert!(join_all(waits).await.into_iter().all(|trusts| trusts));
    let reads = b.sky.reads.load(Ordering::SeqCst) - before;
    assert!((1..=2).contains(&reads), "{reads} rounds for 100 requests");
}

#[tokio::test(start_paused = true)]
async fn who_finds_the_way_back_first_waits_for_the_others_before_it_trusts_anything() {
    let server = FakeServer::start();
    let (a, b) = (
        Instance::start(&server).await,
        Instance::start(&server).await,
    );
    server.kill();
    sleep(Duration::from_secs(1)).await;
    a.sky
        .cloud_there(Command::Connect, Duration::from_millis(1900));
    server.restart(fake::Data::default());
    let (mut untold, mut trusting) = (0, 0);
    for _ in 0..100 {
        sleep(Duration::from_millis(50)).await;
        let is_told = a.write().await;
        if b.trusts().await {
            trusting += 1;
            assert!(is_told, "who trusts must hear of it");
        }
        untold += u32::from(!is_told);
    }
    assert!(untold > 20 && trusting > 20, "{untold} {trusting}");
}

#[tokio::test(start_paused = true)]
async fn one_request_settles_its_trust_once() {
    let server = FakeServer::start();
    let b = Instance::start(&server).await;
    let (request, before) = (ada(), b.sky.reads.load(Ordering::SeqCst));
    for _ in 0..10 {
        assert!(b.shared.trusts(&request.clone()).await);
    }
    assert_eq!(b.sky.reads.load(Ordering::SeqCst) - before, 1);
}

#[tokio::test(start_paused = true)]
async fn a_slow_log_is_waited_for_once_and_trusted_again_when_it_is_quick() {
    let server = FakeServer::start();
    let b = Instance::start(&server).await;
    b.sky
        .cloud(Command::Read, Fate::Good, Duration::from_millis(60));
    let begun = Instant::now();
    assert!(!b.trusts().await);
    assert_eq!(begun.elapsed(), PATIENCE);
    for _ in 0..100 {
        assert!(!b.trusts().await);
    }
    assert_eq!(begun.elapsed(), PATIENCE, "nobody else has waited");
    b.sky.clear();
    sleep(Duration::from_millis(700)).await;
    assert!(b.trusts().await);
    assert_eq!(b.sky.joins.load(Ordering::SeqCst), 1, "over the same line");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_stands_still_holds_up_no_more_than_one_wait_for_each_notice() {
    let server = FakeServer::start();
    let (a, b) = (
        Instance::start(&server).await,
        Instance::start(&server).await,
    );
    let before = b.epochs.now();
    server.stop(true);
    let begun = Instant::now();
    assert!(!a.write().await);
    assert!(begun.elapsed() <= 2 * PATIENCE, "{:?}", begun.elapsed());
    assert!(!a.trusts().await);
    assert!(!b.trusts().await);
    let begun = Instant::now();
    assert!(!a.write().await);
    assert!(begun.elapsed() <= PATIENCE, "{:?}", begun.elapsed());
    sleep(Duration::from_secs(10)).await;
    server.stop(false);
    sleep(JOINING).await;
    assert!(a.trusts().await && b.trusts().await);
    assert!(!b.is_good(before).await);
}

#[tokio::test(start_paused = true)]
async fn what_an_instance_could_not_tell_it_tells_before_it_trusts_anything_again() {
    for fate in [
        Fate::LostBefore,
        Fate::LostAfter,
        Fate::Refused,
        Fate::Mixed,
    ] {
        let server = FakeServer::start();
        let (a, b) = (
            Instance::start(&server).await,
            Instance::start(&server).await,
        );
        a.sky.cloud(Command::Append, fate, Duration::ZERO);
        assert!(!a.write().await);
        assert!(!a.trusts().await, "{fate:?}: others have not been told");
        // B may go on for as long as A cannot speak.
        let before = b.epochs.now();
        a.sky.clear();
        sleep(JOINING).await;
        assert!(a.trusts().await, "{fate:?}");
        assert!(!b.is_good(before).await, "{fate:?}: it was told afterwards");
        sleep(JOINING).await;
        assert!(b.trusts().await, "{fate:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_full_server_is_made_to_forget_the_name_of_the_log() {
    let server = FakeServer::start();
    let (a, b) = (
        Instance::start(&server).await,
        Instance::start(&server).await,
    );
    b.keep(&ada()).await;
    let before = b.epochs.now();
    a.sky.cloud(Command::Append, Fate::Refused, Duration::ZERO);
    assert!(!a.shared.end(7, &[tag()], None).await);
    assert!(
        !b.is_good(before).await,
        "nobody trusts a log without a name"
    );
    sleep(JOINING).await;
    assert!(b.trusts().await && !b.is_good(before).await);
    assert!(b.find(&ada()).await.is_none(), "of the store neither");
}

#[tokio::test(start_paused = true)]
async fn a_notice_that_is_late_ends_the_trust_of_its_instance_until_it_has_arrived() {
    let server = FakeServer::start();
    let a = Instance::start(&server).await;
    a.sky
        .cloud(Command::Append, Fate::Good, Duration::from_millis(300));
    let begun = Instant::now();
    assert!(!a.shared.end(7, &[tag()], None).await);
    assert_eq!(begun.elapsed(), PATIENCE);
    assert!(!a.trusts().await);
    sleep(Duration::from_millis(400)).await;
    assert!(a.trusts().await);
}

#[tokio::test(start_paused = true)]
async fn a_log_that_was_trimmed_past_the_reader_ends_all_that_was_kept() {
    let server = FakeServer::start();
    let (a, b) = (
        Instance::start(&server).await,
        Instance::start(&server).await,
    );
    let before = b.epochs.now();
    assert!(a.write().await);
    a.shared
        .happened(&[Tag::Customer(CustomerId::new(9).expect("an id"))])
        .await;
    server.data().trim(1);
    assert!(!b.trusts().await, "something may have been trimmed unread");
    sleep(JOINING).await;
    assert!(b.trusts().await && !b.is_good(before).await);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_lost_a_notice_when_it_was_started_anew_is_found_out() {
    let server = FakeServer::start();
    let (a, b) = (
        Instance::start(&server).await,
        Instance::start(&server).await,
    );
    b.keep(&ada()).await;
    assert!(b.find(&ada()).await.is_some());
    let (before, snapshot) = (b.epochs.now(), server.data().clone());
    assert!(a.write().await);
    server.kill();
    sleep(JOINING).await;
    assert!(!b.trusts().await);
    server.restart(snapshot);
    sleep(JOINING).await;
    assert!(b.trusts().await);
    assert!(!b.is_good(before).await, "the end of it was lost");
    assert!(
        b.find(&ada()).await.is_none(),
        "the store is older than that"
    );
    b.keep(&ada()).await;
    assert!(b.find(&ada()).await.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_log_that_went_backwards_gets_another_name() {
    let server = FakeServer::start();
    let (a, b) = (
        Instance::start(&server).await,
        Instance::start(&server).await,
    );
    a.keep(&ada()).await;
    let (before, name) = (b.epochs.now(), b.shared.sight());
    // The log goes with its clock: what is appended next stands before what was read last.
    server.data().go_back(Duration::from_secs(3600));
    assert!(!b.trusts().await);
    sleep(JOINING).await;
    assert!(b.trusts().await && !b.is_good(before).await);
    assert!(a.trusts().await, "both agree on the name");
    let incarnation = |sight: Option<Sight>| sight.map(|sight| sight.incarnation);
    assert_ne!(incarnation(b.shared.sight()), incarnation(name));
    assert_eq!(incarnation(b.shared.sight()), incarnation(a.shared.sight()));
    assert!(
        b.find(&ada()).await.is_none(),
        "its position says nothing any more"
    );
}

#[tokio::test(start_paused = true)]
async fn a_write_whose_end_is_never_told_ends_by_itself() {
    let server = FakeServer::start();
    let (a, b) = (
        Instance::start(&server).await,
        Instance::start(&server).await,
    );
    assert!(a.shared.begin(7, &[tag()]).await);
    drop(a);
    let meanwhile = b.epochs.now();
    assert!(!b.is_good(meanwhile).await);
    sleep(WRITE / 2).await;
    assert!(
        !b.is_good(b.epochs.now()).await,
        "it may still come to its end"
    );
    sleep(WRITE).await;
    assert!(!b.is_good(meanwhile).await);
    assert!(b.is_good(b.epochs.now()).await);
}

#[tokio::test(start_paused = true)]
async fn a_write_that_may_still_land_keeps_its_places_closed_everywhere() {
    let server = FakeServer::start();
    let (a, b) = (
        Instance::start(&server).await,
        Instance::start(&server).await,
    );
    assert!(a.shared.begin(7, &[tag()]).await);
    assert!(
        a.shared
            .end(7, &[tag()], Some(Duration::from_secs(30)))
            .await
    );
    let c = Instance::start(&server).await;
    for instance in [&b, &c] {
        assert!(!instance.is_good(instance.epochs.now()).await);
    }
    b.keep(&ada()).await;
    assert!(
        server.data().values.is_empty(),
        "what is closed is not kept"
    );
    sleep(Duration::from_secs(31)).await;
    for instance in [&b, &c] {
        assert!(instance.is_good(instance.epochs.now()).await);
    }
}

#[tokio::test(start_paused = true)]
async fn a_gateway_with_another_secret_ends_all_trust_while_it_writes() {
    let server = FakeServer::start();
    let b = Instance::start(&server).await;
    let before = b.epochs.now();
    let other = Instance::start_with(&server, b"another secret");
    sleep(JOINING).await;
    assert!(!b.is_good(before).await, "it has joined");
    sleep(WRITE + Duration::from_secs(2)).await;
    assert!(b.trusts().await && !b.is_good(before).await);
    assert!(other.write().await);
    assert!(!b.trusts().await);
    sleep(WRITE / 2).await;
    assert!(!b.trusts().await);
    sleep(WRITE).await;
    assert!(b.trusts().await);
}

#[tokio::test(start_paused = true)]
async fn an_answer_is_found_by_its_caller_at_every_instance_until_something_happens_to_it() {
    let server = FakeServer::start();
    let (a, b) = (
        Instance::start(&server).await,
        Instance::start(&server).await,
    );
    a.keep(&ada()).await;
    sleep(Duration::from_secs(4)).await;
    let found = b.find(&ada()).await.expect("it is kept");
    assert_eq!(found.body, BODY);
    assert_eq!(found.asked_at.elapsed().as_secs(), 4);
    let left = found.good_until - Instant::now();
    assert!(
        left <= LIFE - Duration::from_secs(4) && left > LIFE / 2,
        "{left:?}"
    );
    assert!(b.find(&caller("bob", LIFE)).await.is_none());
    assert!(a.write().await);
    assert!(b.find(&ada()).await.is_none() && a.find(&ada()).await.is_none());
    b.keep(&ada()).await;
    assert!(a.find(&ada()).await.is_some());
    a.shared.happened(&[tag()]).await;
    assert!(
        b.find(&ada()).await.is_none(),
        "a refused token ends it likewise"
    );
}

#[tokio::test(start_paused = true)]
async fn an_answer_outlives_neither_its_time_nor_its_token() {
    let server = FakeServer::start();
    let (a, b) = (
        Instance::start(&server).await,
        Instance::start(&server).await,
    );
    a.keep(&caller("ada", Duration::from_secs(10))).await;
    let found = b.find(&ada()).await.expect("it is kept");
    assert!(found.good_until <= Instant::now() + Duration::from_secs(10));
    let found = b.find(&caller("ada", Duration::from_secs(2))).await;
    let found = found.expect("it is kept");
    assert!(found.good_until <= Instant::now() + Duration::from_secs(2));
    sleep(Duration::from_secs(11)).await;
    assert!(b.find(&ada()).await.is_none());
    a.keep(&ada()).await;
    sleep(LIFE).await;
    assert!(b.find(&ada()).await.is_none());
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_was_asked_before_a_write_and_came_after_it_is_not_used() {
    let server = FakeServer::start();
    let (a, b) = (
        Instance::start(&server).await,
        Instance::start(&server).await,
    );
    let request = ada();
    let asked = question(&request, b.epochs.now());
    let (sight, at) = (b.shared.sight(), Instant::now());
    assert!(a.write().await);
    // B has not read of the write when the answer comes.
    let body = Bytes::from_static(BODY);
    b.shared.keep(&asked, sight, at, at + LIFE, body);
    sleep(Duration::from_millis(5)).await;
    assert_eq!(server.data().values.len(), 1);
    assert!(a.find(&ada()).await.is_none() && b.find(&ada()).await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_new_instance_reads_back_before_it_uses_what_others_kept() {
    let server = FakeServer::start();
    let a = Instance::start(&server).await;
    a.keep(&ada()).await;
    // More entries than are read at once.
    for _ in 0..9 {
        a.shared.happened(&[]).await;
    }
    let c = Instance::start(&server).await;
    assert!(c.find(&ada()).await.is_some());
    assert!(a.write().await);
    let d = Instance::start(&server).await;
    assert!(d.find(&ada()).await.is_none(), "a write came after it");
    a.keep(&ada()).await;
    a.shared.happened(&[]).await;
    server.data().trim(1);
    let e = Instance::start(&server).await;
    assert!(e.trusts().await);
    assert!(
        e.find(&ada()).await.is_none(),
        "the log does not reach back to it"
    );
}

#[tokio::test(start_paused = true)]
async fn mixed_up_replies_and_foreign_values_are_refused_and_end_the_line() {
    let server = FakeServer::start();
    let (a, b) = (
        Instance::start(&server).await,
        Instance::start(&server).await,
    );
    let bob = caller("bob", LIFE);
    a.keep(&ada()).await;
    a.keep(&bob).await;
    b.sky.cloud(Command::Get, Fate::Mixed, Duration::ZERO);
    assert!(b.find(&ada()).await.is_none());
    assert!(!b.trusts().await, "the line is given up");
    b.sky.clear();
    sleep(JOINING).await;
    assert_eq!(b.sky.joins.load(Ordering::SeqCst), 2);
    assert_eq!(server.data().values.len(), 1, "what was refused is removed");
    let names: Vec<_> = server.data().values.keys().cloned().collect();
    let nonsense = vec![0; 300 * 1024];
    let until = Instant::now() + LIFE;
    server
        .data()
        .values
        .insert(names[0].clone(), (nonsense, until));
    let request = caller("bob", LIFE);
    assert!(b.find(&request).await.is_none());
    sleep(JOINING).await;
    assert_eq!(b.sky.joins.load(Ordering::SeqCst), 3);
    assert!(server.data().values.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_slow_or_refuses_is_no_answer() {
    let server = FakeServer::start();
    let (a, b) = (
        Instance::start(&server).await,
        Instance::start(&server).await,
    );
    a.keep(&ada()).await;
    b.sky.cloud(Command::Get, Fate::Refused, Duration::ZERO);
    assert!(b.find(&ada()).await.is_none());
    assert!(b.trusts().await, "that is no reason to distrust the log");
    b.sky.clear();
    b.sky
        .cloud(Command::Get, Fate::Good, Duration::from_secs(5));
    let begun = Instant::now();
    assert!(b.find(&ada()).await.is_none());
    assert!(begun.elapsed() <= 2 * PATIENCE);
    assert!(!b.trusts().await, "nobody else waits");
}

#[tokio::test(start_paused = true)]
async fn nothing_is_trusted_where_there_is_no_server() {
    let server = FakeServer::start();
    server.kill();
    let a = Instance::start(&server).await;
    let begun = Instant::now();
    assert!(!a.trusts().await);
    assert!(a.shared.sight().is_none());
    assert_eq!(begun.elapsed(), Duration::ZERO);
    assert!(!a.write().await);
    assert!(begun.elapsed() <= PATIENCE);
    server.restart(fake::Data::default());
    sleep(JOINING).await;
    assert!(a.trusts().await);
    assert!(a.write().await);
}
