//! From every earlier schema to this one.

use vestibule_database::Database;
use vestibule_testkit::databases::{Backend, TestDatabase};

/// The first schema, as it was shipped. It is never changed: databases were made by it.
const SCHEMA_1: &str = include_str!("../../migrations/sqlite/0001_initial.sql");

/// The book of the first schema, as it was shipped.
const BOOK_1: &str = "CREATE TABLE vestibule_migration (
    number INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL, applied_at INTEGER NOT NULL DEFAULT (unixepoch())
) STRICT;
INSERT INTO vestibule_migration (number, name) VALUES (1, 'initial')";

/// A row of every kind: everything said, and nothing but what must be.
const ROWS: &str = "
INSERT INTO vestibule_cert (id, owner, name, display_name, type, certificate, private_key, version, not_after, created_at, updated_at) VALUES
    ('00000000-0000-4000-8000-000000000001', 'acme', '支付宝', 'Alipay 🔑', 'x509', '-----BEGIN', 'vsealed:1:0011223344556677:AAAA', 7, 1900000000, 1, 2),
    ('00000000-0000-4000-8000-000000000002', 'admin', 'in the clear', '', 'x509', '', 'MIIEvQ', 1, NULL, 3, 4),
    ('00000000-0000-4000-8000-000000000003', 'admin', 'root', '', 'x509', '-----BEGIN', NULL, 1, NULL, 5, 6);
INSERT INTO vestibule_provider (id, owner, name, display_name, category, type, enabled, config, version, created_at, updated_at) VALUES
    ('00000000-0000-4000-8000-000000000004', 'acme', '登录', 'Sign in', 'OAuth', 'Alipay', 1, '{\"cert\":\"支付宝\"}', 9, 7, 8),
    ('00000000-0000-4000-8000-000000000005', 'acme', 'off', '', 'SMS', 'X', 0, '{}', 1, 9, 10);
INSERT INTO vestibule_attempt (key, content, created_at, expires_at, taken) VALUES ('aa', 'vsealed:1:0011223344556677:AAAA', 1, 2, 0)";

const CERTS: &str =
    "SELECT id, owner, name, display_name, type, certificate, private_key, version, not_after, created_at, updated_at
    FROM vestibule_cert ORDER BY id";
const PROVIDERS: &str =
    "SELECT id, owner, name, display_name, category, type, enabled, config, version, created_at, updated_at
    FROM vestibule_provider ORDER BY id";

#[tokio::test]
async fn nothing_is_lost_on_the_way_from_schema_1() {
    let place = TestDatabase::create(Backend::Sqlite).await;
    for script in [SCHEMA_1, BOOK_1, ROWS] {
        place.execute(script, &[]).await;
    }
    let (certs, providers) = (place.query_texts(CERTS, &[]).await, place.query_texts(PROVIDERS, &[]).await);
    assert_eq!((certs.len(), providers.len()), (3, 2));

    let database = Database::open(place.url()).await.unwrap();
    assert_eq!(place.query_texts(CERTS, &[]).await, certs);
    assert_eq!(place.query_texts(PROVIDERS, &[]).await, providers);
    database.close().await;

    // Every owner's, the vendor's own hosts, one revision, and nobody looked at the providers yet.
    let query = "SELECT DISTINCT revision, key_owners, key_hosts FROM vestibule_cert";
    assert_eq!(place.query_texts(query, &[]).await, [["1", "*", ""]]);
    let query = "SELECT COUNT(*) FROM vestibule_provider WHERE examined <> config";
    assert_eq!(place.query_texts(query, &[]).await, [["2"]]);
    let query = "SELECT COUNT(*) FROM sqlite_schema WHERE name LIKE 'vestibule_attempt%'";
    assert_eq!(place.query_texts(query, &[]).await, [["0"]]);
    let steps = place.query_texts("SELECT number, name FROM vestibule_migration ORDER BY number", &[]).await;
    assert_eq!(steps, [["1", "initial"], ["2", "versions"]]);
    assert_eq!(place.query_texts("PRAGMA integrity_check", &[]).await, [["ok"]]);
}

#[tokio::test]
async fn an_upgraded_database_has_the_tables_of_a_fresh_one() {
    let (old, fresh) = (TestDatabase::create(Backend::Sqlite).await, TestDatabase::create(Backend::Sqlite).await);
    old.execute(SCHEMA_1, &[]).await;
    old.execute(BOOK_1, &[]).await;
    for place in [&old, &fresh] {
        Database::open(place.url()).await.unwrap().close().await;
    }
    let query =
        "SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND name <> 'vestibule_migration' ORDER BY name";
    assert_eq!(old.query_texts(query, &[]).await, fresh.query_texts(query, &[]).await);
}

#[tokio::test]
async fn an_upgrade_that_fails_leaves_the_old_schema_whole() {
    let place = TestDatabase::create(Backend::Sqlite).await;
    for script in [SCHEMA_1, BOOK_1, ROWS, "CREATE TABLE vestibule_setting (x)"] {
        place.execute(script, &[]).await;
    }
    let shape = "SELECT name, sql FROM sqlite_schema ORDER BY name";
    let before = place.query_texts(shape, &[]).await;
    Database::open(place.url()).await.unwrap_err();
    assert_eq!(place.query_texts(shape, &[]).await, before);
    place.execute("DROP TABLE vestibule_setting", &[]).await;
    Database::open(place.url()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn eight_starters_upgrade_once() {
    let place = TestDatabase::create(Backend::Sqlite).await;
    for script in [SCHEMA_1, BOOK_1, ROWS] {
        place.execute(script, &[]).await;
    }
    let starts = (0..8).map(|_| {
        let url = place.url().to_owned();
        tokio::spawn(async move { Database::open(&url).await.map(drop) })
    });
    for start in starts.collect::<Vec<_>>() {
        start.await.unwrap().unwrap();
    }
    assert_eq!(place.query_texts("SELECT COUNT(*) FROM vestibule_cert", &[]).await, [["3"]]);
}
