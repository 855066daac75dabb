//! Versions: staged, checked, switched to, rolled back to, removed.

use std::sync::Arc;
use std::time::Duration;

use vestibule_certs_store::{CertView, Edit, RollBack, WhenStaged};
use vestibule_database::{ChangesOf, MASK, Page, StoreError, changes};
use vestibule_oauth_provider::{CertResolver, Severity, VersionState};
use vestibule_testkit::databases::{TestDatabase, on_every_database};

use crate::house::*;

fn numbers(view: &CertView) -> (i64, Vec<(i64, &'static str)>) {
    (view.version, view.versions.iter().map(|version| (version.number, version.state)).collect())
}

on_every_database! {
    async fn a_staged_version_verifies_and_signs_nothing(database: TestDatabase) {
        let house = House::open(database).await;
        house.store.save(cert("app", APP_CERT, APP_KEY), "tester").await.unwrap();
        let view = house.store.stage(&edit("app"), version(OTHER_CERT, OTHER_KEY), WhenStaged::Refuse).await.unwrap();
        assert_eq!(numbers(&view), (1, vec![(2, "next")]));
        assert!(view.versions[0].not_after.is_some());

        let record = house.store.resolve("acme", "app").await.unwrap();
        assert_eq!((record.version, record.certificate.as_str()), (1, APP_CERT));
        assert!(signing_key(&record).unwrap().same_as(APP_KEY));
        let [next] = record.others.as_slice() else { panic!("{:?}", record.others.len()) };
        assert_eq!((next.number, next.state, next.certificate.as_str()), (2, VersionState::Next, OTHER_CERT));
        assert_eq!(next.beside, None, "its private key is not handed out");

        let refused = house.store.stage(&edit("app"), version(APP_CERT, MASK), WhenStaged::Refuse).await.unwrap_err();
        assert!(refused.to_string().contains("version 2 is staged already"), "{refused}");
        let view = house.store.stage(&edit("app"), version(APP_CERT, MASK), WhenStaged::Replace).await.unwrap();
        assert_eq!(numbers(&view), (1, vec![(3, "next")]));
        for (certificate, private_key) in [(APP_CERT, OTHER_KEY), ("", ""), (APP_KEY, ""), (OTHER_CERT, MASK)] {
            let refused = house.store.stage(&edit("app"), version(certificate, private_key), WhenStaged::Replace).await;
            assert!(matches!(refused, Err(StoreError::Refused(_))), "{refused:?}");
        }
        assert_eq!(numbers(&house.store.get("admin", "app").await.unwrap()), (1, vec![(3, "next")]));
        house.store.switch(&edit("app")).await.unwrap();
        assert!(house.key("admin", "app").await.unwrap().same_as(APP_KEY), "the mask kept the key");
    }

    async fn switching_and_rolling_back_move_what_is_sealed_as_it_is_and_are_noted(database: TestDatabase) {
        let house = House::open(database).await;
        let first = house.store.save(cert("app", APP_CERT, APP_KEY), "alice").await.unwrap();
        let sealed = house.stored_private_key("app").await;
        house.store.stage(&Edit::of("admin", "app", "bob"), version(OTHER_CERT, OTHER_KEY), WhenStaged::Refuse).await.unwrap();
        house.clock.advance(Duration::from_secs(60));
        let view = house.store.switch(&Edit::of("admin", "app", "carol")).await.unwrap();
        assert_eq!(numbers(&view), (2, vec![(1, "retired")]));
        assert_eq!(view.id, first.id);
        assert!(view.updated_at == first.updated_at + 60 && view.versions[0].since == view.updated_at);
        let record = house.store.resolve("acme", "app").await.unwrap();
        assert!(signing_key(&record).unwrap().same_as(OTHER_KEY));
        assert_eq!(record.others[0].certificate, APP_CERT, "what the former one signed is still verified");
        let moved = house.outside.query_texts("SELECT private_key FROM vestibule_cert_version", &[]).await;
        assert_eq!(moved, [[sealed.clone()]], "nothing is opened for that");

        let view = house.store.roll_back(&edit("app"), RollBack::Last).await.unwrap();
        assert_eq!(numbers(&view), (1, vec![(2, "retired")]));
        assert_eq!(house.stored_private_key("app").await, sealed);
        let view = house.store.roll_back(&edit("app"), RollBack::To(2)).await.unwrap();
        assert_eq!(numbers(&view), (2, vec![(1, "retired")]));
        house.store.remove_version(&edit("app"), 1).await.unwrap();

        let noted = changes(&house.database, ChangesOf::Row(&first.id), Page::default()).await.unwrap();
        let noted: Vec<_> =
            noted.items.iter().map(|change| (change.actor.as_str(), change.action.as_str(), change.version)).collect();
        assert_eq!(
            noted,
            [
                ("tester", "remove_version", Some(1)),
                ("tester", "roll_back", Some(2)),
                ("tester", "roll_back", Some(1)),
                ("carol", "switch", Some(2)),
                ("bob", "stage", Some(2)),
                ("alice", "create", Some(1)),
            ]
        );
    }

    async fn what_is_rolled_back_from_is_not_rolled_back_to(database: TestDatabase) {
        let house = House::open(database).await;
        house.store.save(cert("app", APP_CERT, ""), "tester").await.unwrap();
        let switch_to = async |certificate| {
            house.store.stage(&edit("app"), version(certificate, ""), WhenStaged::Refuse).await.unwrap();
            house.store.switch(&edit("app")).await.unwrap().version
        };
        let bad = switch_to(OTHER_CERT).await;
        house.store.roll_back(&edit("app"), RollBack::Last).await.unwrap();
        let worse = switch_to(BUNDLE).await;
        let view = house.store.roll_back(&edit("app"), RollBack::Last).await.unwrap();
        assert_eq!(numbers(&view), (1, vec![(worse, "retired"), (bad, "retired")]), "all within one second");
    }

    async fn no_number_is_given_twice(database: TestDatabase) {
        let house = House::open(database).await;
        house.store.save(cert("app", APP_CERT, ""), "tester").await.unwrap();
        let mut seen = vec![1];
        let stage = async || {
            let view = house.store.stage(&edit("app"), version(OTHER_CERT, ""), WhenStaged::Replace).await.unwrap();
            view.versions.iter().find(|version| version.state == "next").unwrap().number
        };
        for _ in 0..3 {
            seen.push(stage().await);
            house.store.unstage(&edit("app")).await.unwrap();
            let number = stage().await;
            seen.push(number);
            house.store.remove_version(&edit("app"), number).await.unwrap();
            seen.push(house.store.replace(cert("app", BUNDLE, ""), None, "tester").await.unwrap().version);
            house.store.replace(cert("app", APP_CERT, ""), None, "tester").await.map(|view| seen.push(view.version)).unwrap();
        }
        // Plain SQL may use any.
        let insert = "INSERT INTO vestibule_cert_version (cert_id, version, state, certificate) SELECT id, 500, 'retired', certificate FROM vestibule_cert";
        house.outside.execute(insert, &[]).await;
        seen.extend([500, stage().await]);
        house.store.remove_version(&edit("app"), 500).await.unwrap();
        house.store.unstage(&edit("app")).await.unwrap();
        seen.push(stage().await);
        let sorted: Vec<_> = std::collections::BTreeSet::from_iter(seen.clone()).into_iter().collect();
        assert_eq!(seen, sorted, "each is greater than all before");

        house.outside.execute("UPDATE vestibule_cert SET version = 9223372036854775807", &[]).await;
        let refused = house.store.stage(&edit("app"), version(APP_CERT, ""), WhenStaged::Replace).await.unwrap_err();
        assert!(refused.to_string().contains("after which there is none"), "{refused}");
    }

    async fn whoever_saw_another_revision_changes_nothing(database: TestDatabase) {
        let house = House::open(database).await;
        let seen = house.store.save(cert("app", APP_CERT, APP_KEY), "tester").await.unwrap();
        house.store.stage(&edit("app"), version(OTHER_CERT, OTHER_KEY), WhenStaged::Refuse).await.unwrap();
        let current = house.store.get("admin", "app").await.unwrap();
        assert!(current.revision > seen.revision);
        let stale = edit("app").at(seen.revision);
        let store = &house.store;
        for refused in [
            store.stage(&stale, version(APP_CERT, ""), WhenStaged::Replace).await,
            store.unstage(&stale).await,
            store.switch(&stale).await,
            store.roll_back(&stale, RollBack::Last).await,
            store.remove_version(&stale, 2).await,
            store.set_display_name(&stale, "x").await,
            store.rename(&stale, "x").await,
            store.replace(cert("app", OTHER_CERT, ""), Some(seen.revision), "tester").await,
        ] {
            assert!(matches!(refused, Err(StoreError::Changed(_))), "{refused:?}");
        }
        assert_eq!(store.get("admin", "app").await.unwrap(), current);
        store.switch(&edit("app").at(current.revision)).await.unwrap();
    }

    async fn what_is_not_there_is_said(database: TestDatabase) {
        let house = House::open(database).await;
        house.store.save(cert("app", APP_CERT, ""), "tester").await.unwrap();
        let store = &house.store;
        for (refused, said) in [
            (store.switch(&edit("app")).await, "has no staged version"),
            (store.unstage(&edit("app")).await, "has no staged version"),
            (store.roll_back(&edit("app"), RollBack::Last).await, "has no retired version"),
            (store.roll_back(&edit("app"), RollBack::To(4)).await, "has no version 4"),
            (store.remove_version(&edit("app"), 4).await, "has no version 4"),
            (store.remove_version(&edit("app"), 1).await, "version 1 is the active one"),
        ] {
            let refused = refused.unwrap_err();
            assert!(matches!(refused, StoreError::Refused(_)), "{refused:?}");
            assert!(refused.to_string().starts_with("cert record \"admin/app\": ") && refused.to_string().contains(said), "{refused}");
        }
        assert!(store.check_next("admin", "app").await.unwrap_err().to_string().contains("has no staged version"));
        assert!(matches!(store.switch(&edit("other")).await, Err(StoreError::NotFound(_))));
        house.store.stage(&edit("app"), version(OTHER_CERT, ""), WhenStaged::Refuse).await.unwrap();
        assert!(store.roll_back(&edit("app"), RollBack::To(2)).await.is_err(), "what is staged never was the active one");
    }

    async fn a_check_tells_what_would_become_of_sign_ins_and_switching_heeds_it(database: TestDatabase) {
        let house = House::open(database).await;
        house.store.save(cert("app", APP_CERT, APP_KEY), "tester").await.unwrap();
        let check = async |certificate: &str, private_key: &str| {
            house.store.stage(&edit("app"), version(certificate, private_key), WhenStaged::Replace).await.unwrap();
            let check = house.store.check_next("admin", "app").await.unwrap();
            assert_eq!(check.next.state, "next");
            check.findings.into_iter().map(|finding| (finding.severity, finding.message)).collect::<Vec<_>>()
        };
        let found = check(APP_CERT, MASK).await;
        assert!(found[0].0 == Severity::Warning && found[0].1.contains("the active one's already"), "{found:?}");
        let found = check(OTHER_CERT, OTHER_KEY).await;
        assert!(found[0].0 == Severity::Warning && found[0].1.contains("is about \""), "{found:?}");
        let found = check(OTHER_CERT, "").await;
        assert!(found[0].0 == Severity::Fatal && found[0].1.contains("holds nothing, and that of the active version a private key"), "{found:?}");
        let refused = house.store.switch(&edit("app")).await.unwrap_err();
        assert!(matches!(&refused, StoreError::Refused(said) if *said == found[0].1), "{refused:?}");
        house.store.replace(cert("app", OTHER_CERT, ""), None, "tester").await.expect("who means it replaces");

        // Plain SQL stages what it likes.
        house.store.replace(cert("app", APP_CERT, APP_KEY), None, "tester").await.unwrap();
        let set = async |certificate: &str, private_key: &str| {
            let update = "UPDATE vestibule_cert_version SET certificate = ?, private_key = ? WHERE state = 'next'";
            house.sql(update, &[certificate, private_key]).await;
            house.store.switch(&edit("app")).await.unwrap_err().to_string()
        };
        let said = set(APP_CERT, OTHER_KEY).await;
        assert!(said.contains("not the one of the certificate"), "{said}");
        let said = set("hello", OTHER_KEY).await;
        assert!(said.contains("field Certificate"), "{said}");
        let said = set(APP_CERT, APP_KEY_ENCRYPTED).await;
        assert!(said.contains("field Private key"), "{said}");
        assert!(house.key("admin", "app").await.unwrap().same_as(APP_KEY));
    }

    async fn dates_are_checked(database: TestDatabase) {
        let house = House::open(database).await;
        let saved = house.store.save(cert("app", APP_CERT, ""), "tester").await.unwrap();
        house.store.stage(&edit("app"), version(OTHER_CERT, ""), WhenStaged::Refuse).await.unwrap();
        let fatal = async |house: &House| {
            let findings = house.store.check_next("admin", "app").await.unwrap().findings;
            let refused = house.store.switch(&edit("app")).await;
            let fatal = findings.into_iter().find(|finding| finding.severity == Severity::Fatal);
            (fatal.map(|finding| finding.message), refused.is_err())
        };
        let certificate = &saved.certificate.certificates[0];
        let early = certificate.not_before.unwrap() - 86_400 * 365;
        let mut before = House { store: house.store.clone(), clock: Arc::new(vestibule_testkit::FixedClock::at(u64::try_from(early).unwrap())), ..house };
        before.store = before.instance("1").await;
        let (said, refused) = fatal(&before).await;
        assert!(said.unwrap().contains("is not valid yet") && refused);
        before.clock.advance(Duration::from_secs(86_400 * 365 * 1_000));
        let (said, refused) = fatal(&before).await;
        assert!(said.unwrap().contains("is not valid any more") && refused);
    }

    async fn public_material_beside_the_certificate_comes_with_every_version(database: TestDatabase) {
        let house = House::open(database).await;
        house.store.save(cert("alipay", OTHER_CERT, BUNDLE), "tester").await.unwrap();
        house.store.stage(&edit("alipay"), version(APP_CERT, BUNDLE), WhenStaged::Refuse).await.unwrap();
        house.store.switch(&edit("alipay")).await.unwrap();
        let record = house.store.resolve("acme", "alipay").await.unwrap();
        assert_eq!(record.private_key.beside(), Some(BUNDLE));
        assert_eq!(record.others[0].beside.as_deref(), Some(BUNDLE));
    }

    async fn sixteen_versions_are_answered_and_the_staged_one_is_among_them(database: TestDatabase) {
        let house = House::open(database).await;
        house.store.save(cert("app", APP_CERT, ""), "tester").await.unwrap();
        house.store.stage(&edit("app"), version(BUNDLE, ""), WhenStaged::Refuse).await.unwrap();
        for number in 0..20 {
            let certificate = if number % 2 == 0 { OTHER_CERT } else { APP_CERT };
            house.store.replace(cert("app", certificate, ""), None, "tester").await.unwrap();
        }
        let record = house.store.resolve("acme", "app").await.unwrap();
        let others: Vec<_> = record.others.iter().map(|other| other.number).collect();
        assert_eq!(others, (7..=21).rev().chain([2]).collect::<Vec<_>>());
        assert_eq!(record.others.last().map(|other| other.state), Some(VersionState::Next));
        assert_eq!(house.store.get("admin", "app").await.unwrap().versions.len(), 21, "an administrator sees all");
    }
}
