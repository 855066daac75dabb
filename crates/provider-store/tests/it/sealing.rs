//! Secrets in the clear and sealed: what becomes of them, and where they open.

use vestibule_database::{Database, MASK};
use vestibule_login::ProviderRows;
use vestibule_oauth_provider::ErrorKind;
use vestibule_testkit::files_with;

use crate::house::*;

#[tokio::test]
async fn secrets_are_sealed_in_place_and_the_rest_stays_as_it_was_written() {
    let house = House::open().await;
    let view = house.store.add(provider("a", CONFIG)).await.unwrap();
    let stored = house.stored_config("a").await;
    let (before, after) = CONFIG.split_once("CLEAR-SECRET-ONE").unwrap();
    assert!(stored.starts_with(&format!("{before}vsealed:1:")) && stored.ends_with(after), "{stored}");
    assert_eq!(house.found("a").await.unwrap(), CONFIG);
    assert_eq!(view.config, CONFIG.replace("CLEAR-SECRET-ONE", MASK));
    assert_eq!(files_with("CLEAR-SECRET-ONE", house.folder.path()), Vec::<String>::new());
    let listed = house.store.list(Some("admin")).await.unwrap();
    assert_eq!(listed, std::slice::from_ref(&view));
    assert!(!format!("{listed:?}").contains("CLEAR-SECRET-ONE"));
    assert_eq!((view.display_name.as_str(), view.version, view.enabled), ("a", 1, true));
}

#[tokio::test]
async fn a_sealed_secret_does_not_open_for_another_owner() {
    let house = House::open().await;
    let view = house.store.add(provider("a", r#"{"clientSecret":"hunter2"}"#)).await.unwrap();
    let stored = house.stored_config("a").await;
    let refused = async |owner: &str| {
        let error = house.store.find(owner, "a").await.unwrap_err();
        assert!(error.message().contains("was sealed for another owner, row, version or column"), "{error}");
    };

    house.sql("UPDATE vestibule_provider SET owner = 'mallory'", &[]).await;
    refused("mallory").await;
    house.sql("UPDATE vestibule_provider SET owner = 'admin'", &[]).await;
    assert_eq!(house.found("a").await.unwrap(), r#"{"clientSecret":"hunter2"}"#, "back where it was, it opens");

    // Out of a backup, after the row was deleted.
    house.store.delete("admin", "a").await.unwrap();
    let insert = "INSERT INTO vestibule_provider (id, owner, name, type, config, version) VALUES (?, 'mallory', 'a', 'Test', ?, 1)";
    house.sql(insert, &[&view.id, &stored]).await;
    refused("mallory").await;
}

#[tokio::test]
async fn a_clear_secret_from_plain_sql_works_and_is_then_in_no_file() {
    let house = House::open().await;
    let insert = "INSERT INTO vestibule_provider (owner, name, type, config) VALUES ('admin', ?, 'Test', ?)";
    let twice = r#"{"clientSecret":"CLEAR-SECRET-TWO","clientSecret":"CLEAR-SECRET-TOO"}"#;
    house.sql(insert, &["one", CONFIG]).await;
    house.sql(insert, &["two", r#"{"secondSecret":"CLEAR-SECRET-TWO"}"#]).await;
    house.sql(insert, &["three", twice]).await;
    house.sql(insert, &["nothing to seal", r#"{"id":"x","clientSecret":""}"#]).await;
    assert!(!files_with("CLEAR-SECRET", house.folder.path()).is_empty(), "the search finds a clear secret");

    assert_eq!(house.found("one").await.unwrap(), CONFIG);
    assert_eq!(house.stored_config("one").await, CONFIG, "reading writes nothing");

    assert_eq!(house.store.seal_clear_values().await.unwrap(), 3);
    assert_eq!(house.store.seal_clear_values().await.unwrap(), 0);
    assert_eq!(files_with("CLEAR-SECRET", house.folder.path()), Vec::<String>::new());
    assert_eq!(house.found("one").await.unwrap(), CONFIG);
    assert_eq!(house.found("two").await.unwrap(), r#"{"secondSecret":"CLEAR-SECRET-TWO"}"#);
    assert_eq!(house.found("three").await.unwrap(), twice);

    // An edit by hand of a row that is sealed.
    house
        .sql("UPDATE vestibule_provider SET config = json_set(config, '$.clientSecret', 'CLEAR-SECRET-NEW') WHERE name = 'two'", &[])
        .await;
    let edited = r#"{"secondSecret":"CLEAR-SECRET-TWO","clientSecret":"CLEAR-SECRET-NEW"}"#;
    assert_eq!(house.found("two").await.unwrap(), edited);
    assert_eq!(house.store.seal_clear_values().await.unwrap(), 1);
    assert_eq!(house.found("two").await.unwrap(), edited);
    assert_eq!(files_with("CLEAR-SECRET", house.folder.path()), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_instances_seal_a_clear_secret_once() {
    let house = House::open().await;
    let second = Database::open(&format!("sqlite:{}", house.folder.path().join("test.db").display())).await.unwrap();
    for number in 0..200 {
        sqlx::query("INSERT INTO vestibule_provider (owner, name, type, config) VALUES ('admin', ?, 'Test', ?)")
            .bind(number.to_string())
            .bind(CONFIG)
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
    assert_eq!(sealed, 200, "each row is sealed by exactly one of them");
    for number in 0..200 {
        assert_eq!(house.found(&number.to_string()).await.unwrap(), CONFIG);
    }
}

#[tokio::test]
async fn a_sealed_secret_opens_in_no_other_row_field_version_or_installation() {
    let house = House::open().await;
    house.store.add(provider("mine", r#"{"clientSecret":"mine"}"#)).await.unwrap();
    house.store.add(provider("yours", r#"{"clientSecret":"yours"}"#)).await.unwrap();

    let stranger = store(&house.database, "2");
    let error = stranger.find("admin", "mine").await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Configuration);
    assert!(
        error
            .message()
            .starts_with("provider row \"admin/mine\", config: \"clientSecret\" is sealed with the master key"),
        "{error}"
    );
    assert_eq!(stranger.seal_clear_values().await.unwrap(), 0);

    let mine = house.stored_config("mine").await;
    for (statement, value) in [
        ("UPDATE vestibule_provider SET config = ? WHERE name = 'yours'", mine.clone()),
        ("UPDATE vestibule_provider SET config = ? WHERE name = 'yours'", mine.replace("clientSecret", "secondSecret")),
        ("UPDATE vestibule_provider SET version = version + ? WHERE name = 'mine'", "1".to_owned()),
    ] {
        house.sql(statement, &[&value]).await;
        let name = if statement.contains("'mine'") { "mine" } else { "yours" };
        let error = house.store.find("admin", name).await.unwrap_err();
        assert!(error.message().contains("was sealed for another owner, row, version or column"), "{error}");
    }

    house
        .sql(r#"UPDATE vestibule_provider SET config = '{"clientSecret":"vsealed:my own"}' WHERE name = 'yours'"#, &[])
        .await;
    let error = house.store.find("admin", "yours").await.unwrap_err();
    assert!(
        error.message().starts_with("provider row \"admin/yours\", config: \"clientSecret\" begins like"),
        "{error}"
    );
    assert!(!error.message().contains("my own"));
}
