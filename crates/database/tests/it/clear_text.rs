//! What is left of a clear text on SQLite once it was replaced: nothing.

use std::future::poll_fn;
use std::path::PathBuf;
use std::pin::pin;
use std::task::Poll;

use tokio::sync::Notify;
use vestibule_database::{ClearRows, Database, RowHead, SealingPass, StoreError, Unsealable, sql};
use vestibule_testkit::databases::{Backend, TestDatabase};

/// A database with its write-ahead log.
struct Logged {
    place: TestDatabase,
    database: Database,
}

impl Logged {
    async fn open() -> Self {
        let place = TestDatabase::create(Backend::Sqlite).await;
        let database = Database::open(place.url()).await.unwrap();
        Self { place, database }
    }

    fn log(&self) -> PathBuf {
        let mut name = self.place.path().unwrap().as_os_str().to_owned();
        name.push("-wal");
        name.into()
    }

    fn size(&self) -> u64 {
        self.log().metadata().unwrap().len()
    }

    async fn insert(&self, name: &str) {
        let insert = sql("INSERT INTO vestibule_cert (owner, name) VALUES ('admin', ?)");
        insert.bind(name).execute(&self.database).await.unwrap();
    }
}

#[tokio::test]
async fn the_log_is_emptied_as_soon_as_nobody_reads_from_before() {
    let logged = Logged::open().await;
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(logged.place.path().unwrap());
    let foreign = sqlx::SqlitePool::connect_with(options).await.unwrap();
    let mut reading = foreign.begin().await.unwrap();
    sqlx::query("SELECT * FROM vestibule_cert").fetch_all(&mut *reading).await.unwrap();
    logged.insert("a").await;
    assert!(logged.size() > 0);

    logged.database.erase_clear_text().await.unwrap();
    assert!(logged.size() > 0, "nothing was to be erased, so nothing was done");
    logged.database.note_clear_text();
    logged.database.erase_clear_text().await.unwrap();
    assert!(logged.size() > 0, "the reader is in the way");
    reading.rollback().await.unwrap();
    logged.database.erase_clear_text().await.unwrap();
    assert_eq!(logged.size(), 0);
}

#[tokio::test]
async fn a_cancelled_erasure_is_finished_and_leaves_connections_as_they_were() {
    let logged = Logged::open().await;
    for polls in 1..=12 {
        logged.insert(&polls.to_string()).await;
        assert!(logged.size() > 0);
        logged.database.note_clear_text();
        cancel_after(polls, logged.database.erase_clear_text()).await;

        // As many as the pool has, each on a connection of its own.
        let asked = (0..8).map(|_| {
            let database = logged.database.clone();
            tokio::spawn(async move { sql("PRAGMA busy_timeout").fetch_number(&database).await.unwrap() })
        });
        for timeout in asked.collect::<Vec<_>>() {
            assert_eq!(timeout.await.unwrap(), 5_000, "cancelled after {polls} polls");
        }
        logged.database.erase_clear_text().await.unwrap();
        assert_eq!(logged.size(), 0, "cancelled after {polls} polls");
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
    logged: &'d Logged,
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
        self.logged.insert("a").await;
        self.committed.notify_one();
        std::future::pending().await
    }
}

#[tokio::test]
async fn a_sealing_that_is_cancelled_when_it_is_committed_is_still_erased() {
    let logged = Logged::open().await;
    let unsealable = Unsealable::default();
    let rows = Committed { logged: &logged, committed: Notify::new() };
    let mut pass = SealingPass::begin(&logged.database, &unsealable);
    tokio::select! {
        _ = pass.seal(&rows) => panic!("it does not end"),
        () = rows.committed.notified() => {}
    }
    assert!(logged.size() > 0);
    logged.database.erase_clear_text().await.unwrap();
    assert_eq!(logged.size(), 0);
}
