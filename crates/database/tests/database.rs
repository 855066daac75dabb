//! Opening, migrating, master keys and sealed values.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a test that panics has failed"
)]

use std::collections::BTreeSet;
use std::future::poll_fn;
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use tempfile::TempDir;
use tokio::sync::Notify;
use vestibule_database::{
    ClearRows, Database, DbError, KeyOrigin, Keyring, MasterKey, Place, RowHead, SealError, SealingPass, StoreError,
    Unsealable, is_sealed,
};
use vestibule_oauth_provider::{Error, ErrorKind, Random, Secret, SystemRandom};
use vestibule_testkit::SeededRandom;

fn url(folder: &TempDir) -> String {
    format!("sqlite:{}", folder.path().join("vestibule.db").display())
}

#[tokio::test]
async fn a_database_is_made_with_our_tables_and_settings() {
    let folder = TempDir::new().unwrap();
    let database = Database::open(&url(&folder)).await.unwrap();
    database.ping().await.unwrap();
    let tables: Vec<String> = sqlx::query_scalar("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
        .fetch_all(database.sqlite())
        .await
        .unwrap();
    assert_eq!(tables, ["vestibule_attempt", "vestibule_cert", "vestibule_migration", "vestibule_provider"]);
    for (pragma, expected) in [
        ("PRAGMA journal_mode", "wal"),
        ("PRAGMA synchronous", "2"),
        ("PRAGMA foreign_keys", "1"),
        ("PRAGMA secure_delete", "1"),
        ("PRAGMA busy_timeout", "5000"),
    ] {
        let row = sqlx::query(pragma).fetch_one(database.sqlite()).await.unwrap();
        let found = sqlx::Row::try_get::<String, _>(&row, 0)
            .or_else(|_| sqlx::Row::try_get::<i64, _>(&row, 0).map(|number| number.to_string()))
            .unwrap();
        assert_eq!(found, expected, "{pragma}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn every_file_is_its_owners_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = TempDir::new().unwrap();
    let database = Database::open(&url(&folder)).await.unwrap();
    sqlx::query("INSERT INTO vestibule_cert (owner, name) VALUES ('admin', 'a')")
        .execute(database.sqlite())
        .await
        .unwrap();
    MasterKey::read_or_create(&folder.path().join("master.key"), &SystemRandom::new()).unwrap();
    let mut seen = BTreeSet::new();
    for entry in folder.path().read_dir().unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
        let name = entry.file_name().into_string().unwrap();
        assert_eq!(mode, 0o600, "{name}");
        seen.insert(name);
    }
    for name in ["vestibule.db", "vestibule.db-wal", "vestibule.db-shm", "vestibule.db.lock", "master.key"] {
        assert!(seen.contains(name), "{seen:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_first_starts_at_once_all_succeed_with_one_master_key() {
    for _ in 0..5 {
        let folder = Arc::new(TempDir::new().unwrap());
        let starts: Vec<_> = (0..8)
            .map(|_| {
                let folder = folder.clone();
                tokio::spawn(async move {
                    let database = Database::open(&url(&folder)).await.unwrap();
                    database.ping().await.unwrap();
                    let path = folder.path().join("master.key");
                    let made = tokio::task::spawn_blocking(move || {
                        MasterKey::read_or_create(&path, &SystemRandom::new()).unwrap()
                    });
                    let (key, origin) = made.await.unwrap();
                    (Keyring::new(key).key_id().to_owned(), origin)
                })
            })
            .collect();
        let mut ids = BTreeSet::new();
        let mut makers = 0;
        for start in starts {
            let (id, origin) = start.await.unwrap();
            ids.insert(id);
            makers += usize::from(origin == KeyOrigin::Made);
        }
        assert_eq!((ids.len(), makers), (1, 1));
    }
}

#[tokio::test]
async fn a_hosts_own_tables_stay_as_they_are() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("vestibule.db");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&path).create_if_missing(true);
    let host = sqlx::SqlitePool::connect_with(options).await.unwrap();
    sqlx::raw_sql("CREATE TABLE users (id INTEGER); CREATE TABLE _sqlx_migrations (x); INSERT INTO users VALUES (7)")
        .execute(&host)
        .await
        .unwrap();
    let database = Database::open(&url(&folder)).await.unwrap();
    let user: i64 = sqlx::query_scalar("SELECT id FROM users").fetch_one(database.sqlite()).await.unwrap();
    assert_eq!(user, 7);
}

#[tokio::test]
async fn a_schema_from_the_future_is_refused_and_left_alone() {
    let folder = TempDir::new().unwrap();
    let database = Database::open(&url(&folder)).await.unwrap();
    sqlx::query("INSERT INTO vestibule_migration (number, name) VALUES (99, 'later')")
        .execute(database.sqlite())
        .await
        .unwrap();
    database.close().await;
    let refused = Database::open(&url(&folder)).await.unwrap_err();
    assert!(matches!(refused, DbError::NewerSchema { found: 99, known: 1 }));
    let error = Error::from(refused);
    assert_eq!(*error.kind(), ErrorKind::Configuration);
    assert!(error.message().contains("start the newer program"), "{error}");
}

#[tokio::test]
async fn the_log_is_emptied_as_soon_as_nobody_reads_from_before() {
    let folder = TempDir::new().unwrap();
    let database = Database::open(&url(&folder)).await.unwrap();
    let log = folder.path().join("vestibule.db-wal");
    let size = || log.metadata().unwrap().len();
    let insert = "INSERT INTO vestibule_cert (owner, name) VALUES ('admin', ?)";

    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(folder.path().join("vestibule.db"));
    let foreign = sqlx::SqlitePool::connect_with(options).await.unwrap();
    let mut reader = foreign.begin().await.unwrap();
    sqlx::query("SELECT * FROM vestibule_cert").fetch_all(&mut *reader).await.unwrap();
    sqlx::query(insert).bind("a").execute(database.sqlite()).await.unwrap();
    assert!(size() > 0);

    database.erase_clear_text().await.unwrap();
    assert!(size() > 0, "nothing was to be erased, so nothing was done");
    database.note_clear_text();
    database.erase_clear_text().await.unwrap();
    assert!(size() > 0, "the reader is in the way");
    reader.rollback().await.unwrap();
    database.erase_clear_text().await.unwrap();
    assert_eq!(size(), 0);
}

#[tokio::test]
async fn a_cancelled_erasure_is_finished_and_leaves_connections_as_they_were() {
    let folder = TempDir::new().unwrap();
    let database = Database::open(&url(&folder)).await.unwrap();
    let log = folder.path().join("vestibule.db-wal");
    for polls in 1..=12 {
        sqlx::query("INSERT INTO vestibule_cert (owner, name) VALUES ('admin', ?)")
            .bind(polls.to_string())
            .execute(database.sqlite())
            .await
            .unwrap();
        assert!(log.metadata().unwrap().len() > 0);
        database.note_clear_text();
        cancel_after(polls, database.erase_clear_text()).await;

        let mut connections = Vec::new();
        for _ in 0..8 {
            connections.push(database.sqlite().acquire().await.unwrap());
        }
        for connection in &mut connections {
            let timeout: i64 = sqlx::query_scalar("PRAGMA busy_timeout").fetch_one(&mut **connection).await.unwrap();
            assert_eq!(timeout, 5_000, "cancelled after {polls} polls");
        }
        drop(connections);
        database.erase_clear_text().await.unwrap();
        assert_eq!(log.metadata().unwrap().len(), 0, "cancelled after {polls} polls");
    }
}

/// Polls a future whenever it asks for it, and drops it when it is not ready so many times later.
async fn cancel_after(polls: u32, future: impl Future) {
    let mut future = pin!(future);
    let mut left = polls;
    poll_fn(|context| {
        left -= 1;
        match future.as_mut().poll(context) {
            Poll::Pending if left > 0 => Poll::Pending,
            _ => Poll::Ready(()),
        }
    })
    .await;
}

/// Rows whose sealing is committed, which is told, and never answered.
struct Committed<'d> {
    database: &'d Database,
    committed: Notify,
}

struct Head(RowHead);

impl AsRef<RowHead> for Head {
    fn as_ref(&self) -> &RowHead {
        &self.0
    }
}

impl ClearRows for Committed<'_> {
    const WHAT: &'static str = "a private key";
    type Row = Head;

    async fn after(&self, id: &str) -> Result<Vec<Head>, StoreError> {
        let head = RowHead {
            what: "cert record",
            id: "1".to_owned(),
            owner: "admin".to_owned(),
            name: "a".to_owned(),
            display_name: "a".to_owned(),
            kind: "x509".to_owned(),
            version: 1,
            created_at: 0,
            updated_at: 0,
        };
        Ok(if id.is_empty() { vec![Head(head)] } else { Vec::new() })
    }

    async fn seal(&self, _row: &Head) -> Result<bool, StoreError> {
        sqlx::query("INSERT INTO vestibule_cert (owner, name) VALUES ('admin', 'a')")
            .execute(self.database.sqlite())
            .await?;
        self.committed.notify_one();
        std::future::pending().await
    }
}

