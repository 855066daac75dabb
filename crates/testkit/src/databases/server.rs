//! The servers that tests may use, and the databases that are made and dropped there.

use std::io::Write;
use std::sync::OnceLock;
use std::time::Duration;

use url::Url;
use vestibule_oauth_provider::{Random, SystemRandom};

use super::Backend;
use super::client::Client;

/// How long a server may take to say that it is there.
const PROBE: Duration = Duration::from_millis(1500);

#[derive(Clone, Debug)]
pub(super) struct Server {
    backend: Backend,
    /// Leads to a database that exists.
    url: Url,
}

impl Server {
    /// The server of `backend`, as the environment names it; `None` when the database is a file.
    pub(super) fn of(backend: Backend) -> Option<Self> {
        let (variable, default) = match backend {
            Backend::Sqlite => return None,
            // TLS to one's own machine would cost each connection more than all that a test does with it.
            Backend::Postgres => {
                ("VESTIBULE_TEST_POSTGRES", "postgres://postgres@127.0.0.1:5432/postgres?sslmode=disable")
            }
            Backend::MariaDb => ("VESTIBULE_TEST_MARIADB", "mysql://root@127.0.0.1:3306/test"),
        };
        let url = std::env::var(variable).unwrap_or_else(|_| default.to_owned());
        let url = url.parse().unwrap_or_else(|error| panic!("{variable} holds no URL: {error}"));
        Some(Self { backend, url })
    }

    /// Whether the server answers, asked once in the life of this process. The error says what to do.
    pub(super) fn probe(&self) -> Result<(), String> {
        static POSTGRES: OnceLock<Result<(), String>> = OnceLock::new();
        static MARIADB: OnceLock<Result<(), String>> = OnceLock::new();
        let (answer, variable) = match self.backend {
            Backend::Sqlite => return Ok(()),
            Backend::Postgres => (&POSTGRES, "VESTIBULE_TEST_POSTGRES"),
            Backend::MariaDb => (&MARIADB, "VESTIBULE_TEST_MARIADB"),
        };
        let ask = || {
            on_a_thread(async {
                let client = tokio::time::timeout(PROBE, Client::connect(self.backend, self.url.as_str())).await;
                let client = client.map_err(|_| "no answer".to_owned())?.map_err(|error| error.to_string())?;
                client.close().await;
                Ok(())
            })
        };
        let explain = |why: String| {
            let place = self.url.host_str().unwrap_or_default();
            let port = self.url.port().map_or(String::new(), |port| format!(":{port}"));
            format!(
                "no {} server can be used at {place}{port} ({why}); start one, or name another in {variable}",
                self.backend
            )
        };
        answer.get_or_init(|| ask().map_err(explain)).clone()
    }

    /// Makes an empty database and gives its name.
    pub(super) async fn create_database(&self) -> String {
        let random = (&SystemRandom::new() as &dyn Random).uuid().expect("random bytes can be had");
        let name = format!("vestibule_test_{}", random.simple());
        let mut client = self.client().await;
        let mut result = Err(sqlx::Error::RowNotFound);
        for sql in self.creations(&name) {
            result = client.execute(&sql, &[]).await;
            if result.is_ok() {
                break;
            }
        }
        result.unwrap_or_else(|error| panic!("no database could be made on the {} server: {error}", self.backend));
        client.close().await;
        name
    }

    /// Statements that make the database, the most awkward one first; the server may be too old for it.
    fn creations(&self, name: &str) -> Vec<String> {
        match self.backend {
            Backend::Postgres => vec![
                format!(
                    "CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' LOCALE_PROVIDER icu ICU_LOCALE 'en-US'"
                ),
                format!("CREATE DATABASE {name}"),
            ],
            Backend::Sqlite | Backend::MariaDb => vec![format!("CREATE DATABASE {name} CHARACTER SET latin1")],
        }
    }

    /// The URL of the database `name`.
    pub(super) fn url_of(&self, name: &str) -> String {
        let mut url = self.url.clone();
        url.set_path(name);
        url.into()
    }

    /// Drops the database `name`, also from a destructor, in a runtime or outside of one. What goes wrong is said and no more: the test may have failed
    /// already, and has its own say.
    pub(super) fn drop_database(&self, name: &str) {
        let dropped = on_a_thread(async {
            let mut client = Client::connect(self.backend, self.url.as_str()).await?;
            match self.backend {
                Backend::Postgres => client.execute(&format!("DROP DATABASE {name} WITH (FORCE)"), &[]).await?,
                Backend::Sqlite | Backend::MariaDb => {
                    // A transaction that a failed test left open would keep the database locked.
                    let open = "SELECT id FROM information_schema.processlist WHERE db = ?";
                    for id in client.query_texts(open, &[name.into()]).await?.concat() {
                        // The connection may end by itself before it is ended.
                        let _ = client.execute(&format!("KILL CONNECTION {id}"), &[]).await;
                    }
                    client.execute(&format!("DROP DATABASE {name}"), &[]).await?
                }
            };
            client.close().await;
            Ok::<_, sqlx::Error>(())
        });
        if let Err(error) = dropped {
            // The macros' output is captured for passing tests; the handle's is not.
            let _ = writeln!(std::io::stderr(), "the {} database {name} is left behind: {error}", self.backend);
        }
    }

    async fn client(&self) -> Client {
        let client = Client::connect(self.backend, self.url.as_str()).await;
        client.unwrap_or_else(|error| panic!("the {} server does not answer: {error}", self.backend))
    }
}

/// Waits for `work` on a thread with a runtime of its own: where this is called there may be a runtime already, which must not be entered twice.
fn on_a_thread<T: Send>(work: impl Future<Output = T> + Send) -> T {
    std::thread::scope(|scope| {
        let worker = scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime can be made").block_on(work)
        });
        worker.join().expect("the thread ends")
    })
}
