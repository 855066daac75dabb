//! Saving, showing and deleting records.

use std::fmt;
use std::sync::Arc;

use sqlx::SqlitePool;
use uuid::Uuid;
use vestibule_database::{Database, DbError, Keyring, MASK, Record, StoreError, Unsealable, check_name, unix_time};
use vestibule_oauth_provider::{Clock, Random, Secret};

use crate::judge::{Judged, judge};
use crate::row::{CertRow, LONGEST_FIELD, private_key_place, record, select};
use crate::view::CertView;

/// Cert records in the table `vestibule_cert`. Clones share the database.
#[derive(Clone)]
pub struct CertStore {
    pub(crate) database: Database,
    pub(crate) keyring: Keyring,
    pub(crate) shared_owner: String,
    clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) unsealable: Unsealable,
}

/// A record to be saved.
#[derive(Clone)]
pub struct NewCert {
    /// Whose record it is.
    pub owner: String,
    /// Its name, unique for its owner.
    pub name: String,
    /// What people call it. May be empty.
    pub display_name: String,
    /// The Certificate field: certificates. May be empty when the other is not.
    pub certificate: String,
    /// The Private key field: a private key, certificates, or nothing. In [`CertStore::replace`], the mask `***` keeps what is stored.
    pub private_key: Option<Secret>,
}

impl NewCert {
    fn record(&self) -> Record<'_> {
        record(&self.owner, &self.name)
    }
}

impl CertStore {
    /// The records in `database`, sealed with `keyring`. The records of `shared_owner` (by custom `admin`) are there for every owner.
    pub fn new(
        database: Database,
        keyring: Keyring,
        shared_owner: impl Into<String>,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Self {
        Self { database, keyring, shared_owner: shared_owner.into(), clock, random, unsealable: Unsealable::default() }
    }

    /// Judges and stores a new record.
    ///
    /// # Errors
    /// [`StoreError::Refused`], naming record, field, what was found and what belongs there; [`StoreError::AlreadyExists`]; [`StoreError::Database`].
    pub async fn save(&self, cert: NewCert) -> Result<CertView, StoreError> {
        check_name("owner", &cert.owner)?;
        check_name("name", &cert.name)?;
        let judged = judge(cert.record(), &cert.certificate, cert.private_key.as_ref())?;
        let id = self.random.uuid().map_err(DbError::Random)?;
        let private_key = self.sealed(&cert.owner, &id, 1, cert.private_key.as_ref())?;
        let now = unix_time(self.clock.now());
        sqlx::query(
            "INSERT INTO vestibule_cert
                (id, owner, name, display_name, type, certificate, private_key, version, not_after, created_at, updated_at)
            VALUES (?, ?, ?, ?, 'x509', ?, ?, 1, ?, ?, ?)",
        )
        .bind(id.to_string())
        .bind(&cert.owner)
        .bind(&cert.name)
        .bind(&cert.display_name)
        .bind(&cert.certificate)
        .bind(private_key)
        .bind(judged.not_after)
        .bind(now)
        .bind(now)
        .execute(self.pool())
        .await
        .map_err(|error| cert.record().not_inserted(error))?;
        self.get(&cert.owner, &cert.name).await
    }

    /// Judges the record and puts it in the place of the one of the same owner and name, whose id stays. What is stored stays as it is when the new
    /// content is refused.
    ///
    /// # Errors
    /// As [`CertStore::save`]; [`StoreError::NotFound`]; [`StoreError::Changed`], when somebody else replaced it at the same moment.
    pub async fn replace(&self, cert: NewCert) -> Result<CertView, StoreError> {
        let stored = self.row(&cert.owner, &cert.name).await?;
        let private_key = match cert.private_key.as_ref() {
            Some(given) if given.expose() == MASK => stored.private_key(&self.keyring)?,
            given => given.cloned(),
        };
        let Judged { not_after } = judge(cert.record(), &cert.certificate, private_key.as_ref())?;
        let version = stored.head.version.saturating_add(1);
        let sealed = self.sealed(&cert.owner, &stored.head.uuid()?, version, private_key.as_ref())?;
        let replaced = sqlx::query(
            "UPDATE vestibule_cert
            SET display_name = ?, type = 'x509', certificate = ?, private_key = ?, version = ?, not_after = ?, updated_at = ?
            WHERE id = ? AND owner = ? AND version = ?",
        )
        .bind(&cert.display_name)
        .bind(&cert.certificate)
        .bind(sealed)
        .bind(version)
        .bind(not_after)
        .bind(unix_time(self.clock.now()))
        .bind(&stored.head.id)
        .bind(&cert.owner)
        .bind(stored.head.version)
        .execute(self.pool())
        .await?;
        cert.record().unchanged(replaced.rows_affected())?;
        self.get(&cert.owner, &cert.name).await
    }

    /// The record `name` of `owner`; the shared owner's is not looked for.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Database`]. What cannot be opened or read in it is said in the view.
    pub async fn get(&self, owner: &str, name: &str) -> Result<CertView, StoreError> {
        Ok(CertView::of(&self.row(owner, name).await?, &self.keyring))
    }

    /// All records of `owner`, or of everybody, by owner and name.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn list(&self, owner: Option<&str>) -> Result<Vec<CertView>, StoreError> {
        let rows = sqlx::query(select!("WHERE ? IS NULL OR owner = ? ORDER BY owner, name"))
            .bind(LONGEST_FIELD)
            .bind(LONGEST_FIELD)
            .bind(owner)
            .bind(owner)
            .fetch_all(self.pool())
            .await?;
        rows.iter().map(|row| Ok(CertView::of(&CertRow::read(row)?, &self.keyring))).collect()
    }

