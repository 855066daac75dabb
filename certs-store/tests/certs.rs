//! Cert records in SQLite.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    missing_docs,
    reason = "a test that panics has failed"
)]

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use sqlx::SqlitePool;
use tempfile::TempDir;
use vestibule_certs_store::{CertStore, NewCert};
use vestibule_database::{Database, Keyring, MASK, MasterKey, StoreError};
use vestibule_oauth_provider::{CertResolver, ErrorKind, Secret, SystemRandom};
use vestibule_testkit::FixedClock;
use vestibule_testkit::stores::{self, CertBackend, SHARED_OWNER};

const APP_CERT: &str = include_str!("data/app.crt");
const APP_KEY: &str = include_str!("data/app.key");
const APP_KEY_BARE: &str = include_str!("data/app.bare.txt");
const APP_KEY_ENCRYPTED: &str = include_str!("data/app.encrypted.key");
const APP_PUBLIC_KEY: &str = include_str!("data/app.pub");
const BUNDLE: &str = include_str!("data/bundle.crt");
const EC_KEY: &str = include_str!("data/ec.key");
const OTHER_CERT: &str = include_str!("data/other.crt");
const OTHER_KEY: &str = include_str!("data/other.key");

struct House {
    folder: TempDir,
    database: Database,
    store: CertStore,
}

impl House {
    async fn open() -> Self {
        let folder = TempDir::new().unwrap();
        let database = Database::open(&format!("sqlite:{}", folder.path().join("test.db").display())).await.unwrap();
        let store = store(&database, "1");
        Self { folder, database, store }
    }

    /// A client that knows nothing of us, with SQLite's own defaults.
    async fn foreign_client(&self) -> SqlitePool {
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(self.folder.path().join("test.db"));
        SqlitePool::connect_with(options).await.unwrap()
    }

    async fn sql(&self, statement: &'static str, values: &[&str]) {
        let pool = self.foreign_client().await;
        let mut query = sqlx::query(statement);
        for value in values {
            query = query.bind((*value).to_owned());
        }
        query.execute(&pool).await.unwrap();
        pool.close().await;
    }

    async fn stored_private_key(&self, name: &str) -> String {
        sqlx::query_scalar("SELECT private_key FROM vestibule_cert WHERE name = ?")
            .bind(name)
            .fetch_one(self.database.sqlite())
            .await
            .unwrap()
    }
}

fn store(database: &Database, digit: &str) -> CertStore {
    let keyring = Keyring::new(MasterKey::from_text(&Secret::new(digit.repeat(64))).unwrap());
    let (clock, random) = (Arc::new(FixedClock::new()), Arc::new(SystemRandom::new()));
    CertStore::new(database.clone(), keyring, SHARED_OWNER, clock, random)
}

fn cert(name: &str, certificate: &str, private_key: &str) -> NewCert {
    NewCert {
        owner: "admin".to_owned(),
        name: name.to_owned(),
        display_name: String::new(),
        certificate: certificate.to_owned(),
        private_key: (!private_key.is_empty()).then(|| Secret::new(private_key)),
    }
}

fn holds(folder: &Path, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in folder.read_dir().unwrap() {
        let entry = entry.unwrap();
        let bytes = std::fs::read(entry.path()).unwrap();
        if bytes.windows(text.len()).any(|window| window == text.as_bytes()) {
            found.push(entry.file_name().into_string().unwrap());
        }
    }
    found
}

/// A line from the middle of a PEM text.
fn middle(pem: &str) -> &str {
    pem.lines().nth(10).unwrap()
}

struct PlainSql(House);

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

#[tokio::test]
async fn records_inserted_with_plain_sql_conform() {
    stores::cert_resolver(&PlainSql(House::open().await)).await;
}

#[tokio::test]
async fn the_layouts_of_the_guide_and_the_clean_ones_are_saved_and_resolved() {
    let house = House::open().await;
    for (name, certificate, private_key) in [
        ("app-cert", APP_CERT, APP_KEY),
        ("app-cert-bare", APP_CERT, APP_KEY_BARE),
        ("guide-root", OTHER_CERT, BUNDLE),
        ("alipay", OTHER_CERT, ""),
        ("root", BUNDLE, ""),
        ("root-in-key-field", "", BUNDLE),
        ("key-only", "", APP_KEY),
    ] {
        house.store.save(cert(name, certificate, private_key)).await.unwrap();
        let record = house.store.resolve("acme", name).await.unwrap();
        assert_eq!((record.owner.as_str(), record.name.as_str()), ("admin", name));
        assert_eq!(record.certificate, certificate);
        assert_eq!(record.private_key.as_ref().map_or("", |key| key.expose()), private_key);
    }
    assert_eq!(holds(house.folder.path(), middle(APP_KEY)), Vec::<String>::new());
    assert!(
        house.stored_private_key("guide-root").await.starts_with("vsealed:1:"),
        "public material there is sealed too"
    );
}

