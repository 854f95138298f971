//! Redis or Valkey as the shared level needs it: one multiplexed connection at a time, and no command is ever
//! cancelled, so replies cannot get out of step with commands.
//!
//! The crate's own manager of connections is not used: it makes a new connection silently, and that is just the
//! moment at which another server, or the same one without its data, may answer.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use redis::AsyncConnectionConfig;
use redis::Client;
use redis::Cmd;
use redis::ErrorKind;
use redis::Pipeline;
use redis::RedisError;
use redis::Value;
use redis::aio::MultiplexedConnection;
use redis::cmd;
use redis::pipe;
use secrecy::ExposeSecret;
use secrecy::SecretString;

use crate::upstream::shared::link::Batch;
use crate::upstream::shared::link::Broken;
use crate::upstream::shared::link::Connection;
use crate::upstream::shared::link::Connector;
use crate::upstream::shared::link::Joined;
use crate::upstream::shared::link::LogName;
use crate::upstream::shared::link::Reply;
use crate::upstream::shared::position::Position;

/// The log and its name. The braces keep them in one slot of a cluster.
const LOG: &str = "{peerassist-gateway}:log";
const NAME: &str = "{peerassist-gateway}:name";

/// Entries that the log keeps at least: minutes of writes for a busy company.
const LOG_ENTRIES: usize = 16_384;

/// Entries read at once.
const BATCH_ENTRIES: usize = 1_000;

/// How long a connection may take to stand.
const CONNECT_TIME: Duration = Duration::from_secs(1);

/// A way to a server by its URL.
pub(super) struct Server(Client);

impl Server {
    /// Reads `redis://`, `rediss://`, `unix://` and the like; `None` for anything else.
    pub(super) fn parse(url: &SecretString) -> Option<Self> {
        // The error may quote the URL, and with it a password.
        Client::open(url.expose_secret()).ok().map(Server)
    }
}

impl Connector for Server {
    fn connect(&self) -> Reply<Arc<dyn Connection>> {
        let client = self.0.clone();
        async move {
            // Whoever waits has a timer of their own.
            let config = AsyncConnectionConfig::new()
                .set_connection_timeout(Some(CONNECT_TIME))
                .set_response_timeout(None);
            let connection = client.get_multiplexed_async_connection_with_config(&config);
            let connection = connection.await.map_err(broken)?;
            let mut info = pipe();
            info.cmd("INFO")
                .arg("server")
                .cmd("INFO")
                .arg("replication");
            let info = all(&connection, info).await?;
            let server = member(&info, "run_id").ok_or(Broken::Lost)?;
            if member(&info, "role").as_deref() != Some("master") {
                return Err(Broken::Refused);
            }
            let wire = Wire { connection, server };
            Ok(Arc::new(wire) as Arc<dyn Connection>)
        }
        .boxed()
    }
}

/// One connection.
struct Wire {
    connection: MultiplexedConnection,
    server: String,
}

impl Connection for Wire {
    fn server(&self) -> Vec<u8> {
        self.server.clone().into()
    }

    fn join(&self, name: LogName, rename: bool, notice: Vec<u8>) -> Reply<Joined> {
        let mut join = pipe();
        let set = join.atomic().cmd("SET").arg(NAME).arg(&name);
        if !rename {
            set.arg("NX");
        }
        join.cmd("GET").arg(NAME).add_command(appending(notice));
        let connection = self.connection.clone();
        async move {
            let [_set, name, at] = replies(all(&connection, join).await?)?;
            let name = name_of(name)?.ok_or(Broken::Lost)?;
            let at = position(at)?;
            Ok(Joined { name, at })
        }
        .boxed()
    }

    fn append(&self, notice: Vec<u8>) -> Reply<Position> {
        let connection = self.connection.clone();
        async move { position(one(&connection, appending(notice)).await?) }.boxed()
    }

    fn read(&self, round: u64, from: Position) -> Reply<Batch> {
        let round = round.to_string();
        let mut read = pipe();
        read.atomic().cmd("ECHO").arg(&round);
        // To read the name by a command that may write: a server that became a replica, and lags, refuses it.
        read.cmd("GETEX").arg(NAME).arg("PERSIST");
        read.cmd("XRANGE").arg(LOG).arg(from.to_string());
        read.arg("+").arg("COUNT").arg(BATCH_ENTRIES);
        let connection = self.connection.clone();
        async move {
            let [echo, name, entries] = replies(all(&connection, read).await?)?;
            if bytes(echo)? != round.as_bytes() {
                return Err(Broken::Lost);
            }
            let name = name_of(name)?;
            let entries = array(entries)?.into_iter().map(entry);
            let entries = entries.collect::<Result<Vec<_>, _>>()?;
            let has_more = entries.len() >= BATCH_ENTRIES;
            Ok(Batch {
                name,
                entries,
                has_more,
            })
        }
        .boxed()
    }

