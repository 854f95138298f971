//! A server for tests: the log and the store in memory, on tokio's clock, with the failures that real ones have.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::OnceLock;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::mpsc;
use tokio::sync::oneshot;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio::time::sleep;
use tokio::time::sleep_until;

use crate::upstream::shared::link::Batch;
use crate::upstream::shared::link::Broken;
use crate::upstream::shared::link::Connection;
use crate::upstream::shared::link::Connector;
use crate::upstream::shared::link::Joined;
use crate::upstream::shared::link::LogName;
use crate::upstream::shared::link::Reply;
use crate::upstream::shared::position::Position;

/// Entries that are read at once: few, so that reading on is part of what is tested.
const BATCH_ENTRIES: usize = 3;

/// What becomes of one command.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is carried out and answered.
    #[default]
    Good,
    /// The server says no.
    Refused,
    /// The connection is lost before it is carried out.
    LostBefore,
    /// It is carried out, and the connection is lost before the answer.
    LostAfter,
    /// It is carried out, and its answer is another one's, or nonsense.
    Mixed,
}

/// Which command a fate is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Command {
    Connect,
    Join,
    Append,
    Read,
    Get,
    Other,
}

/// How one command fares: how long it takes there and back, and its fate.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Passage {
    pub(super) there: Duration,
    pub(super) back: Duration,
    pub(super) fate: Fate,
}

/// How each command of an instance fares.
pub(super) type Weather = Arc<dyn Fn(Command) -> Passage + Send + Sync>;

/// What a server holds.
#[derive(Clone, Default)]
pub(super) struct Data {
    /// By how much its clock is behind.
    behind: Duration,
    name: Option<LogName>,
    pub(super) log: Vec<(Position, Vec<u8>)>,
    last: Option<Position>,
    pub(super) values: HashMap<String, (Vec<u8>, Instant)>,
}

impl Data {
    fn append(&mut self, notice: Vec<u8>) -> Position {
        let clock = Position::parse(&format!("{}-0", millis())).expect("a position");
        let clock = clock.before(self.behind);
        let at = match self.last {
            Some(last) if last >= clock => last.next(),
            _ => clock,
        };
        self.last = Some(at);
        self.log.push((at, notice));
        at
    }

    fn read(&self, from: Position) -> Batch {
        let rest = self.log.iter().filter(|(at, _)| *at >= from);
        let entries: Vec<_> = rest.take(BATCH_ENTRIES).cloned().collect();
        Batch {
            name: self.name,
            has_more: entries.len() == BATCH_ENTRIES,
            entries,
        }
    }

    fn get(&self, key: &str) -> Option<(Vec<u8>, Duration)> {
        let (value, until) = self.values.get(key)?;
        let life = until.saturating_duration_since(Instant::now());
        (!life.is_zero()).then(|| (value.clone(), life))
    }

    /// Any value but that of this key.
    fn get_other(&self, key: &str) -> Option<(Vec<u8>, Duration)> {
        let mut others = self.values.keys().filter(|other| *other != key);
        let nonsense = || (vec![7; 60], Duration::from_secs(9));
        let other = others.next().and_then(|other| self.get(other));
        Some(other.unwrap_or_else(nonsense))
    }

    /// Forgets the log, and sets the clock back.
    pub(super) fn go_back(&mut self, time: Duration) {
        self.behind = time;
        self.last = None;
        self.log.clear();
    }

    /// Puts each value under another name, or nonsense in its place.
    pub(super) fn mix_values(&mut self, rng: &mut fastrand::Rng) {
        let mut values: Vec<_> = self.values.values().cloned().collect();
        rng.shuffle(&mut values);
        for (value, mixed) in self.values.values_mut().zip(values) {
            *value = match rng.bool() {
                true => mixed,
                false => (vec![7; 100], mixed.1),
            };
        }
    }

    /// Forgets the first of the log.
    pub(super) fn trim(&mut self, keep: usize) {
        self.log.drain(..self.log.len().saturating_sub(keep));
    }
}

/// Milliseconds on tokio's clock, which is what `Clock` wants.
pub(super) fn millis() -> u64 {
    static BASE: OnceLock<Instant> = OnceLock::new();
    let now = Instant::now();
    let base = BASE.get_or_init(|| now - Duration::from_secs(3600));
    let since = now.saturating_duration_since(*base);
    u64::try_from(since.as_millis()).expect("not that long")
}

