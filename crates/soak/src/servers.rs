//! Databases of a scenario's own: a file, or a private server that can be stopped without harm to anybody.

mod mariadb;
mod owner;
mod postgres;

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use tokio::process::Command;

use self::mariadb::MariaDb;
use self::postgres::Postgres;
use crate::failure::Outcome;

/// Which database.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum Kind {
    /// A file
    Sqlite,
    /// A PostgreSQL server
    Postgres,
    /// A MariaDB server
    #[value(name = "mariadb")]
    MariaDb,
}

impl Kind {
    pub(crate) const ALL: [Self; 3] = [Self::Sqlite, Self::Postgres, Self::MariaDb];
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
            Self::MariaDb => "MariaDB",
        })
    }
}

/// A database that is there, empty at first. What it wrote is in the folder that it was given; a server ends when this is dropped.
#[derive(Debug)]
pub(crate) enum Server {
    Sqlite(PathBuf),
    Postgres(Postgres),
    MariaDb(MariaDb),
}

impl Server {
    /// A fresh one in `folder`, which the users that the servers run as must be able to enter.
    pub(crate) async fn start(kind: Kind, folder: &Path) -> Outcome<Self> {
        Ok(match kind {
            Kind::Sqlite => Self::Sqlite(folder.join("vestibule.db")),
            Kind::Postgres => Self::Postgres(Postgres::start(folder).await?),
            Kind::MariaDb => Self::MariaDb(MariaDb::start(folder).await?),
        })
    }

    /// The port of a server.
    pub(crate) fn port(&self) -> Option<u16> {
        match self {
            Self::Sqlite(_) => None,
            Self::Postgres(server) => Some(server.port),
            Self::MariaDb(server) => Some(server.port),
        }
    }

    /// The URL for `--database`.
    pub(crate) fn url(&self) -> String {
        self.url_by(self.port().unwrap_or_default())
    }

    /// The same by way of something that listens at `port` of loopback.
    pub(crate) fn url_by(&self, port: u16) -> String {
        match self {
            Self::Sqlite(path) => format!("sqlite:{}", path.display()),
            Self::Postgres(_) => format!("postgres://postgres@127.0.0.1:{port}/postgres?sslmode=disable"),
            Self::MariaDb(_) => format!("mysql://root@127.0.0.1:{port}/vestibule"),
        }
    }

    /// Ends a server at once, as when its machine loses power; a file stays where it is.
    pub(crate) async fn stop(&mut self) -> Outcome {
        match self {
            Self::Sqlite(_) => Ok(()),
            Self::Postgres(server) => server.stop().await,
            Self::MariaDb(server) => server.stop().await,
        }
    }

    /// Starts it again at the same port, with what it had.
    pub(crate) async fn start_again(&mut self) -> Outcome {
        match self {
            Self::Sqlite(_) => Ok(()),
            Self::Postgres(server) => server.run().await,
            Self::MariaDb(server) => server.run().await,
        }
    }

    /// What the database's own client prints for `sql`: a line for each row, columns separated by `|` or tabs.
    pub(crate) async fn query(&self, sql: &str) -> Outcome<Vec<String>> {
        let mut client = match self {
            Self::Sqlite(path) => {
                let mut client = Command::new("sqlite3");
                client.args(["-batch", "-cmd", ".timeout 10000"]).arg(path).arg(sql);
                client
            }
            Self::Postgres(_) => {
                let mut client = Command::new("psql");
                client.args(["--no-psqlrc", "-qAt", "-v", "ON_ERROR_STOP=1"]).arg(self.url()).args(["-c", sql]);
                client
            }
            Self::MariaDb(server) => {
                let mut client = server.client();
                client.args(["--batch", "--raw", "--skip-column-names", "--execute", sql, "vestibule"]);
                client
            }
        };
        let output = client.output().await?;
        if !output.status.success() {
            return Err(format!("{sql}: {}", String::from_utf8_lossy(&output.stderr).trim()).into());
        }
        Ok(String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect())
    }

    /// The only number that a query gives.
    pub(crate) async fn number(&self, sql: &str) -> Outcome<u64> {
        let rows = self.query(sql).await?;
        let number = rows.first().and_then(|row| row.trim().parse().ok());
        number.ok_or_else(|| format!("{sql}: no number in {rows:?}").into())
    }
}
