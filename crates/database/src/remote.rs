//! PostgreSQL, MySQL and MariaDB: databases that are reached over a network.

use std::path::PathBuf;
use std::time::Duration;

#[cfg(feature = "mysql")]
use sqlx::mysql::MySqlConnectOptions;
use sqlx::pool::PoolOptions;
#[cfg(feature = "postgres")]
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};

use crate::line::{Limits, Line};
use crate::pools::Pools;
use crate::{Database, DbError, migration};

/// A connection that was not used for this long is tried before it is used.
const FRESH: Duration = Duration::from_secs(1);

#[cfg(feature = "postgres")]
fn postgres(url: &str) -> Result<PgConnectOptions, DbError> {
    refuse_unknown_parameters(url, POSTGRES_PARAMETERS)?;
    let options: PgConnectOptions = url.parse().map_err(|_| DbError::unreadable_url("postgres", 5432))?;
    if options.get_database().is_none() {
        return Err(DbError::url_without_name("postgres"));
    }
    Ok(options)
}

#[cfg(feature = "mysql")]
fn mysql(url: &str) -> Result<MySqlConnectOptions, DbError> {
    refuse_unknown_parameters(url, MYSQL_PARAMETERS)?;
    let options: MySqlConnectOptions = url.parse().map_err(|_| DbError::unreadable_url("mysql", 3306))?;
    if options.get_database().is_none() {
        return Err(DbError::url_without_name("mysql"));
    }
    Ok(options)
}

/// What sqlx takes: <https://docs.rs/sqlx/0.9.0/sqlx/postgres/struct.PgConnectOptions.html>.
#[cfg(feature = "postgres")]
const POSTGRES_PARAMETERS: &[&str] = &[
    "sslmode",
    "ssl-mode",
    "sslrootcert",
    "ssl-root-cert",
    "ssl-ca",
    "sslcert",
    "ssl-cert",
    "sslkey",
    "ssl-key",
    "statement-cache-capacity",
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "application_name",
    "options",
];

/// What sqlx takes: <https://docs.rs/sqlx/0.9.0/sqlx/mysql/struct.MySqlConnectOptions.html>. The character set is ours to choose.
#[cfg(feature = "mysql")]
const MYSQL_PARAMETERS: &[&str] = &[
    "sslmode",
    "ssl-mode",
    "sslca",
    "ssl-ca",
    "sslcert",
    "ssl-cert",
    "sslkey",
    "ssl-key",
    "statement-cache-capacity",
    "socket",
];

/// sqlx passes over a parameter that it does not know, and logs its value. A slip in `sslmode` would be a connection without TLS.
fn refuse_unknown_parameters(url: &str, known: &[&str]) -> Result<(), DbError> {
    let Some((_, parameters)) = url.split_once('?') else { return Ok(()) };
    for parameter in parameters.split('&') {
        let name = parameter.split_once('=').map_or(parameter, |(name, _)| name);
        // `options[work_mem]=…`
        let name = name.split_once('[').map_or(name, |(name, _)| name);
        if !known.contains(&name) {
            // Behind a '?' that belongs to a password there is an '@': what stands between is not to be repeated.
            let name = if parameters.contains('@') { "…" } else { name };
            return Err(DbError::unknown_parameter(name, known));
        }
    }
    Ok(())
}

#[cfg(feature = "postgres")]
pub(crate) fn describe_postgres(url: &str) -> Result<String, DbError> {
    let options = postgres(url)?;
    Ok(describe("postgres", options.get_host(), options.get_port(), options.get_socket(), options.get_database()))
}

#[cfg(feature = "mysql")]
pub(crate) fn describe_mysql(url: &str) -> Result<String, DbError> {
    let options = mysql(url)?;
    Ok(describe("mysql", options.get_host(), options.get_port(), options.get_socket(), options.get_database()))
}

fn describe(scheme: &str, host: &str, port: u16, socket: Option<&PathBuf>, name: Option<&str>) -> String {
    let name = name.unwrap_or_default();
    match socket {
        Some(socket) => format!("{scheme}:{}/{name}", socket.display()),
        None => format!("{scheme}://{host}:{port}/{name}"),
    }
}

#[cfg(feature = "postgres")]
pub(crate) async fn open_postgres(url: &str, limits: Limits) -> Result<Database, DbError> {
    let options = postgres(url)?
        .application_name("vestibule")
        // We have no such numbers, and PgBouncer refuses to be asked for it.
        .extra_float_digits(None)
        .disable_statement_logging();
    let line = Line::new(limits);
    let pool = pool(&line).connect_with(options).await?;
    ready(Pools::Postgres(pool), line).await
}

#[cfg(feature = "mysql")]
pub(crate) async fn open_mysql(url: &str, limits: Limits) -> Result<Database, DbError> {
    let options = mysql(url)?.charset("utf8mb4").disable_statement_logging();
    let line = Line::new(limits);
    let pool = pool(&line)
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
    ready(Pools::MySql(pool), line).await
}

async fn ready(pools: Pools, line: Line) -> Result<Database, DbError> {
    let database = Database::over(pools, Some(line));
    migration::migrate(&database).await?;
    Ok(database)
}

fn pool<DB: sqlx::Database>(line: &Line) -> PoolOptions<DB> {
    let limits = line.limits;
    let line = line.clone();
    PoolOptions::new()
        .max_connections(limits.connections.max(1))
        .acquire_timeout(limits.acquire)
        .test_before_acquire(false)
        // A question to the server before each statement would double the way; of the fresh ones the first that hung up is noticed by its statement.
        .before_acquire(move |connection: &mut DB::Connection, state| {
            let is_trusted = !line.take_doubt() && state.idle_for < FRESH;
            Box::pin(async move {
                if is_trusted {
                    return Ok(true);
                }
                // Half of the caller's patience: the other half is for a connection that answers.
                Ok(matches!(tokio::time::timeout(limits.acquire / 2, connection.ping()).await, Ok(Ok(()))))
            })
        })
}
