//! Secrets in the clear and sealed: what becomes of them, and where they open.

use vestibule_database::{Database, MASK};
use vestibule_oauth_provider::ErrorKind;
use vestibule_testkit::databases::{TestDatabase, Value, on_every_database};

use crate::house::*;

on_every_database! {
    async fn secrets_are_sealed_in_place_and_the_rest_stays_as_it_was_written(database: TestDatabase) {
        let house = House::open(database).await;
        let view = house.store.add(provider("a", CONFIG), ANNA).await.unwrap();
        let stored = house.stored_config("a").await;
        let (before, after) = CONFIG.split_once("CLEAR-SECRET-ONE").unwrap();
        assert!(stored.starts_with(&format!("{before}vsealed:1:")) && stored.ends_with(after), "{stored}");
        assert_eq!(house.found("a").await.unwrap(), CONFIG);
        assert_eq!(view.config, CONFIG.replace("CLEAR-SECRET-ONE", MASK));
        house.holds_no("CLEAR-SECRET-ONE").await;
        assert_eq!(house.store.get("admin", "a").await.unwrap(), view);
        assert!(!format!("{view:?}").contains("CLEAR-SECRET-ONE"));
        assert_eq!((view.display_name.as_str(), view.version, view.enabled), ("a", 1, true));
    }

    async fn a_sealed_secret_does_not_open_for_another_owner(database: TestDatabase) {
        let house = House::open(database).await;
        let view = house.store.add(provider("a", r#"{"clientSecret":"hunter2"}"#), ANNA).await.unwrap();
        let stored = house.stored_config("a").await;
        let refused = async |owner: &str| {
            let error = found(&house.store, owner, "a").await.unwrap_err();
            assert!(error.message().contains("was sealed for another owner, row, version or column"), "{error}");
        };

        house.sql("UPDATE vestibule_provider SET owner = 'mallory'", &[]).await;
        refused("mallory").await;
        house.sql("UPDATE vestibule_provider SET owner = 'admin'", &[]).await;
        assert_eq!(house.found("a").await.unwrap(), r#"{"clientSecret":"hunter2"}"#, "back where it was, it opens");

        // Out of a backup, after the row was deleted.
        house.store.delete("admin", "a", ANNA).await.unwrap();
        let insert = "INSERT INTO vestibule_provider (id, owner, name, type, config, version) VALUES (?, 'mallory', 'a', 'Test', ?, 1)";
        house.sql(insert, &[(&view.id).into(), (&stored).into()]).await;
        refused("mallory").await;
    }

    async fn a_clear_secret_from_plain_sql_works_and_is_then_in_no_file(database: TestDatabase) {
        let house = House::open(database).await;
        let twice = r#"{"clientSecret":"CLEAR-SECRET-TWO","clientSecret":"CLEAR-SECRET-TOO"}"#;
        house.insert("one", CONFIG).await;
        house.insert("two", r#"{"secondSecret":"CLEAR-SECRET-TWO"}"#).await;
        house.insert("three", twice).await;
        house.insert("nothing to seal", r#"{"id":"x","clientSecret":""}"#).await;
        assert!(house.holds("CLEAR-SECRET").await, "the search finds a clear secret");

        assert_eq!(house.found("one").await.unwrap(), CONFIG);
        assert_eq!(house.stored_config("one").await, CONFIG, "reading writes nothing");

        assert_eq!(house.store.examine().await.unwrap(), 3);
        assert_eq!(house.store.examine().await.unwrap(), 0);
        house.holds_no("CLEAR-SECRET").await;
        assert_eq!(house.found("one").await.unwrap(), CONFIG);
        assert_eq!(house.found("two").await.unwrap(), r#"{"secondSecret":"CLEAR-SECRET-TWO"}"#);
        assert_eq!(house.found("three").await.unwrap(), twice);

        // An edit by hand of a row that is sealed.
        let sealed = house.stored_config("two").await;
        let by_hand = sealed.replace('}', r#","clientSecret":"CLEAR-SECRET-NEW"}"#);
        house.sql("UPDATE vestibule_provider SET config = ? WHERE name = 'two'", &[(&by_hand).into()]).await;
        let edited = r#"{"secondSecret":"CLEAR-SECRET-TWO","clientSecret":"CLEAR-SECRET-NEW"}"#;
        assert_eq!(house.found("two").await.unwrap(), edited);
        assert_eq!(house.store.examine().await.unwrap(), 1);
        assert_eq!(house.found("two").await.unwrap(), edited);
        house.holds_no("CLEAR-SECRET").await;
    }

    async fn two_instances_seal_a_clear_secret_once(database: TestDatabase) {
        let house = House::open(database).await;
        let second = Database::open(house.foreign.url()).await.unwrap();
        house.insert_many(200, CONFIG).await;
        let stores = [house.store.clone(), store(&second, "1"), house.store.clone(), store(&second, "1")];
        let passes: Vec<_> =
            stores.into_iter().map(|store| tokio::spawn(async move { store.examine().await.unwrap() })).collect();
        let mut sealed = 0;
        for pass in passes {
            sealed += pass.await.unwrap();
        }
        assert_eq!(sealed, 200, "each row is sealed by exactly one of them");
        for number in 0..200 {
            assert_eq!(house.found(&number.to_string()).await.unwrap(), CONFIG);
        }
    }

    async fn a_sealed_secret_opens_in_no_other_row_field_version_or_installation(database: TestDatabase) {
        let house = House::open(database).await;
        house.store.add(provider("mine", r#"{"clientSecret":"mine"}"#), ANNA).await.unwrap();
        house.store.add(provider("yours", r#"{"clientSecret":"yours"}"#), ANNA).await.unwrap();

        let stranger = store(&house.database, "2");
        let error = found(&stranger, "admin", "mine").await.unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::Configuration);
        assert!(
            error
                .message()
                .starts_with("provider row \"admin/mine\", config: \"clientSecret\" is sealed with the master key"),
            "{error}"
        );
        assert_eq!(stranger.examine().await.unwrap(), 0);

        let mine = house.stored_config("mine").await;
        let another_field = mine.replace("clientSecret", "secondSecret");
        for (statement, value) in [
            ("UPDATE vestibule_provider SET config = ? WHERE name = 'yours'", Value::from(&mine)),
            ("UPDATE vestibule_provider SET config = ? WHERE name = 'yours'", Value::from(&another_field)),
            ("UPDATE vestibule_provider SET version = version + ? WHERE name = 'mine'", Value::from(1)),
        ] {
            house.sql(statement, &[value]).await;
            let name = if statement.contains("'mine'") { "mine" } else { "yours" };
            let error = house.found(name).await.unwrap_err();
            assert!(error.message().contains("was sealed for another owner, row, version or column"), "{error}");
        }

        house
            .sql(r#"UPDATE vestibule_provider SET config = '{"clientSecret":"vsealed:my own"}' WHERE name = 'yours'"#, &[])
            .await;
        let error = house.found("yours").await.unwrap_err();
        assert!(
            error.message().starts_with("provider row \"admin/yours\", config: \"clientSecret\" begins like"),
            "{error}"
        );
        assert!(!error.message().contains("my own"));
    }
}
