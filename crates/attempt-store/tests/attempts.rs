//! Attempts in SQLite.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a test that panics has failed"
)]

use std::sync::Arc;

use tempfile::TempDir;
use vestibule_attempt_store::SqlAttempts;
use vestibule_database::{Database, Keyring, MasterKey};
use vestibule_login::{AttemptStore, Taken};
use vestibule_oauth_provider::{Digest, Secret, SystemRandom};
use vestibule_testkit::stores::{self, at, stored_attempt};

fn keyring(digit: &str) -> Keyring {
    Keyring::new(MasterKey::from_text(&Secret::new(digit.repeat(64))).unwrap())
}

fn attempts(database: &Database) -> SqlAttempts {
    SqlAttempts::new(database.clone(), keyring("1"), Arc::new(SystemRandom::new()))
}

async fn in_file() -> (TempDir, Database) {
    let folder = TempDir::new().unwrap();
    let database = Database::open(&format!("sqlite:{}", folder.path().join("test.db").display())).await.unwrap();
    (folder, database)
}

async fn rows(database: &Database) -> i64 {
    sqlx::query_scalar("SELECT COUNT(*) FROM vestibule_attempt").fetch_one(database.sqlite()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn attempts_in_a_file_conform() {
    let (_folder, database) = in_file().await;
    stores::attempts(Arc::new(attempts(&database))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn attempts_in_memory_conform() {
    let database = Database::open("sqlite::memory:").await.unwrap();
    stores::attempts(Arc::new(attempts(&database))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_instances_on_one_file_hand_an_attempt_out_once() {
    let (folder, first) = in_file().await;
    let second = Database::open(&format!("sqlite:{}", folder.path().join("test.db").display())).await.unwrap();
    let stores = [Arc::new(attempts(&first)), Arc::new(attempts(&second))];
    stores[0].put(stored_attempt("race", "prize", 1_000)).await.unwrap();
    let racers: Vec<_> = (0..64)
        .map(|number| {
            let store = stores[number % 2].clone();
            tokio::spawn(async move { store.take(&Digest::of("race")).await.unwrap() })
        })
        .collect();
    let mut winners = 0;
    for racer in racers {
        winners += usize::from(matches!(racer.await.unwrap(), Taken::Fresh(_)));
    }
    assert_eq!(winners, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_flood_stays_below_the_cap_and_the_latest_stay() {
    let database = Database::open("sqlite::memory:").await.unwrap();
    let store = Arc::new(attempts(&database).with_cap(100));
    store.put(stored_attempt("expired", "x", 1)).await.unwrap();
    for number in 0..500 {
        store.put(stored_attempt(&format!("{number}"), "x", 10_000 + number)).await.unwrap();
        assert!(rows(&database).await <= 100);
    }
    for (state, there) in [("expired", false), ("0", false), ("300", false), ("450", true), ("499", true)] {
        let taken = store.take(&Digest::of(state)).await.unwrap();
        assert_eq!(matches!(taken, Taken::Fresh(_)), there, "{state}");
    }

    let floods: Vec<_> = (0..300)
        .map(|number| {
            let store = store.clone();
            tokio::spawn(async move { store.put(stored_attempt(&format!("flood {number}"), "x", 20_000)).await })
        })
        .collect();
    for flood in floods {
        flood.await.unwrap().unwrap();
    }
    assert!((90..=100).contains(&rows(&database).await));
}

#[tokio::test]
async fn expired_attempts_make_room_before_young_ones() {
    let database = Database::open("sqlite::memory:").await.unwrap();
    let store = attempts(&database).with_cap(10);
    // The first to come is the one that lives longest.
    let mut patient = stored_attempt("patient", "x", 1_000);
    patient.expires_at = at(90_000);
    store.put(patient).await.unwrap();
    for number in 0..9 {
        store.put(stored_attempt(&format!("short {number}"), "x", 1_000 + number)).await.unwrap();
    }
    store.put(stored_attempt("new", "x", 50_000)).await.unwrap();
    assert_eq!(rows(&database).await, 2);
    assert!(matches!(store.take(&Digest::of("patient")).await.unwrap(), Taken::Fresh(_)));
}

#[tokio::test]
async fn neither_state_nor_content_is_in_the_files() {
    let (folder, database) = in_file().await;
    let store = attempts(&database);
    store.put(stored_attempt("STATE-IN-THE-CLEAR", "CONTENT-IN-THE-CLEAR", 1_000)).await.unwrap();
    let mut searched = 0;
    for entry in folder.path().read_dir().unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        searched += bytes.len();
        let holds = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
        assert!(!holds("STATE-IN-THE-CLEAR") && !holds("CONTENT-IN-THE-CLEAR"));
    }
    assert!(searched > 10_000);
}

#[tokio::test]
async fn a_taken_attempt_keeps_no_content() {
    let database = Database::open("sqlite::memory:").await.unwrap();
    let store = attempts(&database);
    store.put(stored_attempt("a", "content", 1_000)).await.unwrap();
    store.take(&Digest::of("a")).await.unwrap();
    let content: String =
        sqlx::query_scalar("SELECT content FROM vestibule_attempt").fetch_one(database.sqlite()).await.unwrap();
    assert_eq!(content, "");
}

#[tokio::test]
async fn content_moved_to_another_attempt_does_not_open() {
    let database = Database::open("sqlite::memory:").await.unwrap();
    let store = attempts(&database);
    store.put(stored_attempt("a", "content", 1_000)).await.unwrap();
    store.put(stored_attempt("b", "other", 1_000)).await.unwrap();
    sqlx::query("UPDATE vestibule_attempt SET content = (SELECT content FROM vestibule_attempt WHERE key = ?)")
        .bind(Digest::of("a").to_string())
        .execute(database.sqlite())
        .await
        .unwrap();
    let error = store.take(&Digest::of("b")).await.err().unwrap();
    assert!(error.message().contains("sealed for another owner, row"), "{error}");
    assert!(matches!(store.take(&Digest::of("a")).await.unwrap(), Taken::Fresh(_)));
}

#[tokio::test]
async fn an_instance_with_another_master_key_uses_nothing_up() {
    let database = Database::open("sqlite::memory:").await.unwrap();
    let store = attempts(&database);
    let stranger = SqlAttempts::new(database.clone(), keyring("2"), Arc::new(SystemRandom::new()));
    store.put(stored_attempt("a", "content", 1_000)).await.unwrap();
    assert!(stranger.take(&Digest::of("a")).await.is_err());
    assert!(matches!(store.take(&Digest::of("a")).await.unwrap(), Taken::Fresh(_)));
}
