//! An installation with one database, and what tests put into it.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use uuid::Uuid;
use vestibule_certs_store::{CertFilter, CertStore, CertSummary, Edit, NewCert, NewVersion, Sort};
use vestibule_database::{Database, Keyring, MasterKey, Order, Page};
use vestibule_oauth_provider::{
    CertRecord, CertResolver, Context, Destination, Error, NamedBy, RowRef, Secret, SystemRandom, VersionState,
};
use vestibule_testkit::databases::{Backend, TestDatabase, Value};
use vestibule_testkit::stores::{CertBackend, SHARED_OWNER};
use vestibule_testkit::{FixedClock, ScriptedHttp, StaticCerts, services};

pub(crate) const APP_CERT: &str = include_str!("../data/app.crt");
pub(crate) const APP_KEY: &str = include_str!("../data/app.key");
pub(crate) const APP_KEY_BARE: &str = include_str!("../data/app.bare.txt");
pub(crate) const APP_KEY_ENCRYPTED: &str = include_str!("../data/app.encrypted.key");
pub(crate) const APP_PUBLIC_KEY: &str = include_str!("../data/app.pub");
pub(crate) const BUNDLE: &str = include_str!("../data/bundle.crt");
pub(crate) const EC_KEY: &str = include_str!("../data/ec.key");
pub(crate) const OTHER_CERT: &str = include_str!("../data/other.crt");
pub(crate) const OTHER_KEY: &str = include_str!("../data/other.key");

/// A row of plain SQL: owner, name, certificate, private key.
pub(crate) const INSERT: &str =
    "INSERT INTO vestibule_cert (owner, name, certificate, private_key) VALUES (?, ?, ?, NULLIF(?, ''))";

pub(crate) struct House {
    /// A client that knows nothing of us.
    pub(crate) outside: TestDatabase,
    pub(crate) database: Database,
    pub(crate) clock: Arc<FixedClock>,
    pub(crate) store: CertStore,
}

impl House {
    pub(crate) async fn open(outside: TestDatabase) -> Self {
        let database = Database::open(outside.url()).await.unwrap();
        // The certificates of these tests are valid from the first hour of that day on.
        let clock = Arc::new(FixedClock::new());
        clock.advance(Duration::from_secs(86_400));
        let store = store(&database, &clock, "1");
        Self { outside, database, clock, store }
    }

    /// Another instance on the same database, with the master key of `digit`.
    pub(crate) async fn instance(&self, digit: &str) -> CertStore {
        store(&Database::open(self.outside.url()).await.unwrap(), &self.clock, digit)
    }

    pub(crate) fn is_sqlite(&self) -> bool {
        self.outside.backend() == Backend::Sqlite
    }

    /// The folder of the database's files, where it has files that a test can look into.
    pub(crate) fn folder(&self) -> Option<&Path> {
        self.outside.path().and_then(Path::parent)
    }

    pub(crate) async fn sql(&self, statement: &str, values: &[&str]) {
        let values: Vec<_> = values.iter().map(|value| Value::Text(value)).collect();
        self.outside.execute(statement, &values).await;
    }

    pub(crate) async fn stored_private_key(&self, name: &str) -> String {
        let rows =
            self.outside.query_texts("SELECT private_key FROM vestibule_cert WHERE name = ?", &[name.into()]).await;
        rows[0][0].clone()
    }

    pub(crate) async fn listed(&self, owner: Option<&str>) -> Vec<CertSummary> {
        let filter = CertFilter { owner: owner.map(str::to_owned), ..CertFilter::default() };
        self.store.list(&filter, Sort::Name, Order::Ascending, Page::new(1_000, 0).unwrap()).await.unwrap().items
    }

    /// The private key that the record `name` signs with, as a row of its own owner gets it.
    pub(crate) async fn key(&self, owner: &str, name: &str) -> Option<Secret> {
        signing_key(&self.store.resolve(owner, name).await.unwrap())
    }
}

fn store(database: &Database, clock: &Arc<FixedClock>, digit: &str) -> CertStore {
    let keyring = Keyring::new(MasterKey::from_text(&Secret::new(digit.repeat(64))).unwrap());
    CertStore::new(database.clone(), keyring, SHARED_OWNER, clock.clone(), Arc::new(SystemRandom::new()))
}

