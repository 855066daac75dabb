//! Several statements that hold together or not at all.

use vestibule_database::{Database, DbError, Sql, sql};
use vestibule_testkit::databases::{TestDatabase, on_every_database};

fn insert(name: &str) -> Sql {
    sql("INSERT INTO vestibule_cert (owner, name) VALUES ('admin', ?)").bind(name)
}

async fn count(database: &Database) -> i64 {
    sql("SELECT COUNT(*) FROM vestibule_cert").fetch_number(database).await.unwrap()
}

on_every_database! {
    async fn what_is_committed_holds_and_what_is_dropped_does_not(place: TestDatabase) {
        let database = Database::open(place.url()).await.unwrap();
        let mut transaction = database.begin().await.unwrap();
        insert("a").execute(&mut transaction).await.unwrap();
        insert("b").execute(&mut transaction).await.unwrap();
        transaction.commit().await.unwrap();
        assert_eq!(count(&database).await, 2);
        let mut transaction = database.begin().await.unwrap();
        insert("c").execute(&mut transaction).await.unwrap();
        drop(transaction);
        let mut transaction = database.begin().await.unwrap();
        insert("c").execute(&mut transaction).await.unwrap();
        assert_eq!(sql("SELECT COUNT(*) FROM vestibule_cert").fetch_number(&mut transaction).await.unwrap(), 3);
        transaction.rollback().await.unwrap();
        assert_eq!(count(&database).await, 2);
    }

    async fn after_a_failed_statement_nothing_of_it_can_be_committed(place: TestDatabase) {
        let database = Database::open(place.url()).await.unwrap();
        insert("a").execute(&database).await.unwrap();
        let mut transaction = database.begin().await.unwrap();
        insert("b").execute(&mut transaction).await.unwrap();
        let there = insert("a").execute(&mut transaction).await;
        assert!(matches!(there, Err(DbError::AlreadyThere)), "{there:?}");
        let after = insert("c").execute(&mut transaction).await;
        assert!(matches!(after, Err(DbError::Failed(_))), "{after:?}");
        assert!(matches!(transaction.commit().await, Err(DbError::Failed(_))));
        assert_eq!(count(&database).await, 1);
    }

    async fn a_compare_and_swap_is_won_by_one_of_many(place: TestDatabase) {
        let database = Database::open(place.url()).await.unwrap();
        insert("a").execute(&database).await.unwrap();
        let racing: Vec<_> = (0..16)
            .map(|_| {
                let database = database.clone();
                tokio::spawn(async move {
                    let mut transaction = database.begin().await?;
                    let swap = sql("UPDATE vestibule_cert SET revision = revision + 1 WHERE name = ? AND revision = ?");
                    let won = swap.bind("a").bind(1_i64).execute(&mut transaction).await?;
                    transaction.commit().await?;
                    Ok::<_, DbError>(won)
                })
            })
            .collect();
        let mut won = 0;
        for racer in racing {
            won += racer.await.unwrap().unwrap();
        }
        assert_eq!(won, 1);
    }

    async fn an_update_that_changes_nothing_has_found_its_row(place: TestDatabase) {
        let database = Database::open(place.url()).await.unwrap();
        insert("a").execute(&database).await.unwrap();
        let same = sql("UPDATE vestibule_cert SET revision = 1 WHERE name = 'a'");
        assert_eq!(same.execute(&database).await.unwrap(), 1);
    }

    async fn callers_that_go_away_in_the_middle_cost_no_connection(place: TestDatabase) {
        let database = Database::open(place.url()).await.unwrap();
        for round in 0..100_u32 {
            let polls = round % 7;
            let name = format!("a{round}");
            let work = async {
                let mut transaction = database.begin().await?;
                insert(&name).execute(&mut transaction).await?;
                sql("SELECT COUNT(*) FROM vestibule_cert").fetch_number(&mut transaction).await?;
                std::future::pending::<Result<(), DbError>>().await
            };
            let mut work = std::pin::pin!(work);
            for _ in 0..=polls {
                let poll = std::future::poll_fn(|context| std::task::Poll::Ready(work.as_mut().poll(context).is_ready()));
                assert!(!poll.await);
                tokio::task::yield_now().await;
            }
        }
        assert_eq!(count(&database).await, 0);
        let mut open = Vec::new();
        // As many as SQLite lets write, and as the others have connections.
        for _ in 0..if place.path().is_some() { 1 } else { 16 } {
            open.push(database.begin().await.unwrap());
        }
    }
}