#[tokio::test]
async fn a_sealing_that_is_cancelled_when_it_is_committed_is_still_erased() {
    let folder = TempDir::new().unwrap();
    let database = Database::open(&url(&folder)).await.unwrap();
    let log = folder.path().join("vestibule.db-wal");
    let size = || log.metadata().unwrap().len();
    let unsealable = Unsealable::default();
    let rows = Committed { database: &database, committed: Notify::new() };
    let mut pass = SealingPass::begin(&database, &unsealable);
    tokio::select! {
        _ = pass.seal(&rows) => panic!("it does not end"),
        () = rows.committed.notified() => {}
    }
    assert!(size() > 0);
    database.erase_clear_text().await.unwrap();
    assert_eq!(size(), 0);
}

#[tokio::test]
async fn what_is_no_database_is_an_error() {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("vestibule.db"), "not a database, and long enough to be read as one".repeat(50))
        .unwrap();
    let error = Database::open(&url(&folder)).await.unwrap_err();
    assert!(matches!(error, DbError::NotADatabase { .. }), "{error}");
    assert!(error.to_string().contains("vestibule.db\" is no SQLite database"), "{error}");
    let missing = format!("sqlite:{}/missing/x.db", folder.path().display());
    let error = Database::open(&missing).await.unwrap_err();
    assert!(error.to_string().starts_with("cannot find the folder of"), "{error}");
}

