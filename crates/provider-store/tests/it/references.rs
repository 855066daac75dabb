//! Who uses a cert record, and what becomes of them when it goes or gets another name.

use vestibule_certs_store::CertUsers as _;
use vestibule_database::StoreError;
use vestibule_testkit::databases::{TestDatabase, on_every_database};
use vestibule_testkit::stores::SHARED_OWNER;

use crate::house::*;
use crate::records::edit;

impl House {
    async fn users_of(&self, owner: &str, name: &str) -> Vec<String> {
        let users = self.store.users_of(owner, name, SHARED_OWNER).await.unwrap();
        users.iter().map(|user| format!("{}/{}", user.owner, user.name)).collect()
    }

    /// `owner/name config` of every row.
    async fn rows(&self) -> Vec<String> {
        let select = "SELECT owner, name, config FROM vestibule_provider ORDER BY owner, name";
        self.texts(select).await.iter().map(|row| format!("{}/{} {}", row[0], row[1], row[2])).collect()
    }
}

on_every_database! {
    async fn a_shared_record_is_used_where_no_own_one_shadows_it(database: TestDatabase) {
        let house = House::open(database).await;
        for (owner, name) in [(SHARED_OWNER, "c"), ("acme", "c"), ("Acme", "C"), ("other", "d")] {
            house.insert_cert(owner, name).await;
        }
        for owner in [SHARED_OWNER, "acme", "Acme", "other"] {
            house.store.add(provider_of(owner, "ours", r#"{"cert":"c","rootCert":"c"}"#), ANNA).await.unwrap();
            house.insert_for(owner, "by sql", r#"{"rootCert":"c"}"#).await;
            house.insert_for(owner, "another", r#"{"cert":"C","id":"c"}"#).await;
        }
        assert_eq!(
            house.users_of(SHARED_OWNER, "c").await,
            ["Acme/by sql", "Acme/ours", "admin/by sql", "admin/ours", "other/by sql", "other/ours"]
        );
        assert_eq!(house.users_of("acme", "c").await, ["acme/by sql", "acme/ours"]);
        assert_eq!(house.users_of("Acme", "C").await, ["Acme/another"]);
        assert_eq!(house.users_of("other", "d").await, Vec::<String>::new());

        // The own one goes, and the shared one is used instead.
        house.sql("DELETE FROM vestibule_cert WHERE owner = 'acme'", &[]).await;
        assert_eq!(house.users_of(SHARED_OWNER, "c").await.len(), 8);
    }

    async fn a_record_that_is_used_is_not_deleted(database: TestDatabase) {
        let house = House::open(database).await;
        let certs = house.certs();
        house.insert_cert("acme", "c").await;
        house.insert_for("acme", "a moment ago", r#"{"cert":"c"}"#).await;
        match certs.delete(&edit("acme", "c")).await.unwrap_err() {
            StoreError::InUse { users, count, .. } => assert_eq!((users, count), (vec!["\"acme/a moment ago\"".to_owned()], 1)),
            error => panic!("{error}"),
        }
        house.sql("UPDATE vestibule_provider SET config = '{}'", &[]).await;
        certs.delete(&edit("acme", "c")).await.unwrap();
    }

    async fn a_new_name_is_carried_into_the_rows_that_use_the_record(database: TestDatabase) {
        let house = House::open(database).await;
        for (owner, name) in [(SHARED_OWNER, "c"), ("acme", "c")] {
            house.insert_cert(owner, name).await;
        }
        let config = "{ \"cert\" : \"c\", \"clientSecret\":\"one\",\n\"id\":\"c\", \"rootCert\":\"d\" }";
        for owner in [SHARED_OWNER, "acme", "other"] {
            house.store.add(provider_of(owner, "ours", config), ANNA).await.unwrap();
            // In no index yet, and its secret in the clear.
            house.insert_for(owner, "by sql", r#"{"clientSecret":"two","rootCert":"\u0063"}"#).await;
        }
        let before = house.rows().await;
        house.certs().rename(&edit(SHARED_OWNER, "c"), "支").await.unwrap();

        let carried = config.replacen("\"c\"", "\"支\"", 1);
        for owner in [SHARED_OWNER, "other"] {
            assert_eq!(found(&house.store, owner, "ours").await.unwrap(), carried, "the secret opens, the rest is as it was");
            let by_sql = found(&house.store, owner, "by sql").await.unwrap();
            assert_eq!(by_sql, r#"{"clientSecret":"two","rootCert":"支"}"#);
        }
        let of_acme = |rows: &[String]| rows.iter().filter(|row| row.starts_with("acme/")).cloned().collect::<Vec<_>>();
        assert_eq!(of_acme(&house.rows().await), of_acme(&before), "its own record shadows the shared one");
        assert_eq!(house.users_of(SHARED_OWNER, "支").await, ["admin/by sql", "admin/ours", "other/by sql", "other/ours"]);
        assert_eq!(house.users_of(SHARED_OWNER, "c").await, Vec::<String>::new());
        assert_eq!(house.users_of("acme", "c").await, ["acme/by sql", "acme/ours"]);

        let notes = house.texts("SELECT actor, owner, name, detail FROM vestibule_change WHERE action = 'carry' ORDER BY owner, name").await;
        let note = |owner: &str, name: &str| [ANNA, owner, name, "\"c\" is called \"支\""].map(str::to_owned).to_vec();
        assert_eq!(notes, [note("admin", "by sql"), note("admin", "ours"), note("other", "by sql"), note("other", "ours")]);
    }

    async fn an_own_records_new_name_is_carried_for_its_owner_only(database: TestDatabase) {
        let house = House::open(database).await;
        for owner in [SHARED_OWNER, "acme"] {
            house.insert_cert(owner, "c").await;
            house.store.add(provider_of(owner, "row", r#"{"cert":"c"}"#), ANNA).await.unwrap();
        }
        let version = house.store.get("acme", "row").await.unwrap().version;
        house.certs().rename(&edit("acme", "c"), "d").await.unwrap();
        assert_eq!(house.rows().await, [r#"acme/row {"cert":"d"}"#, r#"admin/row {"cert":"c"}"#]);
        assert_eq!(house.store.get("acme", "row").await.unwrap().version, version, "secrets are sealed for the version");
        let unexamined = house.texts("SELECT name FROM vestibule_provider WHERE examined <> config").await;
        assert_eq!(unexamined, Vec::<Vec<String>>::new());
    }

    async fn a_name_that_would_lead_a_row_to_another_record_is_refused(database: TestDatabase) {
        let house = House::open(database).await;
        for (owner, name) in [(SHARED_OWNER, "c"), ("acme", "d")] {
            house.insert_cert(owner, name).await;
        }
        house.store.add(provider_of("acme", "row", r#"{"cert":"c"}"#), ANNA).await.unwrap();
        house.store.add(provider_of("another", "row", r#"{"cert":"c"}"#), ANNA).await.unwrap();
        let before = house.rows().await;
        let error = house.certs().rename(&edit(SHARED_OWNER, "c"), "d").await.unwrap_err();
        assert!(matches!(error, StoreError::Refused(_)), "{error}");
        assert_eq!(
            error.to_string(),
            "provider row \"acme/row\" would use another record: \"acme\" has a cert record \"d\" of its own; choose another name"
        );
        assert_eq!(house.rows().await, before, "and nothing was carried");
        assert_eq!(house.users_of(SHARED_OWNER, "c").await, ["acme/row", "another/row"]);
    }

    async fn many_rows_are_carried_at_once(database: TestDatabase) {
        let house = House::open(database).await;
        house.insert_cert("admin", "c").await;
        house.insert_many(150, r#"{"cert":"c"}"#).await;
        house.store.examine().await.unwrap();
        house.sql("UPDATE vestibule_provider SET config = '{ \"cert\":\"c\"}' WHERE name < '2'", &[]).await;
        house.certs().rename(&edit("admin", "c"), "d").await.unwrap();
        assert_eq!(house.users_of("admin", "d").await.len(), 150);
        let left = house.texts("SELECT name FROM vestibule_provider WHERE config LIKE '%\"c\"%'").await;
        assert_eq!(left, Vec::<Vec<String>>::new());
    }

    async fn a_row_that_names_a_missing_record_is_stored_and_says_so(database: TestDatabase) {
        let house = House::open(database).await;
        house.insert_cert(SHARED_OWNER, "shared").await;
        house.insert_cert("other", "theirs").await;
        let config = r#"{"cert":"theirs","rootCert":"shared"}"#;
        let view = house.store.add(provider_of("acme", "row", config), ANNA).await.unwrap();
        assert_eq!(view.missing_certs, ["theirs"]);
        house.insert_cert("acme", "theirs").await;
        assert_eq!(house.store.get("acme", "row").await.unwrap().missing_certs, Vec::<String>::new());
        house.insert_for("acme", "by sql", r#"{"cert":"no\u0000name","rootCert":"shared"}"#).await;
        assert_eq!(house.store.get("acme", "by sql").await.unwrap().missing_certs, ["no\0name"]);
    }
}