#[tokio::test]
async fn a_view_tells_what_stands_in_each_field_and_holds_no_key() {
    let house = House::open().await;
    let view = house.store.save(cert("app-cert", APP_CERT, APP_KEY)).await.unwrap();
    assert_eq!((view.certificate.kind, view.private_key.kind), ("certificate", "private_key"));
    let (certificate, key) = (&view.certificate.certificates[0], view.private_key.key.as_ref().unwrap());
    assert!(certificate.subject.contains("2088000000000001-app"), "{}", certificate.subject);
    assert_eq!(certificate.spki_sha256, key.spki_sha256);
    assert_eq!((key.form.as_str(), key.bits), ("pkcs8", 2048));
    assert_eq!(view.not_after, certificate.not_after);
    assert!(view.not_after.unwrap() > view.created_at);
    assert_eq!((view.display_name.as_str(), view.kind.as_str(), view.version), ("app-cert", "x509", 1));

    let view = house.store.save(cert("guide-root", OTHER_CERT, BUNDLE)).await.unwrap();
    assert_eq!(view.private_key.description, "a bundle of 2 certificates");
    let listed = house.store.list(Some("admin")).await.unwrap();
    assert_eq!(listed.iter().map(|view| view.name.as_str()).collect::<Vec<_>>(), ["app-cert", "guide-root"]);
    assert!(house.store.list(Some("acme")).await.unwrap().is_empty());
    assert_eq!(house.store.list(None).await.unwrap(), listed);
    for (most, found) in [(0, 0), (1, 1), (2, 2), (3, 2)] {
        assert_eq!(house.store.first(most).await.unwrap(), listed[..found], "the first {most}");
    }
    let shown = format!("{listed:?}");
    assert!(!shown.contains(middle(APP_KEY)) && !shown.contains("PRIVATE KEY"));
}

