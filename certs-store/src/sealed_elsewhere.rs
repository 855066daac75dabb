//! What is sealed with a master key that is not here.

use vestibule_database::{Database, Sql, StoreError, places, sql};

use crate::CertStore;

/// A Private key field that is sealed with another master key.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SealedElsewhere {
    /// Whose record it is.
    pub owner: String,
    /// The record's name.
    pub name: String,
    /// The number of the version.
    pub version: i64,
    /// The id of the master key with which it was sealed.
    pub key_id: String,
}

impl CertStore {
    /// The Private key fields that are sealed with other master keys than those of `key_ids`, `most` at most, by owner, name and number. Nothing is opened: a
    /// value says with which key it was sealed.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn sealed_with_other_keys(
        &self,
        key_ids: &[String],
        most: u32,
    ) -> Result<Vec<SealedElsewhere>, StoreError> {
        let of_version = select(
            "vestibule_cert_version AS held JOIN vestibule_cert AS cert ON cert.id = held.cert_id",
            key_ids,
            most,
        );
        let mut found = read(
            select("vestibule_cert AS held JOIN vestibule_cert AS cert ON cert.id = held.id", key_ids, most),
            &self.database,
        )
        .await?;
        found.extend(read(of_version, &self.database).await?);
        found.sort_by(|one, other| {
            (&one.owner, &one.name, one.version).cmp(&(&other.owner, &other.name, other.version))
        });
        found.truncate(usize::try_from(most).unwrap_or(usize::MAX));
        Ok(found)
    }
}

/// A sealed value begins with `vsealed:1:`, the 16 digits of the key's id, and `:`.
fn select(held: &str, key_ids: &[String], most: u32) -> Sql {
    let known = places(key_ids.len());
    let statement = sql(format!(
        "SELECT cert.owner, cert.name, held.version, substr(held.private_key, 11, 16) AS key_id FROM {held}
        WHERE substr(held.private_key, 1, 10) = 'vsealed:1:' AND substr(held.private_key, 27, 1) = ':'
            AND substr(held.private_key, 11, 16) NOT IN ({known})
        ORDER BY cert.owner, cert.name, held.version LIMIT ?"
    ));
    let statement = if key_ids.is_empty() { statement.bind("") } else { statement.bind_all(key_ids) };
    statement.bind(most)
}

async fn read(statement: Sql, database: &Database) -> Result<Vec<SealedElsewhere>, StoreError> {
    let rows = statement.fetch_all(database).await?;
    let read = rows.iter().map(|row| {
        Ok(SealedElsewhere {
            owner: row.text("owner")?,
            name: row.text("name")?,
            version: row.int("version")?,
            key_id: row.text("key_id")?,
        })
    });
    read.collect()
}
