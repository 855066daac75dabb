//! Whatever is done to a record, in whatever order: it stays whole.

use std::collections::BTreeSet;

use vestibule_certs_store::{CertView, RollBack, WhenStaged};
use vestibule_oauth_provider::{CertResolver, Random};
use vestibule_testkit::SeededRandom;
use vestibule_testkit::databases::{TestDatabase, on_every_database};

use crate::house::*;

const PAIRS: [(&str, &str); 2] = [(APP_CERT, APP_KEY), (OTHER_CERT, OTHER_KEY)];

/// How many operations a test does.
const OPERATIONS: usize = 60;

/// Does the operation of these three bytes, and says whether it was done.
async fn act(house: &House, bytes: [u8; 3], view: &CertView) -> bool {
    let (store, edit) = (&house.store, edit("app"));
    let (certificate, key) = PAIRS[usize::from(bytes[1] % 2)];
    let when = if bytes[2].is_multiple_of(2) { WhenStaged::Refuse } else { WhenStaged::Replace };
    let number =
        view.versions.get(usize::from(bytes[2]) % view.versions.len().max(1)).map_or(1, |version| version.number);
    match bytes[0] % 8 {
        0 | 1 => store.stage(&edit, version(certificate, key), when).await.is_ok(),
        2 | 3 => store.switch(&edit).await.is_ok(),
        4 => store.roll_back(&edit, RollBack::Last).await.is_ok(),
        5 => store.roll_back(&edit, RollBack::To(number)).await.is_ok(),
        6 => store.remove_version(&edit, number).await.is_ok(),
        _ => store.replace(cert("app", certificate, key), None, "tester").await.is_ok(),
    }
}

/// Which pair a certificate belongs to.
fn key_of(certificate: &str) -> &'static str {
    PAIRS.iter().find(|(known, _)| *known == certificate).unwrap().1
}

on_every_database! {
    async fn a_record_stays_whole_through_any_sequence_of_operations(database: TestDatabase) {
        let house = House::open(database).await;
        let random = SeededRandom::new(7);
        let mut view = house.store.save(cert("app", APP_CERT, APP_KEY), "tester").await.unwrap();
        let (mut done, mut ever) = (0, BTreeSet::from([1]));
        for _ in 0..OPERATIONS {
            let mut bytes = [0; 3];
            random.fill(&mut bytes).unwrap();
            let changed = act(&house, bytes, &view).await;
            let now = house.store.get("admin", "app").await.unwrap();
            if !changed {
                assert_eq!(now, view, "what is refused changes nothing");
                continue;
            }
            done += 1;
            let all: Vec<i64> = now.versions.iter().map(|version| version.number).chain([now.version]).collect();
            assert_eq!(BTreeSet::from_iter(all.clone()).len(), all.len(), "each number once: {all:?}");
            assert!(now.versions.iter().filter(|version| version.state == "next").count() <= 1);
            assert!(now.revision > view.revision || now == view);
            let before: Vec<i64> = view.versions.iter().map(|version| version.number).chain([view.version]).collect();
            for number in all.iter().filter(|number| !before.contains(number)) {
                assert!(ever.insert(*number), "{number} was there before");
            }
            for field in now.versions.iter().flat_map(|version| [&version.certificate, &version.private_key]) {
                assert_eq!(field.error, None, "every version opens");
            }
            for version in &now.versions {
                let (certificate, key) = (&version.certificate.certificates[0], version.private_key.key.as_ref().unwrap());
                assert_eq!(certificate.spki_sha256, key.spki_sha256, "no version is half another");
            }
            let record = house.store.resolve("admin", "app").await.unwrap();
            assert!(signing_key(&record).unwrap().same_as(key_of(&record.certificate)));
            view = now;
        }
        assert!(done > OPERATIONS / 3, "{done}");
        house.store.delete(&edit("app")).await.unwrap();
    }
}
