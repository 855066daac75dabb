//! Who changed which row, and when.

use vestibule_database::{ChangesOf, Page, StoreError, changes};
use vestibule_oauth_provider::Uuid;
use vestibule_testkit::databases::{TestDatabase, on_every_database};

use crate::house::*;

impl House {
    async fn actions(&self) -> Vec<String> {
        let noted = changes(&self.database, ChangesOf::Everything, Page::default()).await.unwrap();
        assert!(!format!("{noted:?}").contains("hunter2"));
        let mut actions: Vec<_> = noted
            .items
            .iter()
            .map(|change| {
                format!(
                    "{} {} {}/{} {:?} {}",
                    change.actor, change.action, change.owner, change.name, change.version, change.detail
                )
            })
            .collect();
        actions.reverse();
        actions
    }
}

on_every_database! {
    async fn every_change_is_noted_with_who_made_it(database: TestDatabase) {
        let house = House::open(database).await;
        let (store, config) = (&house.store, r#"{"clientSecret":"hunter2"}"#);
        store.add(provider("row", config), ANNA).await.unwrap();
        store.replace(provider("row", config), Some(1), "bert").await.unwrap();
        store.rename("admin", "row", "new", ANNA).await.unwrap();
        store.disable("admin", "new", ANNA).await.unwrap();
        store.enable("admin", "new", ANNA).await.unwrap();
        store.delete("admin", "new", ANNA).await.unwrap();
        store.add_as(Uuid::from_u128(7), provider("row", config), "the importer").await.unwrap();
        assert_eq!(
            house.actions().await,
            [
                "anna create admin/row Some(1) ",
                "bert replace admin/row Some(2) ",
                "anna rename admin/new None formerly \"row\"",
                "anna disable admin/new None ",
                "anna enable admin/new None ",
                "anna delete admin/new None ",
                "the importer import admin/row Some(1) ",
            ]
        );
    }

    async fn what_changed_nothing_is_not_noted(database: TestDatabase) {
        let house = House::open(database).await;
        let store = &house.store;
        store.add(provider("row", "{}"), ANNA).await.unwrap();
        let id = Uuid::parse_str(&store.get("admin", "row").await.unwrap().id).unwrap();
        store.enable("admin", "row", ANNA).await.unwrap();
        store.rename("admin", "row", "row", ANNA).await.unwrap();
        assert!(matches!(store.add(provider("row", "{}"), ANNA).await, Err(StoreError::AlreadyExists(_))));
        assert!(matches!(store.add_as(id, provider("other", "{}"), ANNA).await, Err(StoreError::AlreadyExists(_))));
        assert!(matches!(store.replace(provider("row", "{}"), Some(2), ANNA).await, Err(StoreError::Changed(_))));
        assert!(store.rename("admin", "row", "a/b", ANNA).await.is_err());
        for refused in [store.delete("admin", "x", ANNA).await, store.disable("admin", "x", ANNA).await, store.rename("admin", "x", "y", ANNA).await] {
            assert!(matches!(refused, Err(StoreError::NotFound(_))));
        }
        assert_eq!(house.actions().await, ["anna create admin/row Some(1) "]);
    }
}
