//! Databases of a test's own, so that what a store promises is seen on every database: SQLite, PostgreSQL and MariaDB.
//!
//! ```
//! # use vestibule_testkit::databases::{TestDatabase, on_every_database};
//! on_every_database! {
//!     async fn an_empty_database_has_no_rows(database: TestDatabase) {
//!         // Database::open(database.url()), and what is to be shown.
//!     }
//! }
//! ```
//!
//! makes three tests, `an_empty_database_has_no_rows::sqlite`, `::postgres` and `::mariadb`. SQLite needs nothing; of the others the servers are named by
//! `VESTIBULE_TEST_POSTGRES` (`postgres://postgres@127.0.0.1:5432/postgres?sslmode=disable` unless it is set) and `VESTIBULE_TEST_MARIADB`
//! (`mysql://root@127.0.0.1:3306/test`): the user there makes databases `vestibule_test_…`, and drops them. Where a server does not answer, its tests are
//! skipped, or fail when `VESTIBULE_REQUIRE` lists `postgres` or `mariadb`.
//!
//! [`TestDatabase::execute`] and its siblings are a client that knows nothing of us: an administrator's, or that of an application beside us.

mod client;
mod server;

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;

use self::client::Client;
pub use self::client::Value;
use self::server::Server;
/// Makes of each test a test for each database; see the [module](self). The functions take the [`TestDatabase`], and may be several.
#[doc(inline)]
pub use crate::on_every_database;
use crate::require;

/// How long a test may take before it fails: one that waits for a lock that nobody gives back says so.
const PATIENCE: Duration = Duration::from_secs(120);

/// The databases that a store must work on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Backend {
    /// A file.
    Sqlite,
    /// A PostgreSQL server.
    Postgres,
    /// A MariaDB server, which stands for MySQL as well.
    MariaDb,
}

impl Backend {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Sqlite, Self::Postgres, Self::MariaDb];

    /// As the tests and `VESTIBULE_REQUIRE` name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
            Self::MariaDb => "mariadb",
        }
    }
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A database that is empty, that nobody else uses, and that is gone when this is dropped, with the connections that are still open to it.
///
/// Those on a server are awkward on purpose: PostgreSQL's sorts text by the rules of a language, and MariaDB's holds latin1 unless a column says more.
/// A schema that works in them leaves nothing to the settings of an installation.
#[derive(Debug)]
pub struct TestDatabase {
    backend: Backend,
    url: String,
    place: Place,
}

#[derive(Debug)]
enum Place {
    File { path: PathBuf, _folder: TempDir },
    Server { server: Server, name: String },
}

impl TestDatabase {
    /// A fresh one.
    ///
    /// # Panics
    /// When it cannot be made: the server does not answer, or the user there may not make databases.
    pub async fn create(backend: Backend) -> Self {
        let Some(server) = Server::of(backend) else {
            let folder = TempDir::new().expect("a folder for a database can be made");
            let path = folder.path().join("vestibule.db");
            return Self {
                backend,
                url: format!("sqlite:{}", path.display()),
                place: Place::File { path, _folder: folder },
            };
        };
        let name = server.create_database().await;
        Self { backend, url: server.url_of(&name), place: Place::Server { server, name } }
    }

    /// Which database it is.
    pub fn backend(&self) -> Backend {
        self.backend
    }

    /// Its URL, `sqlite:…`, `postgres://…` or `mysql://…`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// SQLite's file, which may not exist yet; `None` for a database on a server.
    pub fn path(&self) -> Option<&Path> {
        match &self.place {
            Place::File { path, .. } => Some(path),
            Place::Server { .. } => None,
        }
    }

    /// Runs a statement in a connection of its own, and tells how many rows it touched. Each `?` stands for one of the `values`; without any, `sql` may be
    /// several statements.
    ///
    /// # Errors
    /// What the database says.
    pub async fn try_execute(&self, sql: &str, values: &[Value<'_>]) -> Result<u64, String> {
        let mut client = self.client().await;
        let touched = client.execute(sql, values).await.map_err(|error| error.to_string());
        client.close().await;
        touched
    }

    /// Runs a statement, see [`Self::try_execute`].
    ///
    /// # Panics
    /// When the database refuses it.
    pub async fn execute(&self, sql: &str, values: &[Value<'_>]) -> u64 {
        self.try_execute(sql, values).await.unwrap_or_else(|error| panic!("{}: {error}\n{sql}", self.backend))
    }

    /// The rows of a query, every value in the text that a client would print: numbers in digits, an absent value as `NULL`.
    ///
    /// # Panics
    /// When the database refuses the query, or a value is neither text, bytes of UTF-8 nor a whole number.
    pub async fn query_texts(&self, sql: &str, values: &[Value<'_>]) -> Vec<Vec<String>> {
        let mut client = self.client().await;
        let rows = client.query_texts(sql, values).await;
        client.close().await;
        rows.unwrap_or_else(|error| panic!("{}: {error}\n{sql}", self.backend))
    }

    async fn client(&self) -> Client {
        Client::connect(self.backend, &self.url).await.unwrap_or_else(|error| panic!("{}: {error}", self.url))
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        if let Place::Server { server, name } = &self.place {
            server.drop_database(name);
        }
    }
}

/// Gives `test` a fresh database, in a runtime of its own with several threads, or skips it where there is no server. `check` names it in what is said
/// then. [`on_every_database`] calls this.
///
/// # Panics
/// When the test does, or takes longer than two minutes; or when the server does not answer and is required here.
pub fn run<F>(backend: Backend, check: &str, test: impl FnOnce(TestDatabase) -> F)
where
    F: Future<Output = ()>,
{
    let answer = Server::of(backend).map_or(Ok(()), |server| server.probe());
    let remedy = answer.as_ref().err().map_or("", String::as_str);
    if require(answer.as_ref().ok(), backend.name(), check, remedy).is_none() {
        return;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.expect("a runtime can be made");
    runtime.block_on(async {
        let database = TestDatabase::create(backend).await;
        let result = tokio::time::timeout(PATIENCE, test(database)).await;
        result.unwrap_or_else(|_| panic!("{check} is not done after {} s", PATIENCE.as_secs()));
    });
}

/// Makes of each test a test for each database.
#[doc(hidden)]
#[macro_export]
macro_rules! on_every_database {
    ($($(#[$attribute:meta])* async fn $name:ident($database:ident: $type:ty) $body:block)*) => { $(
        $(#[$attribute])*
        async fn $name($database: $type) $body

        mod $name {
            #[test]
            fn sqlite() {
                $crate::databases::run($crate::databases::Backend::Sqlite, concat!(module_path!(), "::sqlite"), super::$name);
            }

            #[test]
            fn postgres() {
                $crate::databases::run($crate::databases::Backend::Postgres, concat!(module_path!(), "::postgres"), super::$name);
            }

            #[test]
            fn mariadb() {
                $crate::databases::run($crate::databases::Backend::MariaDb, concat!(module_path!(), "::mariadb"), super::$name);
            }
        }
    )* };
}

#[cfg(test)]
mod tests;
