use super::{Backend, TestDatabase};

on_every_database! {
    async fn a_foreign_client_writes_and_reads(database: TestDatabase) {
        database.execute("CREATE TABLE a (name VARCHAR(20), number BIGINT, small INT); CREATE TABLE b (name VARCHAR(20))", &[]).await;
        let touched = database.execute("INSERT INTO a VALUES (?, ?, 7)", &["x".into(), i64::MAX.into()]).await;
        assert_eq!(touched, 1);
        let rows = database.query_texts("SELECT name, number, small, NULL FROM a WHERE name = ?", &["x".into()]).await;
        assert_eq!(rows, [["x", "9223372036854775807", "7", "NULL"]]);
        let refused = database.try_execute("INSERT INTO nowhere VALUES (?)", &["x".into()]).await;
        assert!(refused.is_err_and(|error| error.contains("nowhere")));
    }

    async fn a_database_is_gone_when_it_is_dropped(database: TestDatabase) {
        database.execute("CREATE TABLE a (name VARCHAR(20))", &[]).await;
        let url = database.url().to_owned();
        let path = database.path().map(std::path::Path::to_owned);
        let backend = database.backend();
        // A connection is still open, and in the middle of a transaction.
        let mut open = super::Client::connect(backend, &url).await.unwrap();
        open.execute("BEGIN", &[]).await.unwrap();
        open.query_texts("SELECT name FROM a", &[]).await.unwrap();
        drop(database);
        match path {
            Some(path) => assert!(!path.exists()),
            None => assert!(super::Client::connect(backend, &url).await.is_err()),
        }
    }
}

#[test]
fn a_database_is_dropped_by_a_test_that_panics() {
    let (sender, receiver) = std::sync::mpsc::channel();
    let failed = std::panic::catch_unwind(|| {
        super::run(Backend::Sqlite, "", |database| async move {
            database.execute("CREATE TABLE a (name VARCHAR(20))", &[]).await;
            sender.send(database.path().unwrap().to_owned()).unwrap();
            panic!("the test failed");
        });
    });
    assert!(failed.is_err());
    assert!(!receiver.recv().unwrap().exists());
}

#[test]
fn the_databases_of_servers_are_awkward() {
    super::run(Backend::MariaDb, "the_databases_of_servers_are_awkward", |database| async move {
        assert_eq!(database.query_texts("SELECT @@character_set_database", &[]).await, [["latin1"]]);
    });
}
