//! The drivers, and the one place that tells them apart.

#[cfg(feature = "mysql")]
use sqlx::{MySql, MySqlPool};
#[cfg(feature = "postgres")]
use sqlx::{PgPool, Postgres};
#[cfg(feature = "sqlite")]
use sqlx::{Sqlite, SqlitePool};

use crate::lease::Lease;

/// A pool of connections to the database that a URL named.
#[derive(Debug, Clone)]
pub(crate) enum Pools {
    #[cfg(feature = "sqlite")]
    Sqlite(SqlitePool),
    #[cfg(feature = "postgres")]
    Postgres(PgPool),
    #[cfg(feature = "mysql")]
    MySql(MySqlPool),
}

/// A connection of one of them, with a transaction begun.
#[derive(Debug)]
pub(crate) enum Begun {
    #[cfg(feature = "sqlite")]
    Sqlite(Lease<Sqlite>),
    #[cfg(feature = "postgres")]
    Postgres(Lease<Postgres>),
    #[cfg(feature = "mysql")]
    MySql(Lease<MySql>),
}

/// A row of one of them.
pub(crate) enum AnyRow {
    #[cfg(feature = "sqlite")]
    Sqlite(sqlx::sqlite::SqliteRow),
    #[cfg(feature = "postgres")]
    Postgres(sqlx::postgres::PgRow),
    #[cfg(feature = "mysql")]
    MySql(sqlx::mysql::MySqlRow),
}

/// Writes the same expression for every driver: `each!(Pools, pools, pool => pool.close().await)`.
macro_rules! each {
    ($kind:ident, $value:expr, $inner:pat => $body:expr) => {
        match $value {
            #[cfg(feature = "sqlite")]
            $crate::pools::$kind::Sqlite($inner) => $body,
            #[cfg(feature = "postgres")]
            $crate::pools::$kind::Postgres($inner) => $body,
            #[cfg(feature = "mysql")]
            $crate::pools::$kind::MySql($inner) => $body,
        }
    };
}
pub(crate) use each;

/// What SQL is spoken. Statements are written so that all understand them; where that is not possible, somebody asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Dialect {
    /// SQLite.
    Sqlite,
    /// PostgreSQL.
    Postgres,
    /// MySQL and MariaDB.
    MySql,
}

impl Pools {
    pub(crate) const fn dialect(&self) -> Dialect {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(_) => Dialect::Sqlite,
            #[cfg(feature = "postgres")]
            Self::Postgres(_) => Dialect::Postgres,
            #[cfg(feature = "mysql")]
            Self::MySql(_) => Dialect::MySql,
        }
    }
}
