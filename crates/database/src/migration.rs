//! The steps from an empty database to today's tables, and the book that is kept of them.
//!
//! sqlx's own migrator keeps its book in `_sqlx_migrations`, which an embedding host may use itself, does not lock on SQLite, and asks MariaDB for a lock in
//! a way that it refuses. Here one starter at a time works: SQLite has a lock file (see `file`), PostgreSQL an advisory lock for the transaction, MySQL and
//! MariaDB a named lock of the session.
//!
//! SQLite and PostgreSQL change tables in a transaction. MySQL and MariaDB do not: a start that was cut off leaves a step half done, and the next one does
//! it again, passing over what is there already.

use std::time::Duration;

use crate::pools::Dialect;
use crate::{Database, DbError, Transaction, sql};

struct Migration {
    number: i64,
    name: &'static str,
    script: &'static str,
}

macro_rules! migrations {
    ($($number:literal $name:literal in $folder:literal),+ $(,)?) => {
        &[$(Migration {
            number: $number,
            name: $name,
            script: include_str!(concat!("../migrations/", $folder, "/000", $number, "_", $name, ".sql")),
        }),+]
    };
}

/// In order, and only ever appended to. A number means the same tables on every database; PostgreSQL and MySQL came with the second.
const SQLITE: &[Migration] = migrations!(1 "initial" in "sqlite", 2 "versions" in "sqlite");
const POSTGRES: &[Migration] = migrations!(2 "initial" in "postgres");
const MYSQL: &[Migration] = migrations!(2 "initial" in "mysql");

/// The lock's name among those of PostgreSQL's advisory locks: any number, as long as it stays the same.
const POSTGRES_LOCK: &str = "SELECT pg_advisory_xact_lock(8317996450128713071)";
/// How long a starter waits for another one, in seconds.
const PATIENCE: i64 = 60;
/// How long one statement of a step may take: some go through whole tables.
const LONGEST_STEP: Duration = Duration::from_secs(600);

/// Brings the tables up to date, or refuses a database that is ahead of us.
pub(crate) async fn migrate(database: &Database) -> Result<(), DbError> {
    let migrations = match database.dialect() {
        Dialect::Sqlite => SQLITE,
        Dialect::Postgres => POSTGRES,
        Dialect::MySql => MYSQL,
    };
    let known = migrations.last().map_or(0, |newest| newest.number);
    match found(database).await {
        // A server whose user may only read and write rows starts too, when there is nothing to do.
        Ok(found) if found == known => return Ok(()),
        Ok(found) => refuse_newer(found, known)?,
        Err(unavailable @ DbError::Unavailable(_)) => return Err(unavailable),
        // There is no book yet.
        Err(_) => {}
    }
    let mut transaction = database.begin().await?;
    transaction.allow(LONGEST_STEP);
    lock(&mut transaction).await?;
    let done = all(&mut transaction, migrations, known).await;
    let unlocked = unlock(&mut transaction).await;
    match done.and(unlocked) {
        Ok(()) => transaction.commit().await,
        Err(error) => {
            // What went wrong is worth more than what went wrong after it.
            let _ = transaction.rollback().await;
            Err(error)
        }
    }
}

const fn refuse_newer(found: i64, known: i64) -> Result<(), DbError> {
    if found > known { Err(DbError::NewerSchema { found, known }) } else { Ok(()) }
}

async fn all(transaction: &mut Transaction, migrations: &[Migration], known: i64) -> Result<(), DbError> {
    run(transaction, book(transaction.dialect())).await?;
    let found = sql("SELECT COALESCE(MAX(number), 0) FROM vestibule_migration").fetch_number(&mut *transaction).await?;
    refuse_newer(found, known)?;
    let collation = binary_collation(transaction).await?;
    for migration in migrations.iter().filter(|migration| migration.number > found) {
        for statement in migration.script.split_inclusive(";\n") {
            run(transaction, &statement.replace("BINARY_COLLATION", collation)).await?;
        }
        sql("INSERT INTO vestibule_migration (number, name) VALUES (?, ?)")
            .bind(migration.number)
            .bind(migration.name)
            .execute(&mut *transaction)
            .await?;
        tracing::info!(number = migration.number, name = migration.name, "migrated the database");
    }
    Ok(())
}

