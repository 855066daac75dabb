//! Sealing what plain SQL put there in the clear.

use vestibule_database::{DbError, StoreError};

use crate::CertStore;
use crate::row::{CertRow, LONGEST_FIELD, private_key_place, select};

/// How many records are looked at in one query.
const BATCH: i64 = 64;

impl CertStore {
    /// Seals every Private key field that stands in the clear, names those records in the log, and says how many it sealed. Meant to be called now and
    /// then by a background task. A record that somebody changes meanwhile is left for the next pass; one that cannot be sealed does not stop the others.
    ///
    /// # Errors
    /// [`StoreError::Database`], when the database fails.
    pub async fn seal_clear_values(&self) -> Result<u64, StoreError> {
        let mut sealed = 0;
        let mut after = String::new();
        loop {
            let rows = self.clear_rows(&after).await?;
            let Some(last) = rows.last() else { break };
            after.clone_from(&last.id);
            for row in &rows {
                match self.seal_row(row).await {
                    Ok(done) => sealed += u64::from(done),
                    Err(StoreError::Database(error)) => return Err(error.into()),
                    Err(error) => tracing::warn!(%error, "a private key stands in the clear and cannot be sealed"),
                }
            }
        }
        self.database.erase_clear_text().await?;
        Ok(sealed)
    }

    /// The condition is word for word that of the index `vestibule_cert_clear`.
    async fn clear_rows(&self, after: &str) -> Result<Vec<CertRow>, DbError> {
        let rows = sqlx::query(select!(
            "WHERE private_key IS NOT NULL AND private_key <> '' AND substr(private_key, 1, 8) <> 'vsealed:' AND id > ?
            ORDER BY id LIMIT ?"
        ))
        .bind(LONGEST_FIELD)
        .bind(LONGEST_FIELD)
        .bind(after)
        .bind(BATCH)
        .fetch_all(self.pool())
        .await?;
        Ok(rows.iter().map(CertRow::read).collect::<Result<_, _>>()?)
    }

    /// Whether this call sealed it, and not somebody else.
    async fn seal_row(&self, row: &CertRow) -> Result<bool, StoreError> {
        let Some(clear) = row.stored_private_key()? else { return Ok(false) };
        let id = row.uuid()?;
        let sealed = self.keyring.seal(clear, &private_key_place(&id, row.version), &*self.random)?;
        let swapped =
            sqlx::query("UPDATE vestibule_cert SET private_key = ? WHERE id = ? AND version = ? AND private_key = ?")
                .bind(sealed)
                .bind(&row.id)
                .bind(row.version)
                .bind(clear.expose())
                .execute(self.pool())
                .await?
                .rows_affected()
                == 1;
        if swapped {
            self.database.note_clear_text();
            tracing::warn!(record = %row.record(), "a private key stood in the clear and was sealed; backups of the database may still hold it");
        }
        Ok(swapped)
    }
}
