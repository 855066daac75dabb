//! A server that is stopped, started again, or does not answer: callers are told in time, and afterwards nothing is missing.

use std::time::Duration;

use vestibule_database::{Database, DbError, Limits, sql};
use vestibule_oauth_provider::{Error, ErrorKind};
use vestibule_testkit::databases::{Backend, TestDatabase, run};

use crate::proxy::Proxy;

const LIMITS: Limits =
    Limits { connections: 3, acquire: Duration::from_millis(1_500), statement: Duration::from_millis(700) };

/// What is told in time is told long before this.
const IN_TIME: Duration = Duration::from_secs(20);

/// Makes of each test a test for each database that is reached over a network.
macro_rules! on_every_server {
    ($(async fn $name:ident($place:ident: $type:ty) $body:block)*) => { $(
        async fn $name($place: $type) $body

        mod $name {
            use super::*;

            #[test]
            fn postgres() {
                run(Backend::Postgres, concat!(module_path!(), "::postgres"), super::$name);
            }

            #[test]
            fn mariadb() {
                run(Backend::MariaDb, concat!(module_path!(), "::mariadb"), super::$name);
            }
        }
    )* };
}

async fn through_proxy(place: &TestDatabase) -> (Proxy, Database) {
    let (proxy, url) = Proxy::before(place.url()).await;
    (proxy, Database::open_within(&url, LIMITS).await.unwrap())
}

/// The error, which comes in time and says that the same may work in a moment.
async fn unavailable<T: std::fmt::Debug>(work: impl Future<Output = Result<T, DbError>>) {
    let error = tokio::time::timeout(IN_TIME, work).await.expect("it is told in time").unwrap_err();
    assert!(matches!(error, DbError::Unavailable(_)), "{error:?}");
    assert_eq!(*Error::from(error).kind(), ErrorKind::Unavailable);
}

/// Every connection that the pool may have can be had at once.
async fn all_connections_work(database: &Database) {
    let mut open = Vec::new();
    for _ in 0..LIMITS.connections {
        let mut transaction = database.begin().await.unwrap();
        sql("SELECT 1").fetch_number(&mut transaction).await.unwrap();
        open.push(transaction);
    }
    for transaction in open {
        transaction.commit().await.unwrap();
    }
}

