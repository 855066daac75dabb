//! A provider type that counts how often it is opened, and an engine over it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use vestibule_login::{Begin, Logins, PublicUrl, Settings};
use vestibule_oauth_provider::{
    Authorization, Callback, Config, Context, Error, ErrorKind, Factory, Flow, NewAttempt, OAuthProvider, Registry,
    Result, Schema, Services, Tokens, Upstream, Url, UserInfo, async_trait,
};
use vestibule_testkit::{FixedClock, MemoryAttempts, MemoryRows, ScriptedHttp, SeededRandom, StaticCerts};

/// A type whose config is the list of records that it resolves, and which says in its authorize URL what it found in them.
#[derive(Debug, Default)]
pub(crate) struct Counting {
    schema: Schema,
    openings: AtomicUsize,
}

#[derive(Debug)]
struct Found(String);

#[async_trait]
impl Factory for Counting {
    fn kind(&self) -> &str {
        "Counting"
    }

    fn schema(&self) -> &Schema {
        &self.schema
    }

    async fn open(&self, config: &Config, cx: &Context) -> Result<Arc<dyn OAuthProvider>> {
        let opening = self.openings.fetch_add(1, Ordering::Relaxed);
        let mut found = config.expose().to_owned();
        for name in config.expose().split_whitespace() {
            let name = if name == "another-each-time" { format!("cert-{opening}") } else { name.to_owned() };
            // One record leads to the next.
            let mut next = Some(name);
            while let Some(name) = next {
                let record = match cx.cert(&name).await {
                    Err(error) if config.expose().starts_with("lenient") && *error.kind() != ErrorKind::Internal => {
                        break;
                    }
                    record => record?,
                };
                found.push_str(&format!("[{}]", record.certificate));
                next = record.certificate.strip_prefix("see ").map(str::to_owned);
            }
        }
        Ok(Arc::new(Found(found)))
    }
}

#[async_trait]
impl OAuthProvider for Found {
    fn flow(&self) -> Flow {
        Flow::CODE
    }

    fn upstream(&self) -> Upstream {
        Upstream { authority: "https://up.example".to_owned(), client_id: "app".to_owned() }
    }

    async fn authorize(&self, attempt: &NewAttempt) -> Result<Authorization> {
        let mut url = Url::parse("https://up.example/authorize").unwrap();
        url.query_pairs_mut().append_pair("found", &self.0);
        Ok(Authorization { url: attempt.add_to(url), remember: Default::default() })
    }

    async fn exchange(&self, _: &Callback) -> Result<Tokens> {
        Err(Error::unsupported("nobody comes back here"))
    }

    async fn user_info(&self, _: &Tokens, _: &Callback) -> Result<UserInfo> {
        Err(Error::unsupported("nobody comes back here"))
    }
}

/// An engine with the row `acme/main` of the type `Counting`.
pub(crate) struct Stage {
    logins: Logins,
    pub(crate) rows: Arc<MemoryRows>,
    factory: Arc<Counting>,
}

/// What was asked for since the last look.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Cost {
    pub(crate) finds: usize,
    pub(crate) unsealed: usize,
    pub(crate) opened: usize,
}

pub(crate) const NOTHING_BUT_THE_QUESTION: Cost = Cost { finds: 1, unsealed: 0, opened: 0 };

impl Stage {
    pub(crate) fn new(config: &str, certs: &[(&str, &str)], opened_providers: usize) -> Self {
        let rows = Arc::new(MemoryRows::new());
        rows.put(MemoryRows::row(1, "acme", "main", "Counting", config));
        let factory = Arc::new(Counting::default());
        let mut registry = Registry::new();
        registry.add_factory(factory.clone()).unwrap();
        let services = Services {
            http: Arc::new(ScriptedHttp::new([])),
            certs: Arc::new(StaticCerts::new()),
            clock: Arc::new(FixedClock::new()),
            random: Arc::new(SeededRandom::new(1)),
        };
        let mut settings = Settings::new(PublicUrl::parse("https://id.example").unwrap());
        settings.opened_providers = opened_providers;
        let attempts = Arc::new(MemoryAttempts::new());
        let logins = Logins::new(rows.clone(), attempts, Arc::new(registry), services, settings);
        let stage = Self { logins, rows, factory };
        stage.put_certs(certs);
        stage
    }

    pub(crate) fn put_certs(&self, certs: &[(&str, &str)]) {
        let records = certs.iter().fold(StaticCerts::new(), |all, (name, text)| all.with(name, text, ""));
        self.rows.put_certs(records);
    }

    /// What a sign-in finds, and what it cost.
    pub(crate) async fn sign_in(&self) -> (Result<String>, Cost) {
        self.sign_in_with("main").await
    }

    pub(crate) async fn sign_in_with(&self, name: &str) -> (Result<String>, Cost) {
        let counts = || (self.rows.finds(), self.rows.openings(), self.factory.openings.load(Ordering::Relaxed));
        let before = counts();
        let begun = self.logins.begin(Begin::sign_in("acme", name)).await;
        let after = counts();
        let found = begun.map(|begun| crate::bench::parameter(&begun.authorize_url, "found").unwrap());
        (found, Cost { finds: after.0 - before.0, unsealed: after.1 - before.1, opened: after.2 - before.2 })
    }

    pub(crate) async fn found(&self) -> String {
        self.sign_in().await.0.unwrap()
    }
}
