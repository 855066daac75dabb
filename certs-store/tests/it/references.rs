//! Records that rows name.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use vestibule_certs_store::{CertUsers, Edit, RowName};
use vestibule_database::{ChangesOf, Page, StoreError, Transaction, changes, sql};
use vestibule_oauth_provider::CertResolver;
use vestibule_testkit::databases::{TestDatabase, on_every_database};

use crate::house::*;

/// So many rows name every record; new names are noted in a table, or refused.
#[derive(Debug, Default)]
struct Users {
    count: usize,
    refuses: bool,
    asked: Mutex<Vec<String>>,
}

#[async_trait]
impl CertUsers for Users {
    async fn users_of(&self, owner: &str, name: &str, shared_owner: &str) -> Result<Vec<RowName>, StoreError> {
        self.asked.lock().unwrap().push(format!("{owner}/{name} of {shared_owner}"));
        let row = |number| RowName { owner: "acme".to_owned(), name: format!("row-{number:02}") };
        Ok((0..self.count).map(row).collect())
    }

    async fn renamed(
        &self,
        transaction: &mut Transaction,
        owner: &str,
        from: &str,
        to: &str,
        _shared_owner: &str,
        by: &str,
    ) -> Result<u64, StoreError> {
        let insert = sql("INSERT INTO vestibule_setting (name, value) VALUES ('renamed', ?)");
        insert.bind(format!("{owner}/{from} {to} {by}")).execute(&mut *transaction).await?;
        if self.refuses { Err(StoreError::Refused("no".to_owned())) } else { Ok(3) }
    }
}

on_every_database! {
    async fn a_record_in_use_is_not_deleted_and_its_users_are_listed(database: TestDatabase) {
        let mut house = House::open(database).await;
        house.store.save(cert("app", APP_CERT, APP_KEY), "tester").await.unwrap();
        let plain = house.store.clone();
        for (count, said) in [(1, "used by \"acme/row-00\"; "), (12, "\"acme/row-09\" and 2 more (12 in all); ")] {
            let users = Arc::new(Users { count, ..Users::default() });
            house.store = plain.clone().with_users(users.clone());
            let refused = house.store.delete(&edit("app")).await.unwrap_err();
            assert!(matches!(refused, StoreError::InUse { count: all, .. } if all == count));
            let message = refused.to_string();
            assert!(message.starts_with("cert record \"admin/app\" is used by ") && message.contains(said), "{message}");
            assert!(!message.contains("row-10"));
            assert_eq!(*users.asked.lock().unwrap(), ["admin/app of admin"]);
        }
        assert!(house.key("admin", "app").await.is_some());
        house.store = plain.with_users(Arc::new(Users::default()));
        house.store.delete(&edit("app")).await.unwrap();
    }

    async fn a_new_name_is_carried_into_the_rows_or_nothing_is_renamed(database: TestDatabase) {
        let mut house = House::open(database).await;
        let first = house.store.save(cert("app", APP_CERT, APP_KEY), "tester").await.unwrap();
        house.store.save(cert("taken", BUNDLE, ""), "tester").await.unwrap();
        let plain = house.store.clone();
        let noted = async || house.outside.query_texts("SELECT value FROM vestibule_setting WHERE name = 'renamed'", &[]).await;

        house.store = plain.clone().with_users(Arc::new(Users { refuses: true, ..Users::default() }));
        assert!(house.store.rename(&edit("app"), "new").await.is_err());
        house.store = plain.with_users(Arc::new(Users::default()));
        let refused = house.store.rename(&edit("app"), "taken").await.unwrap_err();
        assert!(matches!(&refused, StoreError::AlreadyExists(said) if said.contains("admin/taken")), "{refused:?}");
        for name in ["", "a/b", "a\0b"] {
            assert!(matches!(house.store.rename(&edit("app"), name).await, Err(StoreError::Refused(_))));
        }
        assert_eq!(noted().await, Vec::<Vec<String>>::new(), "what was begun is undone");
        assert_eq!(house.store.get("admin", "app").await.unwrap(), first);

        let renamed = house.store.rename(&Edit::of("admin", "app", "alice"), "new").await.unwrap();
        assert_eq!((renamed.id.as_str(), renamed.name.as_str(), renamed.version), (first.id.as_str(), "new", 1));
        assert_eq!(noted().await, [["admin/app new alice"]]);
        assert!(house.key("admin", "new").await.unwrap().same_as(APP_KEY), "what is sealed does not know the name");
        assert!(house.store.resolve("admin", "app").await.is_err());
        let history = changes(&house.database, ChangesOf::Row(&first.id), Page::default()).await.unwrap();
        let last = &history.items[0];
        assert_eq!((last.action.as_str(), last.name.as_str(), last.actor.as_str()), ("rename", "new", "alice"));
        assert_eq!(last.detail, "was \"app\"; rows that name it: 3");
    }
}
