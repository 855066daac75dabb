//! SQLite: its settings, its files, and what is no database.

use std::collections::BTreeSet;

use tempfile::TempDir;
use vestibule_database::{Database, DbError, sql};

fn url(folder: &TempDir) -> String {
    format!("sqlite:{}", folder.path().join("vestibule.db").display())
}

#[tokio::test]
async fn a_database_has_the_settings_that_a_saved_key_needs() {
    let folder = TempDir::new().unwrap();
    let database = Database::open(&url(&folder)).await.unwrap();
    for (pragma, expected) in [("synchronous", 2), ("foreign_keys", 1), ("secure_delete", 1), ("busy_timeout", 5_000)] {
        let found = sql(format!("PRAGMA {pragma}")).fetch_number(&database).await.unwrap();
        assert_eq!(found, expected, "{pragma}");
    }
    let mode = sql("PRAGMA journal_mode").fetch_optional(&database).await.unwrap().unwrap();
    assert_eq!(mode.text("journal_mode").unwrap(), "wal");
}

#[cfg(unix)]
#[tokio::test]
async fn every_file_is_its_owners_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = TempDir::new().unwrap();
    let database = Database::open(&url(&folder)).await.unwrap();
    sql("INSERT INTO vestibule_cert (owner, name) VALUES ('admin', 'a')").execute(&database).await.unwrap();
    let mut seen = BTreeSet::new();
    for entry in folder.path().read_dir().unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
        let name = entry.file_name().into_string().unwrap();
        assert_eq!(mode, 0o600, "{name}");
        seen.insert(name);
    }
    for name in ["vestibule.db", "vestibule.db-wal", "vestibule.db-shm", "vestibule.db.lock"] {
        assert!(seen.contains(name), "{seen:?}");
    }
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
async fn each_memory_is_its_own() {
    let one = Database::open("sqlite::memory:").await.unwrap();
    let other = Database::open("sqlite::memory:").await.unwrap();
    sql("INSERT INTO vestibule_cert (owner, name) VALUES ('admin', 'a')").execute(&one).await.unwrap();
    let count = sql("SELECT COUNT(*) FROM vestibule_cert");
    assert_eq!(count.clone().fetch_number(&one).await.unwrap(), 1);
    assert_eq!(count.fetch_number(&other).await.unwrap(), 0);
}
