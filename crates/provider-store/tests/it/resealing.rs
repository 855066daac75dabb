//! Rows whose secrets a former master key sealed.

use std::sync::Arc;

use vestibule_database::{Keyring, MasterKey, Resealed, ResealingPass};
use vestibule_oauth_provider::{Registry, Secret, SystemRandom};
use vestibule_provider_store::ProviderStore;
use vestibule_testkit::FixedClock;
use vestibule_testkit::databases::{TestDatabase, on_every_database};
use vestibule_testkit::stores::SHARED_OWNER;

use crate::house::*;

fn key(digit: &str) -> MasterKey {
    MasterKey::from_text(&Secret::new(digit.repeat(64))).unwrap()
}

/// The store of an installation that is between two keys. It knows no types: none are needed.
fn rotating(house: &House) -> (ProviderStore, Keyring) {
    let keyring = Keyring::new(key("2")).with_former(key("1"));
    let (registry, random) = (Arc::new(Registry::new()), Arc::new(SystemRandom::new()));
    let clock = Arc::new(FixedClock::new());
    (ProviderStore::new(house.database.clone(), keyring.clone(), registry, SHARED_OWNER, clock, random), keyring)
}

async fn reseal(house: &House) -> Resealed {
    let (store, keyring) = rotating(house);
    let mut progress = |_| {};
    let mut pass = ResealingPass::begin(&keyring, &mut progress);
    store.reseal(&mut pass).await.unwrap();
    pass.finish()
}

