//! For whom and towards which hosts a shared record's private key signs.

use vestibule_database::StoreError;
use vestibule_oauth_provider::{CertResolver, KeyGrant, Owners};
use vestibule_testkit::databases::{TestDatabase, on_every_database};

use crate::house::*;

fn grant(owners: &[&str], hosts: &[&str]) -> KeyGrant {
    let texts = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
    KeyGrant { owners: Owners::Listed(texts(owners)), hosts: texts(hosts) }
}

async fn signs(house: &House, owner: &str, host: Option<&str>) -> bool {
    let record = house.store.resolve(owner, "app").await.unwrap();
    signing_key_for(&record, owner, host).is_ok_and(|key| key.unwrap().same_as(APP_KEY))
}

on_every_database! {
    async fn a_record_says_who_may_sign_with_it_and_towards_whom(database: TestDatabase) {
        let house = House::open(database).await;
        let saved = house.store.save(cert("app", APP_CERT, APP_KEY), "tester").await.unwrap();
        assert!(saved.sharing.every_owner);
        assert!(signs(&house, "acme", None).await && !signs(&house, "acme", Some("elsewhere.example")).await);

        let view = house.store.set_sharing(&edit("app"), &grant(&["acme", "支付宝"], &["Gate.example", "elsewhere.example"])).await.unwrap();
        assert_eq!(view.sharing.hosts, ["gate.example", "elsewhere.example"]);
        assert!(!view.sharing.every_owner && view.revision > saved.revision && view.version == saved.version);
        assert!(signs(&house, "acme", Some("elsewhere.example")).await && signs(&house, "支付宝", Some("gate.example")).await);
        assert!(!signs(&house, "acme", None).await, "where hosts are named, only they count");
        assert!(!signs(&house, "Acme", Some("gate.example")).await && !signs(&house, "other", Some("gate.example")).await);
        assert!(signs(&house, "admin", Some("anything.example")).await, "the record's own owner signs where it likes");

        house.store.set_sharing(&edit("app"), &grant(&[], &[])).await.unwrap();
        assert!(!signs(&house, "acme", None).await);
        for (owners, hosts) in [(vec!["a;b"], vec![]), (vec![], vec!["https://x.example"]), (vec![], vec!["a;b"])] {
            let refused = house.store.set_sharing(&edit("app"), &grant(&owners, &hosts)).await;
            assert!(matches!(refused, Err(StoreError::Refused(_))), "{refused:?}");
        }
        let same = house.store.set_sharing(&edit("app"), &grant(&[], &[])).await.unwrap();
        assert_eq!(same, house.store.get("admin", "app").await.unwrap());
    }

    async fn a_record_can_be_shared_with_nobody_from_its_first_moment_on(database: TestDatabase) {
        let house = House::open(database).await;
        let mut closed = cert("app", APP_CERT, APP_KEY);
        closed.sharing = Some(grant(&[], &[]));
        house.store.save(closed.clone(), "tester").await.unwrap();
        assert!(!signs(&house, "acme", None).await);
        let kept = house.store.replace(cert("app", OTHER_CERT, OTHER_KEY), None, "tester").await.unwrap();
        assert!(!kept.sharing.every_owner, "a replacement that says nothing of it changes nothing of it");
        closed.sharing = Some(KeyGrant::every_owner());
        assert!(house.store.replace(closed, None, "tester").await.unwrap().sharing.every_owner);
    }

    async fn what_plain_sql_says_of_it_holds_and_what_cannot_be_read_shares_with_nobody(database: TestDatabase) {
        let house = House::open(database).await;
        house.store.save(cert("app", APP_CERT, APP_KEY), "tester").await.unwrap();
        let set = async |owners: &str, hosts: &str| {
            house.sql("UPDATE vestibule_cert SET key_owners = ?, key_hosts = ?", &[owners, hosts]).await;
            signs(&house, "acme", Some("gate.example")).await
        };
        let long = "gate.example;".repeat(10_000).chars().take(60_000).collect::<String>();
        assert!(set("*", "").await && set(" acme ; other", "GATE.example").await && set("*", &long).await);
        for (owners, hosts) in [("", ""), ("other", ""), ("acme;*", "x.example"), ("*", ";"), ("*", " ; ")] {
            assert!(!set(owners, hosts).await, "{owners:?} {hosts:?}");
        }
    }
}
