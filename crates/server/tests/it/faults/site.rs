//! A site to fail at: the engine's routes on a clock that stands still, an Alipay on the same clock, and everything logged.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use vestibule::{
    Clock as _, Database, HttpSettings, MasterKey, PublicUrl, Secret, Setup, SystemRandom, Url, Vestibule,
};
use vestibule_alipay_simulator::{Builder, Simulator};
use vestibule_server::providers;
use vestibule_server::session::Sessions;
use vestibule_testkit::FixedClock;
use vestibule_testkit::databases::{Backend, TestDatabase};

use crate::support::{
    APP_CERT, Answered, Browser, Log, Logging, NAME, OWNER, ROOT_CERT, add_cert, config, everything_logged,
};

/// How long a case may take; one that takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(30);
/// The site's master key.
pub(super) const MASTER_KEY: &str = "7777777777777777777777777777777777777777777777777777777777777777";

pub(super) struct Site {
    pub(super) simulator: Simulator,
    pub(super) vestibule: Vestibule,
    pub(super) database: TestDatabase,
    pub(super) clock: Arc<FixedClock>,
    base: Url,
    log: Log,
    serving: JoinHandle<()>,
    _logging: Logging,
}

impl Drop for Site {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// What a failed visit must come to.
#[derive(Clone, Copy)]
pub(super) struct Verdict<'a> {
    /// The HTTP status.
    pub(super) status: u16,
    /// The word for programs.
    pub(super) code: &'a str,
    /// What the log line says; the browser is told none of it.
    pub(super) says: &'a [&'a str],
}

/// What a failed visit asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// A page, as a person's browser does.
    Page,
    /// JSON, as a program does.
    Json,
}

impl Asked {
    pub(super) const BOTH: [Self; 2] = [Self::Page, Self::Json];

    /// A GET that asks for this.
    pub(super) async fn get(self, browser: &mut Browser, path: &str) -> Answered {
        let accept = match self {
            Self::Page => "text/html,application/xhtml+xml,*/*;q=0.8",
            Self::Json => "application/json",
        };
        browser.get_with(path, &[("accept", accept)]).await
    }
}

impl Site {
    /// With nothing in the database.
    pub(super) async fn empty(simulator: Builder, http: HttpSettings) -> Self {
        let (log, logging) = everything_logged();
        let clock = Arc::new(FixedClock::new());
        let simulators = Arc::clone(&clock);
        let simulator = simulator.clock(Arc::new(move || simulators.now())).start().await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        let public_url = PublicUrl::parse(base.as_str()).unwrap();

        let database = TestDatabase::create(Backend::Sqlite).await;
        let opened = Database::open(database.url()).await.unwrap();
        let master_key = MasterKey::from_text(&Secret::new(MASTER_KEY)).unwrap();
        let mut setup = Setup::new(opened, master_key, providers::registry().unwrap(), public_url.clone());
        setup.http = HttpSettings { allow: vec!["127.0.0.1".parse().unwrap()], ..http };
        setup.clock = clock.clone();
        let vestibule = Vestibule::new(setup).unwrap();

        let random = Arc::new(SystemRandom::new());
        let host = Arc::new(Sessions::new(vestibule.keyring().clone(), clock.clone(), random, &public_url));
        let router: axum::Router = vestibule.router(host);
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { simulator, vestibule, database, clock, base, log, serving, _logging: logging }
    }

    /// With the records and the row: people can sign in.
    pub(super) async fn open() -> Self {
        Self::open_with(Simulator::builder(), HttpSettings::default()).await
    }

    /// The same with another Alipay and another way to it.
    pub(super) async fn open_with(simulator: Builder, http: HttpSettings) -> Self {
        let site = Self::empty(simulator, http).await;
        let material = site.simulator.app().material();
        add_cert(&site.vestibule, APP_CERT, &material.app_cert, &material.app_private_key).await;
        add_cert(&site.vestibule, ROOT_CERT, &material.alipay_cert, &material.alipay_root_cert).await;
        site.insert_row(NAME, &config(&site.simulator, serde_json::json!({}))).await;
        site
    }

    /// A provider row by plain SQL: nobody judges it.
    pub(super) async fn insert_row(&self, name: &str, config: &Value) {
        let insert = "INSERT INTO vestibule_provider (owner, name, type, config) VALUES (?, ?, 'Alipay', ?)";
        self.database.execute(insert, &[OWNER.into(), name.into(), (&config.to_string()).into()]).await;
    }

    /// A cert record by plain SQL: nobody judges it.
    pub(super) async fn insert_cert(&self, name: &str, certificate: &str, private_key: &str) {
        let insert = "INSERT INTO vestibule_cert (owner, name, certificate, private_key) VALUES ('admin', ?, ?, ?)";
        self.database.execute(insert, &[name.into(), certificate.into(), private_key.into()]).await;
    }

    pub(super) fn log(&self) -> &Log {
        &self.log
    }

    pub(super) fn browser(&self) -> Browser {
        Browser::new(&self.base)
    }

    /// Begins as `browser`, agrees as 张三: the address at which they come back.
    pub(super) async fn agree(&self, browser: &mut Browser) -> Url {
        let authorize = browser.begin().await;
        self.simulator.agree(&authorize, "zhangsan").unwrap()
    }

    /// Nobody was signed in, `answered` tells no more than it may, and the log tells the rest.
    pub(super) async fn assert_refused(&self, case: &str, asked: Asked, answered: &Answered, verdict: Verdict<'_>) {
        // Without the page's style sheet, which makes a failed test unreadable.
        let told = answered.body.rsplit("</style>").next().unwrap();
        assert_eq!(answered.status, verdict.status, "{case}: {told}");
        let cookies: Vec<_> = answered.headers.iter().filter(|(name, _)| name == "set-cookie").collect();
        assert!(!cookies.iter().any(|(_, line)| line.contains("session")), "{case}: {cookies:?}");
        let reference = match asked {
            Asked::Page => answered.reference(),
            Asked::Json => {
                let told: Value = serde_json::from_str(told).unwrap();
                assert_eq!(told.as_object().unwrap().len(), 3, "{case}: {told}");
                assert_eq!(told["error"], verdict.code, "{case}");
                assert!(told["advice"].as_str().unwrap().ends_with('.'), "{case}: {told}");
                told["reference"].as_str().unwrap().to_owned()
            }
        };
        let line = self.log.line(&reference).await.replace("\\\"", "\"");
        assert!(line.contains(&format!("code=\"{}\"", verdict.code)), "{case}: {line}");
        assert!(line.contains(&format!("row=\"{OWNER}/")), "{case}: {line}");
        for words in verdict.says {
            assert!(line.contains(words), "{case}: {words:?} is not in:\n{line}");
            assert!(!answered.body.contains(words), "{case}: {words:?} is told to a browser:\n{told}");
        }
    }
}

/// Waits for `case`, and not for ever.
pub(super) async fn bounded<T>(case: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(PATIENCE, future).await {
        Ok(done) => done,
        Err(_) => panic!("{case}: hangs"),
    }
}
