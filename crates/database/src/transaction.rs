//! Several statements that hold together or not at all.

use crate::pools::{Begun, Dialect, each};
use crate::{Database, DbError};

/// Several statements that hold together, once [`Transaction::commit`] says so, or not at all: dropped, it is rolled back. On SQLite it is the one writer from
/// its beginning on (`BEGIN IMMEDIATE`), elsewhere rows are locked as they are changed.
#[derive(Debug)]
#[must_use = "dropped, it is rolled back"]
pub struct Transaction {
    begun: Begun,
    dialect: Dialect,
    /// Whether a statement in it has to be answered in time.
    pub(crate) is_limited: bool,
}

impl Database {
    /// Begins a transaction.
    ///
    /// # Errors
    /// [`DbError::Unavailable`], [`DbError::Failed`].
    pub async fn begin(&self) -> Result<Transaction, DbError> {
        use crate::pools::Pools;
        let begun = match self.pools() {
            #[cfg(feature = "sqlite")]
            Pools::Sqlite(pool) => Begun::Sqlite(pool.begin_with("BEGIN IMMEDIATE").await?),
            #[cfg(feature = "postgres")]
            Pools::Postgres(pool) => Begun::Postgres(pool.begin().await?),
            #[cfg(feature = "mysql")]
            Pools::MySql(pool) => Begun::MySql(pool.begin().await?),
        };
        Ok(Transaction { begun, dialect: self.dialect(), is_limited: self.is_remote() })
    }
}

impl Transaction {
    /// Makes all of it hold.
    ///
    /// # Errors
    /// [`DbError::Unavailable`]: whether it holds is then not known; [`DbError::Failed`].
    pub async fn commit(self) -> Result<(), DbError> {
        Ok(each!(Begun, self.begun, begun => begun.commit().await)?)
    }

    /// Undoes all of it, without waiting for the next use of the connection.
    ///
    /// # Errors
    /// [`DbError::Unavailable`], [`DbError::Failed`].
    pub async fn rollback(self) -> Result<(), DbError> {
        Ok(each!(Begun, self.begun, begun => begun.rollback().await)?)
    }

    pub(crate) fn begun(&mut self) -> &mut Begun {
        &mut self.begun
    }

    pub(crate) const fn dialect(&self) -> Dialect {
        self.dialect
    }
}
