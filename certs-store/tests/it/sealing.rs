//! Private keys in the clear and sealed: what becomes of them, and where they open.

use std::io;
use std::sync::{Arc, Mutex};

use vestibule_certs_store::{CertStore, RollBack, WhenStaged};
use vestibule_database::sql;
use vestibule_oauth_provider::{CertResolver, ErrorKind};
use vestibule_testkit::databases::{Backend, TestDatabase, on_every_database};
use vestibule_testkit::files_with;

use crate::house::*;

/// A version of plain SQL: number, state, certificate, private key, and the record's name.
const INSERT_VERSION: &str = "INSERT INTO vestibule_cert_version (cert_id, version, state, certificate, private_key)
    SELECT id, ?, ?, ?, ? FROM vestibule_cert WHERE name = ?";

on_every_database! {
    async fn a_clear_key_from_plain_sql_works_and_is_then_nowhere(database: TestDatabase) {
        let house = House::open(database).await;
        house.sql(INSERT, &["admin", "app-cert", APP_CERT, APP_KEY]).await;
        house.sql(INSERT, &["admin", "neighbour", BUNDLE, OTHER_KEY]).await;
        let values = [2.into(), "next".into(), APP_CERT.into(), APP_KEY.into(), "app-cert".into()];
        house.outside.execute(INSERT_VERSION, &values).await;
        // By our own connection, as those of another client leave traces of the first row when they make room for the second.
        let insert = sql(INSERT_VERSION).bind(3_i64).bind("retired").bind(OTHER_CERT).bind(OTHER_KEY).bind("app-cert");
        insert.execute(&house.database).await.unwrap();
        if let Some(folder) = house.folder() {
            assert!(!files_with(middle(APP_KEY), folder).is_empty(), "the search finds a clear key");
        }

        let before = house.stored_private_key("app-cert").await;
        assert!(signing_key(&house.store.resolve("acme", "app-cert").await.unwrap()).unwrap().same_as(APP_KEY));
        assert_eq!(house.stored_private_key("app-cert").await, before, "reading writes nothing");

        assert_eq!(house.store.seal_clear_values().await.unwrap(), 4);
        assert_eq!(house.store.seal_clear_values().await.unwrap(), 0);
        for (name, key) in [("app-cert", APP_KEY), ("neighbour", OTHER_KEY)] {
            assert!(house.stored_private_key(name).await.starts_with("vsealed:1:"));
            if let Some(folder) = house.folder() {
                assert_eq!(files_with(middle(key), folder), Vec::<String>::new());
            }
            assert!(house.key("admin", name).await.unwrap().same_as(key));
        }
        let versions = house.outside.query_texts("SELECT private_key FROM vestibule_cert_version", &[]).await;
        assert!(versions.len() == 2 && versions.iter().all(|row| row[0].starts_with("vsealed:1:")));
        house.store.switch(&edit("app-cert")).await.unwrap();
        house.store.roll_back(&edit("app-cert"), RollBack::To(3)).await.unwrap();
        assert!(house.key("admin", "app-cert").await.unwrap().same_as(OTHER_KEY));
    }

    async fn a_clear_key_that_moves_is_sealed_on_the_way(database: TestDatabase) {
        let house = House::open(database).await;
        house.sql(INSERT, &["admin", "app-cert", APP_CERT, APP_KEY]).await;
        let values = [7.into(), "next".into(), OTHER_CERT.into(), OTHER_KEY.into(), "app-cert".into()];
        house.outside.execute(INSERT_VERSION, &values).await;
        let view = house.store.switch(&edit("app-cert")).await.unwrap();
        assert_eq!((view.version, view.versions[0].number), (7, 1));
        let rows = "SELECT private_key FROM vestibule_cert UNION ALL SELECT private_key FROM vestibule_cert_version";
        let rows = house.outside.query_texts(rows, &[]).await;
        assert!(rows.len() == 2 && rows.iter().all(|row| row[0].starts_with("vsealed:1:")), "{rows:?}");
        assert_eq!(house.store.seal_clear_values().await.unwrap(), 0);
        if let Some(folder) = house.folder() {
            assert_eq!(files_with(middle(APP_KEY), folder), Vec::<String>::new());
        }
        assert!(house.key("admin", "app-cert").await.unwrap().same_as(OTHER_KEY));
        house.store.roll_back(&edit("app-cert"), RollBack::Last).await.unwrap();
        assert!(house.key("admin", "app-cert").await.unwrap().same_as(APP_KEY));
    }

    async fn a_sealed_key_opens_in_no_other_record_version_or_installation(database: TestDatabase) {
        let house = House::open(database).await;
        house.store.save(cert("mine", APP_CERT, APP_KEY), "tester").await.unwrap();
        house.store.save(cert("yours", OTHER_CERT, OTHER_KEY), "tester").await.unwrap();

        let stranger = house.instance("2").await;
        let error = stranger.resolve("admin", "mine").await.unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::Configuration);
        let said = "cert record \"admin/mine\", field Private key: is sealed with the master key";
        assert!(error.message().contains(said), "{error}");
        assert_eq!(stranger.get("admin", "mine").await.unwrap().private_key.kind, "unreadable");
        assert_eq!(stranger.seal_clear_values().await.unwrap(), 0, "and nothing is changed");

        let (mine, yours) = (house.stored_private_key("mine").await, house.stored_private_key("yours").await);
        let put = async |stored: &str, name: &str| {
            house.sql("UPDATE vestibule_cert SET private_key = ? WHERE name = ?", &[stored, name]).await;
        };
        let refused = async |name: &str, said: &str| {
            let error = house.store.resolve("admin", name).await.unwrap_err();
            let expected = format!("cert record \"admin/{name}\", field Private key: {said}");
            assert!(error.message().starts_with(&expected), "{error}");
        };
        put(&mine, "yours").await;
        refused("yours", "was sealed for another owner, row, version").await;
        put(&yours, "yours").await;
        house.sql("UPDATE vestibule_cert SET version = 2 WHERE name = 'mine'", &[]).await;
        refused("mine", "was sealed for another owner, row, version").await;
        house.sql("UPDATE vestibule_cert SET version = 1, private_key = NULL, certificate = ? WHERE name = 'mine'", &[&mine]).await;
        assert!(house.store.resolve("admin", "mine").await.unwrap().certificate.starts_with("vsealed:"), "another column opens nothing");
        house.sql("UPDATE vestibule_cert SET certificate = ? WHERE name = 'mine'", &[APP_CERT]).await;
        put(&format!("{mine}A"), "mine").await;
        refused("mine", "begins like a sealed value and is damaged").await;
        put("vsealed:my own text", "mine").await;
        let error = house.store.resolve("admin", "mine").await.unwrap_err();
        assert!(error.message().contains("admin/mine") && !error.message().contains("my own text"), "{error}");

        // As a version of its own record, under another number.
        put(&mine, "mine").await;
        let values = [5.into(), "next".into(), APP_CERT.into(), mine.as_str().into(), "mine".into()];
        house.outside.execute(INSERT_VERSION, &values).await;
        let error = house.store.switch(&edit("mine")).await.unwrap_err().to_string();
        assert!(error.contains("version 5, field Private key") && error.contains("was sealed for another"), "{error}");
        assert!(house.key("admin", "mine").await.unwrap().same_as(APP_KEY), "what cannot be opened beside it breaks nothing");
    }

    async fn a_sealed_key_does_not_open_for_another_owner(database: TestDatabase) {
        let house = House::open(database).await;
        let view = house.store.save(cert("app-cert", APP_CERT, APP_KEY), "tester").await.unwrap();
        let stored = house.stored_private_key("app-cert").await;
        let refused = async |owner: &str| {
            let error = house.store.resolve(owner, "app-cert").await.unwrap_err();
            assert!(error.message().contains("was sealed for another owner, row"), "{error}");
        };

        house.sql("UPDATE vestibule_cert SET owner = 'mallory'", &[]).await;
        refused("mallory").await;
        house.sql("UPDATE vestibule_cert SET owner = 'admin'", &[]).await;
        assert!(house.key("admin", "app-cert").await.unwrap().same_as(APP_KEY));

        // Out of a backup, after the record was deleted.
        house.store.delete(&edit("app-cert")).await.unwrap();
        let insert = "INSERT INTO vestibule_cert (id, owner, name, certificate, private_key, version)
            VALUES (?, 'mallory', 'app-cert', ?, ?, 1)";
        house.sql(insert, &[&view.id, APP_CERT, &stored]).await;
        refused("mallory").await;
    }

    async fn what_is_sealed_with_another_master_key_is_named_without_opening_it(database: TestDatabase) {
        let house = House::open(database).await;
        house.store.save(cert("b", APP_CERT, APP_KEY), "tester").await.unwrap();
        house.store.stage(&edit("b"), version(OTHER_CERT, OTHER_KEY), WhenStaged::Refuse).await.unwrap();
        let stranger = house.instance("2").await;
        stranger.save(cert("a", APP_CERT, APP_KEY), "tester").await.unwrap();
        house.sql(INSERT, &["admin", "clear", APP_CERT, APP_KEY]).await;
        house.sql(INSERT, &["admin", "odd", APP_CERT, "vsealed:my own text, which is not so short"]).await;
        house.sql(INSERT, &["admin", "none", APP_CERT, ""]).await;

        let id = |stored: &str| stored.split(':').nth(2).unwrap().to_owned();
        let (first, second) = (id(&house.stored_private_key("b").await), id(&house.stored_private_key("a").await));
        let found = async |store: &CertStore, keys: &[String], most| {
            let found = store.sealed_with_other_keys(keys, most).await.unwrap();
            found.into_iter().map(|found| (found.name, found.version, found.key_id)).collect::<Vec<_>>()
        };
        let b = |number| ("b".to_owned(), number, first.clone());
        let a = ("a".to_owned(), 1, second.clone());
        assert_eq!(found(&house.store, std::slice::from_ref(&first), 10).await, std::slice::from_ref(&a));
        assert_eq!(found(&stranger, std::slice::from_ref(&second), 10).await, [b(1), b(2)]);
        assert_eq!(found(&stranger, std::slice::from_ref(&second), 1).await, [b(1)]);
        assert_eq!(found(&house.store, &[first.clone(), second], 10).await, []);
        assert_eq!(found(&house.store, &[], 10).await, [a, b(1), b(2)]);
    }

    async fn the_end_of_a_certificate_from_plain_sql_is_found_out(database: TestDatabase) {
        let house = House::open(database).await;
        let saved = house.store.save(cert("saved", APP_CERT, ""), "tester").await.unwrap();
        house.sql(INSERT, &["admin", "inserted", APP_CERT, ""]).await;
        house.sql(INSERT, &["admin", "odd", "hello", ""]).await;
        house.sql(INSERT, &["admin", "key-only", "", APP_KEY]).await;
        for _ in 0..2 {
            house.store.seal_clear_values().await.unwrap();
            let ends: Vec<_> = house.listed(None).await.into_iter().map(|listed| (listed.name, listed.not_after)).collect();
            let expected = [("inserted", saved.not_after), ("key-only", None), ("odd", None), ("saved", saved.not_after)];
            assert_eq!(ends, expected.map(|(name, end)| (name.to_owned(), end)));
        }
        assert_eq!(house.store.get("admin", "inserted").await.unwrap().revision, 1, "finding out is no change");
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
        // As long as this thread's listener is the only one, a test in another thread can decide for all that nobody listens.
        let _ = tracing_subscriber::util::SubscriberInitExt::try_init(
            tracing_subscriber::fmt()
                .with_max_level(tracing_subscriber::filter::LevelFilter::WARN)
                .with_writer(io::sink),
        );
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
    let house = House::open(TestDatabase::create(Backend::Sqlite).await).await;
    let log = Log::default();
    let _listening = log.listen();
    for number in 0..8 {
        house.sql(HUGE_KEY, &[&format!("huge-{number}")]).await;
    }
    house
        .sql("INSERT INTO vestibule_cert (owner, name, private_key) VALUES (CAST(x'ff' AS TEXT), 'bytes', 'x')", &[])
        .await;
    house.sql("INSERT INTO vestibule_cert (owner, name, private_key) VALUES ('admin', 'good', 'x')", &[]).await;
    let huge_version = "INSERT INTO vestibule_cert_version (cert_id, version, state, private_key)
        SELECT id, 2, 'next', hex(zeroblob(300000)) FROM vestibule_cert WHERE name = 'good'";
    house.sql(huge_version, &[]).await;

    assert_eq!(house.store.seal_clear_values().await.unwrap(), 1);
    let lines = log.take();
    let (sealed, unsealable): (Vec<_>, Vec<_>) = lines.iter().partition(|line| line.contains("and was sealed"));
    assert!(sealed.len() == 1 && sealed[0].contains("admin/good"), "{lines:#?}");
    assert_eq!(unsealable.len(), 6, "{lines:#?}");
    for named in &unsealable[..5] {
        assert!(named.contains("a private key stands in the clear and cannot be sealed"), "{named}");
        assert!(named.contains("is longer than") || named.contains("its owner is not UTF-8"), "{named}");
    }
    assert!(unsealable[5].contains("further rows hold something") && unsealable[5].contains("rows=5"), "{lines:#?}");

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
    let house = House::open(TestDatabase::create(Backend::Sqlite).await).await;
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
