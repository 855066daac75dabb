//! What a [`Setup`] decides holds in the installation.

use std::sync::Arc;
use std::time::Duration;

use vestibule::login::Begin;
use vestibule::{Setup, Vestibule};
use vestibule_database::{Database, sql};
use vestibule_testkit::FixedClock;
use vestibule_testkit::databases::{TestDatabase, on_every_database};

use crate::begins;

async fn setup(database: &TestDatabase) -> Setup {
    let opened = Database::open(database.url()).await.unwrap();
    let row = "INSERT INTO vestibule_provider (owner, name, type, config) VALUES ('acme', 'main', 'Begins', '{}')";
    database.execute(row, &[]).await;
    begins::setup(opened, Arc::new(FixedClock::new()))
}

/// Begins a login, and says how long it lasts.
async fn begin(vestibule: &Vestibule) -> Duration {
    vestibule.logins().begin(Begin::sign_in("acme", "main")).await.unwrap().expires_in
}

on_every_database! {
    async fn attempts_last_as_long_as_the_setup_says(database: TestDatabase) {
        let mut setup = setup(&database).await;
        setup.attempt_lifetime = Duration::from_secs(90);
        let vestibule = Vestibule::new(setup).unwrap();
        assert_eq!(begin(&vestibule).await, Duration::from_secs(90));
        vestibule.database().close().await;
    }

    async fn a_thousand_sign_ins_that_are_begun_and_abandoned_leave_nothing_behind(database: TestDatabase) {
        let vestibule = Vestibule::new(setup(&database).await).unwrap();
        for _ in 0..1_000 {
            assert_eq!(begin(&vestibule).await, Duration::from_secs(600), "unless the setup says otherwise");
        }
        let stored = sql("SELECT COUNT(*) FROM vestibule_used_attempt").fetch_number(vestibule.database()).await;
        assert_eq!(stored.unwrap(), 0);
        vestibule.database().close().await;
    }
}
