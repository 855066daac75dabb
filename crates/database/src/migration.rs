//! The steps from an empty database to today's tables, and the book that is kept of them.
//!
//! sqlx's own migrator keeps its book in `_sqlx_migrations`, which an embedding host may use itself, and does not lock on SQLite.

use sqlx::SqlitePool;

use crate::DbError;

struct Migration {
    number: i64,
    name: &'static str,
    sqlite: &'static str,
}

/// In order, and only ever appended to.
const MIGRATIONS: &[Migration] =
    &[Migration { number: 1, name: "initial", sqlite: include_str!("../migrations/sqlite/0001_initial.sql") }];

/// Brings the tables up to date, all steps in one transaction, or refuses a database that is ahead of us.
pub(crate) async fn migrate(pool: &SqlitePool) -> Result<(), DbError> {
    let mut transaction = pool.begin_with("BEGIN IMMEDIATE").await?;
    sqlx::raw_sql(
        "CREATE TABLE IF NOT EXISTS vestibule_migration (
            number INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL, applied_at INTEGER NOT NULL DEFAULT (unixepoch())
        ) STRICT",
    )
    .execute(&mut *transaction)
    .await?;
    let found: i64 = sqlx::query_scalar("SELECT COALESCE(MAX(number), 0) FROM vestibule_migration")
        .fetch_one(&mut *transaction)
        .await?;
    let known = MIGRATIONS.last().map_or(0, |newest| newest.number);
    if found > known {
        return Err(DbError::NewerSchema { found, known });
    }
    for migration in MIGRATIONS.iter().filter(|migration| migration.number > found) {
        sqlx::raw_sql(migration.sqlite).execute(&mut *transaction).await?;
        sqlx::query("INSERT INTO vestibule_migration (number, name) VALUES (?, ?)")
            .bind(migration.number)
            .bind(migration.name)
            .execute(&mut *transaction)
            .await?;
        tracing::info!(number = migration.number, name = migration.name, "migrated the database");
    }
    transaction.commit().await?;
    Ok(())
}