#[tokio::test]
async fn a_row_takes_its_id_and_times_from_the_database() {
    let database = Database::open("sqlite::memory:").await.unwrap();
    for number in 0..50 {
        sqlx::query("INSERT INTO vestibule_provider (owner, name, type, config) VALUES ('admin', ?, 'X', '{}')")
            .bind(number.to_string())
            .execute(database.sqlite())
            .await
            .unwrap();
    }
    let rows: Vec<(String, i64, i64)> = sqlx::query_as("SELECT id, created_at, enabled FROM vestibule_provider")
        .fetch_all(database.sqlite())
        .await
        .unwrap();
    let ids: BTreeSet<_> = rows.iter().map(|(id, ..)| id.clone()).collect();
    assert_eq!(ids.len(), 50);
    for (id, created_at, enabled) in rows {
        let parsed = vestibule_oauth_provider::Uuid::parse_str(&id).unwrap();
        assert_eq!((parsed.get_version_num(), parsed.get_variant()), (4, uuid::Variant::RFC4122));
        assert_eq!(parsed.to_string(), id);
        assert!(created_at > 1_700_000_000);
        assert_eq!(enabled, 1);
    }
}

#[tokio::test]
async fn a_slip_in_plain_sql_is_refused_by_name() {
    let database = Database::open("sqlite::memory:").await.unwrap();
    for (statement, constraint) in [
        (
            "INSERT INTO vestibule_provider (owner, name, type, config) VALUES ('a', 'b', 'X', '{')",
            "config_is_a_json_object",
        ),
        (
            "INSERT INTO vestibule_provider (owner, name, type, config) VALUES ('a', 'b', 'X', '[]')",
            "config_is_a_json_object",
        ),
        (
            "INSERT INTO vestibule_provider (owner, name, type, config, enabled) VALUES ('a', 'b', 'X', '{}', 2)",
            "enabled_is_0_or_1",
        ),
        ("INSERT INTO vestibule_provider (owner, name, type) VALUES ('', 'b', 'X')", "owner_is_a_name"),
        ("INSERT INTO vestibule_provider (owner, name, type) VALUES ('a', 'b ', 'X')", "name_is_a_name"),
        ("INSERT INTO vestibule_provider (owner, name, type) VALUES ('a', 'b', '')", "type_is_not_empty"),
        ("INSERT INTO vestibule_cert (owner, name) VALUES ('a', 'b/c')", "name_is_a_name"),
        ("INSERT INTO vestibule_cert (id, owner, name) VALUES ('7', 'a', 'b')", "id_is_a_lower_case_uuid"),
        ("INSERT INTO vestibule_cert (owner, name, certificate) VALUES ('a', 'b', x'2d2d')", "BLOB"),
    ] {
        let said = sqlx::query(statement).execute(database.sqlite()).await.unwrap_err().to_string();
        assert!(said.contains(constraint), "{statement}: {said}");
    }
}

