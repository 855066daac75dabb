//! Attempts on every database.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a test that panics has failed"
)]

use std::sync::Arc;

use vestibule_attempt_store::SqlAttempts;
use vestibule_database::{Database, Keyring, MasterKey};
use vestibule_login::{AttemptStore, Claim};
use vestibule_oauth_provider::{Digest, ErrorKind, Secret, SystemRandom};
use vestibule_testkit::databases::{TestDatabase, Value, on_every_database};
use vestibule_testkit::stores::{self, at};

fn keyring(digit: &str) -> Keyring {
    Keyring::new(MasterKey::from_text(&Secret::new(digit.repeat(64))).unwrap())
}

fn over(database: Database, keyring: Keyring) -> SqlAttempts {
    SqlAttempts::new(database, keyring, Arc::new(SystemRandom::new()))
}

/// An instance with a pool of its own, as another server has it.
async fn instance(database: &TestDatabase) -> SqlAttempts {
    over(Database::open(database.url()).await.unwrap(), keyring("1"))
}

async fn rows(database: &TestDatabase) -> u64 {
    database.query_texts("SELECT COUNT(*) FROM vestibule_used_attempt", &[]).await[0][0].parse().unwrap()
}

on_every_database! {
    async fn attempts_conform(database: TestDatabase) {
        stores::attempts([Arc::new(instance(&database).await), Arc::new(instance(&database).await)]).await;
    }

    async fn claims_stay_below_the_cap(database: TestDatabase) {
        stores::bounded_attempts(&instance(&database).await.with_cap(100), 100).await;
    }

    async fn a_flood_within_one_second_drops_no_more_than_it_has_to(database: TestDatabase) {
        let store = Arc::new(instance(&database).await.with_cap(100));
        let claims: Vec<_> = (0..250)
            .map(|number| {
                let store = store.clone();
                tokio::spawn(async move { store.claim(&Digest::of(&format!("{number}")), at(600)).await.unwrap() })
            })
            .collect();
        for claim in claims {
            assert_eq!(claim.await.unwrap(), Claim::First);
        }
        // What was under way when they were counted comes on top: one for each connection.
        let rows = rows(&database).await;
        assert!((90..=100 + 16).contains(&rows), "{rows}");
    }

    async fn several_instances_share_one_cap(database: TestDatabase) {
        let stores = [instance(&database).await.with_cap(128), instance(&database).await.with_cap(128)];
        for number in 0..400 {
            let key = Digest::of(&format!("{number}"));
            stores[number % 2].claim(&key, at(1_000 + u64::try_from(number).unwrap())).await.unwrap();
            assert!(rows_are_few(&database, number).await, "each exceeds it by one batch of two at most");
        }
    }

    async fn old_claims_are_swept_however_many_there_are(database: TestDatabase) {
        let store = instance(&database).await;
        let digits = "(SELECT 0 AS d UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4
            UNION ALL SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL SELECT 9)";
        let number = "a.d + 10 * b.d + 100 * c.d + 1000 * e.d + 10000 * f.d";
        let fill = format!(
            "INSERT INTO vestibule_used_attempt (attempt_key, expires_at)
             SELECT CONCAT('key ', {number}), 1000 + c.d FROM {digits} a, {digits} b, {digits} c, {digits} e, {digits} f
             WHERE f.d < 3"
        );
        database.execute(&fill, &[]).await;
        store.claim(&Digest::of("young"), at(2_000)).await.unwrap();
        assert_eq!(store.sweep(at(1_000)).await.unwrap(), 0);
        assert_eq!(store.sweep(at(1_009)).await.unwrap(), 27_000);
        assert_eq!(store.sweep(at(2_000)).await.unwrap(), 3_000);
        assert_eq!(rows(&database).await, 1);
    }

    async fn nothing_of_an_attempt_is_in_the_database_but_its_digest(database: TestDatabase) {
        let store = instance(&database).await;
        let key = Digest::of("STATE-IN-THE-CLEAR");
        store.seal(&key, &Secret::new("CONTENT-IN-THE-CLEAR")).unwrap();
        assert_eq!(rows(&database).await, 0, "who only begins leaves nothing");
        store.claim(&key, at(1_600)).await.unwrap();
        let stored = database.query_texts("SELECT attempt_key, expires_at FROM vestibule_used_attempt", &[]).await;
        assert_eq!(stored, [[key.to_string(), "1600".to_owned()]]);
    }

    async fn a_claim_that_another_client_wrote_counts(database: TestDatabase) {
        let store = instance(&database).await;
        let key = Digest::of("state").to_string();
        let statement = "INSERT INTO vestibule_used_attempt (attempt_key, expires_at) VALUES (?, ?)";
        database.execute(statement, &[Value::Text(&key), Value::Int(1_600)]).await;
        assert_eq!(store.claim(&Digest::of("state"), at(1_600)).await.unwrap(), Claim::AlreadyUsed);
    }

    async fn a_store_that_is_closed_is_unavailable(database: TestDatabase) {
        let closed = Database::open(database.url()).await.unwrap();
        let store = over(closed.clone(), keyring("1"));
        closed.close().await;
        let error = store.claim(&Digest::of("state"), at(1_600)).await.unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::Unavailable, "{}", error.report());
        assert_eq!(*store.sweep(at(1_600)).await.unwrap_err().kind(), ErrorKind::Unavailable);
    }
}

async fn rows_are_few(database: &TestDatabase, number: usize) -> bool {
    // Asked now and then: a client of its own connects each time.
    !number.is_multiple_of(40) || rows(database).await <= 128 + 2
}

#[tokio::test]
async fn an_attempt_that_another_master_key_sealed_may_be_opened_elsewhere() {
    let database = Database::open("sqlite::memory:").await.unwrap();
    let (ours, others) = (over(database.clone(), keyring("1")), over(database, keyring("2")));
    let key = Digest::of("state");
    let sealed = others.seal(&key, &Secret::new("content")).unwrap();
    let error = ours.open(&key, &sealed).await.err().unwrap();
    assert_eq!(*error.kind(), ErrorKind::Unavailable);
    assert!(error.message().contains("master key") && !error.message().contains(sealed.expose()), "{error}");
    assert!(others.open(&key, &sealed).await.unwrap().is_some());
}
