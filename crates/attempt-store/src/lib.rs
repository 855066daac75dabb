//! Sign-in attempts in SQL: hashed, sealed, taken once, swept and capped.
//!
//! An attempt lives from the click to the callback, a few minutes at most. Anybody can begin one, so the table is what a stranger can fill, and this
//! room bounds it:
//!
//! - The row's key is the digest of the `state`; the `state` itself is only in its sealed content. A copy of the database finishes nobody's sign-in.
//! - [`AttemptStore::take`] reads the content, then claims it with one `UPDATE … WHERE taken = 0`. The database lets one caller win, of however many, on
//!   however many instances; that needs no transaction and reads the same on every database. The content is emptied by the claim, the row stays, so that
//!   a second use is told from an unknown `state` until the row is swept.
//! - Every so many inserts (not at each: counting costs) the rows are counted; when the table is full, expired attempts go first, then the oldest. One
//!   instance never exceeds its cap; several together exceed it by one batch each at most.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use async_trait::async_trait;
use sqlx::SqlitePool;
use tokio::sync::Mutex;
use vestibule_database::{Database, DbError, Keyring, Place, unix_time};
use vestibule_login::{AttemptStore, StoredAttempt, Taken};
use vestibule_oauth_provider::{Digest, Error, Random, Result, Secret};

/// The most rows, unless [`SqlAttempts::with_cap`] says otherwise: with sign-ins of ten minutes, 33 begun per second and not finished.
pub const DEFAULT_CAP: u32 = 20_000;
/// The most inserts between two counts.
const LARGEST_BATCH: u32 = 256;

/// Attempts in the table `vestibule_attempt`.
pub struct SqlAttempts {
    database: Database,
    keyring: Keyring,
    random: Arc<dyn Random>,
    cap: u32,
    /// How many rows may still be added before they are counted again.
    allowance: Mutex<u32>,
}

impl SqlAttempts {
    /// Attempts in `database`, sealed with `keyring`, [`DEFAULT_CAP`] at most.
    pub fn new(database: Database, keyring: Keyring, random: Arc<dyn Random>) -> Self {
        Self { database, keyring, random, cap: DEFAULT_CAP, allowance: Mutex::new(0) }
    }

    /// The same with another cap, 2 at least.
    #[must_use]
    pub fn with_cap(mut self, rows: u32) -> Self {
        self.cap = rows.max(2);
        self
    }

    fn pool(&self) -> &SqlitePool {
        self.database.sqlite()
    }

    /// Waits for its turn to add a row, and makes room when the table is full.
    async fn admit(&self, now: i64) -> Result<(), DbError> {
        let mut allowance = self.allowance.lock().await;
        if *allowance == 0 {
            *allowance = self.make_room(now).await?;
        }
        *allowance -= 1;
        Ok(())
    }

    /// Removes what is too much, so that a batch fits, and says how many rows may follow: one at least.
    async fn make_room(&self, now: i64) -> Result<u32, DbError> {
        let batch = (self.cap / 64).clamp(1, LARGEST_BATCH);
        let room_from = i64::from(self.cap - batch);
        let mut rows = self.count().await?;
        if rows > room_from {
            self.remove_expired(now).await?;
            rows = self.count().await?;
        }
        if rows > room_from {
            let removed = sqlx::query(
                "DELETE FROM vestibule_attempt WHERE rowid IN (
                    SELECT rowid FROM vestibule_attempt ORDER BY created_at, rowid LIMIT ?)",
            )
            .bind(rows - room_from)
            .execute(self.pool())
            .await?
            .rows_affected();
            rows = room_from;
            tracing::warn!(
                removed,
                cap = self.cap,
                "too many sign-ins are begun and not finished; the oldest were dropped"
            );
        }
        Ok(u32::try_from(i64::from(self.cap) - rows).map_or(1, |room| room.clamp(1, batch)))
    }

    async fn count(&self) -> Result<i64, DbError> {
        Ok(sqlx::query_scalar("SELECT COUNT(*) FROM vestibule_attempt").fetch_one(self.pool()).await?)
    }

    async fn remove_expired(&self, now: i64) -> Result<u64, DbError> {
        let removed =
            sqlx::query("DELETE FROM vestibule_attempt WHERE expires_at < ?").bind(now).execute(self.pool()).await?;
        Ok(removed.rows_affected())
    }

    async fn insert(&self, attempt: &StoredAttempt) -> Result<(), DbError> {
        let created_at = unix_time(attempt.created_at);
        let content = self.keyring.seal(&attempt.content, &place(&attempt.key), &*self.random)?;
        self.admit(created_at).await?;
        sqlx::query("INSERT INTO vestibule_attempt (key, content, created_at, expires_at) VALUES (?, ?, ?, ?)")
            .bind(attempt.key.to_string())
            .bind(content)
            .bind(created_at)
            .bind(unix_time(attempt.expires_at))
            .execute(self.pool())
            .await?;
        Ok(())
    }

    async fn content(&self, key: &Digest) -> Result<Option<(String, bool)>, DbError> {
        Ok(sqlx::query_as("SELECT content, taken FROM vestibule_attempt WHERE key = ?")
            .bind(key.to_string())
            .fetch_optional(self.pool())
            .await?)
    }

    /// Whether we are the one who took it.
    async fn claim(&self, key: &Digest) -> Result<bool, DbError> {
        let claimed = sqlx::query("UPDATE vestibule_attempt SET taken = 1, content = '' WHERE key = ? AND taken = 0")
            .bind(key.to_string())
            .execute(self.pool())
            .await?;
        Ok(claimed.rows_affected() == 1)
    }

    /// Opens before it is claimed: an instance with the wrong master key must not use up what another could finish.
    fn open(&self, key: &Digest, sealed: &str) -> Result<Secret> {
        self.keyring
            .open(sealed, &place(key))
            .map_err(|error| Error::internal(format!("a stored sign-in attempt cannot be opened: its content {error}")))
    }
}

#[async_trait]
impl AttemptStore for SqlAttempts {
    async fn put(&self, attempt: StoredAttempt) -> Result<()> {
        self.insert(&attempt).await.map_err(|error| Error::from(error).within("cannot store a sign-in attempt"))
    }

    async fn take(&self, key: &Digest) -> Result<Taken> {
        let failed = |error: DbError| Error::from(error).within("cannot take a sign-in attempt");
        let content = match self.content(key).await.map_err(failed)? {
            None => return Ok(Taken::Unknown),
            Some((_, true)) => return Ok(Taken::AlreadyUsed),
            Some((sealed, false)) => self.open(key, &sealed)?,
        };
        if self.claim(key).await.map_err(failed)? { Ok(Taken::Fresh(content)) } else { Ok(Taken::AlreadyUsed) }
    }

    async fn sweep(&self, now: SystemTime) -> Result<u64> {
        self.remove_expired(unix_time(now))
            .await
            .map_err(|error| Error::from(error).within("cannot sweep sign-in attempts"))
    }
}

impl fmt::Debug for SqlAttempts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("SqlAttempts").field("cap", &self.cap).finish_non_exhaustive()
    }
}

fn place(key: &Digest) -> Place<'_> {
    Place { table: "vestibule_attempt", owner: "", row: key.as_bytes(), version: 1, column: "content" }
}
