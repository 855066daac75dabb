//! How SQLite would answer a statement, for tests.

use vestibule_database::{Database, Sql};

/// The steps of an `EXPLAIN QUERY PLAN`.
pub(crate) async fn plan(explain: Sql) -> Vec<String> {
    let database = Database::open("sqlite::memory:").await.unwrap();
    let steps = explain.fetch_all(&database).await.unwrap();
    steps.iter().map(|step| step.text("detail").unwrap()).collect()
}