#[tokio::test]
async fn what_cannot_be_meant_is_refused_with_record_field_and_remedy() {
    let house = House::open().await;
    let cut_off = &APP_KEY[..APP_KEY.len() / 2];
    let cut_off_whole_lines =
        format!("{}\n-----END PRIVATE KEY-----\n", APP_KEY.lines().take(12).collect::<Vec<_>>().join("\n"));
    let both = format!("{APP_CERT}{APP_KEY}");
    let bundle_other_first = format!("{OTHER_CERT}{APP_CERT}");
    for (certificate, private_key, field, said) in [
        ("", "", "Certificate", "is empty"),
        (" \n", "\t", "Certificate", "is empty"),
        (APP_KEY, "", "Certificate", "holds an RSA private key; it belongs into the Private key field"),
        (APP_KEY, APP_CERT, "Certificate", "were the two fields swapped?"),
        (APP_PUBLIC_KEY, "", "Certificate", "holds a public key"),
        (both.as_str(), "", "Certificate", "put the private key into the Private key field"),
        ("hello", "", "Certificate", "neither a certificate nor a key"),
        (&APP_CERT[..500], "", "Certificate", "cut off"),
        (APP_CERT, APP_KEY_ENCRYPTED, "Private key", "is encrypted"),
        (APP_CERT, cut_off, "Private key", "cut off"),
        (APP_CERT, cut_off_whole_lines.as_str(), "Private key", "cut off"),
        (APP_CERT, "hello", "Private key", "neither a certificate nor a key"),
        (APP_CERT, APP_PUBLIC_KEY, "Private key", "holds a public key"),
        (APP_CERT, EC_KEY, "Private key", "not an RSA key"),
        (APP_CERT, both.as_str(), "Private key", "put the certificates into the Certificate field"),
        (APP_CERT, OTHER_KEY, "Private key", "not the one of the certificate"),
        (bundle_other_first.as_str(), APP_KEY, "Private key", "put that certificate first"),
    ] {
        let refused = house.store.save(cert("app-cert", certificate, private_key)).await.unwrap_err();
        assert!(matches!(refused, StoreError::Refused(_)), "{refused:?}");
        let message = refused.to_string();
        assert!(message.starts_with(&format!("cert record \"admin/app-cert\", field {field}: ")), "{message}");
        assert!(message.contains(said), "{said}: {message}");
        assert!(message.contains("(expected: "), "{message}");
        assert!(!message.contains(middle(APP_KEY)) && !message.contains(middle(OTHER_KEY)));
    }
    assert!(house.store.list(None).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_name_written_with_its_owner_is_told_from_a_missing_record() {
    let house = House::open().await;
    let store = store(&house.database, "1");
    let said = store.resolve("acme", "admin/app").await.unwrap_err().to_string();
    assert!(said.ends_with("a name without its owner is wanted: \"app\""), "{said}");
    let said = store.resolve("acme", "app").await.unwrap_err().to_string();
    assert!(said.ends_with("add it, or correct the name in the provider's config"), "{said}");
}

#[tokio::test]
async fn a_refused_replacement_loses_nothing() {
    let house = House::open().await;
    house.store.save(cert("app-cert", APP_CERT, APP_KEY)).await.unwrap();
    for (certificate, private_key) in [(APP_CERT, OTHER_KEY), ("", ""), (OTHER_CERT, MASK)] {
        assert!(house.store.replace(cert("app-cert", certificate, private_key)).await.is_err());
        let record = house.store.resolve("admin", "app-cert").await.unwrap();
        assert_eq!(record.certificate, APP_CERT);
        assert!(record.private_key.unwrap().same_as(APP_KEY));
    }
}

#[tokio::test]
async fn a_replacement_keeps_the_id_counts_the_version_and_the_mask_keeps_the_key() {
    let house = House::open().await;
    let first = house.store.save(cert("app-cert", APP_CERT, APP_KEY)).await.unwrap();
    let second = house.store.replace(cert("app-cert", BUNDLE, MASK)).await.unwrap();
    assert_eq!((second.id.as_str(), second.version), (first.id.as_str(), 2));
    assert!(house.store.resolve("admin", "app-cert").await.unwrap().private_key.unwrap().same_as(APP_KEY));
    let third = house.store.replace(cert("app-cert", OTHER_CERT, "")).await.unwrap();
    assert_eq!((third.version, third.private_key.kind), (3, "empty"));

    assert!(matches!(house.store.save(cert("app-cert", APP_CERT, "")).await, Err(StoreError::AlreadyExists(_))));
    assert!(matches!(house.store.replace(cert("x", APP_CERT, "")).await, Err(StoreError::NotFound(_))));
    house.store.delete("admin", "app-cert").await.unwrap();
    assert!(matches!(house.store.delete("admin", "app-cert").await, Err(StoreError::NotFound(_))));
    let again = house.store.save(cert("app-cert", APP_CERT, "")).await.unwrap();
    assert_ne!(again.id, first.id);
    let mut nameless = cert("a/b", APP_CERT, "");
    assert!(matches!(house.store.save(nameless.clone()).await, Err(StoreError::Refused(_))));
    nameless.name = String::new();
    assert!(matches!(house.store.save(nameless).await, Err(StoreError::Refused(_))));
}

#[tokio::test]
async fn a_clear_key_from_plain_sql_works_and_is_then_in_no_file() {
    let house = House::open().await;
    let insert =
        "INSERT INTO vestibule_cert (owner, name, type, certificate, private_key) VALUES ('admin', ?, 'x509', ?, ?)";
    house.sql(insert, &["app-cert", APP_CERT, APP_KEY]).await;
    house.sql(insert, &["neighbour", BUNDLE, OTHER_KEY]).await;
    assert!(!holds(house.folder.path(), middle(APP_KEY)).is_empty(), "the search finds a clear key");

    let before = house.stored_private_key("app-cert").await;
    assert!(house.store.resolve("acme", "app-cert").await.unwrap().private_key.unwrap().same_as(APP_KEY));
    assert_eq!(house.stored_private_key("app-cert").await, before, "reading writes nothing");

    assert_eq!(house.store.seal_clear_values().await.unwrap(), 2);
    assert_eq!(house.store.seal_clear_values().await.unwrap(), 0);
    for (name, key) in [("app-cert", APP_KEY), ("neighbour", OTHER_KEY)] {
        assert!(house.stored_private_key(name).await.starts_with("vsealed:1:"));
        assert_eq!(holds(house.folder.path(), middle(key)), Vec::<String>::new());
        assert!(house.store.resolve("acme", name).await.unwrap().private_key.unwrap().same_as(key));
    }
}

/// What this thread logs at level `WARN` and above, line by line.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn listen(&self) -> impl Drop {
        let log = self.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing_subscriber::filter::LevelFilter::WARN)
            .with_ansi(false)
            .with_writer(move || log.clone())
            .finish();
        tracing_subscriber::util::SubscriberInitExt::set_default(subscriber)
    }

    /// The lines since the last time.
    fn take(&self) -> Vec<String> {
        let bytes = std::mem::take(&mut *self.0.lock().unwrap());
        String::from_utf8(bytes).unwrap().lines().map(str::to_owned).collect()
    }
}

