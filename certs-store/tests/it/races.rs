//! Several instances at once.

use vestibule_certs_store::{CertStore, RollBack, WhenStaged};
use vestibule_database::DbError;
use vestibule_database::StoreError;
use vestibule_oauth_provider::CertResolver;
use vestibule_testkit::databases::{TestDatabase, on_every_database};

use crate::house::*;

async fn instances(house: &House) -> Vec<CertStore> {
    vec![house.store.clone(), house.instance("1").await, house.store.clone(), house.instance("1").await]
}

on_every_database! {
    async fn two_instances_seal_a_clear_key_once(database: TestDatabase) {
        let house = House::open(database).await;
        const RECORDS: u64 = 80;
        for number in 0..RECORDS {
            house.sql(INSERT, &["admin", &number.to_string(), APP_CERT, APP_KEY]).await;
        }
        let insert = "INSERT INTO vestibule_cert_version (cert_id, version, state, certificate, private_key)
            SELECT id, 2, 'next', certificate, private_key FROM vestibule_cert";
        house.sql(insert, &[]).await;
        let passes: Vec<_> = instances(&house)
            .await
            .into_iter()
            .map(|store| tokio::spawn(async move { store.seal_clear_values().await.unwrap() }))
            .collect();
        let mut sealed = 0;
        for pass in passes {
            sealed += pass.await.unwrap();
        }
        assert_eq!(sealed, 2 * RECORDS, "each version is sealed by exactly one of them");
        for number in 0..RECORDS {
            let name = number.to_string();
            assert!(house.key("admin", &name).await.unwrap().same_as(APP_KEY));
            let view = house.store.get("admin", &name).await.unwrap();
            assert_eq!(view.versions[0].private_key.kind, "private_key");
        }
    }

    async fn of_several_who_switch_one_does(database: TestDatabase) {
        let house = House::open(database).await;
        house.store.save(cert("app", APP_CERT, APP_KEY), "tester").await.unwrap();
        for round in 0..5 {
            let staged = house.store.stage(&edit("app"), version(OTHER_CERT, OTHER_KEY), WhenStaged::Refuse).await.unwrap();
            let switches: Vec<_> = instances(&house)
                .await
                .into_iter()
                .map(|store| tokio::spawn(async move { store.switch(&edit("app").at(staged.revision)).await }))
                .collect();
            let mut won = 0;
            for switch in switches {
                match switch.await.unwrap() {
                    Ok(_) => won += 1,
                    Err(StoreError::Changed(_) | StoreError::Database(DbError::Unavailable(_))) => {}
                    Err(error) => panic!("{error}"),
                }
            }
            assert_eq!(won, 1, "round {round}");
            assert!(house.key("admin", "app").await.unwrap().same_as(OTHER_KEY));
            house.store.roll_back(&edit("app"), RollBack::Last).await.unwrap();
        }
    }

    async fn a_key_that_is_sealed_meanwhile_disturbs_no_switch(database: TestDatabase) {
        let house = House::open(database).await;
        for number in 0..20 {
            let name = number.to_string();
            house.sql(INSERT, &["admin", &name, APP_CERT, APP_KEY]).await;
            house.store.stage(&edit(&name), version(OTHER_CERT, OTHER_KEY), WhenStaged::Refuse).await.unwrap();
        }
        let sealing = tokio::spawn({
            let store = house.instance("1").await;
            async move { store.seal_clear_values().await.unwrap() }
        });
        for number in (0..20).rev() {
            let view = house.store.switch(&edit(&number.to_string())).await.unwrap();
            assert_eq!(view.versions[0].private_key.error, None);
        }
        sealing.await.unwrap();
        for number in 0..20 {
            let name = number.to_string();
            assert!(house.key("admin", &name).await.unwrap().same_as(OTHER_KEY));
            let retired = house.store.roll_back(&edit(&name), RollBack::Last).await.unwrap();
            assert_eq!(retired.private_key.kind, "private_key");
        }
    }

    async fn whoever_resolves_while_others_switch_sees_a_whole_version(database: TestDatabase) {
        let house = House::open(database).await;
        house.store.save(cert("app", APP_CERT, APP_KEY), "tester").await.unwrap();
        house.store.stage(&edit("app"), version(OTHER_CERT, OTHER_KEY), WhenStaged::Refuse).await.unwrap();
        let switching = tokio::spawn({
            let store = house.instance("1").await;
            async move {
                store.switch(&edit("app")).await.unwrap();
                for _ in 0..20 {
                    store.roll_back(&edit("app"), RollBack::Last).await.unwrap();
                }
            }
        });
        while !switching.is_finished() {
            let record = house.store.resolve("admin", "app").await.unwrap();
            let key = if record.certificate == APP_CERT { APP_KEY } else { OTHER_KEY };
            assert!(signing_key(&record).unwrap().same_as(key));
            let mut all: Vec<_> = record.others.iter().map(|other| other.number).chain([record.version]).collect();
            all.sort_unstable();
            assert_eq!(all, [1, 2], "no version is missing, and none is there twice");
        }
        switching.await.unwrap();
    }
}
