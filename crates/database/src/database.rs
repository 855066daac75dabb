//! A database, opened.

use std::sync::Arc;

use crate::lease::limited;
use crate::line::{Limits, Line};
use crate::pools::{Dialect, Pools, each};
#[cfg(any(feature = "postgres", feature = "mysql"))]
use crate::remote;
#[cfg(feature = "sqlite")]
use crate::sqlite;
#[cfg(not(all(feature = "sqlite", feature = "postgres", feature = "mysql")))]
use crate::url;
use crate::url::Location;
use crate::{DbError, sql};

/// An open database with our tables in it. Clones share the pool.
#[derive(Debug, Clone)]
pub struct Database {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    pools: Pools,
    line: Option<Line>,
    #[cfg(feature = "sqlite")]
    log: sqlite::Log,
}

impl Database {
    /// Opens the database that `url` names and brings its tables up to date. Which databases are known depends on the features of this crate: `sqlite`
    /// (on by default), `postgres`, `mysql`.
    ///
    /// - `sqlite:<path>` (or `sqlite://<path>`): a file. It is made when it is not there, for its owner only; its folder must exist.
    /// - `sqlite::memory:`: memory, for tests; each is its own.
    /// - `postgres://user:password@host:5432/name` (or `postgresql://`), with the parameters of libpq such as `sslmode=verify-full`.
    /// - `mysql://user:password@host:3306/name` (or `mariadb://`): MariaDB 10.6 or newer, MySQL 8.
    ///
    /// On SQLite, commits are on disk when they return (WAL with `synchronous=FULL`: a saved key survives a power cut).
    ///
    /// # Errors
    /// [`DbError`]: the URL is not known here, the file cannot be made or is no database, the server does not answer, the schema is newer than ours, or
    /// another process has been migrating for more than a minute.
    pub async fn open(url: &str) -> Result<Self, DbError> {
        Self::open_within(url, Limits::default()).await
    }

    /// The same within limits of one's own, which hold for PostgreSQL, MySQL and MariaDB.
    ///
    /// # Errors
    /// As [`Database::open`].
    #[cfg_attr(
        not(any(feature = "postgres", feature = "mysql")),
        expect(unused_variables, reason = "a file has no limits")
    )]
    pub async fn open_within(url: &str, limits: Limits) -> Result<Self, DbError> {
        match Location::parse(url)? {
            #[cfg(feature = "sqlite")]
            Location::SqliteMemory => sqlite::open_memory().await,
            #[cfg(feature = "sqlite")]
            Location::SqliteFile(path) => sqlite::open_file(&path).await,
            #[cfg(feature = "postgres")]
            Location::Postgres(url) => remote::open_postgres(&url, limits).await,
            #[cfg(feature = "mysql")]
            Location::MySql(url) => remote::open_mysql(&url, limits).await,
            #[cfg(not(feature = "sqlite"))]
            Location::SqliteMemory | Location::SqliteFile(_) => Err(url::not_in_this_build("sqlite")),
            #[cfg(not(feature = "postgres"))]
            Location::Postgres(_) => Err(url::not_in_this_build("postgres")),
            #[cfg(not(feature = "mysql"))]
            Location::MySql(_) => Err(url::not_in_this_build("mysql")),
        }
    }

    /// A database over these connections; without a `line` it is a file.
    pub(crate) fn over(pools: Pools, line: Option<Line>) -> Self {
        Self {
            shared: Arc::new(Shared {
                pools,
                line,
                #[cfg(feature = "sqlite")]
                log: sqlite::Log::default(),
            }),
        }
    }

    /// What SQL it speaks.
    pub fn dialect(&self) -> Dialect {
        self.shared.pools.dialect()
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// [`DbError::Unavailable`], [`DbError::Failed`], when it does not.
    pub async fn ping(&self) -> Result<(), DbError> {
        sql("SELECT 1").fetch_number(self).await.map(drop)
    }

    /// Closes every connection, for all clones; statements under way are waited for, and have the time that a statement has.
    pub async fn close(&self) {
        let limit = self.line().map(|line| line.limits.statement);
        let closing = async { each!(Pools, &self.shared.pools, pool => pool.close().await) };
        limited(limit, closing).await;
    }

    pub(crate) fn pools(&self) -> &Pools {
        &self.shared.pools
    }

    /// How it is reached over a network; nothing for a file.
    pub(crate) fn line(&self) -> Option<&Line> {
        self.shared.line.as_ref()
    }

    #[cfg(feature = "sqlite")]
    pub(crate) fn log(&self) -> &sqlite::Log {
        &self.shared.log
    }
}
