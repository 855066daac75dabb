//! MariaDB commits each statement that changes a table: a start that is cut off leaves a step half done.

use vestibule_database::Database;
use vestibule_testkit::databases::{Backend, TestDatabase, run};

const SCRIPT: &str = include_str!("../../migrations/mysql/0002_initial.sql");

async fn shape(place: &TestDatabase) -> Vec<Vec<String>> {
    let columns =
        "SELECT table_name, column_name, column_type, collation_name, is_nullable FROM information_schema.columns
        WHERE table_schema = DATABASE() ORDER BY table_name, ordinal_position";
    let keys = "SELECT table_name, index_name, column_name, CAST(seq_in_index AS SIGNED), CAST(non_unique AS SIGNED) FROM information_schema.statistics
        WHERE table_schema = DATABASE() ORDER BY table_name, index_name, seq_in_index";
    let mut shape = place.query_texts(columns, &[]).await;
    shape.extend(place.query_texts(keys, &[]).await);
    shape
}

#[test]
fn a_start_that_was_cut_off_is_completed_by_the_next() {
    run(Backend::MariaDb, "a_start_that_was_cut_off_is_completed_by_the_next", |whole| async move {
        Database::open(whole.url()).await.unwrap().close().await;
        let expected = shape(&whole).await;
        let script = SCRIPT.replace("BINARY_COLLATION", "utf8mb4_nopad_bin");
        let statements: Vec<_> =
            script.split_inclusive(";\n").filter(|statement| !statement.trim().is_empty()).collect();
        assert_eq!(statements.len(), 7);
        for done in 0..=statements.len() {
            let place = TestDatabase::create(Backend::MariaDb).await;
            for statement in statements.iter().take(done) {
                place.execute(statement, &[]).await;
            }
            let database = Database::open(place.url()).await.unwrap_or_else(|error| panic!("after {done}: {error:?}"));
            database.close().await;
            assert_eq!(shape(&place).await, expected, "after {done}");
        }
    });
}
