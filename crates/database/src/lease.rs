//! A connection, for as long as a statement or a transaction needs it.
//!
//! What a database does that is reached over a network is not in our hands: it may stop answering in the middle of anything. So everything that waits for it
//! here has a limit, giving the connection back included; a connection that was left in the middle of a statement is closed, because nobody knows what it
//! would say next; and when one has failed, those that stand idle are tried before they are used.

use std::fmt;
use std::time::Duration;

use sqlx::Pool;
use sqlx::pool::PoolConnection;

use crate::DbError;
use crate::driver::Driver;
use crate::line::Line;
use crate::pools::AnyRow;
use crate::sql::Value;

/// A connection of a pool's, which goes back when this is dropped.
pub(crate) struct Lease<DB: Driver> {
    /// There until it is dropped.
    connection: Option<PoolConnection<DB>>,
    /// How the database is reached; none for a file, which does not hang.
    line: Option<Line>,
    /// How long a statement may take.
    limit: Option<Duration>,
    /// A statement was sent and not answered yet.
    is_under_way: bool,
    /// There may be a transaction to be rolled back.
    is_begun: bool,
}

impl<DB: Driver> Lease<DB> {
    /// Takes a connection from the pool, or opens one.
    pub(crate) async fn take(pool: &Pool<DB>, line: Option<&Line>) -> Result<Self, DbError> {
        let connection = pool.acquire().await?;
        let limit = line.map(|line| line.limits.statement);
        Ok(Self { connection: Some(connection), line: line.cloned(), limit, is_under_way: false, is_begun: false })
    }

    /// Gives each statement so much time from here on.
    pub(crate) fn allow(&mut self, limit: Duration) {
        self.limit = self.line.as_ref().map(|_| limit);
    }

    pub(crate) async fn execute(&mut self, text: String, values: Vec<Value>) -> Result<u64, DbError> {
        let limit = self.limit;
        let answer = limited(limit, DB::execute(self.begin_statement()?, text, values)).await;
        Ok(self.end_statement(answer)??)
    }

    pub(crate) async fn fetch(&mut self, text: String, values: Vec<Value>) -> Result<Vec<AnyRow>, DbError> {
        let limit = self.limit;
        let answer = limited(limit, DB::fetch(self.begin_statement()?, text, values)).await;
        Ok(self.end_statement(answer)??)
    }

    /// Runs a text as it stands. The driver's own error is for whoever looks at its number, and goes no further.
    pub(crate) async fn run(&mut self, script: String) -> Result<Result<(), sqlx::Error>, DbError> {
        let limit = self.limit;
        let answer = limited(limit, DB::run(self.begin_statement()?, script)).await;
        self.end_statement(answer)
    }

    pub(crate) async fn begin(&mut self) -> Result<(), DbError> {
        self.is_begun = true;
        self.run(DB::BEGIN.to_owned()).await??;
        Ok(())
    }

    /// Commits or rolls back.
    pub(crate) async fn end(mut self, word: &'static str) -> Result<(), DbError> {
        self.run(word.to_owned()).await??;
        self.is_begun = false;
        Ok(())
    }

    fn begin_statement(&mut self) -> Result<&mut DB::Connection, DbError> {
        self.is_under_way = true;
        self.connection.as_deref_mut().ok_or_else(|| sqlx::Error::PoolClosed.into())
    }

    fn end_statement<T>(&mut self, answer: Option<Result<T, sqlx::Error>>) -> Result<Result<T, sqlx::Error>, DbError> {
        let is_whole = match &answer {
            None => false,
            Some(Err(error)) => !is_of_the_line(error),
            Some(Ok(_)) => true,
        };
        if is_whole {
            self.is_under_way = false;
        } else if let Some(line) = &self.line {
            line.doubt();
        }
        answer.ok_or_else(DbError::took_too_long)
    }
}

/// Whether the connection is of no use any more, whatever the statement was.
fn is_of_the_line(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_) => true,
        // PostgreSQL says so when it is stopped: <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
        sqlx::Error::Database(said) => said.code().is_some_and(|code| code.starts_with("57P")),
        _ => false,
    }
}

impl<DB: Driver> Drop for Lease<DB> {
    fn drop(&mut self) {
        let Some(mut connection) = self.connection.take() else { return };
        let runtime = tokio::runtime::Handle::try_current();
        let (Some(line), Ok(runtime)) = (&self.line, &runtime) else {
            // A file: what was sent is done in its turn, and the pool has the connection back after it.
            match runtime {
                Ok(runtime) if self.is_begun => {
                    drop(runtime.spawn(async move { roll_back::<DB>(&mut connection).await }));
                }
                Ok(_) => drop(connection),
                // There is nobody to wait for the pool.
                Err(_) => drop(connection.detach()),
            }
            return;
        };
        if self.is_under_way {
            drop(connection.detach());
            return;
        }
        let (limit, is_begun) = (line.limits.statement, self.is_begun);
        runtime.spawn(async move {
            if is_begun && tokio::time::timeout(limit, roll_back::<DB>(&mut connection)).await.is_err() {
                drop(connection.detach());
                return;
            }
            // The pool asks the server whether the connection is well. Cut off, it is closed, and its place is free.
            let _ = tokio::time::timeout(limit, connection.return_to_pool()).await;
        });
    }
}

async fn roll_back<DB: Driver>(connection: &mut PoolConnection<DB>) {
    // Where it fails there is no transaction, or no connection: the pool sees which.
    let _ = DB::run(connection, "ROLLBACK".to_owned()).await;
}

impl<DB: Driver> fmt::Debug for Lease<DB> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Lease").field("is_begun", &self.is_begun).finish_non_exhaustive()
    }
}

/// The answer, or nothing when it does not come in time.
pub(crate) async fn limited<T>(limit: Option<Duration>, answer: impl Future<Output = T>) -> Option<T> {
    match limit {
        Some(limit) => tokio::time::timeout(limit, answer).await.ok(),
        None => Some(answer.await),
    }
}
