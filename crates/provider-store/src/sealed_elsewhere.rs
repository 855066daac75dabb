//! What is sealed with a master key that is not here, or not the first one.

use std::collections::BTreeMap;

use vestibule_database::{Sql, StoreError, count, is_sealed, key_ids_in, sealed_prefix, sql};

use crate::ProviderStore;
use crate::config_text::{ConfigText, Value};
use crate::row::{LONGEST_CONFIG, ProviderRow, select};

/// How many rows are read in one query.
const BATCH: u32 = 256;
/// How many rows one query looks through. A look through all of them may take longer than a statement is given.
const STRETCH: i64 = 5_000;
/// Greater than every id.
const END: &str = "~";

/// What a sealed value begins with; the id of the key and `:` follow.
const SEALED: &str = "vsealed:1:";

/// A value of a config that is sealed with another master key.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SealedElsewhere {
    /// Whose row it is.
    pub owner: String,
    /// The row's name.
    pub name: String,
    /// The field of its config.
    pub field: String,
    /// The id of the master key with which it was sealed.
    pub key_id: String,
}

impl ProviderStore {
    /// The values that are sealed with other master keys than those of `key_ids`, `most` at most. Nothing is opened: a value says with which key it was
    /// sealed. Every config is looked at, in the database, some thousands in one statement.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn sealed_with_other_keys(
        &self,
        key_ids: &[String],
        most: u32,
    ) -> Result<Vec<SealedElsewhere>, StoreError> {
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let (mut found, mut after) = (Vec::new(), String::new());
        while found.len() < most {
            let rows = self.rows_sealed_with_other_keys(key_ids, &after).await?;
            let Some(last) = rows.last() else { break };
            after.clone_from(&last.head.id);
            for row in &rows {
                found.extend(sealed_with_other_keys(row, key_ids).into_iter().map(|(field, key_id)| SealedElsewhere {
                    owner: row.head.owner.clone(),
                    name: row.head.name.clone(),
                    field,
                    key_id,
                }));
            }
        }
        found.truncate(most);
        Ok(found)
    }

    /// How many values are sealed with each master key, by its id. Nothing is opened.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn sealed_with(&self) -> Result<BTreeMap<String, u64>, StoreError> {
        let (mut counts, mut after) = (BTreeMap::new(), String::new());
        loop {
            let rows = self.rows_sealed_with_other_keys(&[], &after).await?;
            let Some(last) = rows.last() else { return Ok(counts) };
            after.clone_from(&last.head.id);
            for (_, key_id) in rows.iter().flat_map(|row| sealed_with_other_keys(row, &[])) {
                *counts.entry(key_id).or_default() += 1;
            }
        }
    }

    /// The next rows after that id that may hold such a value, by id.
    pub(crate) async fn rows_sealed_with_other_keys(
        &self,
        key_ids: &[String],
        after: &str,
    ) -> Result<Vec<ProviderRow>, StoreError> {
        let mut after = after.to_owned();
        loop {
            let end = self.stretch_after(&after).await?;
            let rows = hold_others(sql(select!("WHERE ")).bind(LONGEST_CONFIG), key_ids)
                .and(" AND id > ? AND id <= ? ORDER BY id LIMIT ?")
                .bind(after)
                .bind(end.as_deref().unwrap_or(END))
                .bind(BATCH)
                .fetch_all(&self.database)
                .await?;
            match end {
                Some(end) if rows.is_empty() => after = end,
                _ => return Ok(rows.iter().map(ProviderRow::read).collect::<Result<_, _>>()?),
            }
        }
    }

    /// How many rows may hold such a value.
    pub(crate) async fn count_sealed_with_other_keys(&self, key_ids: &[String]) -> Result<u64, StoreError> {
        let (mut total, mut after) = (0, String::new());
        loop {
            let end = self.stretch_after(&after).await?;
            let all = hold_others(sql("SELECT COUNT(*) FROM vestibule_provider WHERE "), key_ids);
            let all = all.and(" AND id > ? AND id <= ?").bind(after).bind(end.as_deref().unwrap_or(END));
            total += count(all, &self.database).await?;
            match end {
                Some(end) => after = end,
                None => return Ok(total),
            }
        }
    }

    /// The last id of the stretch of rows after that one; nothing, when it is the last stretch.
    async fn stretch_after(&self, id: &str) -> Result<Option<String>, StoreError> {
        let last = sql("SELECT id FROM vestibule_provider WHERE id > ? ORDER BY id LIMIT 1 OFFSET ?");
        let last = last.bind(id).bind(STRETCH - 1).fetch_optional(&self.database).await?;
        Ok(last.map(|row| row.text("id")).transpose()?)
    }
}

/// The condition for rows in whose config, once the values of these keys are taken out, others are left.
fn hold_others(statement: Sql, key_ids: &[String]) -> Sql {
    let without = key_ids.iter().fold("config".to_owned(), |text, _| format!("replace({text}, ?, '')"));
    let of_keys = key_ids.iter().map(|id| sealed_prefix(id));
    statement.and(&format!("config LIKE '%{SEALED}%' AND {without} LIKE '%{SEALED}%'")).bind_all(of_keys)
}

/// The fields of a row that hold a value sealed with another key than these, and the ids of those keys. A config that cannot be read has none.
pub(crate) fn sealed_with_other_keys(row: &ProviderRow, key_ids: &[String]) -> Vec<(String, String)> {
    let Ok(text) = row.stored_config().map(|config| ConfigText::read(config.expose())) else { return Vec::new() };
    let Ok(text) = text else { return Vec::new() };
    let sealed = text.values().filter_map(|(field, value)| {
        let key_id = other_key(&value, key_ids)?;
        Some((field.to_owned(), key_id))
    });
    sealed.collect()
}

/// With which other key than these a value was sealed.
pub(crate) fn other_key(value: &Value, key_ids: &[String]) -> Option<String> {
    let Value::Text(value) = value else { return None };
    let key_id = key_ids_in(value.expose()).next().filter(|_| is_sealed(value.expose()))?;
    (!key_ids.iter().any(|known| known == key_id)).then(|| key_id.to_owned())
}
