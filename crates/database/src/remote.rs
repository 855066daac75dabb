//! PostgreSQL, MySQL and MariaDB: databases that are reached over a network.

use std::time::Duration;

use sqlx::pool::PoolOptions;
use sqlx::{ConnectOptions as _, Connection as _};

use crate::pools::Pools;
use crate::{Database, DbError, migration};

/// How long a request waits for a connection before it is told to come back.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(3);
/// The most connections of one process. PostgreSQL has 100 for all of its clients, unless it is told otherwise.
const CONNECTIONS: u32 = 16;
/// A connection that was not used for this long is tried before it is used.
const FRESH: Duration = Duration::from_secs(1);

#[cfg(feature = "postgres")]
pub(crate) async fn open_postgres(url: &str) -> Result<Database, DbError> {
    use sqlx::postgres::PgConnectOptions;
    let options: PgConnectOptions = url.parse().map_err(|_| DbError::unreadable_url("postgres", 5432))?;
    let options = options.application_name("vestibule").disable_statement_logging();
    let pool = pool().connect_with(options).await?;
    ready(Pools::Postgres(pool)).await
}

#[cfg(feature = "mysql")]
pub(crate) async fn open_mysql(url: &str) -> Result<Database, DbError> {
    use sqlx::mysql::MySqlConnectOptions;
    let options: MySqlConnectOptions = url.parse().map_err(|_| DbError::unreadable_url("mysql", 3306))?;
    let options = options.charset("utf8mb4").disable_statement_logging();
    let pool = pool()
        .after_connect(|connection, _| {
            Box::pin(async move {
                // Without it, what does not fit into a column is cut off and stored.
                sqlx::Executor::execute(
                    connection,
                    "SET SESSION sql_mode = CONCAT(@@SESSION.sql_mode, ',STRICT_ALL_TABLES')",
                )
                .await
                .map(drop)
            })
        })
        .connect_with(options)
        .await?;
    ready(Pools::MySql(pool)).await
}

async fn ready(pools: Pools) -> Result<Database, DbError> {
    let database = Database::over(pools);
    migration::migrate(&database).await?;
    Ok(database)
}

fn pool<DB: sqlx::Database>() -> PoolOptions<DB> {
    PoolOptions::new()
        .max_connections(CONNECTIONS)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .test_before_acquire(false)
        // A question to the server before each statement would double the way; one that hung up meanwhile is noticed all the same.
        .before_acquire(|connection: &mut DB::Connection, state| {
            Box::pin(async move {
                if state.idle_for < FRESH {
                    return Ok(true);
                }
                Ok(connection.ping().await.is_ok())
            })
        })
}