on_every_database! {
    async fn every_secret_is_sealed_anew_and_nothing_else_of_the_row_changes(database: TestDatabase) {
        let house = House::open(database).await;
        let both = r#"{"id":"支","clientSecret":"one","secondSecret":"two","more":["vsealed"]}"#;
        house.store.add(provider("both", both), ANNA).await.unwrap();
        house.store.add(provider("none", r#"{"id":"x"}"#), ANNA).await.unwrap();
        house.insert_many(150, r#"{"clientSecret":"many"}"#).await;
        house.store.examine().await.unwrap();
        store(&house.database, "2").add(provider("new", r#"{"clientSecret":"new"}"#), ANNA).await.unwrap();
        let others = "SELECT id, name, CASE WHEN enabled = 1 THEN 'yes' ELSE 'no' END, version, updated_at FROM vestibule_provider ORDER BY id";
        let before = house.texts(others).await;
        let (rotating, keyring) = rotating(&house);
        let ids = keyring.key_ids();
        let counts: Vec<_> = rotating.sealed_with().await.unwrap().into_iter().collect();
        assert!(counts.contains(&(ids[1].clone(), 152)) && counts.contains(&(ids[0].clone(), 1)), "{counts:?}");

        let resealed = reseal(&house).await;
        assert_eq!((resealed.rows, resealed.failed.len(), resealed.changed), (151, 0, 0), "{resealed:?}");
        assert_eq!(rotating.sealed_with().await.unwrap().into_iter().collect::<Vec<_>>(), [(ids[0].clone(), 153)]);
        assert_eq!(house.texts(others).await, before);
        let unexamined = house.texts("SELECT name FROM vestibule_provider WHERE examined <> config").await;
        assert!(unexamined.is_empty(), "{unexamined:?}");
        let new = store(&house.database, "2");
        assert_eq!(found(&new, "admin", "both").await.unwrap(), both);
        for name in ["0", "77", "149"] {
            assert_eq!(found(&new, "admin", name).await.unwrap(), r#"{"clientSecret":"many"}"#);
        }
        assert_eq!(reseal(&house).await.rows, 0);
    }

    async fn what_does_not_open_stays_and_is_named(database: TestDatabase) {
        let house = House::open(database).await;
        let third = store(&house.database, "3");
        third.add(provider("lost", r#"{"clientSecret":"one"}"#), ANNA).await.unwrap();
        house.store.add(provider("half", r#"{"clientSecret":"one","secondSecret":"two"}"#), ANNA).await.unwrap();
        house.store.add(provider("moved", r#"{"clientSecret":"one"}"#), ANNA).await.unwrap();
        house.insert("text", r#"{"id":"a vsealed:1:0123456789abcdef:AAAA"}"#).await;
        house.sql("UPDATE vestibule_provider SET version = 2 WHERE name = 'moved'", &[]).await;
        let lost = house.stored_config("lost").await;
        let sealed = lost.split_once(':').unwrap().1;
        let half = house.stored_config("half").await.replacen('}', &format!(r#","tokenUrl":{sealed}"#), 1);
        house.sql("UPDATE vestibule_provider SET config = ? WHERE name = 'half'", &[(&half).into()]).await;
        let unchanged = async || {
            house.texts("SELECT config FROM vestibule_provider WHERE name <> 'half' ORDER BY name").await.concat()
        };
        let before = unchanged().await;

        let resealed = reseal(&house).await;
        assert_eq!((resealed.rows, resealed.changed), (0, 0));
        let failed = resealed.failed.join("\n");
        for (name, said) in [
            ("lost", "\"clientSecret\" is sealed with the master key"),
            ("half", "\"tokenUrl\" is sealed with the master key"),
            ("moved", "\"clientSecret\" was sealed for another owner, row, version or column"),
        ] {
            let line = failed.lines().find(|line| line.contains(&format!("\"admin/{name}\""))).unwrap_or(&failed);
            assert!(line.contains(said), "{name}: {failed}");
        }
        assert!(!failed.contains("admin/text"), "a text is no sealed value: {failed}");
        assert_eq!(unchanged().await, before);
        // What opens is sealed anew all the same, and what somebody else wrote is still to be examined.
        let (rotating, keyring) = rotating(&house);
        assert_eq!(rotating.sealed_with().await.unwrap().get(&keyring.key_id()), Some(&2));
        let unexamined = house.texts("SELECT name FROM vestibule_provider WHERE examined <> config ORDER BY name").await;
        assert_eq!(unexamined.concat(), ["half", "text"]);
    }

    async fn what_another_key_sealed_is_named_by_row_and_field(database: TestDatabase) {
        let house = House::open(database).await;
        house.store.add(provider("ours", r#"{"clientSecret":"one"}"#), ANNA).await.unwrap();
        let third = store(&house.database, "3");
        third.add(provider("theirs", r#"{"clientSecret":"one","secondSecret":"two"}"#), ANNA).await.unwrap();
        house.insert("text", r#"{"id":"a vsealed:1:0123456789abcdef:AAAA","more":"vsealed:1:x:AAAA"}"#).await;
        // More than one statement looks through, the row in question behind them.
        for part in 0..6 {
            let rows: Vec<_> = (0..1_000).map(|number| format!("('many', '{part}-{number}', 'Test')")).collect();
            house.sql(&format!("INSERT INTO vestibule_provider (owner, name, type) VALUES {}", rows.join(", ")), &[]).await;
        }
        let last = "UPDATE vestibule_provider SET id = 'ffffffff-ffff-4fff-8fff-ffffffffffff', config = ? WHERE name = '5-999'";
        house.sql(last, &[r#"{"clientSecret":"vsealed:1:0123456789abcdef:AAAA"}"#.into()]).await;

        let found = async |key_ids: &[String], most: u32| {
            let found = house.store.sealed_with_other_keys(key_ids, most).await.unwrap();
            let mut found: Vec<_> = found.iter().map(|value| format!("{} {} {}", value.name, value.field, value.key_id)).collect();
            found.sort_unstable();
            found
        };
        let (ours, theirs) = (keyring("1").key_id(), keyring("3").key_id());
        let of_theirs = ["clientSecret", "secondSecret"].map(|field| format!("theirs {field} {theirs}"));
        let of_nobody = "5-999 clientSecret 0123456789abcdef".to_owned();
        assert_eq!(found(&[ours.clone(), theirs], 10).await, std::slice::from_ref(&of_nobody));
        assert_eq!(found(std::slice::from_ref(&ours), 10).await, [of_nobody, of_theirs[0].clone(), of_theirs[1].clone()]);
        assert_eq!(found(std::slice::from_ref(&ours), 1).await.len(), 1);
        assert_eq!(found(&[], 10).await.len(), 4);
    }
}
