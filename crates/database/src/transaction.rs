//! Several statements that hold together or not at all.

use std::time::Duration;

use crate::lease::Lease;
use crate::pools::{AnyRow, Begun, Dialect, Pools, each};
use crate::said::Said;
use crate::sql::Value;
use crate::{Database, DbError};

/// Several statements that hold together, once [`Transaction::commit`] says so, or not at all: dropped, it is rolled back. On SQLite it is the one writer from
/// its beginning on (`BEGIN IMMEDIATE`), elsewhere rows are locked as they are changed.
///
/// After a statement that failed there is no going on: PostgreSQL would undo the whole, and say nothing of it at the commit. So what comes after it fails
/// here on every database, and so does the commit.
#[derive(Debug)]
#[must_use = "dropped, it is rolled back"]
pub struct Transaction {
    begun: Begun,
    dialect: Dialect,
    has_failed: bool,
}

impl Database {
    /// Begins a transaction.
    ///
    /// # Errors
    /// [`DbError::Unavailable`], [`DbError::Failed`].
    pub async fn begin(&self) -> Result<Transaction, DbError> {
        macro_rules! begun {
            ($kind:ident, $pool:ident) => {{
                let mut lease = Lease::take($pool, self.line()).await?;
                lease.begin().await?;
                Begun::$kind(lease)
            }};
        }
        let begun = match self.pools() {
            #[cfg(feature = "sqlite")]
            Pools::Sqlite(pool) => begun!(Sqlite, pool),
            #[cfg(feature = "postgres")]
            Pools::Postgres(pool) => begun!(Postgres, pool),
            #[cfg(feature = "mysql")]
            Pools::MySql(pool) => begun!(MySql, pool),
        };
        Ok(Transaction { begun, dialect: self.dialect(), has_failed: false })
    }
}

impl Transaction {
    /// Makes all of it hold.
    ///
    /// # Errors
    /// [`DbError::Unavailable`]: whether it holds is then not known; [`DbError::Failed`], also when a statement in it had failed: then nothing of it holds.
    pub async fn commit(self) -> Result<(), DbError> {
        self.refuse_after_failure()?;
        each!(Begun, self.begun, lease => lease.end("COMMIT").await)
    }

    /// Undoes all of it, without waiting for the next use of the connection.
    ///
    /// # Errors
    /// [`DbError::Unavailable`], [`DbError::Failed`].
    pub async fn rollback(self) -> Result<(), DbError> {
        each!(Begun, self.begun, lease => lease.end("ROLLBACK").await)
    }

    pub(crate) async fn execute(&mut self, text: String, values: Vec<Value>) -> Result<u64, DbError> {
        self.refuse_after_failure()?;
        let done = each!(Begun, &mut self.begun, lease => lease.execute(text, values).await);
        self.has_failed = done.is_err();
        done
    }

    pub(crate) async fn fetch(&mut self, text: String, values: Vec<Value>) -> Result<Vec<AnyRow>, DbError> {
        self.refuse_after_failure()?;
        let rows = each!(Begun, &mut self.begun, lease => lease.fetch(text, values).await);
        self.has_failed = rows.is_err();
        rows
    }

    /// Runs a text as it stands; what the driver says of it is not taken for a failure of the whole.
    pub(crate) async fn run(&mut self, script: String) -> Result<Result<(), sqlx::Error>, DbError> {
        each!(Begun, &mut self.begun, lease => lease.run(script).await)
    }

    /// Gives each of its statements so much time from here on.
    pub(crate) fn allow(&mut self, limit: Duration) {
        each!(Begun, &mut self.begun, lease => lease.allow(limit));
    }

    pub(crate) const fn dialect(&self) -> Dialect {
        self.dialect
    }

    fn refuse_after_failure(&self) -> Result<(), DbError> {
        if self.has_failed {
            return Err(DbError::Failed(
                Said::new("a statement of this transaction failed, so nothing of it holds").into(),
            ));
        }
        Ok(())
    }
}
