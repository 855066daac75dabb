//! What a driver's error means: is the row there already, will the same work in a moment, or is something wrong?

use sqlx::error::DatabaseError;

use crate::DbError;
use crate::said::Said;

/// The drivers' own errors go no further: they repeat values, in their messages or beside them.
impl From<sqlx::Error> for DbError {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::Database(said) if said.is_unique_violation() => Self::AlreadyThere,
            sqlx::Error::Database(said) if is_passing(&*said) => Self::Unavailable(Said::by_database(&*said).into()),
            sqlx::Error::Database(said) => Self::Failed(Said::by_database(&*said).into()),
            sqlx::Error::Io(error) => Self::Unavailable(Box::new(error)),
            sqlx::Error::PoolTimedOut => Self::Unavailable(Said::new("no connection could be had in time").into()),
            sqlx::Error::PoolClosed => Self::Unavailable(Said::new("the database was closed").into()),
            sqlx::Error::WorkerCrashed => Self::Unavailable(Said::new("the connection was lost").into()),
            // The line broke in the middle of an answer.
            sqlx::Error::Protocol(_) => Self::Unavailable(Said::new("its answer could not be understood").into()),
            other => Self::Failed(Said::by_driver(&other).into()),
        }
    }
}

/// Whether the same may work in a moment.
fn is_passing(said: &dyn DatabaseError) -> bool {
    #[cfg(feature = "sqlite")]
    if said.try_downcast_ref::<sqlx::sqlite::SqliteError>().is_some() {
        return sqlite(said.code().as_deref().unwrap_or_default());
    }
    #[cfg(feature = "postgres")]
    if said.try_downcast_ref::<sqlx::postgres::PgDatabaseError>().is_some() {
        return postgres(said.code().as_deref().unwrap_or_default());
    }
    #[cfg(feature = "mysql")]
    if let Some(said) = said.try_downcast_ref::<sqlx::mysql::MySqlDatabaseError>() {
        return mysql(said.number());
    }
    let _ = said;
    false
}

/// `SQLITE_BUSY` and `SQLITE_LOCKED`, with their finer codes in the higher bits: <https://www.sqlite.org/rescode.html>.
#[cfg(feature = "sqlite")]
fn sqlite(code: &str) -> bool {
    code.parse::<u32>().is_ok_and(|code| matches!(code & 0xff, 5 | 6))
}

/// <https://www.postgresql.org/docs/current/errcodes-appendix.html>: connection exceptions, insufficient resources, an operator who stops the server, a
/// server that became a standby, and transactions that were undone in favour of others.
#[cfg(feature = "postgres")]
fn postgres(code: &str) -> bool {
    ["08", "53", "57P"].iter().any(|class| code.starts_with(class))
        || ["25006", "40001", "40P01", "55P03", "57014"].contains(&code)
}

/// <https://mariadb.com/kb/en/mariadb-error-code-reference/>: too many connections, a server that is stopped or became read-only, a statement or a
/// connection that an operator stopped, and transactions that were undone in favour of others.
#[cfg(feature = "mysql")]
fn mysql(number: u16) -> bool {
    matches!(
        number,
        1040 | 1041 | 1053 | 1077 | 1079 | 1203 | 1205 | 1213 | 1226 | 1290 | 1317 | 1836 | 1927 | 1969 | 3024
    )
}
