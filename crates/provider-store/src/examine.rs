//! Examining what somebody else wrote: its secrets are sealed, its references noted.
//!
//! A row remembers the config that was examined last. Whatever writes another one, plain SQL or a restored backup, thereby asks for another look, and an
//! index has exactly those rows. Rows of a type that this program does not know wait for one that does.

use vestibule_database::{ClearRows, Dialect, RowHead, SealingPass, Sql, StoreError, is_sealed, places, sql};
use vestibule_oauth_provider::Secret;

use crate::ProviderStore;
use crate::config_text::Value;
use crate::fields::Fields;
use crate::references::References;
use crate::row::{LONGEST_CONFIG, ProviderRow, column, secret_place, select};

/// How many rows are looked at in one query.
const BATCH: u32 = 64;

impl ProviderStore {
    /// Examines every row that somebody else wrote: seals the secrets that stand in the clear, names those rows in the log, and notes which cert records
    /// the row names. Says in how many rows it sealed something. Meant to be called now and then by a background task. A row that somebody changes
    /// meanwhile is left for the next pass; one that cannot be sealed does not stop the others, and is reported once.
    ///
    /// # Errors
    /// [`StoreError::Database`], when the database fails.
    pub async fn examine(&self) -> Result<u64, StoreError> {
        self.note_fields().await?;
        let mut pass = SealingPass::begin(&self.database, &self.unsealable);
        pass.seal(&Unexamined { store: self }).await?;
        pass.finish().await
    }

    /// The next rows that are to be examined, by id.
    pub(crate) fn unexamined(&self, after: &str) -> Sql {
        let kinds: Vec<_> = self.registry.kinds().collect();
        unexamined(self.database.dialect(), kinds.len()).bind(LONGEST_CONFIG).bind(after).bind_all(kinds).bind(BATCH)
    }
}

/// The condition is that of the index, word for word; the types are asked for in a way that leads to no other index.
pub(crate) fn unexamined(dialect: Dialect, kinds: usize) -> Sql {
    let (statement, id) = match dialect {
        Dialect::MySql => (sql(select!("WHERE unexamined_id > ?")), "unexamined_id"),
        _ => (sql(select!("WHERE examined <> config AND id > ?")), "id"),
    };
    statement.and(&format!(" AND substr(type, 1, 100) IN ({}) ORDER BY {id} LIMIT ?", places(kinds)))
}

/// The rows that somebody else wrote.
struct Unexamined<'s> {
    store: &'s ProviderStore,
}

impl ClearRows for Unexamined<'_> {
    const WHAT: &'static str = "a provider's secret";
    type Row = ProviderRow;

    async fn after(&self, id: &str) -> Result<Vec<ProviderRow>, StoreError> {
        if self.store.registry.kinds().next().is_none() {
            return Ok(Vec::new());
        }
        let rows = self.store.unexamined(id).fetch_all(&self.store.database).await?;
        Ok(rows.iter().map(ProviderRow::read).collect::<Result<_, _>>()?)
    }

    async fn seal(&self, row: &ProviderRow) -> Result<bool, StoreError> {
        let store = self.store;
        let RowHead { id, owner, kind, version, .. } = &row.head;
        let (stored, fields) = (row.stored_config()?, Fields::of(&store.registry, kind));
        let text = row.text(stored)?;
        let mut has_clear = false;
        let sealed = text.rewrite(|field, value| match value {
            Value::Text(value) if fields.is_secret(field) && !value.is_empty() && !is_sealed(value.expose()) => {
                has_clear = true;
                let (id, column) = (row.head.uuid()?, column(field));
                let sealed = store.keyring.seal(value, &secret_place(owner, &id, *version, &column), &*store.random)?;
                Ok::<_, StoreError>(Some(Secret::new(sealed)))
            }
            _ => Ok(None),
        })?;

        let mut transaction = store.database.begin().await?;
        let swapped = sql("UPDATE vestibule_provider SET config = ?, examined = ?
             WHERE id = ? AND owner = ? AND version = ? AND type = ? AND config = ?")
        .bind(sealed.expose())
        .bind(sealed.expose())
        .bind(id)
        .bind(owner)
        .bind(*version)
        .bind(kind)
        .bind(stored.expose())
        .execute(&mut transaction)
        .await?;
        if swapped == 0 {
            transaction.rollback().await?;
            return Ok(false);
        }
        References::of(&text, fields).note(&mut transaction, id).await?;
        transaction.commit().await?;
        Ok(has_clear)
    }
}
