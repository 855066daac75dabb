//! Lists in parts.

use std::time::Duration;

use vestibule_certs_store::{CertFilter, Sort, WhenStaged};
use vestibule_database::{Order, Page};
use vestibule_testkit::databases::{TestDatabase, on_every_database};

use crate::house::*;

/// Records of three owners, several of which end, and were changed, at the same time.
const MANY: &str = "INSERT INTO vestibule_cert (id, owner, name, not_after, updated_at, certificate) VALUES ";

async fn fill(house: &House) {
    let rows: Vec<String> = (0..60)
        .map(|number| {
            let (owner, end, updated) = (["admin", "acme", "Acme"][number % 3], (number / 7) * 1_000, number / 9);
            let end = if number % 10 == 9 { "NULL".to_owned() } else { end.to_string() };
            format!(
                "('00000000-0000-4000-8000-{:012}', '{owner}', 'Name_{number:02}', {end}, {updated}, 'x')",
                (number * 37) % 60
            )
        })
        .collect();
    house.sql(&format!("{MANY}{}", rows.join(", ")), &[]).await;
}

on_every_database! {
    async fn pages_of_every_order_hold_each_record_once(database: TestDatabase) {
        let house = House::open(database).await;
        fill(&house).await;
        for (sort, expected) in [(Sort::Name, 60), (Sort::Updated, 60), (Sort::NotAfter, 54)] {
            let all = async |order, size| {
                let (mut page, mut found) = (Page::new(size, 0).unwrap(), Vec::new());
                loop {
                    let paged = house.store.list(&CertFilter::default(), sort, order, page).await.unwrap();
                    assert_eq!(paged.total, expected);
                    if paged.items.is_empty() {
                        return found;
                    }
                    found.extend(paged.items);
                    page = page.next();
                }
            };
            let whole = all(Order::Ascending, 100).await;
            assert_eq!(u64::try_from(whole.len()).unwrap(), expected);
            assert_eq!(all(Order::Ascending, 7).await, whole, "{sort:?}");
            let mut back = all(Order::Descending, 11).await;
            back.reverse();
            assert_eq!(back, whole, "{sort:?}");
            let is_sorted = match sort {
                Sort::Name => whole.is_sorted_by_key(|one| (one.owner.clone(), one.name.clone())),
                Sort::Updated => whole.is_sorted_by_key(|one| (one.updated_at, one.id.clone())),
                Sort::NotAfter => whole.is_sorted_by_key(|one| (one.not_after, one.id.clone())),
            };
            assert!(is_sorted, "{sort:?}");
        }
    }

    async fn filters_hold_together(database: TestDatabase) {
        let house = House::open(database).await;
        fill(&house).await;
        let names = async |filter: CertFilter| {
            let paged = house.store.list(&filter, Sort::Name, Order::Ascending, Page::default()).await.unwrap();
            assert_eq!(paged.total, u64::try_from(paged.items.len()).unwrap());
            paged.items.into_iter().map(|one| one.name).collect::<Vec<_>>()
        };
        let owner = |owner: &str| CertFilter { owner: Some(owner.to_owned()), ..CertFilter::default() };
        let containing = |part: &str| CertFilter { name_contains: Some(part.to_owned()), ..CertFilter::default() };
        assert_eq!((names(owner("acme")).await.len(), names(owner("ACME")).await.len()), (20, 0));
        assert_eq!(names(containing("_5")).await.len(), 10, "an underscore is no pattern");
        assert_eq!(names(containing("%")).await.len(), 0);
        assert_eq!(names(containing("NAME_59")).await, ["Name_59"]);
        assert_eq!(names(CertFilter { ends_before: Some(1_000), ..owner("admin") }).await, ["Name_00", "Name_03", "Name_06"]);
        assert_eq!(names(CertFilter { owner: Some("acme".to_owned()), ..containing("_5") }).await, ["Name_52", "Name_55", "Name_58"]);
        for filter in [owner("a\0"), containing("\0"), containing("' OR 1=1 --")] {
            assert_eq!(names(filter).await.len(), 0);
        }
    }

    async fn a_summary_tells_what_is_staged_and_shared_and_when_it_was_changed(database: TestDatabase) {
        let house = House::open(database).await;
        let saved = house.store.save(cert("app", APP_CERT, APP_KEY), "tester").await.unwrap();
        house.store.save(cert("other", OTHER_CERT, ""), "tester").await.unwrap();
        house.clock.advance(Duration::from_secs(5));
        let staged = house.store.stage(&edit("app"), version(OTHER_CERT, ""), WhenStaged::Refuse).await.unwrap();
        let [app, other] = house.listed(None).await.try_into().unwrap();
        assert_eq!((app.has_next, other.has_next), (true, false));
        assert_eq!((app.id, app.not_after, app.revision), (saved.id, saved.not_after, staged.revision));
        assert_eq!((app.created_at, app.updated_at), (saved.created_at, saved.updated_at + 5));
        assert!(app.sharing.every_owner && app.kind == "x509" && app.display_name == "app");
    }
}
