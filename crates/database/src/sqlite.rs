//! SQLite: the embedded database.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions as _, SqlitePool};
use tokio::sync::Mutex;

use crate::pools::Pools;
use crate::{Database, DbError, file, migration};

/// How long a statement waits for another writer.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a request waits for a connection before it is told to come back.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);
/// SQLite has one writer at a time; the others read.
const CONNECTIONS: u32 = 8;

/// What is to be done about the write-ahead log.
#[derive(Debug, Default)]
pub(crate) struct Log {
    /// Clear text was replaced, and the log may still hold it.
    holds_clear_text: AtomicBool,
    /// One at a time empties the log; whoever comes meanwhile waits, and sees what is left to do.
    emptying: Mutex<()>,
}

pub(crate) async fn open_memory() -> Result<Database, DbError> {
    let options: SqliteConnectOptions = "sqlite::memory:".parse()?;
    let pool = SqlitePoolOptions::new()
        // The memory is the connection's: one, kept for ever.
        .max_connections(1)
        .min_connections(1)
        .idle_timeout(None)
        .max_lifetime(None)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .connect_with(settings(options))
        .await?;
    ready(pool).await
}

pub(crate) async fn open_file(path: &Path) -> Result<Database, DbError> {
    // One starter at a time: SQLite answers "database is locked" to several that switch to WAL or make tables.
    let _lock = file::lock_async(path).await?;
    // SQLite gives -wal and -shm the mode of the main file.
    file::ensure_owner_only(path).map_err(|source| DbError::File {
        what: "create the database file",
        path: path.to_owned(),
        source,
    })?;
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full);
    let pool = SqlitePoolOptions::new()
        .max_connections(CONNECTIONS)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        // A file does not hang up.
        .test_before_acquire(false)
        .connect_with(settings(options))
        .await
        .map_err(|error| opening_failed(error, path))?;
    let database = ready(pool).await?;
    // A process that was killed after it sealed something may have left the clear text in the log.
    database.note_clear_text();
    database.erase_clear_text().await?;
    Ok(database)
}

async fn ready(pool: SqlitePool) -> Result<Database, DbError> {
    let database = Database::over(Pools::Sqlite(pool), None);
    migration::migrate(&database).await?;
    Ok(database)
}

impl Log {
    pub(crate) fn note_clear_text(&self) {
        self.holds_clear_text.store(true, Ordering::Relaxed);
    }

    pub(crate) async fn erase_to_the_end(&self, pool: &SqlitePool) -> Result<(), DbError> {
        let _turn = self.emptying.lock().await;
        if !self.holds_clear_text.swap(false, Ordering::Relaxed) {
            return Ok(());
        }
        let emptied = empty_log(pool).await;
        if !matches!(emptied, Ok(true)) {
            self.note_clear_text();
            tracing::info!("the write-ahead log could not be emptied while somebody reads; it is tried again");
        }
        emptied.map(drop)
    }
}

async fn empty_log(pool: &SqlitePool) -> Result<bool, DbError> {
    let mut connection = pool.acquire().await?;
    // The checkpoint keeps writers out while it waits for readers, so it does not wait as long as others do.
    sqlx::query("PRAGMA busy_timeout = 250").execute(&mut *connection).await?;
    let busy = sqlx::query_scalar::<_, i64>("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(&mut *connection).await;
    let as_before = format!("PRAGMA busy_timeout = {}", BUSY_TIMEOUT.as_millis());
    sqlx::query(AssertSqlSafe(as_before)).execute(&mut *connection).await?;
    Ok(busy? == 0)
}

/// `SQLITE_NOTADB`: <https://www.sqlite.org/rescode.html#notadb>.
const NOT_A_DATABASE: &str = "26";

fn opening_failed(error: sqlx::Error, path: &Path) -> DbError {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    if code.as_deref() == Some(NOT_A_DATABASE) {
        return DbError::NotADatabase { path: path.to_owned() };
    }
    error.into()
}

fn settings(options: SqliteConnectOptions) -> SqliteConnectOptions {
    options.busy_timeout(BUSY_TIMEOUT).foreign_keys(true).pragma("secure_delete", "ON").disable_statement_logging()
}
