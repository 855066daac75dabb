//! What an installation remembers about itself.

use vestibule_database::{Database, keep_setting, setting};
use vestibule_testkit::databases::{TestDatabase, on_every_database};

on_every_database! {
    async fn a_setting_is_kept_and_replaced(place: TestDatabase) {
        let database = Database::open(place.url()).await.unwrap();
        assert_eq!(setting(&database, "fingerprint").await.unwrap(), None);
        for value in ["支付宝", "", "", "b"] {
            keep_setting(&database, "fingerprint", value).await.unwrap();
            assert_eq!(setting(&database, "fingerprint").await.unwrap().as_deref(), Some(value));
        }
        keep_setting(&database, "Fingerprint", "other").await.unwrap();
        assert_eq!(setting(&database, "fingerprint").await.unwrap().as_deref(), Some("b"));
    }

    async fn of_many_at_once_one_holds_and_none_fails(place: TestDatabase) {
        let database = Database::open(place.url()).await.unwrap();
        let kept: Vec<_> = (0..8)
            .map(|number| {
                let database = database.clone();
                tokio::spawn(async move { keep_setting(&database, "a", &number.to_string()).await })
            })
            .collect();
        for kept in kept {
            kept.await.unwrap().unwrap();
        }
        let value = setting(&database, "a").await.unwrap().unwrap();
        assert!((0..8).contains(&value.parse::<i32>().unwrap()));
    }
}