const HUGE_KEY: &str =
    "INSERT INTO vestibule_cert (owner, name, private_key) VALUES ('admin', ?, hex(zeroblob(300000)))";

#[tokio::test]
async fn records_that_cannot_be_sealed_are_named_once_and_a_few_of_them_only() {
    let house = House::open().await;
    let log = Log::default();
    let _listening = log.listen();
    for number in 0..8 {
        house.sql(HUGE_KEY, &[&format!("huge-{number}")]).await;
    }
    house
        .sql("INSERT INTO vestibule_cert (owner, name, private_key) VALUES (CAST(x'ff' AS TEXT), 'bytes', 'x')", &[])
        .await;
    house.sql("INSERT INTO vestibule_cert (owner, name, private_key) VALUES ('admin', 'good', 'x')", &[]).await;

    assert_eq!(house.store.seal_clear_values().await.unwrap(), 1);
    let lines = log.take();
    let (sealed, unsealable): (Vec<_>, Vec<_>) = lines.iter().partition(|line| line.contains("and was sealed"));
    assert!(sealed.len() == 1 && sealed[0].contains("admin/good"), "{lines:#?}");
    assert_eq!(unsealable.len(), 6, "{lines:#?}");
    for named in &unsealable[..5] {
        assert!(named.contains("a private key stands in the clear and cannot be sealed"), "{named}");
        assert!(named.contains("is longer than") || named.contains("its owner is not UTF-8"), "{named}");
    }
    assert!(unsealable[5].contains("further rows hold something") && unsealable[5].contains("rows=4"), "{lines:#?}");

    for _ in 0..3 {
        assert_eq!(house.store.clone().seal_clear_values().await.unwrap(), 0);
        assert_eq!(log.take(), Vec::<String>::new(), "nothing is said twice");
    }

    house.sql(HUGE_KEY, &["new"]).await;
    house.store.seal_clear_values().await.unwrap();
    let lines = log.take();
    assert!(lines.len() == 1 && lines[0].contains("admin/new"), "{lines:#?}");

    house.sql("UPDATE vestibule_cert SET private_key = NULL WHERE name = 'new'", &[]).await;
    house.store.seal_clear_values().await.unwrap();
    house.sql("UPDATE vestibule_cert SET private_key = hex(zeroblob(300000)) WHERE name = 'new'", &[]).await;
    house.store.seal_clear_values().await.unwrap();
    let lines = log.take();
    assert!(
        lines.len() == 1 && lines[0].contains("admin/new"),
        "what was corrected and is wrong again is said again: {lines:#?}"
    );
}

