//! Sealing anew what a former master key sealed, in records and in their versions.

use std::collections::BTreeMap;

use vestibule_database::{DbError, ResealingPass, Row, SealedRows, StoreError, key_ids_in, sealed_prefix, sql};
use vestibule_oauth_provider::{Secret, Uuid};

use crate::CertStore;
use crate::field::{Column, LONGEST_FIELD};
use crate::private_key::VersionOf;
use crate::row::record;

/// How many rows are looked at in one query.
const BATCH: i64 = 64;

impl CertStore {
    /// Seals with the first master key every Private key field that is sealed with another one. Sign-ins and changes go on meanwhile. A version that is
    /// switched just then may be missed; the next pass finds it.
    ///
    /// # Errors
    /// [`StoreError::Database`]. What cannot be opened is kept in `pass`.
    pub async fn reseal(&self, pass: &mut ResealingPass<'_>) -> Result<(), StoreError> {
        pass.reseal(&ActiveKeys(self)).await?;
        pass.reseal(&OtherKeys(self)).await
    }

    /// How many Private key fields are sealed with each master key, by its id. Nothing is opened.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn sealed_with(&self) -> Result<BTreeMap<String, u64>, StoreError> {
        let mut counts = BTreeMap::new();
        for table in ["vestibule_cert", "vestibule_cert_version"] {
            let counted = sql(format!(
                "SELECT beginning, COUNT(*) AS fields FROM (SELECT substr(private_key, 1, 27) AS beginning FROM {table}) AS sealed
                WHERE substr(beginning, 1, 8) = 'vsealed:' GROUP BY beginning"
            ));
            for row in counted.fetch_all(&self.database).await? {
                let (beginning, fields) = (row.text("beginning")?, row.int("fields")?);
                if let Some(key_id) = key_ids_in(&beginning).next() {
                    *counts.entry(key_id.to_owned()).or_default() += u64::try_from(fields).unwrap_or_default();
                }
            }
        }
        Ok(counts)
    }
}

/// A Private key field that is sealed with a former key.
struct SealedKey {
    id: String,
    owner: String,
    name: String,
    version: i64,
    /// Nothing, when it is too long or no text.
    sealed: Option<Secret>,
}

impl SealedKey {
    fn read(row: &Row) -> Result<Self, DbError> {
        Ok(Self {
            id: row.text("id")?,
            owner: row.text("owner")?,
            name: row.text("name")?,
            version: row.int("version")?,
            sealed: row.utf8("private_key").ok().flatten().map(Secret::new),
        })
    }

    /// The field as it stands there, and as it is to stand there.
    async fn anew(&self, store: &CertStore) -> Result<(&Secret, String), StoreError> {
        let record = record(&self.owner, &self.name);
        let (number, label) = (self.version, Column::PrivateKey.label());
        let said = |what: &str| format!("{record}, version {number}, field {label}: {what}");
        let unreadable = |what: &str| StoreError::Unreadable(said(what));
        let sealed = self.sealed.as_ref().ok_or_else(|| unreadable("is too long, or no UTF-8 text"))?;
        let id = Uuid::parse_str(&self.id).map_err(|_| unreadable("stands in a record whose id is not a UUID"))?;
        let place = VersionOf { record, id, number };
        let anew = store.keyring.reseal(sealed.expose(), &place.place(), &*store.random).await;
        let anew = anew.map_err(|error| error.of_store(|error| said(&error.to_string())))?;
        Ok((sealed, anew.unwrap_or_else(|| sealed.expose().to_owned())))
    }
}

/// The condition of both tables for a field that is sealed, and not with the key whose prefix is bound.
macro_rules! former {
    ($table:literal) => {
        concat!("substr(", $table, ".private_key, 1, 8) = 'vsealed:' AND substr(", $table, ".private_key, 1, 27) <> ?")
    };
}

/// Active versions.
struct ActiveKeys<'s>(&'s CertStore);