#[tokio::test]
async fn a_name_with_a_control_character_cannot_be_inserted() {
    let database = Database::open("sqlite::memory:").await.unwrap();
    let insert = |table| match table {
        "vestibule_cert" => "INSERT INTO vestibule_cert (owner, name, type) VALUES (?, ?, 'x')",
        _ => "INSERT INTO vestibule_provider (owner, name, type) VALUES (?, ?, 'x')",
    };
    for table in ["vestibule_cert", "vestibule_provider"] {
        for control in (0..=0x9f).filter_map(char::from_u32).filter(|letter| letter.is_control()) {
            for hostile in [format!("ali{control}pay"), format!("{control}alipay"), format!("alipay{control}")] {
                for (owner, name, constraint) in
                    [(hostile.as_str(), "b", "owner_is_a_name"), ("a", hostile.as_str(), "name_is_a_name")]
                {
                    let inserted = sqlx::query(insert(table)).bind(owner).bind(name).execute(database.sqlite()).await;
                    let said = inserted.expect_err(&format!("{table}: {owner:?}, {name:?}")).to_string();
                    assert!(said.contains(constraint), "{said}");
                }
            }
        }
        // The neighbours of what is refused.
        for name in ["a b", "a~b", "a!b", "a]b", "a-b", "a^b", "a\u{a0}b", "支付宝", "é", "\u{10ffff}"] {
            sqlx::query(insert(table)).bind(name).bind(name).execute(database.sqlite()).await.expect(name);
        }
    }
}

const ROW: &[u8] = &[7; 16];

fn place() -> Place<'static> {
    Place { table: "vestibule_cert", owner: "acme", row: ROW, version: 1, column: "private_key" }
}

fn keyring(seed: u64) -> Keyring {
    let mut bytes = [0; 32];
    SeededRandom::new(seed).fill(&mut bytes).unwrap();
    Keyring::new(MasterKey::from_text(&Secret::new(hex::encode(bytes))).unwrap())
}

#[test]
fn a_sealed_value_opens_where_it_was_put_and_nowhere_else() {
    let (keyring, random) = (keyring(1), SeededRandom::new(2));
    let sealed = keyring.seal(&Secret::new("支付宝 s3cr3t"), &place(), &random).unwrap();
    assert!(is_sealed(&sealed) && sealed.starts_with(&format!("vsealed:1:{}:", keyring.key_id())));
    assert!(keyring.open(&sealed, &place()).unwrap().same_as("支付宝 s3cr3t"));

    let elsewhere = [
        Place { table: "vestibule_provider", ..place() },
        Place { owner: "other", ..place() },
        Place { owner: "", ..place() },
        Place { row: &[8; 16], ..place() },
        Place { version: 2, ..place() },
        Place { column: "certificate", ..place() },
        // The same letters, cut differently.
        Place { table: "vestibule_certp", column: "rivate_key", ..place() },
        Place { table: "vestibule_certa", owner: "cme", ..place() },
    ];
    for other in elsewhere {
        assert_eq!(keyring.open(&sealed, &other).err().unwrap(), SealError::WrongPlace, "{other:?}");
    }
}

#[test]
fn no_two_seals_of_the_same_value_are_alike() {
    let (keyring, random) = (keyring(1), SeededRandom::new(2));
    let seals: BTreeSet<_> = (0..100).map(|_| keyring.seal(&Secret::new("x"), &place(), &random).unwrap()).collect();
    assert_eq!(seals.len(), 100);
}