    fn oldest(&self) -> Reply<Option<Position>> {
        let mut range = cmd("XRANGE");
        range.arg(LOG).arg("-").arg("+").arg("COUNT").arg(1);
        let connection = self.connection.clone();
        async move {
            let first = array(one(&connection, range).await?)?.into_iter().next();
            let first = first.map(entry).transpose()?;
            Ok(first.map(|(position, _)| position))
        }
        .boxed()
    }

    fn withdraw(&self) -> Reply<()> {
        self.remove(NAME.to_owned())
    }

    fn get(&self, key: String, bytes_max: usize) -> Reply<Option<(Vec<u8>, Duration)>> {
        let mut get = pipe();
        // From the first byte to one beyond the most that is wanted.
        get.cmd("GETRANGE").arg(&key).arg(0).arg(bytes_max);
        get.cmd("PTTL").arg(&key);
        let connection = self.connection.clone();
        async move {
            let [value, life] = replies(all(&connection, get).await?)?;
            let (value, life) = (bytes(value)?, number(life)?);
            // Without a key there is an empty range, and a life below zero.
            let life = u64::try_from(life).ok().map(Duration::from_millis);
            Ok(life.filter(|_| !value.is_empty()).map(|life| (value, life)))
        }
        .boxed()
    }

    fn set(&self, key: String, value: Vec<u8>, life: Duration) -> Reply<()> {
        let millis = u64::try_from(life.as_millis()).unwrap_or(u64::MAX);
        let mut set = cmd("SET");
        set.arg(key).arg(value).arg("PX").arg(millis.max(1));
        let connection = self.connection.clone();
        async move { one(&connection, set).await.map(drop) }.boxed()
    }

    fn remove(&self, key: String) -> Reply<()> {
        let mut remove = cmd("DEL");
        remove.arg(key);
        let connection = self.connection.clone();
        async move { one(&connection, remove).await.map(drop) }.boxed()
    }
}

fn appending(notice: Vec<u8>) -> Cmd {
    let mut append = cmd("XADD");
    append.arg(LOG).arg("MAXLEN").arg("~").arg(LOG_ENTRIES);
    append.arg("*").arg("n").arg(notice);
    append
}

async fn one(connection: &MultiplexedConnection, command: Cmd) -> Result<Value, Broken> {
    let mut connection = connection.clone();
    command.query_async(&mut connection).await.map_err(broken)
}

async fn all(connection: &MultiplexedConnection, commands: Pipeline) -> Result<Vec<Value>, Broken> {
    let mut connection = connection.clone();
    let answers = commands.query_async(&mut connection).await;
    array(answers.map_err(broken)?)
}

/// What the server says itself is a refusal; anything else speaks against the connection.
fn broken(error: RedisError) -> Broken {
    let is_told = matches!(error.kind(), ErrorKind::Server(_) | ErrorKind::Extension);
    let broken = match is_told && !error.is_unrecoverable_error() {
        true => Broken::Refused,
        false => Broken::Lost,
    };
    // The text may quote anything that came over the connection.
    tracing::debug!(kind = ?error.kind(), "the shared cache does not answer");
    broken
}

fn replies<const N: usize>(values: Vec<Value>) -> Result<[Value; N], Broken> {
    values.try_into().map_err(|_| Broken::Lost)
}

fn array(value: Value) -> Result<Vec<Value>, Broken> {
    match value {
        Value::Array(values) => Ok(values),
        _ => Err(Broken::Lost),
    }
}

fn bytes(value: Value) -> Result<Vec<u8>, Broken> {
    match value {
        Value::BulkString(bytes) => Ok(bytes),
        _ => Err(Broken::Lost),
    }
}

fn number(value: Value) -> Result<i64, Broken> {
    match value {
        Value::Int(number) => Ok(number),
        _ => Err(Broken::Lost),
    }
}

/// The name of the log, if it has one. One of another form is somebody else's, and no name.
fn name_of(value: Value) -> Result<Option<LogName>, Broken> {
    match value {
        Value::Nil => Ok(None),
        value => Ok(bytes(value)?.try_into().ok()),
    }
}

fn position(value: Value) -> Result<Position, Broken> {
    let text = String::from_utf8(bytes(value)?).map_err(|_| Broken::Lost)?;
    Position::parse(&text).ok_or(Broken::Lost)
}

/// An entry of the log: its position and the value of its one field. One of another form says nothing readable.
fn entry(value: Value) -> Result<(Position, Vec<u8>), Broken> {
    let [at, fields] = replies(array(value)?)?;
    let notice = match replies(array(fields)?) {
        Ok([_field, notice]) => bytes(notice)?,
        Err(_) => Vec::new(),
    };
    Ok((position(at)?, notice))
}

/// The member of what `INFO` says.
fn member(info: &[Value], name: &str) -> Option<String> {
    let texts = info.iter().filter_map(|value| match value {
        Value::BulkString(bytes) => std::str::from_utf8(bytes).ok(),
        Value::VerbatimString { text, .. } => Some(text.as_str()),
        _ => None,
    });
    let mut lines = texts.flat_map(str::lines);
    lines.find_map(|line| {
        let (key, value) = line.split_once(':')?;
        (key == name).then(|| value.trim().to_owned())
    })
}
