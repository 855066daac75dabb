//! Lists of rows, a page at a time.

use vestibule_database::{Order, Page};
use vestibule_provider_store::{ProviderFilter, Sort};
use vestibule_testkit::databases::{TestDatabase, on_every_database};

use crate::house::*;

impl House {
    /// Twelve rows of three owners, several of one type and one time.
    async fn with_rows(database: TestDatabase) -> Self {
        let house = Self::open(database).await;
        let insert =
            "INSERT INTO vestibule_provider (owner, name, type, enabled, updated_at, config) VALUES (?, ?, ?, ?, ?, ?)";
        for owner in ["a", "A", "b"] {
            for (number, name) in ["one", "Two", "th_ree", "支付"].into_iter().enumerate() {
                let (kind, number) = (if number % 2 == 0 { "Test" } else { "Later" }, i64::try_from(number).unwrap());
                let config = format!(r#"{{"cert":"{}"}}"#, if number == 0 { "c" } else { "C" });
                let values = [
                    owner.into(),
                    name.into(),
                    kind.into(),
                    (number % 2).into(),
                    (number / 2).into(),
                    (&config).into(),
                ];
                house.sql(insert, &values).await;
            }
        }
        house.store.examine().await.unwrap();
        house
    }

    async fn list(&self, filter: ProviderFilter, sort: Sort, order: Order, page: Page) -> (Vec<String>, u64) {
        let paged = self.store.list(&filter, sort, order, page).await.unwrap();
        (paged.items.iter().map(|row| format!("{}/{}", row.owner, row.name)).collect(), paged.total)
    }

    async fn by_name(&self, filter: ProviderFilter) -> Vec<String> {
        let (names, total) = self.list(filter, Sort::Name, Order::Ascending, Page::default()).await;
        assert_eq!(u64::try_from(names.len()).unwrap(), total);
        names
    }
}

fn all() -> ProviderFilter {
    ProviderFilter::default()
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

on_every_database! {
    async fn pages_hold_every_row_once_whatever_they_are_sorted_by(database: TestDatabase) {
        let house = House::with_rows(database).await;
        for sort in [Sort::Name, Sort::Kind, Sort::Updated] {
            let whole = house.list(all(), sort, Order::Ascending, Page::default()).await.0;
            assert_eq!(whole.len(), 12);
            for order in [Order::Ascending, Order::Descending] {
                let (mut paged, mut page) = (Vec::new(), Page::new(5, 0).unwrap());
                loop {
                    let (names, total) = house.list(all(), sort, order, page).await;
                    assert_eq!(total, 12);
                    if names.is_empty() {
                        break;
                    }
                    paged.extend(names);
                    page = page.next();
                }
                if order == Order::Descending {
                    paged.reverse();
                }
                assert_eq!(paged, whole, "{sort:?} {order:?}");
            }
        }
        let by_name = house.list(all(), Sort::Name, Order::Ascending, Page::new(6, 0).unwrap()).await.0;
        assert_eq!(by_name, ["A/Two", "A/one", "A/th_ree", "A/支付", "a/Two", "a/one"], "byte by byte");
    }

    async fn a_list_has_the_rows_that_meet_every_condition(database: TestDatabase) {
        let house = House::with_rows(database).await;
        assert_eq!(house.by_name(ProviderFilter { owner: some("a"), ..all() }).await, ["a/Two", "a/one", "a/th_ree", "a/支付"]);
        assert_eq!(house.by_name(ProviderFilter { kind: some("Later"), ..all() }).await.len(), 6);
        assert_eq!(house.by_name(ProviderFilter { enabled: Some(false), ..all() }).await.len(), 6);
        assert_eq!(house.by_name(ProviderFilter { cert: some("c"), ..all() }).await, ["A/one", "a/one", "b/one"]);
        let name = |part: &str| ProviderFilter { name_contains: some(part), owner: some("b"), ..all() };
        assert_eq!(house.by_name(name("TW")).await, ["b/Two"]);
        assert_eq!(house.by_name(name("_")).await, ["b/th_ree"], "a sign is a sign");
        assert_eq!(house.by_name(name("付")).await, ["b/支付"]);
        assert_eq!(house.by_name(name("%")).await, Vec::<String>::new());
        let both = ProviderFilter { enabled: Some(true), kind: some("Test"), ..all() };
        assert_eq!(house.by_name(both).await, Vec::<String>::new());
        for nobody in [ProviderFilter { owner: some("A "), ..all() }, ProviderFilter { cert: some("c\0"), ..all() }] {
            assert_eq!(house.by_name(nobody).await, Vec::<String>::new());
        }
    }
}
