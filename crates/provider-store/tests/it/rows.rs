//! Storing, showing, finding and listing rows.

use vestibule_database::{Database, StoreError};
use vestibule_login::ProviderRows;
use vestibule_oauth_provider::ErrorKind;
use vestibule_provider_store::{NewProvider, ProviderView};
use vestibule_testkit::stores;

use crate::house::*;

#[tokio::test]
async fn rows_inserted_with_plain_sql_conform() {
    stores::provider_rows(&PlainSql(House::open().await)).await;
}

#[tokio::test]
async fn rows_that_we_store_conform() {
    let database = Database::open("sqlite::memory:").await.unwrap();
    stores::provider_rows(&OurOwn(store(&database, "1"))).await;
}

#[tokio::test]
async fn a_replacement_keeps_the_id_and_the_mask_keeps_the_secret() {
    let house = House::open().await;
    let first = house.store.add(provider("a", r#"{"clientSecret":"one","secondSecret":"two"}"#)).await.unwrap();
    let second = house.store.replace(provider("a", r#"{"secondSecret":"zwei","clientSecret":"***"}"#)).await.unwrap();
    assert_eq!((second.id.as_str(), second.version), (first.id.as_str(), 2));
    assert_eq!(house.found("a").await.unwrap(), r#"{"secondSecret":"zwei","clientSecret":"one"}"#);

    house.store.replace(provider("a", r#"{"clientSecret":null,"secondSecret":""}"#)).await.unwrap();
    assert_eq!(house.stored_config("a").await, r#"{"clientSecret":null,"secondSecret":""}"#);
    let nothing_kept = house.store.replace(provider("a", r#"{"clientSecret":"***"}"#)).await.unwrap_err();
    assert!(nothing_kept.to_string().contains("none is stored; give the secret"), "{nothing_kept}");
    assert!(matches!(house.store.replace(provider("b", "{}")).await, Err(StoreError::NotFound(_))));
    assert!(matches!(house.store.add(provider("a", "{}")).await, Err(StoreError::AlreadyExists(_))));

    house.store.disable("admin", "a").await.unwrap();
    assert!(!house.store.get("admin", "a").await.unwrap().enabled);
    house.store.enable("admin", "a").await.unwrap();
    assert!(house.store.get("admin", "a").await.unwrap().enabled);
    assert!(matches!(house.store.disable("admin", "b").await, Err(StoreError::NotFound(_))));
}

#[tokio::test]
async fn a_masked_secret_is_not_kept_when_it_may_be_sent_somewhere_else() {
    let house = House::open().await;
    let first = r#"{"id":"1","clientSecret":"one","tokenUrl":"https://a.example/","environment":"sandbox","secondSecret":null}"#;
    house.store.add(provider("a", first)).await.unwrap();
    let evil = "https://evil.example/";
    for (config, changed) in [
        (format!(r#"{{"clientSecret":"***","tokenUrl":"{evil}","environment":"sandbox"}}"#), "tokenUrl"),
        (r#"{"clientSecret":"***","environment":"sandbox"}"#.to_owned(), "tokenUrl"),
        (r#"{"clientSecret":"***","tokenUrl":null,"environment":"sandbox"}"#.to_owned(), "tokenUrl"),
        (r#"{"clientSecret":"***","tokenUrl":["https://a.example/"],"environment":"sandbox"}"#.to_owned(), "tokenUrl"),
        (
            format!(
                r#"{{"clientSecret":"***","tokenUrl":"https://a.example/","tokenUrl":"{evil}","environment":"sandbox"}}"#
            ),
            "tokenUrl",
        ),
        (
            r#"{"clientSecret":"***","tokenUrl":"https://a.example/","environment":"production"}"#.to_owned(),
            "environment",
        ),
        (r#"{"clientSecret":"***","tokenUrl":"https://a.example/"}"#.to_owned(), "environment"),
    ] {
        let said = house.store.replace(provider("a", &config)).await.unwrap_err().to_string();
        assert_eq!(
            said,
            format!(
                "provider row \"admin/a\", config: \"clientSecret\" is \"***\", which keeps a stored secret, and \"{changed}\", which may say where it is \
                 sent, is another than before; give the secret"
            )
        );
        assert_eq!(house.found("a").await.unwrap(), first, "and nothing was written");
    }

    // What else is changed, and how the same is written, makes no difference; and whoever knows the secret may change all.
    let same = r#"{"id":"2","tokenUrl":"https:\/\/a.example/","clientSecret":"***","environment":"sandbox"}"#;
    house.store.replace(provider("a", same)).await.unwrap();
    assert_eq!(house.found("a").await.unwrap(), same.replace("***", "one"));
    let known = format!(r#"{{"clientSecret":"one","tokenUrl":"{evil}"}}"#);
    house.store.replace(provider("a", &known)).await.unwrap();
    assert_eq!(house.found("a").await.unwrap(), known);
}

#[tokio::test]
async fn sign_in_options_are_the_enabled_oauth_rows_by_owner_and_name() {
    let house = House::open().await;
    assert_eq!(house.store.sign_in_options(10).await.unwrap(), []);
    let insert = "INSERT INTO vestibule_provider (owner, name, display_name, category, type, enabled, config)
        VALUES (?, ?, ?, ?, 'Test', ?, json_object('clientSecret', hex(zeroblob(200000))))";
    for [owner, name, display_name, category, enabled] in [
        ["b", "two", "", "OAuth", "1"],
        ["b", "one", "The First", "OAuth", "1"],
        ["a", "off", "", "OAuth", "0"],
        ["a", "captcha", "", "Captcha", "1"],
        ["a", "z", &"支".repeat(1_000), "OAuth", "1"],
    ] {
        house.sql(insert, &[owner, name, display_name, category, enabled]).await;
    }
    let no_uuid = "INSERT INTO vestibule_provider (id, owner, name, type)
        VALUES ('------------------------------------', 'a', 'id', 'Test')";
    house.sql(no_uuid, &[]).await;
    let options = house.store.sign_in_options(10).await.unwrap();
    let shown: Vec<_> = options
        .iter()
        .map(|option| (option.owner.as_str(), option.name.as_str(), option.display_name.as_str(), option.kind.as_str()))
        .collect();
    let capped = "支".repeat(200);
    assert_eq!(
        shown,
        [("a", "z", capped.as_str(), "Test"), ("b", "one", "The First", "Test"), ("b", "two", "two", "Test")]
    );
    assert_eq!(options[1].id.to_string(), house.store.get("b", "one").await.unwrap().id);
}

#[tokio::test]
async fn no_owner_pushes_anothers_sign_in_options_out() {
    let house = House::open().await;
    let many =
        "WITH RECURSIVE numbers (number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM numbers WHERE number < 500)
        INSERT INTO vestibule_provider (owner, name, type) SELECT ?, format('%03d', number), 'Test' FROM numbers";
    house.sql(many, &["a"]).await;
    house.sql(many, &["b"]).await;
    for name in ["one", "two"] {
        house.sql("INSERT INTO vestibule_provider (owner, name, type) VALUES ('z', ?, 'Test')", &[name]).await;
    }
    let options = house.store.sign_in_options(10).await.unwrap();
    let names: Vec<_> = options.iter().map(|option| format!("{}/{}", option.owner, option.name)).collect();
    assert_eq!(names, ["a/001", "a/002", "a/003", "a/004", "b/001", "b/002", "b/003", "b/004", "z/one", "z/two"]);
    assert_eq!(house.store.sign_in_options(2_000).await.unwrap().len(), 1_002);
}

#[tokio::test]
async fn what_cannot_be_a_config_is_refused_without_repeating_it() {
    let house = House::open().await;
    let unknown = NewProvider { kind: "Tset".to_owned(), ..provider("a", "{}") };
    let error = house.store.add(unknown).await.unwrap_err().to_string();
    assert!(error.contains("provider type \"Tset\" is not known here; known types: \"Test\""), "{error}");
    for (config, said) in [
        ("", "expected a json object"),
        ("[\"hunter2\"]", "expected a json object"),
        ("{\"clientSecret\": \"hunter2\"", "is not valid json (line 1"),
        ("{\"clientSecret\": [\"hunter2\"]}", "\"clientSecret\": expected a string"),
        ("{\"clientSecret\": 1234567}", "\"clientSecret\": expected a string"),
        ("{\"clientSecret\": \"vsealed:hunter2\"}", "give the secret in the clear"),
        ("{\"clientSecret\": \"***\"}", "none is stored"),
        (
            "{\"clientSecert\": \"hunter2\"}",
            "\"clientSecert\" is not a field of type \"Test\"; its fields: \"id\", \"clientSecret\"",
        ),
        (&format!("{{\"id\":\"{}\"}}", "x".repeat(70_000)), "is longer than"),
    ] {
        let error = house.store.add(provider("a", config)).await.unwrap_err();
        assert!(matches!(error, StoreError::Refused(_)), "{error:?}");
        let said_it = error.to_string();
        assert!(said_it.starts_with("provider row \"admin/a\", config: ") && said_it.contains(said), "{said_it}");
        assert!(!said_it.contains("hunter2") && !said_it.contains("1234567"), "{said_it}");
    }
    assert!(house.store.add(provider("a/b", "{}")).await.is_err());
    assert!(house.store.list(None).await.unwrap().is_empty());
}

#[tokio::test]
async fn rows_that_nobody_should_insert_name_themselves_and_hide_no_others() {
    let house = House::open().await;
    house.store.add(provider("good", CONFIG)).await.unwrap();
    house
        .sql(
            "INSERT INTO vestibule_provider (owner, name, type, config)
            VALUES ('admin', 'huge', 'Test', json_object('clientSecret', hex(zeroblob(200000))))",
            &[],
        )
        .await;
    house
        .sql(
            r#"INSERT INTO vestibule_provider (id, owner, name, type, config)
            VALUES ('------------------------------------', 'admin', 'id', 'Test', '{"clientSecret":"CLEAR-SECRET"}')"#,
            &[],
        )
        .await;
    for (name, said) in [("huge", "config: is longer than"), ("id", "its id is not a UUID")] {
        let error = house.store.find("admin", name).await.unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::Configuration);
        assert!(
            error.message().starts_with(&format!("provider row \"admin/{name}\"")) && error.message().contains(said),
            "{error}"
        );
    }
    let listed = house.store.list(None).await.unwrap();
    assert_eq!(listed.len(), 3);
    assert!(!format!("{listed:?}").contains("CLEAR-SECRET"));
    assert_eq!(house.store.seal_clear_values().await.unwrap(), 0);
}

#[tokio::test]
async fn a_row_of_unknown_type_is_found_and_shown_with_every_value_masked() {
    let house = House::open().await;
    let insert = "INSERT INTO vestibule_provider (owner, name, type, config) VALUES ('admin', 'later', 'Later', ?)";
    house.sql(insert, &[r#"{"a":"hunter2","b":["hunter2"],"c":null}"#]).await;
    let row = house.store.find("admin", "later").await.unwrap().unwrap();
    assert_eq!(row.kind, "Later");
    let ProviderView { config, error, .. } = house.store.get("admin", "later").await.unwrap();
    assert_eq!((config.as_str(), error), (r#"{"a":"***","b":"***","c":null}"#, None));
}

#[tokio::test]
async fn a_misspelt_secret_is_not_shown() {
    let house = House::open().await;
    let insert = "INSERT INTO vestibule_provider (owner, name, type, config) VALUES ('admin', 'a', 'Test', ?)";
    house.sql(insert, &[r#"{"id":"x","clientSecert":"hunter2"}"#]).await;
    assert_eq!(house.store.get("admin", "a").await.unwrap().config, r#"{"id":"x","clientSecert":"***"}"#);
}
