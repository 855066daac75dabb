//! What is left of a clear text once it was replaced.
//!
//! SQLite: `secure_delete` overwrites the freed cells of the file, and the write-ahead log is emptied here.
//!
//! What others keep is out of a client's reach. PostgreSQL: the row's former version until VACUUM and until its page is written anew, the write-ahead log with its
//! archives and standbys, and the server's log, where statements or the parameters of failed ones (`log_parameter_max_length_on_error`) are logged. MySQL and
//! MariaDB: the undo log until it is purged, the redo log, the binary log with its replicas, and the general and slow query logs. So whoever cannot have that
//! inserts through our programs, which seal first; a key that stood in the clear on such a server is better replaced.

use crate::{Database, DbError};

impl Database {
    /// Remembers that a clear value was replaced, so that [`Database::erase_clear_text`] has work to do.
    pub fn note_clear_text(&self) {
        #[cfg(feature = "sqlite")]
        self.log().note_clear_text();
    }

    /// Empties SQLite's write-ahead log if a clear value was replaced since the last time (`wal_checkpoint(TRUNCATE)`). While somebody reads from before
    /// that, it cannot be emptied; then it stays a task for the next call. A caller that is cancelled does not stop it. On other databases there is nothing
    /// that a client could do.
    ///
    /// # Errors
    /// [`DbError::Unavailable`], [`DbError::Failed`].
    pub async fn erase_clear_text(&self) -> Result<(), DbError> {
        #[cfg(feature = "sqlite")]
        #[allow(irrefutable_let_patterns, reason = "without the other drivers this is the only one")]
        if let crate::pools::Pools::Sqlite(pool) = self.pools() {
            let (database, pool) = (self.clone(), pool.clone());
            // A task of its own: cut off half-way, it would forget the clear text, or leave a connection to others that gives up early.
            let erasing = tokio::spawn(async move { database.log().erase_to_the_end(&pool).await });
            return erasing.await.unwrap_or_else(|ended| Err(DbError::Failed(Box::new(ended))));
        }
        Ok(())
    }
}
