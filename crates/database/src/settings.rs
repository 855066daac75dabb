//! What an installation remembers about itself: a name and a value each, none of them a secret.

use crate::{Database, DbError, On, sql};

/// The value that was kept under `name`.
///
/// # Errors
/// [`DbError::Unavailable`], [`DbError::Failed`].
pub async fn setting(on: impl Into<On<'_>>, name: &str) -> Result<Option<String>, DbError> {
    match sql("SELECT value FROM vestibule_setting WHERE name = ?").bind(name).fetch_optional(on).await? {
        Some(row) => row.utf8("value"),
        None => Ok(None),
    }
}

/// Keeps `value` under `name`, in the place of what was there. Of several at once the last one holds.
///
/// It is no part of a transaction: PostgreSQL ends one in which a row could not be inserted because another was quicker.
///
/// # Errors
/// [`DbError::Unavailable`], [`DbError::Failed`].
pub async fn keep_setting(database: &Database, name: &str, value: &str) -> Result<(), DbError> {
    let replace = sql("UPDATE vestibule_setting SET value = ? WHERE name = ?").bind(value).bind(name);
    if replace.clone().execute(database).await? > 0 {
        return Ok(());
    }
    let insert = sql("INSERT INTO vestibule_setting (name, value) VALUES (?, ?)").bind(name).bind(value);
    match insert.execute(database).await {
        Err(DbError::AlreadyThere) => replace.execute(database).await.map(drop),
        done => done.map(drop),
    }
}
