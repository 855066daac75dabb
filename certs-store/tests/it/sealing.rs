//! Private keys in the clear and sealed: what becomes of them, and where they open.

use std::io;
use std::sync::{Arc, Mutex};

use vestibule_database::Database;
use vestibule_oauth_provider::{CertResolver, ErrorKind};
use vestibule_testkit::files_with;

use crate::house::*;

#[tokio::test]
async fn a_clear_key_from_plain_sql_works_and_is_then_in_no_file() {
    let house = House::open().await;
    let insert =
        "INSERT INTO vestibule_cert (owner, name, type, certificate, private_key) VALUES ('admin', ?, 'x509', ?, ?)";
    house.sql(insert, &["app-cert", APP_CERT, APP_KEY]).await;
    house.sql(insert, &["neighbour", BUNDLE, OTHER_KEY]).await;
    assert!(!files_with(middle(APP_KEY), house.folder.path()).is_empty(), "the search finds a clear key");

    let before = house.stored_private_key("app-cert").await;
    assert!(house.store.resolve("acme", "app-cert").await.unwrap().private_key.unwrap().same_as(APP_KEY));
    assert_eq!(house.stored_private_key("app-cert").await, before, "reading writes nothing");

    assert_eq!(house.store.seal_clear_values().await.unwrap(), 2);
    assert_eq!(house.store.seal_clear_values().await.unwrap(), 0);
    for (name, key) in [("app-cert", APP_KEY), ("neighbour", OTHER_KEY)] {
        assert!(house.stored_private_key(name).await.starts_with("vsealed:1:"));
        assert_eq!(files_with(middle(key), house.folder.path()), Vec::<String>::new());
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