#[tokio::test]
async fn more_records_than_are_remembered_do_not_fill_the_log() {
    let house = House::open().await;
    let log = Log::default();
    let _listening = log.listen();
    let no_uuids =
        "WITH RECURSIVE numbers (number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM numbers WHERE number < 1100)
        INSERT INTO vestibule_cert (id, owner, name, private_key)
        SELECT format('%08d-0000-0000-0000-00000000000-', number), 'admin', number, 'x' FROM numbers";
    house.sql(no_uuids, &[]).await;
    house.store.seal_clear_values().await.unwrap();
    assert_eq!(log.take().len(), 6);
    for _ in 0..3 {
        house.store.seal_clear_values().await.unwrap();
        assert_eq!(log.take(), Vec::<String>::new());
    }
    house.sql("UPDATE vestibule_cert SET private_key = NULL WHERE name = '7'", &[]).await;
    house.store.seal_clear_values().await.unwrap();
    assert!(log.take().len() <= 6);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_instances_seal_a_clear_key_once() {
    let house = House::open().await;
    let second = Database::open(&format!("sqlite:{}", house.folder.path().join("test.db").display())).await.unwrap();
    for number in 0..200 {
        let insert = "INSERT INTO vestibule_cert (owner, name, certificate, private_key) VALUES ('admin', ?, ?, ?)";
        sqlx::query(insert)
            .bind(number.to_string())
            .bind(APP_CERT)
            .bind(APP_KEY)
            .execute(house.database.sqlite())
            .await
            .unwrap();
    }
    let stores = [house.store.clone(), store(&second, "1"), house.store.clone(), store(&second, "1")];
    let passes: Vec<_> =
        stores.into_iter().map(|store| tokio::spawn(async move { store.seal_clear_values().await.unwrap() })).collect();
    let mut sealed = 0;
    for pass in passes {
        sealed += pass.await.unwrap();
    }
    assert_eq!(sealed, 200, "each record is sealed by exactly one of them");
    for number in 0..200 {
        let record = house.store.resolve("admin", &number.to_string()).await.unwrap();
        assert!(record.private_key.unwrap().same_as(APP_KEY));
    }
}

#[tokio::test]
async fn a_sealed_key_opens_in_no_other_record_version_or_installation() {
    let house = House::open().await;
    house.store.save(cert("mine", APP_CERT, APP_KEY)).await.unwrap();
    house.store.save(cert("yours", OTHER_CERT, OTHER_KEY)).await.unwrap();

    let stranger = store(&house.database, "2");
    let error = stranger.resolve("admin", "mine").await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Configuration);
    assert!(
        error.message().contains("cert record \"admin/mine\", field Private key: is sealed with the master key"),
        "{error}"
    );
    let listed = stranger.list(None).await.unwrap();
    assert!(listed.iter().all(|view| view.private_key.kind == "unreadable"), "a list names what it cannot open");
    assert_eq!(stranger.seal_clear_values().await.unwrap(), 0, "and nothing is changed");

    house
        .sql(
            "UPDATE vestibule_cert SET private_key = (SELECT private_key FROM vestibule_cert WHERE name = 'mine')
            WHERE name = 'yours'",
            &[],
        )
        .await;
    let error = house.store.resolve("admin", "yours").await.unwrap_err();
    assert!(
        error
            .message()
            .starts_with("cert record \"admin/yours\", field Private key: was sealed for another owner, row"),
        "{error}"
    );

    house.sql("UPDATE vestibule_cert SET version = 2 WHERE name = 'mine'", &[]).await;
    assert!(house.store.resolve("admin", "mine").await.unwrap_err().message().contains("version"));
    house.sql("UPDATE vestibule_cert SET version = 1, private_key = private_key || 'A' WHERE name = 'mine'", &[]).await;
    assert!(house.store.resolve("admin", "mine").await.unwrap_err().message().contains("damaged"));
    house.sql("UPDATE vestibule_cert SET private_key = 'vsealed:my own text' WHERE name = 'mine'", &[]).await;
    let error = house.store.resolve("admin", "mine").await.unwrap_err();
    assert!(error.message().contains("admin/mine") && !error.message().contains("my own text"), "{error}");
}

#[tokio::test]
async fn a_sealed_key_does_not_open_for_another_owner() {
    let house = House::open().await;
    let view = house.store.save(cert("app-cert", APP_CERT, APP_KEY)).await.unwrap();
    let stored = house.stored_private_key("app-cert").await;
    let refused = async |owner: &str| {
        let error = house.store.resolve(owner, "app-cert").await.unwrap_err();
        assert!(error.message().contains("was sealed for another owner, row"), "{error}");
    };

    house.sql("UPDATE vestibule_cert SET owner = 'mallory'", &[]).await;
    refused("mallory").await;
    house.sql("UPDATE vestibule_cert SET owner = 'admin'", &[]).await;
    assert!(house.store.resolve("admin", "app-cert").await.unwrap().private_key.unwrap().same_as(APP_KEY));

    // Out of a backup, after the record was deleted.
    house.store.delete("admin", "app-cert").await.unwrap();
    let insert = "INSERT INTO vestibule_cert (id, owner, name, certificate, private_key, version)
        VALUES (?, 'mallory', 'app-cert', ?, ?, 1)";
    house.sql(insert, &[&view.id, APP_CERT, &stored]).await;
    refused("mallory").await;
}