pub(crate) fn cert(name: &str, certificate: &str, private_key: &str) -> NewCert {
    NewCert {
        owner: "admin".to_owned(),
        name: name.to_owned(),
        display_name: String::new(),
        certificate: certificate.to_owned(),
        private_key: (!private_key.is_empty()).then(|| Secret::new(private_key)),
        sharing: None,
    }
}

pub(crate) fn version(certificate: &str, private_key: &str) -> NewVersion {
    NewVersion {
        certificate: certificate.to_owned(),
        private_key: (!private_key.is_empty()).then(|| Secret::new(private_key)),
    }
}

/// A change of the record `name` of `admin`.
pub(crate) fn edit(name: &str) -> Edit<'_> {
    Edit::of("admin", name, "tester")
}

/// A line from the middle of a PEM text.
pub(crate) fn middle(pem: &str) -> &str {
    pem.lines().nth(10).unwrap()
}

/// The private key of a record, as a row of the record's own owner gets it.
pub(crate) fn signing_key(record: &CertRecord) -> Option<Secret> {
    signing_key_for(record, &record.owner, None).unwrap()
}

/// The private key of a record for a row of `owner` that points at `host`, or at the vendor.
pub(crate) fn signing_key_for(record: &CertRecord, owner: &str, host: Option<&str>) -> Result<Option<Secret>, Error> {
    let services = services(StaticCerts::new(), ScriptedHttp::new([]).not_vouching_for("elsewhere.example"));
    let row = RowRef { id: Uuid::nil(), owner: owner.to_owned(), name: "row".to_owned() };
    let url = format!("https://{}/", host.unwrap_or("vendor.example")).parse().unwrap();
    let named_by = if host.is_some() { NamedBy::Row } else { NamedBy::Vendor };
    Ok(Context::new(row, services).signing_key(record, &[Destination { url: &url, named_by }])?.cloned())
}

pub(crate) struct PlainSql(pub(crate) House);

#[async_trait]
impl CertBackend for PlainSql {
    fn certs(&self) -> &dyn CertResolver {
        &self.0.store
    }

    async fn insert(&self, owner: &str, name: &str, certificate: &str, private_key: Option<&str>) {
        self.0.sql(INSERT, &[owner, name, certificate, private_key.unwrap_or_default()]).await;
    }

    async fn set_certificate(&self, owner: &str, name: &str, certificate: &str) {
        let update = "UPDATE vestibule_cert SET certificate = ? WHERE owner = ? AND name = ?";
        self.0.sql(update, &[certificate, owner, name]).await;
    }

    async fn set_private_key(&self, owner: &str, name: &str, private_key: &str) {
        let update = "UPDATE vestibule_cert SET private_key = ? WHERE owner = ? AND name = ?";
        self.0.sql(update, &[private_key, owner, name]).await;
    }

    async fn grant(&self, owner: &str, name: &str, owners: &str, hosts: &str) {
        let update = "UPDATE vestibule_cert SET key_owners = ?, key_hosts = ? WHERE owner = ? AND name = ?";
        self.0.sql(update, &[owners, hosts, owner, name]).await;
    }

    async fn add_version(&self, owner: &str, name: &str, number: i64, state: VersionState, certificate: &str) {
        let insert = "INSERT INTO vestibule_cert_version (cert_id, version, state, certificate)
            SELECT id, ?, ?, ? FROM vestibule_cert WHERE owner = ? AND name = ?";
        let values = [number.into(), state.as_str().into(), certificate.into(), owner.into(), name.into()];
        self.0.outside.execute(insert, &values).await;
    }

    async fn delete_version(&self, owner: &str, name: &str, number: i64) {
        let delete = "DELETE FROM vestibule_cert_version
            WHERE version = ? AND cert_id IN (SELECT id FROM vestibule_cert WHERE owner = ? AND name = ?)";
        self.0.outside.execute(delete, &[number.into(), owner.into(), name.into()]).await;
    }

    async fn delete(&self, owner: &str, name: &str) {
        self.0.sql("DELETE FROM vestibule_cert WHERE owner = ? AND name = ?", &[owner, name]).await;
    }
}
