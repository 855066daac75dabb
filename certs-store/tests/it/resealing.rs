//! Private keys that a former master key sealed.

use std::sync::Arc;

use vestibule_certs_store::{CertStore, WhenStaged};
use vestibule_database::{Database, Keyring, MasterKey, Resealed, ResealingPass};
use vestibule_oauth_provider::{CertResolver as _, Secret, SystemRandom};
use vestibule_testkit::databases::{TestDatabase, on_every_database};
use vestibule_testkit::stores::SHARED_OWNER;

use crate::house::*;

fn key(digit: &str) -> MasterKey {
    MasterKey::from_text(&Secret::new(digit.repeat(64))).unwrap()
}

/// The store of an installation that is between two keys.
async fn rotating(house: &House) -> (CertStore, Keyring) {
    let keyring = Keyring::new(key("2")).with_former(key("1"));
    let (database, random) = (Database::open(house.outside.url()).await.unwrap(), Arc::new(SystemRandom::new()));
    (CertStore::new(database, keyring.clone(), SHARED_OWNER, house.clock.clone(), random), keyring)
}

async fn reseal(house: &House) -> Resealed {
    let (store, keyring) = rotating(house).await;
    let mut progress = |_| {};
    let mut pass = ResealingPass::begin(&keyring, &mut progress);
    store.reseal(&mut pass).await.unwrap();
    pass.finish()
}

async fn stage(house: &House, name: &str) {
    house.store.stage(&edit(name), version(OTHER_CERT, OTHER_KEY), WhenStaged::Refuse).await.unwrap();
}

on_every_database! {
    async fn every_version_is_sealed_anew_and_nothing_else_of_the_record_changes(database: TestDatabase) {
        let house = House::open(database).await;
        for name in ["app", "staged", "switched"] {
            house.store.save(cert(name, APP_CERT, APP_KEY), "tester").await.unwrap();
        }
        stage(&house, "staged").await;
        stage(&house, "switched").await;
        house.store.switch(&edit("switched")).await.unwrap();
        house.store.save(cert("public", BUNDLE, ""), "tester").await.unwrap();
        for number in 0..130 {
            house.sql(INSERT, &["acme", &number.to_string(), APP_CERT, APP_KEY]).await;
        }
        assert_eq!(house.store.seal_clear_values().await.unwrap(), 130);
        let others = "SELECT id, name, certificate, version, revision, updated_at FROM vestibule_cert ORDER BY id";
        let before = house.outside.query_texts(others, &[]).await;
        let (rotating, keyring) = rotating(&house).await;
        let ids = keyring.key_ids();
        assert_eq!(rotating.sealed_with().await.unwrap().into_iter().collect::<Vec<_>>(), [(ids[1].clone(), 135)]);

        let resealed = reseal(&house).await;
        assert_eq!((resealed.rows, resealed.failed.len(), resealed.changed), (135, 0, 0), "{resealed:?}");
        assert_eq!(rotating.sealed_with().await.unwrap().into_iter().collect::<Vec<_>>(), [(ids[0].clone(), 135)]);
        assert_eq!(house.outside.query_texts(others, &[]).await, before);
        let new = house.instance("2").await;
        for (name, key) in [("app", APP_KEY), ("staged", APP_KEY), ("switched", OTHER_KEY)] {
            assert!(signing_key(&new.resolve("admin", name).await.unwrap()).unwrap().same_as(key), "{name}");
        }
        new.switch(&edit("staged")).await.unwrap();
        assert!(signing_key(&new.resolve("admin", "staged").await.unwrap()).unwrap().same_as(OTHER_KEY));
        assert_eq!(reseal(&house).await.rows, 0);
    }

    async fn a_key_that_does_not_open_stays_and_is_named(database: TestDatabase) {
        let house = House::open(database).await;
        house.instance("3").await.save(cert("lost", APP_CERT, APP_KEY), "tester").await.unwrap();
        for name in ["moved", "staged"] {
            house.store.save(cert(name, APP_CERT, APP_KEY), "tester").await.unwrap();
        }
        stage(&house, "staged").await;
        house.sql(INSERT, &["admin", "odd", APP_CERT, "vsealed:1:not an id:AAAA"]).await;
        house.sql("UPDATE vestibule_cert SET owner = 'mallory' WHERE name = 'moved'", &[]).await;
        house.sql("UPDATE vestibule_cert_version SET version = 9", &[]).await;
        let texts = "SELECT name, private_key FROM vestibule_cert WHERE name <> 'staged' ORDER BY name";
        let before = house.outside.query_texts(texts, &[]).await;

        let resealed = reseal(&house).await;
        assert_eq!((resealed.rows, resealed.changed), (1, 0), "{resealed:?}");
        let failed = resealed.failed.join("\n");
        for (name, said) in [
            ("\"admin/lost\", version 1, field Private key: ", "is sealed with the master key"),
            ("\"mallory/moved\", version 1, ", "was sealed for another owner"),
            ("\"admin/odd\", ", "is damaged, or never was one"),
            ("\"admin/staged\", version 9, ", "was sealed for another owner, row, version or column"),
        ] {
            let line = failed.lines().find(|line| line.contains(name)).unwrap_or(&failed);
            assert!(line.contains(said), "{name}: {failed}");
        }
        assert_eq!(house.outside.query_texts(texts, &[]).await, before);
    }
}