#[tokio::test]
async fn rows_that_nobody_should_insert_are_errors_that_name_the_record() {
    let house = House::open().await;
    house.store.save(cert("good", APP_CERT, APP_KEY)).await.unwrap();
    house
        .sql(
            "INSERT INTO vestibule_cert (owner, name, certificate) VALUES ('admin', 'huge', hex(zeroblob(300000)))",
            &[],
        )
        .await;
    house
        .sql(
            "INSERT INTO vestibule_cert (owner, name, private_key) VALUES ('admin', 'huge-key', hex(zeroblob(300000)))",
            &[],
        )
        .await;
    house
        .sql(
            "INSERT INTO vestibule_cert (owner, name, certificate) VALUES ('admin', 'bytes', CAST(x'fffe41' AS TEXT))",
            &[],
        )
        .await;
    house.sql("INSERT INTO vestibule_cert (owner, name, type) VALUES ('admin', 'type', 'ssh')", &[]).await;
    house
        .sql(
            "INSERT INTO vestibule_cert (id, owner, name, private_key) VALUES ('------------------------------------', 'admin', 'id', 'x')",
            &[],
        )
        .await;
    house.sql("INSERT INTO vestibule_cert (owner, name) VALUES (CAST(x'ff' AS TEXT), 'owner')", &[]).await;
    for (name, said) in [
        ("huge", "field Certificate: is longer"),
        ("huge-key", "field Private key: is longer"),
        ("bytes", "field Certificate: is longer than 524288 bytes or is not UTF-8"),
        ("type", "field Type: \"ssh\" is not known"),
        ("id", "its id is not a UUID"),
    ] {
        let error = house.store.resolve("admin", name).await.unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::Configuration);
        assert!(
            error.message().starts_with(&format!("cert record \"admin/{name}\"")) && error.message().contains(said),
            "{error}"
        );
    }
    assert_eq!(house.store.list(None).await.unwrap().len(), 7, "a bad row does not hide the others");
    assert_eq!(house.store.seal_clear_values().await.unwrap(), 0);
    house.store.resolve("admin", "good").await.unwrap();
}

#[tokio::test]
async fn nuls_and_hostile_names_are_only_texts() {
    let house = House::open().await;
    let mut hostile = cert("good", APP_CERT, APP_KEY);
    hostile.name = "x' OR '1'='1".to_owned();
    assert!(matches!(house.store.save(hostile).await, Err(StoreError::Refused(_))));
    house.store.save(cert("good", APP_CERT, "")).await.unwrap();
    for name in ["good\0", "' OR 1 --", "GOOD"] {
        let error = house.store.resolve("admin", name).await.unwrap_err();
        assert!(!error.message().contains('\0'), "{error:?}");
    }
    let refused = house.store.save(cert("nul", &format!("{APP_CERT}\0"), "")).await;
    if let Err(error) = refused {
        assert!(error.to_string().contains("admin/nul"), "{error}");
    }
}

#[tokio::test]
async fn real_bundles_and_every_way_to_paste_a_key_are_judged_as_expected() {
    let Some(data) = vestibule_testkit::fixtures("cert records with real root bundles and pasted keys") else { return };
    let read = |path: &str| std::fs::read_to_string(data.join("alipay").join(path)).unwrap();
    let house = House::open().await;
    for (name, certificate, private_key) in [
        ("guide-app", "synthetic/app_cert.crt", "synthetic/app_key_2048.pkcs8.pem"),
        ("guide-root", "synthetic/alipay_cert.crt", "synthetic/root_bundle.crt"),
        ("guide-root-real", "certs/smartwalle_alipay.crt", "certs/prod_root_bundle_lf.crt"),
        ("guide-root-sandbox", "certs/java_alipay_sm2.crt", "certs/sandbox_root_bundle.crt"),
    ] {
        house.store.save(cert(name, &read(certificate), &read(private_key))).await.unwrap();
    }
    house.store.save(cert("root-real", &read("certs/prod_root_bundle_lf.crt"), "")).await.unwrap();

    let forms: serde_json::Value = serde_json::from_str(&read("synthetic/private_key_forms.json")).unwrap();
    let mut judged = 0;
    for form in forms["cases"].as_array().unwrap() {
        let (name, text) = (form["name"].as_str().unwrap(), form["input"].as_str().unwrap());
        let saved = house.store.save(cert(name, &read("synthetic/app_cert.crt"), text)).await;
        // A certificate may stand there, in this room; what a provider makes of it is for the provider to say.
        let good = form["expect"].as_str().unwrap().starts_with("ok") || name == "certificate_in_private_slot";
        assert_eq!(saved.is_ok(), good, "{name}: {saved:?}");
        judged += 1;
    }
    assert!(judged > 10);
}
