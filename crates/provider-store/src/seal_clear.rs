//! Sealing what plain SQL put there in the clear.

use vestibule_database::{ClearRows, RowHead, SealingPass, StoreError, is_sealed};
use vestibule_oauth_provider::Secret;

use crate::ProviderStore;
use crate::config_text::Value;
use crate::row::{LONGEST_CONFIG, Secrets, StoredRow, column, secret_place, select};

/// How many rows are looked at in one query.
const BATCH: i64 = 64;

impl ProviderStore {
    /// Seals every secret that stands in the clear, names those rows in the log, and says in how many rows it sealed something. Meant to be called now and
    /// then by a background task. A row that somebody changes meanwhile is left for the next pass; one that cannot be sealed does not stop the others, and
    /// is reported once.
    ///
    /// # Errors
    /// [`StoreError::Database`], when the database fails.
    pub async fn seal_clear_values(&self) -> Result<u64, StoreError> {
        let mut pass = SealingPass::begin(&self.database, &self.unsealable);
        for factory in self.registry.factories() {
            for field in factory.schema().secrets() {
                pass.seal(&ClearField { store: self, kind: factory.kind(), field }).await?;
            }
        }
        pass.finish().await
    }
}

/// The rows of a type that have a clear text in one of its secret fields. All of their secrets are sealed at once.
struct ClearField<'s> {
    store: &'s ProviderStore,
    kind: &'s str,
    field: &'s str,
}

impl ClearRows for ClearField<'_> {
    const WHAT: &'static str = "a provider's secret";
    type Row = StoredRow;

    async fn after(&self, id: &str) -> Result<Vec<StoredRow>, StoreError> {
        let rows = sqlx::query(select!(
            "WHERE type = ? AND id > ? AND EXISTS (
                SELECT 1 FROM json_each(vestibule_provider.config) AS field
                WHERE field.key = ? AND field.type = 'text' AND field.value <> '' AND substr(field.value, 1, 8) <> 'vsealed:')
            ORDER BY id LIMIT ?"
        ))
        .bind(LONGEST_CONFIG)
        .bind(self.kind)
        .bind(id)
        .bind(self.field)
        .bind(BATCH)
        .fetch_all(self.store.pool())
        .await?;
        Ok(rows.iter().map(StoredRow::read).collect::<Result<_, _>>()?)
    }

    async fn seal(&self, row: &StoredRow) -> Result<bool, StoreError> {
        let (keyring, random) = (&self.store.keyring, &*self.store.random);
        let RowHead { id, owner, kind, version, .. } = &row.head;
        let (uuid, clear, secrets) = (row.head.uuid()?, row.stored_config()?, Secrets::of(&self.store.registry, kind));
        let sealed = row.text(clear)?.rewrite(|field, value| match value {
            Value::Text(value) if secrets.contains(field) && !value.is_empty() && !is_sealed(value.expose()) => {
                let sealed = keyring.seal(value, &secret_place(owner, &uuid, *version, &column(field)), random)?;
                Ok::<_, StoreError>(Some(Secret::new(sealed)))
            }
            _ => Ok(None),
        })?;
        let swapped = sqlx::query(
            "UPDATE vestibule_provider SET config = ? WHERE id = ? AND owner = ? AND version = ? AND type = ? AND config = ?",
        )
        .bind(sealed.expose())
        .bind(id)
        .bind(owner)
        .bind(version)
        .bind(kind)
        .bind(clear.expose())
        .execute(self.store.pool())
        .await?;
        Ok(swapped.rows_affected() == 1)
    }
}
