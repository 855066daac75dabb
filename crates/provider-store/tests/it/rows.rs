//! Storing, showing, replacing and renaming rows.

use vestibule_database::{Order, Page, StoreError};
use vestibule_oauth_provider::ErrorKind;
use vestibule_provider_store::{NewProvider, ProviderFilter, ProviderView, Sort};
use vestibule_testkit::databases::{Backend, TestDatabase, on_every_database};

use crate::house::*;

on_every_database! {
    async fn a_replacement_keeps_the_id_and_the_mask_keeps_the_secret(database: TestDatabase) {
        let house = House::open(database).await;
        let first = house.store.add(provider("a", r#"{"clientSecret":"one","secondSecret":"two"}"#), ANNA).await.unwrap();
        let second = house.store.replace(provider("a", r#"{"secondSecret":"zwei","clientSecret":"***"}"#), None, ANNA).await.unwrap();
        assert_eq!((second.id.as_str(), second.version), (first.id.as_str(), 2));
        assert_eq!(house.found("a").await.unwrap(), r#"{"secondSecret":"zwei","clientSecret":"one"}"#);

        house.store.replace(provider("a", r#"{"clientSecret":null,"secondSecret":""}"#), None, ANNA).await.unwrap();
        assert_eq!(house.stored_config("a").await, r#"{"clientSecret":null,"secondSecret":""}"#);
        let nothing_kept = house.store.replace(provider("a", r#"{"clientSecret":"***"}"#), None, ANNA).await.unwrap_err();
        assert!(nothing_kept.to_string().contains("none is stored; give the secret"), "{nothing_kept}");
        assert!(matches!(house.store.replace(provider("b", "{}"), None, ANNA).await, Err(StoreError::NotFound(_))));
        assert!(matches!(house.store.add(provider("a", "{}"), ANNA).await, Err(StoreError::AlreadyExists(_))));

        house.store.disable("admin", "a", ANNA).await.unwrap();
        assert!(!house.store.get("admin", "a").await.unwrap().enabled);
        house.store.enable("admin", "a", ANNA).await.unwrap();
        assert!(house.store.get("admin", "a").await.unwrap().enabled);
        assert!(matches!(house.store.disable("admin", "b", ANNA).await, Err(StoreError::NotFound(_))));
    }

    async fn of_two_who_replace_a_row_that_both_saw_one_does(database: TestDatabase) {
        let house = House::open(database).await;
        let seen = house.store.add(provider("a", r#"{"id":"1"}"#), ANNA).await.unwrap().version;
        house.store.replace(provider("a", r#"{"id":"2"}"#), Some(seen), ANNA).await.unwrap();
        let late = house.store.replace(provider("a", r#"{"id":"3"}"#), Some(seen), "bert").await.unwrap_err();
        assert!(matches!(late, StoreError::Changed(_)), "{late}");
        assert_eq!(house.found("a").await.unwrap(), r#"{"id":"2"}"#);

        let racing: Vec<_> = (0..8)
            .map(|number| {
                let store = house.store.clone();
                let row = provider("a", &format!(r#"{{"id":"{number}","cert":"{number}"}}"#));
                tokio::spawn(async move { store.replace(row, Some(2), ANNA).await })
            })
            .collect();
        let mut won = Vec::new();
        for replaced in racing {
            match replaced.await.unwrap() {
                Ok(view) => won.push(view.config),
                Err(StoreError::Changed(_) | StoreError::Database(_)) => {}
                Err(error) => panic!("{error}"),
            }
        }
        assert_eq!(won.len(), 1, "{won:?}");
        assert_eq!(house.found("a").await.unwrap(), won[0]);
        let references = house.texts("SELECT cert_name FROM vestibule_provider_cert").await.concat().concat();
        assert!(won[0].contains(&format!(r#""cert":"{references}""#)), "{won:?} {references}");
    }

    async fn a_new_name_keeps_the_row_and_opens_its_secrets(database: TestDatabase) {
        let house = House::open(database).await;
        let before = house.store.add(provider("a", r#"{"clientSecret":"one"}"#), ANNA).await.unwrap();
        house.store.add(provider("taken", "{}"), ANNA).await.unwrap();
        assert!(matches!(house.store.rename("admin", "a", "taken", ANNA).await, Err(StoreError::AlreadyExists(_))));
        house.store.rename("admin", "a", "支", ANNA).await.unwrap();
        let after = house.store.get("admin", "支").await.unwrap();
        assert_eq!((after.id, after.version), (before.id, before.version));
        assert_eq!(house.found("支").await.unwrap(), r#"{"clientSecret":"one"}"#);
        assert!(matches!(house.store.get("admin", "a").await, Err(StoreError::NotFound(_))));
    }

    async fn what_no_database_would_take_is_refused_in_the_same_words(database: TestDatabase) {
        let house = House::open(database).await;
        for (row, said) in [
            (NewProvider { display_name: "x".repeat(201), ..provider("a", "{}") }, "the display name has 201 characters"),
            (NewProvider { display_name: "a\0b".to_owned(), ..provider("a", "{}") }, "the display name has a control character"),
            (NewProvider { category: "x".repeat(101), ..provider("a", "{}") }, "the category has 101 characters"),
        ] {
            let error = house.store.add(row, ANNA).await.unwrap_err();
            assert!(matches!(error, StoreError::Refused(_)) && error.to_string().contains(said), "{error}");
        }
        let long = NewProvider { display_name: "支".repeat(200), ..provider("a", "{}") };
        assert_eq!(house.store.add(long, ANNA).await.unwrap().display_name, "支".repeat(200));
        for (owner, name) in [("admin\0", "a"), ("admin", "a\0")] {
            assert!(matches!(house.store.get(owner, name).await, Err(StoreError::NotFound(_))));
        }
    }

    async fn a_masked_secret_is_not_kept_when_it_may_be_sent_somewhere_else(database: TestDatabase) {
        let house = House::open(database).await;
        let first = r#"{"id":"1","clientSecret":"one","tokenUrl":"https://a.example/","environment":"sandbox","secondSecret":null}"#;
        house.store.add(provider("a", first), ANNA).await.unwrap();
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
            let said = house.store.replace(provider("a", &config), None, ANNA).await.unwrap_err().to_string();
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
        house.store.replace(provider("a", same), None, ANNA).await.unwrap();
        assert_eq!(house.found("a").await.unwrap(), same.replace("***", "one"));
        let known = format!(r#"{{"clientSecret":"one","tokenUrl":"{evil}"}}"#);
        house.store.replace(provider("a", &known), None, ANNA).await.unwrap();
        assert_eq!(house.found("a").await.unwrap(), known);
    }

    async fn what_cannot_be_a_config_is_refused_without_repeating_it(database: TestDatabase) {
        let house = House::open(database).await;
        let unknown = NewProvider { kind: "Tset".to_owned(), ..provider("a", "{}") };
        let error = house.store.add(unknown, ANNA).await.unwrap_err().to_string();
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
            let error = house.store.add(provider("a", config), ANNA).await.unwrap_err();
            assert!(matches!(error, StoreError::Refused(_)), "{error:?}");
            let said_it = error.to_string();
            assert!(said_it.starts_with("provider row \"admin/a\", config: ") && said_it.contains(said), "{said_it}");
            assert!(!said_it.contains("hunter2") && !said_it.contains("1234567"), "{said_it}");
        }
        assert!(house.store.add(provider("a/b", "{}"), ANNA).await.is_err());
        let nothing = house.texts("SELECT id FROM vestibule_provider UNION ALL SELECT row_id FROM vestibule_change").await;
        assert_eq!(nothing, Vec::<Vec<String>>::new());
    }

    async fn rows_that_nobody_should_insert_name_themselves_and_hide_no_others(database: TestDatabase) {
        let house = House::open(database).await;
        house.store.add(provider("good", CONFIG), ANNA).await.unwrap();
        house.insert("huge", &format!(r#"{{"clientSecret":"{}"}}"#, "CLEAR-SECRET".repeat(30_000))).await;
        let mut bad = vec![("huge", "config: is longer than")];
        if house.foreign.backend() == Backend::Sqlite {
            let insert = "INSERT INTO vestibule_provider (id, owner, name, type, config)
                VALUES ('------------------------------------', 'admin', 'id', 'Test', ?)";
            house.sql(insert, &[r#"{"clientSecret":"CLEAR-SECRET"}"#.into()]).await;
            bad.push(("id", "its id is not a UUID"));
        }
        for (name, said) in &bad {
            let error = house.found(name).await.unwrap_err();
            assert_eq!(*error.kind(), ErrorKind::Configuration);
            assert!(
                error.message().starts_with(&format!("provider row \"admin/{name}\"")) && error.message().contains(said),
                "{error}"
            );
            let view = house.store.get("admin", name).await.unwrap();
            assert!(!format!("{view:?}").contains("CLEAR-SECRET"));
        }
        let all = house.store.list(&ProviderFilter::default(), Sort::Name, Order::Ascending, Page::default()).await.unwrap();
        assert_eq!(all.total, 1 + u64::try_from(bad.len()).unwrap());
        assert_eq!(house.store.examine().await.unwrap(), 0);
    }

    async fn a_row_of_unknown_type_is_found_and_shown_with_every_value_masked(database: TestDatabase) {
        let house = House::open(database).await;
        house.insert_of("Later", "admin", "later", r#"{"a":"hunter2","b":["hunter2"],"c":null}"#).await;
        assert_eq!(house.find("later").await.kind, "Later");
        let ProviderView { config, error, .. } = house.store.get("admin", "later").await.unwrap();
        assert_eq!((config.as_str(), error), (r#"{"a":"***","b":"***","c":null}"#, None));
    }

    async fn a_misspelt_secret_is_not_shown(database: TestDatabase) {
        let house = House::open(database).await;
        house.insert("a", r#"{"id":"x","clientSecert":"hunter2"}"#).await;
        assert_eq!(house.store.get("admin", "a").await.unwrap().config, r#"{"id":"x","clientSecert":"***"}"#);
    }
}