async fn found(database: &Database) -> Result<i64, DbError> {
    sql("SELECT COALESCE(MAX(number), 0) FROM vestibule_migration").fetch_number(database).await
}

const fn book(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => {
            "CREATE TABLE IF NOT EXISTS vestibule_migration (
                number INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL, applied_at INTEGER NOT NULL DEFAULT (unixepoch())
            ) STRICT"
        }
        Dialect::Postgres => {
            "CREATE TABLE IF NOT EXISTS vestibule_migration (
                number BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL,
                applied_at BIGINT NOT NULL DEFAULT (extract(epoch FROM now())::bigint)
            )"
        }
        Dialect::MySql => {
            "CREATE TABLE IF NOT EXISTS vestibule_migration (
                number BIGINT NOT NULL PRIMARY KEY, name VARCHAR(100) NOT NULL,
                applied_at BIGINT NOT NULL DEFAULT (UNIX_TIMESTAMP())
            ) ENGINE = InnoDB"
        }
    }
}

/// Waits until no other starter is at it.
async fn lock(transaction: &mut Transaction) -> Result<(), DbError> {
    match transaction.dialect() {
        // The lock file is held, and `BEGIN IMMEDIATE` keeps out who does not know of it.
        Dialect::Sqlite => Ok(()),
        Dialect::Postgres => {
            run(transaction, "SET LOCAL lock_timeout = '60s'").await?;
            match transaction.run(POSTGRES_LOCK.to_owned()).await? {
                Err(error) if is_lock_timeout(&error) => {
                    Err(DbError::LockedByOther { seconds: PATIENCE.unsigned_abs() })
                }
                taken => Ok(taken?),
            }
        }
        Dialect::MySql => {
            // Names of locks are the server's, so the database's name is part of it; NULL and 0 are refusals.
            let taken = sql("SELECT COALESCE(GET_LOCK(CONCAT('vestibule ', MD5(DATABASE())), ?), 0)")
                .bind(PATIENCE)
                .fetch_number(&mut *transaction)
                .await?;
            if taken == 1 { Ok(()) } else { Err(DbError::LockedByOther { seconds: PATIENCE.unsigned_abs() }) }
        }
    }
}

async fn unlock(transaction: &mut Transaction) -> Result<(), DbError> {
    match transaction.dialect() {
        Dialect::Sqlite | Dialect::Postgres => Ok(()),
        Dialect::MySql => run(transaction, "DO RELEASE_LOCK(CONCAT('vestibule ', MD5(DATABASE())))").await,
    }
}

/// What MySQL and MariaDB call the collation that compares texts byte by byte and does not pass over spaces at their end (`utf8mb4_bin` does).
async fn binary_collation(transaction: &mut Transaction) -> Result<&'static str, DbError> {
    if transaction.dialect() != Dialect::MySql {
        return Ok("");
    }
    let mariadb = sql("SELECT COUNT(*) FROM information_schema.collations WHERE collation_name = 'utf8mb4_nopad_bin'");
    Ok(if mariadb.fetch_number(transaction).await? > 0 { "utf8mb4_nopad_bin" } else { "utf8mb4_0900_bin" })
}

/// Runs a statement as it stands.
async fn run(transaction: &mut Transaction, statement: &str) -> Result<(), DbError> {
    match transaction.run(statement.to_owned()).await? {
        Err(error) if is_done_already(&error) => Ok(()),
        done => Ok(done?),
    }
}

/// Whether PostgreSQL says that a lock was not to be had in time (55P03, `lock_not_available`).
fn is_lock_timeout(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Database(said) if said.code().is_some_and(|code| code == "55P03"))
}

/// Whether MySQL or MariaDB says that a step, cut off earlier, was done: the table (1050), column (1060) or key (1061) is there, or what was to be dropped is
/// not (1051, 1091).
fn is_done_already(error: &sqlx::Error) -> bool {
    #[cfg(feature = "mysql")]
    if let sqlx::Error::Database(said) = error
        && let Some(said) = said.try_downcast_ref::<sqlx::mysql::MySqlDatabaseError>()
    {
        return matches!(said.number(), 1050 | 1051 | 1060 | 1061 | 1091);
    }
    let _ = error;
    false
}
