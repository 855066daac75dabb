//! Sealing what plain SQL put there in the clear.

use vestibule_database::{ClearRows, RowHead, SealingPass, StoreError};

use crate::CertStore;
use crate::row::{CertRow, LONGEST_FIELD, private_key_place, select};

/// How many records are looked at in one query.
const BATCH: i64 = 64;

impl CertStore {
    /// Seals every Private key field that stands in the clear, names those records in the log, and says how many it sealed. Meant to be called now and
    /// then by a background task. A record that somebody changes meanwhile is left for the next pass; one that cannot be sealed does not stop the others,
    /// and is reported once.
    ///
    /// # Errors
    /// [`StoreError::Database`], when the database fails.
    pub async fn seal_clear_values(&self) -> Result<u64, StoreError> {
        let mut pass = SealingPass::begin(&self.database, &self.unsealable);
        pass.seal(&ClearPrivateKeys(self)).await?;
        pass.finish().await
    }
}

struct ClearPrivateKeys<'s>(&'s CertStore);

impl ClearRows for ClearPrivateKeys<'_> {
    const WHAT: &'static str = "a private key";
    type Row = CertRow;

    /// The condition is word for word that of the index `vestibule_cert_clear`.
    async fn after(&self, id: &str) -> Result<Vec<CertRow>, StoreError> {
        let rows = sqlx::query(select!(
            "WHERE private_key IS NOT NULL AND private_key <> '' AND substr(private_key, 1, 8) <> 'vsealed:' AND id > ?
            ORDER BY id LIMIT ?"
        ))
        .bind(LONGEST_FIELD)
        .bind(LONGEST_FIELD)
        .bind(id)
        .bind(BATCH)
        .fetch_all(self.0.pool())
        .await?;
        Ok(rows.iter().map(CertRow::read).collect::<Result<_, _>>()?)
    }

    async fn seal(&self, row: &CertRow) -> Result<bool, StoreError> {
        let Some(clear) = row.stored_private_key()? else { return Ok(false) };
        let RowHead { id, owner, version, .. } = &row.head;
        let uuid = row.head.uuid()?;
        let sealed = self.0.keyring.seal(clear, &private_key_place(owner, &uuid, *version), &*self.0.random)?;
        let swapped = sqlx::query(
            "UPDATE vestibule_cert SET private_key = ? WHERE id = ? AND owner = ? AND version = ? AND private_key = ?",
        )
        .bind(sealed)
        .bind(id)
        .bind(owner)
        .bind(version)
        .bind(clear.expose())
        .execute(self.0.pool())
        .await?;
        Ok(swapped.rows_affected() == 1)
    }
}