/// Whom an instance hears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hearing {
    Good,
    /// Itself alone: a design that must be found out.
    Deaf,
}

/// The server.
pub(super) struct FakeServer {
    data: Mutex<Data>,
    /// Whether it runs at all, and whether it carries out commands at present.
    state: watch::Sender<State>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct State {
    run: u64,
    is_up: bool,
    is_stopped: bool,
}

impl FakeServer {
    pub(super) fn start() -> Arc<Self> {
        Arc::new(FakeServer {
            data: Mutex::default(),
            state: watch::Sender::new(State {
                run: 0,
                is_up: true,
                is_stopped: false,
            }),
        })
    }

    pub(super) fn data(&self) -> MutexGuard<'_, Data> {
        self.data.lock().expect("nobody panics with it")
    }

    /// SIGSTOP and SIGCONT.
    pub(super) fn stop(&self, is_stopped: bool) {
        self.state
            .send_modify(|state| state.is_stopped = is_stopped);
    }

    /// The end of the process: all connections are lost.
    pub(super) fn kill(&self) {
        self.state.send_modify(|state| {
            state.run += 1;
            state.is_up = false;
            state.is_stopped = false;
        });
    }

    /// A new process with this data.
    pub(super) fn restart(&self, data: Data) {
        *self.data() = data;
        self.state.send_modify(|state| {
            state.run += 1;
            state.is_up = true;
            state.is_stopped = false;
        });
    }

    /// The way of one instance to it.
    pub(super) fn connector(
        self: &Arc<Self>,
        weather: Weather,
        hearing: Hearing,
    ) -> Arc<dyn Connector> {
        Arc::new(FakeConnector {
            server: self.clone(),
            weather,
            hearing,
        })
    }
}

struct FakeConnector {
    server: Arc<FakeServer>,
    weather: Weather,
    hearing: Hearing,
}

impl Connector for FakeConnector {
    fn connect(&self) -> Reply<Arc<dyn Connection>> {
        let (server, weather) = (self.server.clone(), self.weather.clone());
        let hearing = self.hearing;
        async move {
            let passage = weather(Command::Connect);
            sleep(passage.there).await;
            if !server.state.borrow().is_up || passage.fate != Fate::Good {
                return Err(Broken::Lost);
            }
            let mut state = server.state.subscribe();
            let running = state.wait_for(|state| !state.is_stopped).await;
            let state = *running.map_err(|_| Broken::Lost)?;
            if !state.is_up {
                return Err(Broken::Lost);
            }
            let (orders, queue) = mpsc::unbounded_channel();
            tokio::spawn(carry_out(queue, server, state.run));
            let connection = FakeConnection {
                orders,
                weather,
                run: state.run,
                own: (hearing == Hearing::Deaf).then(Arc::default),
            };
            Ok(Arc::new(connection) as Arc<dyn Connection>)
        }
        .boxed()
    }
}

/// What a command does at the server.
type Work = Box<dyn FnOnce(&mut Data) -> After + Send>;

/// A command on its way: when it arrives, and what it does there; `None` loses the connection.
struct Order {
    arrives: Instant,
    work: Option<Work>,
}

/// What follows when a command was carried out: its answer, and whether the connection stands.
struct After {
    answer: BoxFuture<'static, ()>,
    is_lost: bool,
}

/// Carries out the commands of one connection in their order.
async fn carry_out(mut queue: mpsc::UnboundedReceiver<Order>, server: Arc<FakeServer>, run: u64) {
    let mut state = server.state.subscribe();
    let mut arrives = Instant::now();
    while let Some(order) = queue.recv().await {
        // None overtakes another.
        arrives = arrives.max(order.arrives);
        sleep_until(arrives).await;
        let running = state.wait_for(|state| !state.is_stopped || state.run != run);
        if running.await.is_ok_and(|state| state.run != run) {
            return;
        }
        let Some(work) = order.work else { return };
        let After { answer, is_lost } = work(&mut server.data());
        if is_lost {
            return;
        }
        tokio::spawn(answer);
    }
}

struct FakeConnection {
    orders: mpsc::UnboundedSender<Order>,
    weather: Weather,
    run: u64,
    /// What it wrote itself, where it hears nothing else.
    own: Option<Arc<Mutex<Vec<Position>>>>,
}

