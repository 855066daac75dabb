//! The client program that comes with each database: what an administrator types into.

use std::process::Stdio;

use tempfile::TempDir;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use vestibule::Url;
use vestibule_testkit::databases::{Backend, TestDatabase};

/// `sqlite3`, `psql` or `mariadb` at a database.
pub(crate) struct SqlClient {
    backend: Backend,
    place: String,
    files: TempDir,
}

impl SqlClient {
    /// The client of `database`; nothing, where it is not installed.
    pub(crate) async fn of(database: &TestDatabase, check: &str) -> Option<Self> {
        let backend = database.backend();
        // Debian's packages for the clients that the servers do not bring.
        let (program, what, remedy) = match backend {
            Backend::Sqlite => ("sqlite3", "sqlite3", "install the sqlite3 client (Debian: sqlite3)"),
            Backend::Postgres => ("psql", "postgres", "install the psql client (Debian: postgresql-client)"),
            Backend::MariaDb => ("mariadb", "mariadb", "install the mariadb client (Debian: mariadb-client)"),
        };
        let found = Command::new(program).arg("--version").output().await.ok();
        vestibule_testkit::require(found, what, check, remedy)?;
        let place = database.path().map_or(database.url().to_owned(), |path| path.to_str().unwrap().to_owned());
        Some(Self { backend, place, files: tempfile::tempdir().unwrap() })
    }

    fn command(&self) -> Command {
        let mut command;
        match self.backend {
            Backend::Sqlite => {
                command = Command::new("sqlite3");
                command.args(["-batch", "-bail", "-cmd", ".timeout 5000"]).arg(&self.place);
            }
            Backend::Postgres => {
                command = Command::new("psql");
                command.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"]).arg(&self.place);
            }
            Backend::MariaDb => {
                let url = Url::parse(&self.place).unwrap();
                command = Command::new("mariadb");
                command
                    .args(["--no-defaults", "--batch", "--raw", "--skip-column-names", "--binary-mode"])
                    .args(["--default-character-set=utf8mb4", "--protocol=tcp"])
                    .args([format!("--host={}", url.host_str().unwrap()), format!("--user={}", url.username())])
                    .args([format!("--port={}", url.port().unwrap_or(3306)), url.path()[1..].to_owned()]);
                if let Some(password) = url.password() {
                    command.env("MYSQL_PWD", password);
                }
            }
        }
        command
    }

    /// What the client prints for a statement, which works.
    pub(crate) async fn run(&self, statement: &str) -> String {
        let mut client = self.command();
        client.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut client = client.spawn().unwrap();
        client.stdin.take().unwrap().write_all(format!("{statement};\n").as_bytes()).await.unwrap();
        let output = client.wait_with_output().await.unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{}: {said}\n{statement}", self.backend);
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// What a query counts.
    pub(crate) async fn count(&self, query: &str) -> u64 {
        self.run(query).await.parse().unwrap()
    }

    /// A text as it stands in a statement; to SQLite's client it comes from a file, as it does out of Alipay's console.
    pub(crate) fn text(&self, text: &str) -> String {
        match self.backend {
            Backend::Sqlite => {
                let file = tempfile::Builder::new().tempfile_in(self.files.path()).unwrap();
                let (_, path) = file.keep().unwrap();
                std::fs::write(&path, text).unwrap();
                format!("CAST(readfile('{}') AS TEXT)", path.display())
            }
            Backend::Postgres => format!("'{}'", text.replace('\'', "''")),
            Backend::MariaDb => format!("'{}'", text.replace('\\', "\\\\").replace('\'', "''")),
        }
    }

    /// All columns of all rows of all tables.
    pub(crate) async fn everything(&self) -> String {
        let tables = match self.backend {
            Backend::Sqlite => "SELECT name FROM sqlite_master WHERE type = 'table'",
            Backend::Postgres => "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'",
            Backend::MariaDb => "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()",
        };
        let tables = self.run(tables).await;
        assert!(tables.lines().filter(|table| table.starts_with("vestibule_")).count() >= 7, "{tables}");
        let all: Vec<_> = tables.lines().map(|table| format!("SELECT * FROM {table}")).collect();
        self.run(&all.join(";\n")).await
    }
}
