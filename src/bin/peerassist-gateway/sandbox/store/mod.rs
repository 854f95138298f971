//! The SQLite store: one connection that writes, a few that read, every call off the async threads.

mod opening;

use std::ops::Deref;
use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use rusqlite::Connection;
use rusqlite::Transaction;
use rusqlite::TransactionBehavior;
use tokio::sync::Semaphore;

use crate::sandbox::error::Answer;
use crate::sandbox::error::Problem;

/// Enough to keep a few cores busy; more would only queue inside SQLite.
const READERS: usize = 4;

/// A handle on the open database; clones share it.
#[derive(Clone)]
pub(crate) struct Store {
    shared: Arc<Shared>,
}

struct Shared {
    writer: Mutex<Connection>,
    idle_readers: Mutex<Vec<Connection>>,
    reader_permits: Semaphore,
}

impl Store {
    /// Opens the file, or a database in memory that ends with the process. A new database gets the tables, then whatever
    /// `fill` writes, in one transaction: a start that dies half way leaves nothing.
    pub(crate) fn open(
        file: Option<&Path>,
        set: &str,
        fill: impl FnOnce(&Transaction<'_>) -> anyhow::Result<()>,
    ) -> anyhow::Result<Self> {
        let (writer, idle_readers) = opening::open(file, set, READERS, fill)?;
        let shared = Shared {
            writer: Mutex::new(writer),
            idle_readers: Mutex::new(idle_readers),
            reader_permits: Semaphore::new(READERS),
        };
        Ok(Self {
            shared: Arc::new(shared),
        })
    }

    /// Answers a question from one consistent state of the database.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Connection) -> Answer<T> + Send + 'static,
    ) -> Answer<T> {
        let shared = Arc::clone(&self.shared);
        let permit = self.shared.reader_permits.acquire().await;
        let _permit = permit.expect("the semaphore is never closed");
        off_the_async_threads(move || {
            let reader = Lent::from(shared);
            let snapshot = reader.unchecked_transaction()?;
            question(&snapshot)
        })
        .await
    }

    /// Changes the database: everything `change` does, or nothing when it fails.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        change: impl FnOnce(&Transaction<'_>) -> Answer<T> + Send + 'static,
    ) -> Answer<T> {
        let shared = Arc::clone(&self.shared);
        off_the_async_threads(move || {
            let mut writer = shared.writer.lock().unwrap_or_else(PoisonError::into_inner);
            let transaction = writer.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let answer = change(&transaction)?;
            transaction.commit()?;
            Ok(answer)
        })
        .await
    }
}

async fn off_the_async_threads<T: Send + 'static>(
    work: impl FnOnce() -> Answer<T> + Send + 'static,
) -> Answer<T> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|cause| Err(Problem::internal(&cause)))
}

/// A reader taken from the idle ones; it goes back even when the question panics.
struct Lent {
    reader: Option<Connection>,
    home: Arc<Shared>,
}

impl From<Arc<Shared>> for Lent {
    fn from(home: Arc<Shared>) -> Self {
        let reader = home
            .idle_readers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        Self { reader, home }
    }
}

impl Deref for Lent {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.reader.as_ref().expect("as many readers as permits")
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(reader) = self.reader.take() {
            self.home
                .idle_readers
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(reader);
        }
    }
}
