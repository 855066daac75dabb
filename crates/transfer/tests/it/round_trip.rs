//! A file of one installation makes the same installation elsewhere, on whichever databases they are.

use vestibule_testkit::databases::{Backend, TestDatabase, on_every_database};
use vestibule_transfer::{Outcome, Secrets};

use crate::house::{House, import, sealed};

on_every_database! {
    async fn what_is_exported_here_is_the_same_elsewhere(database: TestDatabase) {
        let (here, elsewhere) = (House::furnished(database).await, House::empty().await);
        let applied = elsewhere.import(&import(&here.export(&sealed()).await)).await;
        assert_eq!((applied.new, applied.changed, applied.not_applied), (5, 0, vec![]));
        assert_eq!(here.contents().await, elsewhere.contents().await);
    }

    async fn what_is_exported_elsewhere_is_the_same_here_and_a_second_time_changes_nothing(database: TestDatabase) {
        let elsewhere = House::furnished(TestDatabase::create(Backend::Sqlite).await).await;
        let here = House::open(database).await;
        let file = import(&elsewhere.export(&sealed()).await);
        here.import(&file).await;
        assert_eq!(here.contents().await, elsewhere.contents().await);

        let history = here.foreign.query_texts("SELECT action, owner, name FROM vestibule_change ORDER BY number", &[]).await;
        let again = here.plan(&file).await;
        assert!(again.rows.iter().all(|row| row.outcome == Outcome::Unchanged), "{again:#?}");
        let applied = here.import(&file).await;
        assert_eq!((applied.new, applied.changed), (0, 0));
        assert_eq!(here.foreign.query_texts("SELECT action, owner, name FROM vestibule_change ORDER BY number", &[]).await, history);
    }

    async fn a_file_of_an_installation_changes_nothing_of_it(database: TestDatabase) {
        let house = House::furnished(database).await;
        for secrets in [sealed(), Secrets::LeftOut] {
            let plan = house.plan(&import(&house.export(&secrets).await)).await;
            assert_eq!(plan.rows.len(), 5);
            assert!(plan.rows.iter().all(|row| row.outcome == Outcome::Unchanged && row.notes.is_empty()), "{plan:#?}");
        }
    }

    async fn more_rows_than_a_page_has_are_all_exported_in_order(database: TestDatabase) {
        let house = House::open(database).await;
        let values = (0..450).map(|number| format!("('支', 'row{number:03}', 'Test', '{{\"clientId\": \"a\"}}')"));
        let values = values.collect::<Vec<_>>().join(", ");
        house.foreign.execute(&format!("INSERT INTO vestibule_provider (owner, name, type, config) VALUES {values}"), &[]).await;
        let mut seen = Vec::new();
        let mut file = Vec::new();
        let exported = house.rooms.export(&Secrets::LeftOut, &mut file, &mut |progress| seen.push(progress)).await.unwrap();
        assert_eq!((exported.certs, exported.providers), (0, 450));
        assert_eq!((seen.len(), seen[449].done, seen[449].total), (450, 450, Some(450)));
        let file: serde_json::Value = serde_json::from_slice(&file).unwrap();
        let names: Vec<_> = file["providers"].as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap()).collect();
        assert!(names.is_sorted() && names.len() == 450);
    }
}

#[tokio::test]
async fn a_row_that_cannot_be_read_is_left_behind_and_named_and_the_others_are_exported() {
    let house = House::furnished(TestDatabase::create(Backend::Sqlite).await).await;
    let insert = "INSERT INTO vestibule_provider (owner, name, type, config) VALUES ('acme', 'gone', 'Gone', '{}')";
    house.foreign.execute(insert, &[]).await;
    house.foreign.execute("UPDATE vestibule_cert SET private_key = 'vsealed:1:junk' WHERE name = 'root'", &[]).await;
    let mut file = Vec::new();
    let exported = house.rooms.export(&Secrets::LeftOut, &mut file, &mut |_| {}).await.unwrap();
    assert_eq!((exported.certs, exported.providers), (2, 2));
    assert_eq!(exported.left_behind.len(), 2);
    assert!(exported.left_behind[0].contains("\"admin/root\"") && exported.left_behind[1].contains("\"acme/gone\""));
}