fn remember(own: Option<&Arc<Mutex<Vec<Position>>>>, at: Position) -> Position {
    if let Some(own) = own {
        own.lock().expect("nobody panics with it").push(at);
    }
    at
}

impl FakeConnection {
    fn send<T: Send + 'static>(
        &self,
        command: Command,
        good: impl FnOnce(&mut Data) -> T + Send + 'static,
        mixed: impl FnOnce(&mut Data) -> Result<T, Broken> + Send + 'static,
    ) -> Reply<T> {
        let (orders, weather) = (self.orders.clone(), self.weather.clone());
        async move {
            let Passage { there, back, fate } = weather(command);
            let (sender, answer) = oneshot::channel();
            let work = move |data: &mut Data| {
                let outcome = match fate {
                    Fate::Mixed => mixed(data),
                    Fate::Refused => Err(Broken::Refused),
                    Fate::Good | Fate::LostBefore | Fate::LostAfter => Ok(good(data)),
                };
                After {
                    answer: async move {
                        sleep(back).await;
                        let _nobody_waits = sender.send(outcome);
                    }
                    .boxed(),
                    is_lost: fate == Fate::LostAfter,
                }
            };
            let is_carried_out = fate != Fate::LostBefore;
            let order = Order {
                arrives: Instant::now() + there,
                work: is_carried_out.then(|| Box::new(work) as Work),
            };
            orders.send(order).map_err(|_| Broken::Lost)?;
            answer.await.unwrap_or(Err(Broken::Lost))
        }
        .boxed()
    }
}

impl Connection for FakeConnection {
    fn server(&self) -> Vec<u8> {
        self.run.to_be_bytes().into()
    }

    fn join(&self, name: LogName, rename: bool, notice: Vec<u8>) -> Reply<Joined> {
        let own = self.own.clone();
        let good = move |data: &mut Data| {
            if rename || data.name.is_none() {
                data.name = Some(name);
            }
            Joined {
                name: data.name.expect("it has one"),
                at: remember(own.as_ref(), data.append(notice)),
            }
        };
        self.send(Command::Join, good, |_| Err(Broken::Lost))
    }

    fn append(&self, notice: Vec<u8>) -> Reply<Position> {
        let own = self.own.clone();
        let good = move |data: &mut Data| remember(own.as_ref(), data.append(notice));
        self.send(Command::Append, good, |_| Err(Broken::Lost))
    }

    fn read(&self, _round: u64, from: Position) -> Reply<Batch> {
        // The client notices the answer to another round; see there.
        let own = self.own.clone();
        let good = move |data: &mut Data| {
            let mut batch = data.read(from);
            if let Some(own) = own {
                let own = own.lock().expect("nobody panics with it");
                batch
                    .entries
                    .retain(|(at, _)| *at == from || own.contains(at));
                batch.has_more = false;
            }
            batch
        };
        self.send(Command::Read, good, |_| Err(Broken::Lost))
    }

    fn oldest(&self) -> Reply<Option<Position>> {
        let good = |data: &mut Data| data.log.first().map(|(at, _)| *at);
        self.send(Command::Other, good, |_| Err(Broken::Lost))
    }

    fn withdraw(&self) -> Reply<()> {
        let good = |data: &mut Data| data.name = None;
        self.send(Command::Other, good, |_| Err(Broken::Lost))
    }

    fn get(&self, key: String, bytes_max: usize) -> Reply<Option<(Vec<u8>, Duration)>> {
        let other = key.clone();
        let short = move |kept: Option<(Vec<u8>, Duration)>| {
            kept.map(|(mut value, life)| {
                value.truncate(bytes_max + 1);
                (value, life)
            })
        };
        let good = move |data: &mut Data| short(data.get(&key));
        self.send(Command::Get, good, move |data| {
            Ok(short(data.get_other(&other)))
        })
    }

    fn set(&self, key: String, value: Vec<u8>, life: Duration) -> Reply<()> {
        let until = Instant::now() + life;
        let good = move |data: &mut Data| {
            data.values.insert(key, (value, until));
        };
        self.send(Command::Other, good, |_| Err(Broken::Lost))
    }

    fn remove(&self, key: String) -> Reply<()> {
        let good = move |data: &mut Data| {
            data.values.remove(&key);
        };
        self.send(Command::Other, good, |_| Err(Broken::Lost))
    }
}
