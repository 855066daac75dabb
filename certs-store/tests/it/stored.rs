//! Records that are read with what names them, in one query.

use ring::digest::{Context, SHA256};
use vestibule_certs_store::{Edit, StoredRecords, WhenStaged, select_records};
use vestibule_database::{Keyring, MasterKey, sql};
use vestibule_oauth_provider::{CertResolver, ErrorKind, KeyGrant, Owners, Secret};
use vestibule_testkit::databases::{TestDatabase, on_every_database};

use crate::house::*;

async fn read(house: &House, owner: &str, names: &[&str]) -> StoredRecords {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let rows = select_records(owner, "admin", &names).fetch_all(&house.database).await.unwrap();
    StoredRecords::read(&rows).unwrap()
}

async fn stamp(house: &House) -> Vec<u8> {
    let mut context = Context::new(&SHA256);
    read(house, "acme", &["app", "root"]).await.digest_into(&mut context);
    context.finish().as_ref().to_vec()
}

fn keyring() -> Keyring {
    Keyring::new(MasterKey::from_text(&Secret::new("1".repeat(64))).unwrap())
}

on_every_database! {
    async fn the_stamp_changes_with_everything_that_opening_depends_on(database: TestDatabase) {
        let house = House::open(database).await;
        let mut last = stamp(&house).await;
        let mut changed = async |what: &str| {
            let now = stamp(&house).await;
            assert_ne!(now, last, "{what}");
            assert_eq!(now, stamp(&house).await, "{what}: nothing else changed");
            last = now;
        };
        let store = &house.store;
        store.save(cert("app", APP_CERT, APP_KEY), "tester").await.unwrap();
        changed("a record").await;
        let mut own = cert("app", APP_CERT, APP_KEY);
        own.owner = "acme".to_owned();
        store.save(own, "tester").await.unwrap();
        changed("a record that shadows it").await;
        store.save(cert("root", BUNDLE, ""), "tester").await.unwrap();
        changed("another record").await;
        store.stage(&edit("app"), version(OTHER_CERT, OTHER_KEY), WhenStaged::Refuse).await.unwrap();
        changed("a staged version").await;
        store.switch(&edit("app")).await.unwrap();
        changed("a switch").await;
        store.remove_version(&edit("app"), 1).await.unwrap();
        changed("a version that is gone").await;
        store.set_sharing(&edit("app"), &KeyGrant { owners: Owners::Listed(Vec::new()), hosts: Vec::new() }).await.unwrap();
        changed("sharing").await;
        for (column, value) in [
            ("certificate", "x"), ("private_key", "x"), ("private_key", ""), ("key_owners", "x"), ("key_hosts", "x"), ("type", "x"), ("name", "root2"), ("name", "root"),
        ] {
            house.sql(&format!("UPDATE vestibule_cert SET {column} = ? WHERE name LIKE 'root%'"), &[value]).await;
            changed(column).await;
        }
        house.sql("UPDATE vestibule_cert SET private_key = NULL WHERE name = 'root'", &[]).await;
        changed("NULL").await;
        house.sql("UPDATE vestibule_cert SET version = 9 WHERE name = 'root'", &[]).await;
        changed("the number of the active version").await;
        let huge = "ab".repeat(300_000);
        house.sql("UPDATE vestibule_cert SET certificate = ? WHERE name = 'root'", &[&huge]).await;
        changed("a text that is too long").await;
        store.delete(&Edit::of("acme", "app", "tester")).await.unwrap();
        changed("a record that is gone").await;
        let before = stamp(&house).await;
        store.save(cert("unrelated", APP_CERT, ""), "tester").await.unwrap();
        store.set_display_name(&edit("app"), "The app").await.unwrap();
        assert_eq!(stamp(&house).await, before, "nothing of this is opened");
    }

    async fn names_that_were_not_asked_for_are_told_from_those_that_are_absent(database: TestDatabase) {
        let house = House::open(database).await;
        house.store.save(cert("app", APP_CERT, APP_KEY), "tester").await.unwrap();
        let asked = ["app", "gone", "nul\0"];
        let stored = read(&house, "acme", &asked).await;
        let resolver = stored.resolver(asked, "admin", keyring());
        assert!(signing_key(&resolver.resolve("acme", "app").await.unwrap()).unwrap().same_as(APP_KEY));
        for absent in ["gone", "nul\0"] {
            let error = resolver.resolve("acme", absent).await.unwrap_err();
            assert!(*error.kind() == ErrorKind::Configuration && error.message().starts_with("neither \"acme\""), "{error}");
        }
        let error = resolver.resolve("acme", "root").await.unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::Internal, "{error}");
        assert!(!format!("{resolver:?}").contains(middle(APP_CERT)));
        let nothing = read(&house, "acme", &[]).await.resolver([""; 0], "admin", keyring());
        assert_eq!(*nothing.resolve("acme", "app").await.unwrap_err().kind(), ErrorKind::Internal);
    }

    async fn it_can_be_a_part_of_a_bigger_query(database: TestDatabase) {
        let house = House::open(database).await;
        house.store.save(cert("app", APP_CERT, APP_KEY), "tester").await.unwrap();
        house.store.stage(&edit("app"), version(OTHER_CERT, ""), WhenStaged::Refuse).await.unwrap();
        let own = sql("SELECT 'provider' AS part, id, owner, name, display_name, type, category, version, enabled, config AS text1, '' AS text2, '' AS state,
            '' AS key_owners, '' AS key_hosts, octet_length(config) AS size1, 0 AS size2 FROM vestibule_provider WHERE owner = ? AND name = ?");
        house.sql("INSERT INTO vestibule_provider (owner, name, type) VALUES ('acme', 'row', 'Alipay')", &[]).await;
        let query = own.bind("acme").bind("row").union_all(select_records("acme", "admin", &["app".to_owned()]));
        let rows = query.fetch_all(&house.database).await.unwrap();
        let mut parts: Vec<_> = rows.iter().map(|row| row.text("part").unwrap()).collect();
        parts.sort_unstable();
        assert_eq!(parts, ["cert", "provider", "version"]);
        let record = StoredRecords::read(&rows).unwrap().resolver(["app"], "admin", keyring()).resolve("acme", "app").await.unwrap();
        assert_eq!((record.version, record.others.len()), (1, 1));
    }
}
