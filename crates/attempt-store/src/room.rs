//! How the table of claims stays bounded, whoever fills it.

use std::fmt;

use tokio::sync::Mutex;
use vestibule_database::{Database, DbError, sql};

/// The most claims between two counts.
const LARGEST_BATCH: u32 = 1_024;
/// The most rows that one statement removes: it must be done in the time that statements have.
const STRIDE: i64 = 10_000;

/// The room that the table has.
pub(crate) struct Room {
    database: Database,
    cap: u32,
    /// How many rows may still be added before they are counted again.
    allowance: Mutex<u32>,
}

impl Room {
    pub(crate) fn new(database: Database, cap: u32) -> Self {
        Self { database, cap, allowance: Mutex::new(0) }
    }

    /// Waits for its turn to add a row, and makes room when the table is full.
    pub(crate) async fn for_one_more(&self) -> Result<(), DbError> {
        let mut allowance = self.allowance.lock().await;
        if *allowance == 0 {
            *allowance = self.make().await?;
        }
        *allowance -= 1;
        Ok(())
    }

    /// Removes all claims that were over before `now`, and says how many.
    pub(crate) async fn sweep(&self, now: i64) -> Result<u64, DbError> {
        self.remove(i64::MAX, now).await
    }

    /// Removes what is too much, so that a batch fits, and says how many rows may follow: one at least.
    async fn make(&self) -> Result<u32, DbError> {
        let batch = (self.cap / 64).clamp(1, LARGEST_BATCH);
        let room_from = i64::from(self.cap - batch);
        let rows = sql("SELECT COUNT(*) FROM vestibule_used_attempt").fetch_number(&self.database).await?;
        if rows > room_from {
            let removed = self.remove(rows - room_from, i64::MAX).await?;
            tracing::warn!(
                removed,
                cap = self.cap,
                "more sign-ins come back than are remembered; the claims that end soonest were forgotten"
            );
            return Ok(batch);
        }
        Ok(u32::try_from(i64::from(self.cap) - rows).map_or(1, |room| room.clamp(1, batch)))
    }

    /// Removes `most` rows, those that end soonest first, and only such as end before `end`. Says how many there were.
    async fn remove(&self, mut most: i64, end: i64) -> Result<u64, DbError> {
        let mut removed = 0;
        while most > 0 {
            let stride = most.min(STRIDE);
            let Some(last) = self.nth(stride, end).await? else {
                // There are fewer.
                let rest = sql("DELETE FROM vestibule_used_attempt WHERE expires_at < ?").bind(end);
                return Ok(removed + rest.execute(&self.database).await?);
            };
            removed += sql(
                "DELETE FROM vestibule_used_attempt WHERE expires_at <= ? AND (expires_at < ? OR attempt_key <= ?)",
            )
            .bind(last.expires_at)
            .bind(last.expires_at)
            .bind(last.key)
            .execute(&self.database)
            .await?;
            most -= stride;
        }
        Ok(removed)
    }

    /// The row at this place, counted from 1, among those that end before `end`, in the order in which they end.
    async fn nth(&self, place: i64, end: i64) -> Result<Option<Last>, DbError> {
        let row = sql("SELECT expires_at, attempt_key FROM vestibule_used_attempt WHERE expires_at < ?
             ORDER BY expires_at, attempt_key LIMIT 1 OFFSET ?")
        .bind(end)
        .bind(place - 1)
        .fetch_optional(&self.database)
        .await?;
        row.map(|row| Ok(Last { expires_at: row.int("expires_at")?, key: row.text("attempt_key")? })).transpose()
    }
}

/// The last of the rows that are removed together.
struct Last {
    expires_at: i64,
    key: String,
}

impl fmt::Debug for Room {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Room").field("cap", &self.cap).finish_non_exhaustive()
    }
}
