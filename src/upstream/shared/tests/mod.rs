//! Instances before one server that fails, under a paused clock.

mod log;
mod values;

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
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
