//! Rows as the engine finds them, with the records that they name.

use async_trait::async_trait;
use vestibule_login::ProviderRows;
use vestibule_oauth_provider::Digest;
use vestibule_testkit::databases::{TestDatabase, on_every_database};
use vestibule_testkit::stores::{self, CertBackend, ProviderBackend};

use crate::house::*;
use crate::records::PlainCerts;

/// Rows that plain SQL writes.
struct PlainSql<'h> {
    house: &'h House,
    records: PlainCerts<'h>,
}

#[async_trait]
impl ProviderBackend for PlainSql<'_> {
    fn rows(&self) -> &dyn ProviderRows {
        &self.house.store
    }

    fn records(&self) -> &dyn CertBackend {
        &self.records
    }

    async fn insert(&self, owner: &str, name: &str, kind: &str, config: &str) {
        self.house.insert_of(kind, owner, name, config).await;
    }

    async fn set_config(&self, owner: &str, name: &str, config: &str) {
        let update = "UPDATE vestibule_provider SET config = ? WHERE owner = ? AND name = ?";
        self.house.sql(update, &[config.into(), owner.into(), name.into()]).await;
    }

    async fn disable(&self, owner: &str, name: &str) {
        let update = "UPDATE vestibule_provider SET enabled = 0 WHERE owner = ? AND name = ?";
        self.house.sql(update, &[owner.into(), name.into()]).await;
    }

    async fn delete(&self, owner: &str, name: &str) {
        let delete = "DELETE FROM vestibule_provider WHERE owner = ? AND name = ?";
        self.house.sql(delete, &[owner.into(), name.into()]).await;
    }
}

/// Rows that we write.
struct OurOwn<'h>(PlainSql<'h>);

#[async_trait]
impl ProviderBackend for OurOwn<'_> {
    fn rows(&self) -> &dyn ProviderRows {
        self.0.rows()
    }

    fn records(&self) -> &dyn CertBackend {
        self.0.records()
    }

    async fn insert(&self, owner: &str, name: &str, kind: &str, config: &str) {
        assert_eq!(kind, "Test");
        self.0.house.store.add(provider_of(owner, name, config), ANNA).await.unwrap();
    }

    async fn set_config(&self, owner: &str, name: &str, config: &str) {
        self.0.house.store.replace(provider_of(owner, name, config), None, ANNA).await.unwrap();
    }

    async fn disable(&self, owner: &str, name: &str) {
        self.0.house.store.disable(owner, name, ANNA).await.unwrap();
    }

    async fn delete(&self, owner: &str, name: &str) {
        self.0.house.store.delete(owner, name, ANNA).await.unwrap();
    }
}

fn plain_sql(house: &House) -> PlainSql<'_> {
    PlainSql { house, records: PlainCerts { house, certs: house.certs() } }
}

async fn stamp(house: &House, certs: &[&str]) -> Digest {
    let certs: Vec<_> = certs.iter().map(|name| (*name).to_owned()).collect();
    house.store.find("admin", "a", &certs).await.unwrap().expect("the row is there").stamp
}

