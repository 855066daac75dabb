//! An installation with one database, and what tests put into it.

use std::sync::Arc;

use async_trait::async_trait;
use sqlx::SqlitePool;
use tempfile::TempDir;
use vestibule_certs_store::{CertStore, NewCert};
use vestibule_database::{Database, Keyring, MasterKey};
use vestibule_oauth_provider::{CertResolver, Secret, SystemRandom};
use vestibule_testkit::FixedClock;
use vestibule_testkit::stores::{CertBackend, SHARED_OWNER};

pub(crate) const APP_CERT: &str = include_str!("../data/app.crt");
pub(crate) const APP_KEY: &str = include_str!("../data/app.key");
pub(crate) const APP_KEY_BARE: &str = include_str!("../data/app.bare.txt");
pub(crate) const APP_KEY_ENCRYPTED: &str = include_str!("../data/app.encrypted.key");
pub(crate) const APP_PUBLIC_KEY: &str = include_str!("../data/app.pub");
pub(crate) const BUNDLE: &str = include_str!("../data/bundle.crt");
pub(crate) const EC_KEY: &str = include_str!("../data/ec.key");
pub(crate) const OTHER_CERT: &str = include_str!("../data/other.crt");
pub(crate) const OTHER_KEY: &str = include_str!("../data/other.key");

pub(crate) struct House {
    pub(crate) folder: TempDir,
    pub(crate) database: Database,
    pub(crate) store: CertStore,
}

impl House {
    pub(crate) async fn open() -> Self {
        let folder = TempDir::new().unwrap();
        let database = Database::open(&format!("sqlite:{}", folder.path().join("test.db").display())).await.unwrap();
        let store = store(&database, "1");
        Self { folder, database, store }
    }

    /// A client that knows nothing of us, with SQLite's own defaults.
    pub(crate) async fn foreign_client(&self) -> SqlitePool {
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(self.folder.path().join("test.db"));
        SqlitePool::connect_with(options).await.unwrap()
    }

    pub(crate) async fn sql(&self, statement: &'static str, values: &[&str]) {
        let pool = self.foreign_client().await;
        let mut query = sqlx::query(statement);
        for value in values {
            query = query.bind((*value).to_owned());
        }
        query.execute(&pool).await.unwrap();
        pool.close().await;
    }

    pub(crate) async fn stored_private_key(&self, name: &str) -> String {
        sqlx::query_scalar("SELECT private_key FROM vestibule_cert WHERE name = ?")
            .bind(name)
            .fetch_one(self.database.sqlite())
            .await
            .unwrap()
    }
}

pub(crate) fn store(database: &Database, digit: &str) -> CertStore {
    let keyring = Keyring::new(MasterKey::from_text(&Secret::new(digit.repeat(64))).unwrap());
    let (clock, random) = (Arc::new(FixedClock::new()), Arc::new(SystemRandom::new()));
    CertStore::new(database.clone(), keyring, SHARED_OWNER, clock, random)
}

pub(crate) fn cert(name: &str, certificate: &str, private_key: &str) -> NewCert {
    NewCert {
        owner: "admin".to_owned(),
        name: name.to_owned(),
        display_name: String::new(),
        certificate: certificate.to_owned(),
        private_key: (!private_key.is_empty()).then(|| Secret::new(private_key)),
    }
}

/// A line from the middle of a PEM text.
pub(crate) fn middle(pem: &str) -> &str {
    pem.lines().nth(10).unwrap()
}

pub(crate) struct PlainSql(pub(crate) House);

#[async_trait]
impl CertBackend for PlainSql {
    fn certs(&self) -> &dyn CertResolver {
        &self.0.store
    }

    async fn insert(&self, owner: &str, name: &str, certificate: &str, private_key: Option<&str>) {
        let statement =
            "INSERT INTO vestibule_cert (owner, name, certificate, private_key) VALUES (?, ?, ?, NULLIF(?, ''))";
        self.0.sql(statement, &[owner, name, certificate, private_key.unwrap_or_default()]).await;
    }

    async fn delete(&self, owner: &str, name: &str) {
        self.0.sql("DELETE FROM vestibule_cert WHERE owner = ? AND name = ?", &[owner, name]).await;
    }
}
