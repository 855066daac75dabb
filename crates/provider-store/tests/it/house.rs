//! An installation with one database, and what tests put into it.

use std::sync::Arc;

use async_trait::async_trait;
use sqlx::SqlitePool;
use tempfile::TempDir;
use vestibule_database::{Database, Keyring, MasterKey};
use vestibule_login::ProviderRows;
use vestibule_oauth_provider::{
    Config, Context, Error, Field, OAuthProvider, ProviderType, Registry, Result, Secret, SystemRandom, provider_config,
};
use vestibule_provider_store::{NewProvider, ProviderStore};
use vestibule_testkit::FixedClock;
use vestibule_testkit::stores::ProviderBackend;

provider_config! {
    /// What a row of type "Test" holds; never read here.
    struct TestConfig {
        id: Option<String> = Field::text("ID"),
        client_secret: Option<Secret> = Field::secret("Secret"),
        second_secret: Option<Secret> = Field::secret("Another"),
        more: Option<serde_json::Value> = Field::text("More"),
        token_url: Option<String> = Field::url("Token URL"),
        environment: Option<String> = Field::choice("Environment", &["production", "sandbox"]),
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

pub(crate) struct House {
    pub(crate) folder: TempDir,
    pub(crate) database: Database,
    pub(crate) store: ProviderStore,
}

impl House {
    pub(crate) async fn open() -> Self {
        let folder = TempDir::new().unwrap();
        let database = Database::open(&format!("sqlite:{}", folder.path().join("test.db").display())).await.unwrap();
        let store = store(&database, "1");
        Self { folder, database, store }
    }

    /// By a client that knows nothing of us, with SQLite's own defaults.
    pub(crate) async fn sql(&self, statement: &'static str, values: &[&str]) {
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(self.folder.path().join("test.db"));
        let pool = SqlitePool::connect_with(options).await.unwrap();
        let mut query = sqlx::query(statement);
        for value in values {
            query = query.bind((*value).to_owned());
        }
        query.execute(&pool).await.unwrap();
        pool.close().await;
    }

    pub(crate) async fn stored_config(&self, name: &str) -> String {
        sqlx::query_scalar("SELECT config FROM vestibule_provider WHERE name = ?")
            .bind(name)
            .fetch_one(self.database.sqlite())
            .await
            .unwrap()
    }

    pub(crate) async fn found(&self, name: &str) -> Result<String> {
        Ok(self.store.find("admin", name).await?.expect("the row is there").config.expose().to_owned())
    }
}

pub(crate) fn store(database: &Database, digit: &str) -> ProviderStore {
    let keyring = Keyring::new(MasterKey::from_text(&Secret::new(digit.repeat(64))).unwrap());
    let mut registry = Registry::new();
    registry.add(Test).unwrap();
    let (clock, random) = (Arc::new(FixedClock::new()), Arc::new(SystemRandom::new()));
    ProviderStore::new(database.clone(), keyring, Arc::new(registry), clock, random)
}

pub(crate) fn provider(name: &str, config: &str) -> NewProvider {
    NewProvider {
        owner: "admin".to_owned(),
        name: name.to_owned(),
        display_name: String::new(),
        category: "OAuth".to_owned(),
        kind: "Test".to_owned(),
        enabled: true,
        config: Config::new(config),
    }
}

pub(crate) struct PlainSql(pub(crate) House);

#[async_trait]
impl ProviderBackend for PlainSql {
    fn rows(&self) -> &dyn ProviderRows {
        &self.0.store
    }

    async fn insert(&self, owner: &str, name: &str, kind: &str, config: &str) {
        let statement = "INSERT INTO vestibule_provider (owner, name, type, config) VALUES (?, ?, ?, ?)";
        self.0.sql(statement, &[owner, name, kind, config]).await;
    }

    async fn set_config(&self, owner: &str, name: &str, config: &str) {
        let statement = "UPDATE vestibule_provider SET config = ? WHERE owner = ? AND name = ?";
        self.0.sql(statement, &[config, owner, name]).await;
    }

    async fn disable(&self, owner: &str, name: &str) {
        self.0.sql("UPDATE vestibule_provider SET enabled = 0 WHERE owner = ? AND name = ?", &[owner, name]).await;
    }

    async fn delete(&self, owner: &str, name: &str) {
        self.0.sql("DELETE FROM vestibule_provider WHERE owner = ? AND name = ?", &[owner, name]).await;
    }
}

pub(crate) struct OurOwn(pub(crate) ProviderStore);

impl OurOwn {
    pub(crate) fn row(owner: &str, name: &str, config: &str) -> NewProvider {
        NewProvider { owner: owner.to_owned(), ..provider(name, config) }
    }
}

#[async_trait]
impl ProviderBackend for OurOwn {
    fn rows(&self) -> &dyn ProviderRows {
        &self.0
    }

    async fn insert(&self, owner: &str, name: &str, kind: &str, config: &str) {
        assert_eq!(kind, "Test");
        self.0.add(Self::row(owner, name, config)).await.unwrap();
    }

    async fn set_config(&self, owner: &str, name: &str, config: &str) {
        self.0.replace(Self::row(owner, name, config)).await.unwrap();
    }

    async fn disable(&self, owner: &str, name: &str) {
        self.0.disable(owner, name).await.unwrap();
    }

    async fn delete(&self, owner: &str, name: &str) {
        self.0.delete(owner, name).await.unwrap();
    }
}