impl SealedRows for ActiveKeys<'_> {
    const WHAT: &'static str = "private keys";
    type Row = SealedKey;

    async fn count(&self, key_id: &str) -> Result<u64, StoreError> {
        let counted = sql(concat!("SELECT COUNT(*) FROM vestibule_cert WHERE ", former!("vestibule_cert")));
        let counted = counted.bind(sealed_prefix(key_id)).fetch_number(&self.0.database).await?;
        Ok(u64::try_from(counted).unwrap_or_default())
    }

    async fn after(&self, last: Option<&SealedKey>, key_id: &str) -> Result<Vec<SealedKey>, StoreError> {
        let rows = sql(concat!(
            "SELECT id, owner, name, version, CASE WHEN octet_length(private_key) <= ? THEN private_key END AS private_key FROM vestibule_cert
            WHERE ",
            former!("vestibule_cert"),
            " AND id > ? ORDER BY id LIMIT ?"
        ))
        .bind(LONGEST_FIELD)
        .bind(sealed_prefix(key_id))
        .bind(last.map_or("", |last| last.id.as_str()))
        .bind(BATCH)
        .fetch_all(&self.0.database)
        .await?;
        Ok(rows.iter().map(SealedKey::read).collect::<Result<_, _>>()?)
    }

    async fn reseal(&self, row: &SealedKey) -> Result<bool, StoreError> {
        let (sealed, anew) = row.anew(self.0).await?;
        let swapped = sql(
            "UPDATE vestibule_cert SET private_key = ? WHERE id = ? AND owner = ? AND version = ? AND private_key = ?",
        )
        .bind(anew)
        .bind(&row.id)
        .bind(&row.owner)
        .bind(row.version)
        .bind(sealed.expose())
        .execute(&self.0.database)
        .await?;
        Ok(swapped == 1)
    }
}

/// Versions that are staged or retired.
struct OtherKeys<'s>(&'s CertStore);

impl SealedRows for OtherKeys<'_> {
    const WHAT: &'static str = "private keys of other versions";
    type Row = SealedKey;

    async fn count(&self, key_id: &str) -> Result<u64, StoreError> {
        let counted = sql(concat!("SELECT COUNT(*) FROM vestibule_cert_version AS other WHERE ", former!("other")));
        let counted = counted.bind(sealed_prefix(key_id)).fetch_number(&self.0.database).await?;
        Ok(u64::try_from(counted).unwrap_or_default())
    }

    async fn after(&self, last: Option<&SealedKey>, key_id: &str) -> Result<Vec<SealedKey>, StoreError> {
        let (id, version) = last.map_or(("", 0), |last| (last.id.as_str(), last.version));
        let rows = sql(concat!(
            "SELECT cert.id, cert.owner, cert.name, other.version,
                CASE WHEN octet_length(other.private_key) <= ? THEN other.private_key END AS private_key
            FROM vestibule_cert_version AS other JOIN vestibule_cert AS cert ON cert.id = other.cert_id
            WHERE ",
            former!("other"),
            " AND (other.cert_id > ? OR (other.cert_id = ? AND other.version > ?)) ORDER BY other.cert_id, other.version LIMIT ?"
        ))
        .bind(LONGEST_FIELD)
        .bind(sealed_prefix(key_id))
        .bind(id)
        .bind(id)
        .bind(version)
        .bind(BATCH)
        .fetch_all(&self.0.database)
        .await?;
        Ok(rows.iter().map(SealedKey::read).collect::<Result<_, _>>()?)
    }

    async fn reseal(&self, row: &SealedKey) -> Result<bool, StoreError> {
        let (sealed, anew) = row.anew(self.0).await?;
        let swapped = sql(
            "UPDATE vestibule_cert_version SET private_key = ? WHERE cert_id = ? AND version = ? AND private_key = ?",
        )
        .bind(anew)
        .bind(&row.id)
        .bind(row.version)
        .bind(sealed.expose())
        .execute(&self.0.database)
        .await?;
        Ok(swapped == 1)
    }
}
