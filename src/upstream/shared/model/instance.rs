//! One gateway of the model: its caches, and its way to the server.

use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use fastrand::Rng;
use prometheus_client::registry::Registry;

use crate::domain::id::CustomerId;
use crate::upstream::cache::AnswerCache;
use crate::upstream::cache::Lifetimes;
use crate::upstream::cache::Room;
use crate::upstream::cache::Store;
use crate::upstream::epochs::Epochs;
use crate::upstream::metrics::Metrics;
use crate::upstream::question::CustomersPage;
use crate::upstream::shared;
use crate::upstream::shared::Shared;
use crate::upstream::shared::Times;
use crate::upstream::shared::fake;
use crate::upstream::shared::fake::Command;
use crate::upstream::shared::fake::FakeServer;
use crate::upstream::shared::fake::Fate;
use crate::upstream::shared::fake::Hearing;
use crate::upstream::shared::fake::Passage;
use crate::upstream::shared::model::Flaw;
use crate::upstream::shared::model::world::Said;

pub(super) const LIFETIMES: Lifetimes = Lifetimes {
    fresh: Duration::from_millis(250),
    revalidating: Duration::from_millis(100),
    failing: Duration::from_millis(150),
    absent: Duration::from_millis(100),
};

/// Longest time that an answer is served.
pub(super) const AGE_MAX: Duration = Duration::from_millis(500);

/// The longest time from the beginning of a write to its effect.
const WRITE: Duration = Duration::from_millis(500);

const PATIENCE: Duration = Duration::from_millis(20);

/// Enough for all.
const ROOM: Room = Room {
    bytes_max: 1 << 20,
    caller_bytes_max: 1 << 20,
};

/// How a command to the server fares: mostly well.
fn passage(rng: &mut Rng, command: Command) -> Passage {
    let most = match rng.u8(0..200) {
        0 => 60_000,
        _ => 1_500,
    };
    let mut upto = |most| Duration::from_micros(rng.u64(0..most));
    let (there, back) = (upto(most), upto(most));
    let fate = match (rng.u16(0..1500), command) {
        (0, _) => Fate::LostBefore,
        (1, _) => Fate::LostAfter,
        (2..7, _) => Fate::Refused,
        (7, Command::Get) => Fate::Mixed,
        _ => Fate::Good,
    };
    Passage { there, back, fate }
}

/// One gateway.
pub(super) struct Instance {
    pub(super) epochs: Arc<Epochs>,
    pub(super) shared: Arc<Shared>,
    pub(super) store: Arc<Store>,
    pub(super) customers: Arc<AnswerCache<CustomerId, Said>>,
    pub(super) lists: Arc<AnswerCache<CustomersPage, Said>>,
}

impl Instance {
    pub(super) fn start(server: &Arc<FakeServer>, flaw: Option<Flaw>, seed: u64) -> Self {
        let rng = Mutex::new(Rng::with_seed(seed));
        let weather = move |command| {
            let mut rng = rng.lock().expect("nobody panics with it");
            passage(&mut rng, command)
        };
        let hearing = match flaw {
            Some(Flaw::EpochsPerInstance) => Hearing::Deaf,
            _ => Hearing::Good,
        };
        let (epochs, shared) = Shared::over(
            server.connector(Arc::new(weather), hearing),
            b"secret",
            PATIENCE,
            Times {
                life: AGE_MAX,
                write: WRITE,
            },
            fake::millis,
            shared::Metrics::new(&mut Registry::default()),
        );
        let metrics = Arc::new(Metrics::new(&mut Registry::default()));
        let store = Arc::new(Store::new(ROOM, epochs.clone(), shared.clone(), metrics));
        Instance {
            epochs,
            shared,
            customers: Arc::new(AnswerCache::new("customer", LIFETIMES, store.clone())),
            lists: Arc::new(AnswerCache::new("customers", LIFETIMES, store.clone())),
            store,
        }
    }
}
