//! Sealing what plain SQL put there in the clear.

use vestibule_database::{DbError, StoreError, is_sealed};
use vestibule_oauth_provider::Secret;

use crate::ProviderStore;
use crate::config_text::Value;
use crate::row::{LONGEST_CONFIG, Secrets, StoredRow, column, secret_place, select};

/// How many rows are looked at in one query.
const BATCH: i64 = 64;

impl ProviderStore {
    /// Seals every secret that stands in the clear, names those rows in the log, and says in how many rows it sealed something. Meant to be called now and
    /// then by a background task. A row that somebody changes meanwhile is left for the next pass; one that cannot be sealed does not stop the others.
    ///
    /// # Errors
    /// [`StoreError::Database`], when the database fails.
    pub async fn seal_clear_values(&self) -> Result<u64, StoreError> {
        let mut sealed = 0;
        for factory in self.registry.factories() {
            for field in factory.schema().secrets() {
                sealed += self.seal_field(factory.kind(), field).await?;
            }
        }
        self.database.erase_clear_text().await?;
        Ok(sealed)
    }

    /// Goes through the rows of a type that have a clear text in `field`, and seals all of their secrets.
    async fn seal_field(&self, kind: &str, field: &str) -> Result<u64, StoreError> {
        let mut sealed = 0;
        let mut after = String::new();
        loop {
            let rows = self.clear_rows(kind, field, &after).await?;
            let Some(last) = rows.last() else { return Ok(sealed) };
            after.clone_from(&last.id);
            for row in &rows {
                match self.seal_row(row).await {
                    Ok(done) => sealed += u64::from(done),
                    Err(StoreError::Database(error)) => return Err(error.into()),
                    Err(error) => {
                        tracing::warn!(%error, "a provider's secret stands in the clear and cannot be sealed");
                    }
                }
            }
        }
    }

    async fn clear_rows(&self, kind: &str, field: &str, after: &str) -> Result<Vec<StoredRow>, DbError> {
        let rows = sqlx::query(select!(
            "WHERE type = ? AND id > ? AND EXISTS (
                SELECT 1 FROM json_each(vestibule_provider.config) AS field
                WHERE field.key = ? AND field.type = 'text' AND field.value <> '' AND substr(field.value, 1, 8) <> 'vsealed:')
            ORDER BY id LIMIT ?"
        ))
        .bind(LONGEST_CONFIG)
        .bind(kind)
        .bind(after)
        .bind(field)
        .bind(BATCH)
        .fetch_all(self.pool())
        .await?;
        Ok(rows.iter().map(StoredRow::read).collect::<Result<_, _>>()?)
    }

    /// Whether this call sealed something, and not somebody else.
    async fn seal_row(&self, row: &StoredRow) -> Result<bool, StoreError> {
        let id = row.uuid()?;
        let clear = row.stored_config()?;
        let secrets = Secrets::of(&self.registry, &row.kind);
        let sealed = row.text(clear)?.rewrite(|field, value| match value {
            Value::Text(value) if secrets.contains(field) && !value.is_empty() && !is_sealed(value.expose()) => {
                let place = column(field);
                let sealed = self.keyring.seal(value, &secret_place(&id, row.version, &place), &*self.random)?;
                Ok::<_, StoreError>(Some(Secret::new(sealed)))
            }
            _ => Ok(None),
        })?;
        let swapped = sqlx::query(
            "UPDATE vestibule_provider SET config = ? WHERE id = ? AND version = ? AND type = ? AND config = ?",
        )
        .bind(sealed.expose())
        .bind(&row.id)
        .bind(row.version)
        .bind(&row.kind)
        .bind(clear.expose())
        .execute(self.pool())
        .await?
        .rows_affected()
            == 1;
        if swapped {
            self.database.note_clear_text();
            tracing::warn!(row = %row.record(), "a provider's secret stood in the clear and was sealed; backups of the database may still hold it");
        }
        Ok(swapped)
    }
}
