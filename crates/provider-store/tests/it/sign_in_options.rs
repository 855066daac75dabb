//! Which ways there are to sign in.

use vestibule_testkit::databases::{Backend, TestDatabase, on_every_database};

use crate::house::*;

on_every_database! {
    async fn they_are_the_enabled_oauth_rows_by_owner_and_name(database: TestDatabase) {
        let house = House::open(database).await;
        assert_eq!(house.store.sign_in_options(10).await.unwrap(), []);
        let insert = "INSERT INTO vestibule_provider (owner, name, display_name, category, type, enabled, config)
            VALUES (?, ?, ?, ?, 'Test', ?, ?)";
        let big = format!(r#"{{"clientSecret":"{}"}}"#, "0".repeat(400_000));
        for (owner, name, display_name, category, enabled) in [
            ("b", "two", "", "OAuth", 1),
            ("b", "one", "The First", "OAuth", 1),
            ("B", "one", "", "OAuth", 1),
            ("a", "off", "", "OAuth", 0),
            ("a", "captcha", "", "Captcha", 1),
            ("a", "z", &"支".repeat(400), "OAuth", 1),
        ] {
            let values = [owner.into(), name.into(), display_name.into(), category.into(), enabled.into(), (&big).into()];
            house.sql(insert, &values).await;
        }
        if house.foreign.backend() == Backend::Sqlite {
            let no_uuid = "INSERT INTO vestibule_provider (id, owner, name, type)
                VALUES ('------------------------------------', 'a', 'id', 'Test')";
            house.sql(no_uuid, &[]).await;
        }
        let options = house.store.sign_in_options(10).await.unwrap();
        let shown: Vec<_> = options
            .iter()
            .map(|option| (option.owner.as_str(), option.name.as_str(), option.display_name.as_str(), option.kind.as_str()))
            .collect();
        let capped = "支".repeat(200);
        assert_eq!(
            shown,
            [
                ("B", "one", "one", "Test"),
                ("a", "z", capped.as_str(), "Test"),
                ("b", "one", "The First", "Test"),
                ("b", "two", "two", "Test")
            ]
        );
        assert_eq!(options[2].id.to_string(), house.store.get("b", "one").await.unwrap().id);
    }

    async fn no_owner_pushes_anothers_out(database: TestDatabase) {
        let house = House::open(database).await;
        for owner in ["a", "b"] {
            let rows: Vec<_> = (1..=500).map(|number| format!("('{owner}', '{number:03}', 'Test')")).collect();
            house.sql(&format!("INSERT INTO vestibule_provider (owner, name, type) VALUES {}", rows.join(", ")), &[]).await;
        }
        house.sql("INSERT INTO vestibule_provider (owner, name, type) VALUES ('z', 'one', 'Test'), ('z', 'two', 'Test')", &[]).await;
        let options = house.store.sign_in_options(10).await.unwrap();
        let names: Vec<_> = options.iter().map(|option| format!("{}/{}", option.owner, option.name)).collect();
        assert_eq!(names, ["a/001", "a/002", "a/003", "a/004", "b/001", "b/002", "b/003", "b/004", "z/one", "z/two"]);
        assert_eq!(house.store.sign_in_options(2_000).await.unwrap().len(), 1_002);
    }
}
