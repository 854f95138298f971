//! What the shared level needs of Redis: a log, a name for it, and values under keys. `client` speaks it; tests have
//! servers of their own that fail in ways that a real one seldom does.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;

use crate::upstream::shared::position::Position;

/// Which life of which log: another one after the server was started anew or replaced, and after the log was lost.
/// Positions are comparable within one only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Incarnation(pub(super) [u8; 16]);

/// The name of a log: random, and kept beside it.
pub(super) type LogName = [u8; 16];

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Broken {
    /// The server says no: it is loading, full, read-only, or the key holds something else.
    Refused,
    /// The connection is lost or out of step: nothing that comes over it is to be believed.
    Lost,
}

/// The answer to a command. A command that nobody waits for any more is carried out all the same.
pub(super) type Reply<T> = BoxFuture<'static, Result<T, Broken>>;

/// A way to a server.
pub(super) trait Connector: Send + Sync {
    /// A new connection to a server that takes writes.
    fn connect(&self) -> Reply<Arc<dyn Connection>>;
}

/// One connection. Commands are carried out in the order in which they are sent.
pub(super) trait Connection: Send + Sync {
    /// The identity of the running server: another one after each of its starts.
    fn server(&self) -> Vec<u8>;

    /// Appends to the log, and gives the log a name where it has none, or in any case where `rename` says so.
    fn join(&self, name: LogName, rename: bool, notice: Vec<u8>) -> Reply<Joined>;

    /// Appends to the log.
    fn append(&self, notice: Vec<u8>) -> Reply<Position>;

    /// Some of the log, from `from` on, itself included. `round` must come back with the answer, or it is the answer
    /// to something else and the connection is lost. Only a server that takes writes answers.
    fn read(&self, round: u64, from: Position) -> Reply<Batch>;

    /// The oldest position in the log.
    fn oldest(&self) -> Reply<Option<Position>>;

    /// Takes the log's name away, which ends everybody's trust in it. A server that is full does this, too.
    fn withdraw(&self) -> Reply<()>;

    /// The value of a key and how long it still lives. No more than `bytes_max` and one are read of a longer one.
    fn get(&self, key: String, bytes_max: usize) -> Reply<Option<(Vec<u8>, Duration)>>;

    /// Sets the value of a key for a time.
    fn set(&self, key: String, value: Vec<u8>, life: Duration) -> Reply<()>;

    /// Removes a key.
    fn remove(&self, key: String) -> Reply<()>;
}

/// How a log was joined.
#[derive(Clone, Copy, Debug)]
pub(super) struct Joined {
    /// The name that the log has now.
    pub(super) name: LogName,
    /// Where the notice of it stands.
    pub(super) at: Position,
}

/// A part of the log.
#[derive(Clone, Debug)]
pub(super) struct Batch {
    /// The name of the log, if it has one.
    pub(super) name: Option<LogName>,
    /// Its entries in their order.
    pub(super) entries: Vec<(Position, Vec<u8>)>,
    /// Whether there may be more.
    pub(super) has_more: bool,
}