#[test]
fn a_changed_or_cut_value_is_damaged_whatever_was_changed() {
    let keyring = keyring(1);
    let sealed = keyring.seal(&Secret::new("s3cr3t"), &place(), &SeededRandom::new(2)).unwrap();
    let body = sealed.rfind(':').unwrap() + 1;
    for position in body..sealed.len() {
        let mut bytes = sealed.clone().into_bytes();
        bytes[position] = if bytes[position] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(bytes).unwrap();
        assert_eq!(keyring.open(&changed, &place()).err().unwrap(), SealError::Damaged, "{position}");
        let cut = sealed.get(..position).unwrap();
        assert_eq!(keyring.open(cut, &place()).err().unwrap(), SealError::Damaged, "{position}");
    }
    for text in ["", "vsealed:", "vsealed:1:", "vsealed:2:0011223344556677:AAAA", "vsealed:1:hunter2:AAAA"] {
        let error = keyring.open(text, &place()).err().unwrap();
        assert_eq!(error, SealError::Damaged);
        assert!(!error.to_string().contains("hunter2"));
    }
}

#[test]
fn a_key_that_is_not_here_is_named_and_a_former_one_still_opens() {
    let (old, new) = (keyring(1), keyring(3));
    let sealed = old.seal(&Secret::new("s3cr3t"), &place(), &SeededRandom::new(2)).unwrap();
    let error = new.open(&sealed, &place()).err().unwrap();
    assert_eq!(error, SealError::UnknownKey { sealed_with: old.key_id(), have: vec![new.key_id()] });
    assert!(!error.to_string().contains("s3cr3t"));

    let mut bytes = [0; 32];
    SeededRandom::new(1).fill(&mut bytes).unwrap();
    let both = new.with_former(MasterKey::from_text(&Secret::new(hex::encode(bytes))).unwrap());
    assert!(both.open(&sealed, &place()).unwrap().same_as("s3cr3t"));
    let again = both.seal(&Secret::new("s3cr3t"), &place(), &SeededRandom::new(9)).unwrap();
    assert_eq!(
        old.open(&again, &place()).err().unwrap(),
        SealError::UnknownKey { sealed_with: both.key_id(), have: vec![old.key_id()] }
    );
    assert!(!format!("{both:?}").contains(&hex::encode(bytes)));
}

#[test]
fn a_master_key_is_read_in_every_usual_form() {
    let id = |text: &str| MasterKey::from_text(&Secret::new(text)).map(|key| Keyring::new(key).key_id().to_owned());
    let expected = id(&"fb".repeat(32)).unwrap();
    for text in [
        "FB".repeat(32),
        format!("  {}\r\n", "fb".repeat(32)),
        "+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/s=".to_owned(),
        "-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_s".to_owned(),
    ] {
        assert_eq!(id(&text).unwrap(), expected, "{text}");
    }
    for text in [String::new(), "hunter2".to_owned(), "ab".repeat(31), "zz".repeat(32), "ab".repeat(33)] {
        let said = id(&text).unwrap_err().to_string();
        assert!(said.contains("openssl rand -hex 32"), "{said}");
        assert!(text.is_empty() || !said.contains(&text), "{said}");
    }
}

#[test]
fn a_key_file_that_holds_no_key_is_never_replaced() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("master.key");
    std::fs::write(&path, "").unwrap();
    let error = MasterKey::read_or_create(&path, &SystemRandom::new()).err().unwrap();
    assert!(error.to_string().contains("master.key\": expected 64 hex digits"), "{error}");
    assert_eq!(std::fs::read(&path).unwrap(), b"");
    assert!(MasterKey::read_file(Path::new("/nonexistent/key")).is_err());
}

#[test]
fn a_start_that_was_cut_off_does_not_stop_the_next() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("master.key");
    std::fs::write(folder.path().join("master.key.new"), "half").unwrap();
    let (made, origin) = MasterKey::read_or_create(&path, &SystemRandom::new()).unwrap();
    assert_eq!(origin, KeyOrigin::Made);
    let found = MasterKey::read_file(&path).unwrap();
    assert_eq!(Keyring::new(made).key_id(), Keyring::new(found).key_id());
}