    /// The first `most` records of everybody, by owner and name.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn first(&self, most: u32) -> Result<Vec<CertView>, StoreError> {
        let rows = sqlx::query(select!("ORDER BY owner, name LIMIT ?"))
            .bind(LONGEST_FIELD)
            .bind(LONGEST_FIELD)
            .bind(most)
            .fetch_all(self.pool())
            .await?;
        rows.iter().map(|row| Ok(CertView::of(&CertRow::read(row)?, &self.keyring))).collect()
    }

    /// Deletes a record. No record that is saved here gets its id again.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Database`].
    pub async fn delete(&self, owner: &str, name: &str) -> Result<(), StoreError> {
        let deleted = sqlx::query("DELETE FROM vestibule_cert WHERE owner = ? AND name = ?")
            .bind(owner)
            .bind(name)
            .execute(self.pool())
            .await?;
        record(owner, name).found(deleted.rows_affected())
    }

    pub(crate) fn pool(&self) -> &SqlitePool {
        self.database.sqlite()
    }

    async fn row(&self, owner: &str, name: &str) -> Result<CertRow, StoreError> {
        let row = sqlx::query(select!("WHERE owner = ? AND name = ?"))
            .bind(LONGEST_FIELD)
            .bind(LONGEST_FIELD)
            .bind(owner)
            .bind(name)
            .fetch_optional(self.pool())
            .await?;
        match row {
            Some(row) => Ok(CertRow::read(&row)?),
            None => Err(record(owner, name).not_found()),
        }
    }

    fn sealed(&self, owner: &str, id: &Uuid, version: i64, clear: Option<&Secret>) -> Result<Option<String>, DbError> {
        clear
            .filter(|clear| !clear.expose().trim().is_empty())
            .map(|clear| self.keyring.seal(clear, &private_key_place(owner, id, version), &*self.random))
            .transpose()
    }
}

impl fmt::Debug for CertStore {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("CertStore").field("shared_owner", &self.shared_owner).finish_non_exhaustive()
    }
}

impl fmt::Debug for NewCert {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("NewCert").field("owner", &self.owner).field("name", &self.name).finish_non_exhaustive()
    }
}
