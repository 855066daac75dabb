//! Records that are taken in whole.

use vestibule_certs_store::WhenStaged;
use vestibule_testkit::databases::{TestDatabase, on_every_database};

use crate::house::*;

on_every_database! {
    async fn what_is_taken_in_loses_no_version_that_signed_and_stages_one_at_most(database: TestDatabase) {
        let house = House::open(database).await;
        house.store.save(cert("app", APP_CERT, APP_KEY), "tester").await.unwrap();
        house.store.stage(&edit("app"), version(OTHER_CERT, OTHER_KEY), WhenStaged::Refuse).await.unwrap();
        house.store.switch(&edit("app")).await.unwrap();
        let mut elsewhere = house.store.whole("admin", "app").await.unwrap().unwrap();
        elsewhere.versions.retain(|version| version.number == 2);

        // Meanwhile this record goes on: another is active, 1 and 2 are retired, one is staged.
        house.store.replace(cert("app", APP_CERT, APP_KEY), None, "tester").await.unwrap();
        let view = house.store.stage(&edit("app"), version(BUNDLE, ""), WhenStaged::Refuse).await.unwrap();
        elsewhere.revision = view.revision;
        let signed = view.version;
        let states = |view: &vestibule_certs_store::CertView| {
            view.versions.iter().map(|version| (version.number, version.state)).collect::<Vec<_>>()
        };
        let view = house.store.replace_whole(&elsewhere, "tester").await.unwrap();
        let expected = [(view.versions[0].number, "next"), (signed, "retired"), (1, "retired")];
        assert_eq!((view.version, states(&view)), (2, expected.to_vec()));
        assert!(house.key("admin", "app").await.unwrap().same_as(OTHER_KEY));

        let mut staged = house.store.whole("admin", "app").await.unwrap().unwrap();
        let next = staged.versions.iter_mut().find(|version| version.number == expected[0].0).unwrap();
        next.number += 10;
        let view = house.store.replace_whole(&staged, "tester").await.unwrap();
        assert_eq!(states(&view), [(expected[0].0 + 10, "next"), (signed, "retired"), (1, "retired")]);
        assert_eq!(house.store.replace_whole(&{ staged.revision = view.revision; staged }, "tester").await.unwrap(), view);
    }
}
