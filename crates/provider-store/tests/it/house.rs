//! An installation with one database, and what tests put into it.

use std::sync::Arc;

use async_trait::async_trait;
use vestibule_database::{Database, Keyring, MasterKey};
use vestibule_login::{ProviderRows as _, StoredRow};
use vestibule_oauth_provider::{
    Config, Context, Error, Field, OAuthProvider, ProviderType, Registry, Result, Secret, SystemRandom, provider_config,
};
use vestibule_provider_store::{NewProvider, ProviderStore};
use vestibule_testkit::databases::{TestDatabase, Value};
use vestibule_testkit::stores::SHARED_OWNER;
use vestibule_testkit::{FixedClock, files_with};

provider_config! {
    /// What a row of type "Test" holds; never read here.
    struct TestConfig {
        id: Option<String> = Field::text("ID"),
        client_secret: Option<Secret> = Field::secret("Secret"),
        second_secret: Option<Secret> = Field::secret("Another"),
        more: Option<serde_json::Value> = Field::text("More"),
        token_url: Option<String> = Field::url("Token URL"),
        environment: Option<String> = Field::choice("Environment", &["production", "sandbox"]),
        cert: Option<String> = Field::cert("Certificate"),
        root_cert: Option<String> = Field::cert("Root certificate"),
    }
}

#[derive(Debug)]
struct Test;

#[async_trait]
impl ProviderType for Test {
    type Config = TestConfig;
    const KIND: &'static str = "Test";

    async fn open(&self, _: TestConfig, _: &Context) -> Result<Arc<dyn OAuthProvider>> {
        Err(Error::unsupported("nobody signs in here"))
    }
}

pub(crate) const CONFIG: &str =
    "{\n  \"id\": \"支\",  \"clientSecret\": \"CLEAR-SECRET-ONE\",\n  \"more\": [1.50, {\"clientSecret\": 1}]\n}";

/// Who changes rows.
pub(crate) const ANNA: &str = "anna";

pub(crate) struct House {
    /// Seen by a client that knows nothing of us.
    pub(crate) foreign: TestDatabase,
    pub(crate) database: Database,
    pub(crate) store: ProviderStore,
}

impl House {
    pub(crate) async fn open(foreign: TestDatabase) -> Self {
        let database = Database::open(foreign.url()).await.unwrap();
        let store = store(&database, "1");
        Self { foreign, database, store }
    }

    /// A row that plain SQL inserts for `admin`.
    pub(crate) async fn insert(&self, name: &str, config: &str) {
        self.insert_for("admin", name, config).await;
    }

    pub(crate) async fn insert_for(&self, owner: &str, name: &str, config: &str) {
        self.insert_of("Test", owner, name, config).await;
    }

    pub(crate) async fn insert_of(&self, kind: &str, owner: &str, name: &str, config: &str) {
        let insert = "INSERT INTO vestibule_provider (owner, name, type, config) VALUES (?, ?, ?, ?)";
        self.sql(insert, &[owner.into(), name.into(), kind.into(), config.into()]).await;
    }

    /// Rows of `admin` called `0`, `1`, … that plain SQL inserts, all in one statement.
    pub(crate) async fn insert_many(&self, count: usize, config: &str) {
        let names: Vec<_> = (0..count).map(|number| number.to_string()).collect();
        let rows = vec!["('admin', ?, 'Test', ?)"; count].join(", ");
        let values: Vec<_> = names.iter().flat_map(|name| [Value::from(name), Value::from(config)]).collect();
        self.sql(&format!("INSERT INTO vestibule_provider (owner, name, type, config) VALUES {rows}"), &values).await;
    }

    /// Whether a row holds this text, or, where the database is a file, any page of it.
    pub(crate) async fn holds(&self, text: &str) -> bool {
        let rows = self.texts("SELECT config, examined FROM vestibule_provider").await.concat();
        let folder = self.foreign.path().and_then(std::path::Path::parent);
        rows.iter().any(|column| column.contains(text))
            || folder.is_some_and(|folder| !files_with(text, folder).is_empty())
    }

    pub(crate) async fn holds_no(&self, text: &str) {
        assert!(!self.holds(text).await, "the database holds {text:?}");
    }

    /// By a client that knows nothing of us.
    pub(crate) async fn sql(&self, statement: &str, values: &[Value<'_>]) {
        self.foreign.execute(statement, values).await;
    }

    pub(crate) async fn texts(&self, query: &str) -> Vec<Vec<String>> {
        self.foreign.query_texts(query, &[]).await
    }

    pub(crate) async fn stored_config(&self, name: &str) -> String {
        let select = "SELECT config FROM vestibule_provider WHERE name = ?";
        self.foreign.query_texts(select, &[name.into()]).await.concat().concat()
    }

    /// The row of `admin`, for the engine.
    pub(crate) async fn find(&self, name: &str) -> StoredRow {
        self.store.find("admin", name, &[]).await.unwrap().expect("the row is there")
    }

    /// The opened config of a row of `admin`.
    pub(crate) async fn found(&self, name: &str) -> Result<String> {
        found(&self.store, "admin", name).await
    }
}

/// The opened config of a row.
pub(crate) async fn found(store: &ProviderStore, owner: &str, name: &str) -> Result<String> {
    let row = store.find(owner, name, &[]).await?.expect("the row is there");
    Ok(row.content.open().await?.config.expose().to_owned())
}

pub(crate) fn keyring(digit: &str) -> Keyring {
    Keyring::new(MasterKey::from_text(&Secret::new(digit.repeat(64))).unwrap())
}

pub(crate) fn store(database: &Database, digit: &str) -> ProviderStore {
    store_of(database, digit, |registry| registry.add(Test).unwrap())
}

/// A store that knows other types.
pub(crate) fn store_of(database: &Database, digit: &str, add: impl FnOnce(&mut Registry)) -> ProviderStore {
    let mut registry = Registry::new();
    add(&mut registry);
    let (clock, random) = (Arc::new(FixedClock::new()), Arc::new(SystemRandom::new()));
    ProviderStore::new(database.clone(), keyring(digit), Arc::new(registry), SHARED_OWNER, clock, random)
}

pub(crate) fn provider(name: &str, config: &str) -> NewProvider {
    provider_of("admin", name, config)
}

pub(crate) fn provider_of(owner: &str, name: &str, config: &str) -> NewProvider {
    NewProvider {
        owner: owner.to_owned(),
        name: name.to_owned(),
        display_name: String::new(),
        category: "OAuth".to_owned(),
        kind: "Test".to_owned(),
        enabled: true,
        config: Config::new(config),
    }
}