on_every_server! {
    async fn a_server_that_is_stopped_is_told_and_found_again(place: TestDatabase) {
        let (mut proxy, database) = through_proxy(&place).await;
        all_connections_work(&database).await;
        proxy.stop().await;
        for _ in 0..LIMITS.connections {
            unavailable(database.ping()).await;
        }
        unavailable(database.begin()).await;
        proxy.start().await;
        all_connections_work(&database).await;
    }

    async fn a_server_that_hangs_costs_no_connection(place: TestDatabase) {
        let (proxy, database) = through_proxy(&place).await;
        all_connections_work(&database).await;
        proxy.hang();
        let asked: Vec<_> = (0..8)
            .map(|_| {
                let database = database.clone();
                tokio::spawn(async move { unavailable(database.ping()).await })
            })
            .collect();
        for asked in asked {
            asked.await.unwrap();
        }
        unavailable(database.begin()).await;
        proxy.go_on();
        all_connections_work(&database).await;
    }

    async fn a_transaction_on_a_server_that_hangs_ends_in_time(place: TestDatabase) {
        let (proxy, database) = through_proxy(&place).await;
        let insert = |name: &str| sql("INSERT INTO vestibule_cert (owner, name) VALUES ('admin', ?)").bind(name);
        let mut open = Vec::new();
        for name in ["a", "b", "c"] {
            let mut transaction = database.begin().await.unwrap();
            insert(name).execute(&mut transaction).await.unwrap();
            open.push(transaction);
        }
        proxy.hang();
        // One asks, one commits, and one goes away, which nobody waits for.
        let (dropped, committed) = (open.pop(), open.pop().unwrap());
        drop(dropped);
        let mut asking = open.pop().unwrap();
        unavailable(insert("d").execute(&mut asking)).await;
        drop(asking);
        unavailable(committed.commit()).await;
        unavailable(database.ping()).await;
        proxy.go_on();
        all_connections_work(&database).await;
        // What was on its way when the commit was given up may have arrived.
        let rows = place.query_texts("SELECT name FROM vestibule_cert WHERE name <> 'b'", &[]).await;
        assert!(rows.is_empty(), "{rows:?}");
    }

    async fn connections_that_are_lost_are_replaced_in_time(place: TestDatabase) {
        let (proxy, database) = through_proxy(&place).await;
        for is_asking in [false, true] {
            let mut open = Vec::new();
            for _ in 0..LIMITS.connections {
                let mut transaction = database.begin().await.unwrap();
                sql("SELECT 1").fetch_number(&mut transaction).await.unwrap();
                open.push(transaction);
            }
            proxy.lose();
            if is_asking {
                for transaction in &mut open {
                    unavailable(sql("SELECT 1").fetch_number(transaction)).await;
                }
            }
            // Nobody answers their rollback, and others want their places.
            drop(open);
            all_connections_work(&database).await;
        }
        // Those in the pool: whether the first of them is trusted is a matter of what was doubted before.
        proxy.lose();
        let _ = tokio::time::timeout(IN_TIME, database.ping()).await.expect("it is told in time");
        all_connections_work(&database).await;
    }

    async fn a_database_on_a_lost_line_can_be_closed(place: TestDatabase) {
        let (proxy, database) = through_proxy(&place).await;
        all_connections_work(&database).await;
        let transaction = database.begin().await.unwrap();
        proxy.lose();
        drop(transaction);
        tokio::time::timeout(IN_TIME, database.close()).await.expect("it is closed in time");
        unavailable(database.ping()).await;
    }

    async fn a_caller_that_goes_away_while_the_server_hangs_costs_no_connection(place: TestDatabase) {
        let (proxy, database) = through_proxy(&place).await;
        all_connections_work(&database).await;
        proxy.hang();
        for _ in 0..8 {
            let asked = tokio::spawn({
                let database = database.clone();
                async move { database.ping().await }
            });
            tokio::task::yield_now().await;
            asked.abort();
            let _ = asked.await;
        }
        proxy.go_on();
        all_connections_work(&database).await;
    }

    async fn a_server_that_is_started_again_costs_one_statement_at_most(place: TestDatabase) {
        let (proxy, database) = through_proxy(&place).await;
        for round in 0..3 {
            all_connections_work(&database).await;
            proxy.cut().await;
            let mut failed = 0;
            for _ in 0..10 {
                match database.ping().await {
                    Ok(()) => {}
                    Err(DbError::Unavailable(_)) => failed += 1,
                    Err(error) => panic!("{error:?}"),
                }
            }
            assert!(failed <= 1, "{failed} statements failed in round {round}");
        }
    }

    async fn a_start_on_a_server_that_hangs_or_refuses_ends_in_time(place: TestDatabase) {
        let (mut proxy, url) = Proxy::before(place.url()).await;
        proxy.hang();
        unavailable(Database::open_within(&url, LIMITS)).await;
        proxy.stop().await;
        unavailable(Database::open_within(&url, LIMITS)).await;
        proxy.go_on();
        proxy.start().await;
        Database::open_within(&url, LIMITS).await.unwrap();
    }

    async fn a_lock_that_somebody_keeps_is_not_waited_for_for_ever(place: TestDatabase) {
        let database = Database::open_within(place.url(), LIMITS).await.unwrap();
        sql("INSERT INTO vestibule_cert (owner, name) VALUES ('admin', 'a')").execute(&database).await.unwrap();
        let update = sql("UPDATE vestibule_cert SET revision = revision + 1 WHERE name = 'a'");
        let mut keeper = database.begin().await.unwrap();
        update.clone().execute(&mut keeper).await.unwrap();
        unavailable(update.clone().execute(&database)).await;
        keeper.rollback().await.unwrap();
        all_connections_work(&database).await;
        assert_eq!(update.execute(&database).await.unwrap(), 1);
    }
}
