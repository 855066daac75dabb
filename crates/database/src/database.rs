//! A database, opened.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions as _, SqlitePool};
use tokio::sync::Mutex;

use crate::url::Location;
use crate::{DbError, file, migration};

/// How long a statement waits for another writer.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a request waits for a connection before it is told to come back.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);
/// SQLite has one writer at a time; the others read.
const CONNECTIONS: u32 = 8;

/// An open database with our tables in it. Clones share the pool.
#[derive(Debug, Clone)]
pub struct Database {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    pool: SqlitePool,
    /// Clear text was replaced, and the write-ahead log may still hold it.
    log_holds_clear_text: AtomicBool,
    /// One at a time empties the log; whoever comes meanwhile waits, and sees what is left to do.
    emptying: Mutex<()>,
}

impl Database {
    /// Opens the database that `url` names and brings its tables up to date.
    ///
    /// - `sqlite:<path>` (or `sqlite://<path>`): a file. It is made when it is not there, for its owner only; its folder must exist.
    /// - `sqlite::memory:`: memory, for tests; each is its own.
    ///
    /// Commits are on disk when they return (WAL with `synchronous=FULL`: a saved key survives a power cut).
    ///
    /// # Errors
    /// [`DbError`]: the URL is not known here, the file cannot be made or is no database, the schema is newer than ours, or another process has been
    /// migrating for more than a minute.
    pub async fn open(url: &str) -> Result<Self, DbError> {
        match Location::parse(url)? {
            Location::SqliteMemory => {
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
                Self::ready(pool).await
            }
            Location::SqliteFile(path) => Self::open_file(&path).await,
        }
    }

    async fn open_file(path: &Path) -> Result<Self, DbError> {
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
        let database = Self::ready(pool).await?;
        // A process that was killed after it sealed something may have left the clear text in the log.
        database.note_clear_text();
        database.erase_clear_text().await?;
        Ok(database)
    }

    async fn ready(pool: SqlitePool) -> Result<Self, DbError> {
        migration::migrate(&pool).await?;
        let shared = Shared { pool, log_holds_clear_text: AtomicBool::new(false), emptying: Mutex::new(()) };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// [`DbError::Failed`], when it does not.
    pub async fn ping(&self) -> Result<(), DbError> {
        sqlx::query("SELECT 1").execute(&self.shared.pool).await?;
        Ok(())
    }

    /// Closes every connection, for all clones; statements under way are waited for.
    pub async fn close(&self) {
        self.shared.pool.close().await;
    }

    /// Remembers that a clear value was replaced, so that [`Database::erase_clear_text`] has work to do.
    pub fn note_clear_text(&self) {
        self.shared.log_holds_clear_text.store(true, Ordering::Relaxed);
    }

    /// Empties SQLite's write-ahead log if a clear value was replaced since the last time (`wal_checkpoint(TRUNCATE)`). While somebody reads from before
    /// that, it cannot be emptied; then it stays a task for the next call. A caller that is cancelled does not stop it.
    ///
    /// # Errors
    /// [`DbError::Failed`].
    pub async fn erase_clear_text(&self) -> Result<(), DbError> {
        let database = self.clone();
        // A task of its own: cut off half-way, it would forget the clear text, or leave a connection to others that gives up early.
        let erasing = tokio::spawn(async move { database.erase_to_the_end().await });
        erasing.await.unwrap_or_else(|ended| Err(DbError::Failed(Box::new(ended))))
    }

    async fn erase_to_the_end(&self) -> Result<(), DbError> {
        let _turn = self.shared.emptying.lock().await;
        if !self.shared.log_holds_clear_text.swap(false, Ordering::Relaxed) {
            return Ok(());
        }
        let emptied = self.empty_log().await;
        if !matches!(emptied, Ok(true)) {
            self.note_clear_text();
            tracing::info!("the write-ahead log could not be emptied while somebody reads; it is tried again");
        }
        emptied.map(drop)
    }

    async fn empty_log(&self) -> Result<bool, DbError> {
        let mut connection = self.shared.pool.acquire().await?;
        // The checkpoint keeps writers out while it waits for readers, so it does not wait as long as others do.
        sqlx::query("PRAGMA busy_timeout = 250").execute(&mut *connection).await?;
        let busy = sqlx::query_scalar::<_, i64>("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(&mut *connection).await;
        let as_before = format!("PRAGMA busy_timeout = {}", BUSY_TIMEOUT.as_millis());
        sqlx::query(AssertSqlSafe(as_before)).execute(&mut *connection).await?;
        Ok(busy? == 0)
    }

    #[doc(hidden)]
    pub fn sqlite(&self) -> &SqlitePool {
        &self.shared.pool
    }
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