on_every_database! {
    async fn rows_inserted_with_plain_sql_conform(database: TestDatabase) {
        let house = House::open(database).await;
        stores::provider_rows(&plain_sql(&house)).await;
    }

    async fn rows_that_we_store_conform(database: TestDatabase) {
        let house = House::open(database).await;
        stores::provider_rows(&OurOwn(plain_sql(&house))).await;
    }

    async fn the_stamp_changes_with_what_is_opened(database: TestDatabase) {
        let house = House::open(database).await;
        house.insert("a", r#"{"clientSecret":"one"}"#).await;
        let mut last = stamp(&house, &[]).await;
        for change in [
            "config = '{\"clientSecret\": \"one\"}'",
            "type = 'Other'",
            "category = 'Captcha'",
            "version = 2",
            "id = '00000000-0000-4000-8000-000000000001'",
        ] {
            house.sql(&format!("UPDATE vestibule_provider SET {change}"), &[]).await;
            let stamp = stamp(&house, &[]).await;
            assert_ne!(stamp, last, "{change}");
            last = stamp;
        }
        let asked = [stamp(&house, &["x"]).await, stamp(&house, &["y"]).await, stamp(&house, &["x", "y"]).await, last];
        let different: std::collections::BTreeSet<_> = asked.into_iter().collect();
        assert_eq!(different.len(), 4, "other records that are absent are another absence");
        assert_eq!(stamp(&house, &["y", "x"]).await, stamp(&house, &["x", "y"]).await);
    }

    async fn the_stamp_stays_while_nothing_that_is_opened_changes(database: TestDatabase) {
        let house = House::open(database).await;
        house.insert("a", r#"{"clientSecret":"one"}"#).await;
        let first = stamp(&house, &[]).await;
        for change in ["display_name = 'Another'", "updated_at = 7", "enabled = 0", "examined = config"] {
            house.sql(&format!("UPDATE vestibule_provider SET {change}"), &[]).await;
            assert_eq!(stamp(&house, &[]).await, first, "{change}");
        }
        let row = house.find("a").await;
        assert_eq!((row.display_name.as_str(), row.enabled), ("Another", false), "they are read all the same");
    }

    async fn a_config_that_is_too_long_does_not_hide_that_it_changed(database: TestDatabase) {
        let house = House::open(database).await;
        house.insert("a", &format!(r#"{{"id":"{}"}}"#, "x".repeat(300_000))).await;
        let first = stamp(&house, &[]).await;
        let longer = format!(r#"{{"id":"{}"}}"#, "x".repeat(300_001));
        house.sql("UPDATE vestibule_provider SET config = ?", &[(&longer).into()]).await;
        assert_ne!(stamp(&house, &[]).await, first);
        assert!(house.found("a").await.unwrap_err().message().contains("is longer than"));
    }

    async fn row_and_records_are_of_one_moment(database: TestDatabase) {
        let house = House::open(database).await;
        house.insert("a", r#"{"id":"0","cert":"c"}"#).await;
        house.insert_cert("admin", "c").await;
        house.sql("UPDATE vestibule_cert SET certificate = '0'", &[]).await;
        let (store, writing) = (house.store.clone(), std::sync::Arc::new(std::sync::atomic::AtomicBool::new(true)));
        let is_writing = writing.clone();
        let reading = tokio::spawn(async move {
            let (mut looks, mut different) = (0, std::collections::BTreeSet::new());
            while is_writing.load(std::sync::atomic::Ordering::Relaxed) || looks == 0 {
                let row = store.find("admin", "a", &["c".to_owned()]).await.unwrap().unwrap();
                let opened = row.content.open().await.unwrap();
                let certificate = opened.certs.resolve("admin", "c").await.unwrap().certificate;
                let config = opened.config.expose().to_owned();
                assert_eq!(config, format!(r#"{{"id":"{certificate}","cert":"c"}}"#), "read in one query");
                looks += 1;
                different.insert(certificate);
            }
            different.len()
        });
        for number in 1..=60 {
            let both = format!(
                "BEGIN; UPDATE vestibule_provider SET config = '{{\"id\":\"{number}\",\"cert\":\"c\"}}';
                UPDATE vestibule_cert SET certificate = '{number}'; COMMIT"
            );
            house.sql(&both, &[]).await;
        }
        writing.store(false, std::sync::atomic::Ordering::Relaxed);
        assert!(reading.await.unwrap() > 1, "it looked while they changed");
    }

    async fn what_is_no_name_is_not_looked_for(database: TestDatabase) {
        let house = House::open(database).await;
        house.insert("a", "{}").await;
        house.database.close().await;
        for (owner, name) in [("admin", "a\0"), ("admin\0", "a"), ("admin", &"x".repeat(101)), (&"支".repeat(101), "a")] {
            assert!(house.store.find(owner, name, &[]).await.unwrap().is_none(), "{owner:?} {name:?}");
        }
        let error = house.store.find("admin", "a", &[]).await.unwrap_err();
        assert_eq!(*error.kind(), vestibule_oauth_provider::ErrorKind::Unavailable, "the others ask, and nobody answers");
    }

    async fn names_of_records_are_read_from_whatever_json_there_is(database: TestDatabase) {
        let house = House::open(database).await;
        for (name, config, certs) in [
            ("escapes", r#"{"\u0063ert":"\u0061pp","rootCert":"支"}"#, &["app", "支"][..]),
            ("twice", r#"{"cert":"b","cert":"a","rootCert":"a"}"#, &["a", "b"]),
            ("no texts", r#"{"cert":["a"],"rootCert":null,"more":{"cert":"x"}}"#, &[]),
            ("empty", r#"{"cert":"","id":"cert"}"#, &[]),
        ] {
            house.insert(name, config).await;
            assert_eq!(house.find(name).await.certs, certs, "{config}");
        }
        house.insert_of("Later", "admin", "later", r#"{"cert":"a"}"#).await;
        assert!(house.find("later").await.certs.is_empty(), "nobody knows what its fields are");
    }
}
