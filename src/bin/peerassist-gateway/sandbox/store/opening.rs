//! Opening a database: recognise ours, refuse others before touching them, lay out and fill a new one.

use std::path::Path;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::Context;
use anyhow::bail;
use rusqlite::Connection;
use rusqlite::OpenFlags;
use rusqlite::OptionalExtension;
use rusqlite::Transaction;
use rusqlite::TransactionBehavior;

const SCHEMA: &str = include_str!("schema.sql");
/// Marks a file as ours in its header ("PASB").
const APPLICATION_ID: i64 = 0x5041_5342;
/// Raised whenever schema.sql changes in a way that old files do not follow.
const SCHEMA_VERSION: i64 = 2;
/// How long a statement waits for another process on the same file.
const BUSY_WAIT: Duration = Duration::from_secs(5);

pub(super) fn open(
    file: Option<&Path>,
    set: &str,
    readers: usize,
    fill: impl FnOnce(&Transaction<'_>) -> anyhow::Result<()>,
) -> anyhow::Result<(Connection, Vec<Connection>)> {
    let place = Place::new(file);
    let mut writer = place.connect()?;
    let inspected =
        inspect(&writer).with_context(|| format!("{place} is not a sandbox database"))?;
    if inspected == Found::Foreign {
        bail!("{place} is not a sandbox database");
    }
    if file.is_some() {
        // Readers and the writer do not wait for each other. What was committed is with the kernel before it is told, so
        // that a killed process loses nothing of it; only a power cut may take back the last commits, whole.
        writer.pragma_update(None, "journal_mode", "WAL")?;
        writer.pragma_update(None, "synchronous", "NORMAL")?;
    }
    // Looked at again under the write lock: two processes may start on one new file.
    let transaction = writer.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if inspect(&transaction)? == Found::Nothing {
        transaction.execute_batch(SCHEMA)?;
        fill(&transaction)?;
        transaction.execute("INSERT INTO meta (name, value) VALUES ('set', ?)", [set])?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", SCHEMA_VERSION)?;
    }
    check(&transaction, &place, set)?;
    transaction.commit()?;
    let readers = (0..readers)
        .map(|_| place.connect_reader())
        .collect::<anyhow::Result<_>>()?;
    Ok((writer, readers))
}

#[derive(PartialEq)]
enum Found {
    Nothing,
    Sandbox,
    Foreign,
}

fn inspect(connection: &Connection) -> rusqlite::Result<Found> {
    let application_id: i64 =
        connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    Ok(match (application_id, tables) {
        (APPLICATION_ID, _) => Found::Sandbox,
        (0, 0) => Found::Nothing,
        _ => Found::Foreign,
    })
}

fn check(connection: &Connection, place: &Place, set: &str) -> anyhow::Result<()> {
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if version != SCHEMA_VERSION {
        bail!(
            "{place} was written by another version of the sandbox (tables {version}, not {SCHEMA_VERSION})"
        );
    }
    let held: Option<String> = connection
        .query_row("SELECT value FROM meta WHERE name = 'set'", [], |row| {
            row.get(0)
        })
        .optional()?;
    let held = held.unwrap_or_default();
    if held != set {
        bail!(
            "{place} holds the data set `{held}`, not `{set}`: name another file, or ask for `{held}`"
        );
    }
    Ok(())
}

/// Where the database lives, in SQLite's words.
struct Place {
    name: String,
    in_memory: bool,
}

impl Place {
    fn new(file: Option<&Path>) -> Self {
        // Every database in memory has its own name, or two stores of one process would be one.
        static OPENED: AtomicU64 = AtomicU64::new(0);
        match file {
            Some(path) => Self {
                name: path.display().to_string(),
                in_memory: false,
            },
            None => Self {
                name: format!(
                    "file:/sandbox-{}?vfs=memdb",
                    OPENED.fetch_add(1, Ordering::Relaxed)
                ),
                in_memory: true,
            },
        }
    }

    fn connect(&self) -> anyhow::Result<Connection> {
        let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        if self.in_memory {
            flags |= OpenFlags::SQLITE_OPEN_URI;
        }
        let connection = Connection::open_with_flags(&self.name, flags)
            .with_context(|| format!("cannot open {self}"))?;
        connection.busy_timeout(BUSY_WAIT)?;
        connection.set_prepared_statement_cache_capacity(64);
        Ok(connection)
    }

    fn connect_reader(&self) -> anyhow::Result<Connection> {
        let reader = self.connect()?;
        reader.pragma_update(None, "query_only", true)?;
        Ok(reader)
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.in_memory {
            "the database in memory"
        } else {
            &self.name
        })
    }
}
