//! Whole records, for moving them to another installation.

use std::fmt;

use uuid::Uuid;
use vestibule_database::{RowHead, StoreError, check_name, sql};
use vestibule_oauth_provider::{KeyGrant, Secret, VersionState};

use crate::CertStore;
use crate::field::{Column, Content};
use crate::grant;
use crate::judge::judge;
use crate::private_key::{is_public, readable};
use crate::resolve::X509;
use crate::row::{CertRow, record};
use crate::store::check_display_name;

/// All of a record, its private keys open: it is not to be shown.
#[derive(Clone)]
pub struct WholeCert {
    /// The record's immutable id.
    pub id: Uuid,
    /// The record's revision, for [`Edit::at`](crate::Edit::at). No version of it ever had a greater number.
    pub revision: i64,
    /// Whose record it is.
    pub owner: String,
    /// Its name, unique for its owner.
    pub name: String,
    /// What people call it. Empty where it is the name.
    pub display_name: String,
    /// For whom and towards which hosts its private key signs.
    pub sharing: KeyGrant,
    /// Its versions. One of them is active, one at most is staged.
    pub versions: Vec<WholeVersion>,
}

/// A version of a record, its private key open.
#[derive(Clone)]
pub struct WholeVersion {
    /// Its number; no two versions of a record have the same.
    pub number: i64,
    /// What it is. Nothing: the active one.
    pub state: Option<VersionState>,
    /// Its Certificate field.
    pub certificate: String,
    /// Its Private key field; nothing when that is empty.
    pub private_key: Option<Secret>,
}

impl WholeVersion {
    /// Whether the Private key field holds certificates and nothing else, such as a root bundle: that is no secret.
    pub fn holds_no_secret(&self) -> bool {
        self.private_key.as_ref().is_none_or(is_public)
    }
}

impl WholeCert {
    /// Judges the content, as [`CertStore::save`] does, every version of it. Nothing is read or written.
    ///
    /// # Errors
    /// [`StoreError::Refused`], naming record, version, field, what was found and what belongs there.
    pub fn judge(&self) -> Result<(), StoreError> {
        check_name("owner", &self.owner)?;
        check_name("name", &self.name)?;
        let record = record(&self.owner, &self.name);
        check_display_name(record, &self.display_name)?;
        grant::write(record, &self.sharing)?;
        for version in &self.versions {
            judge(record, &version.certificate, version.private_key.as_ref()).map_err(|error| match error {
                StoreError::Refused(said) => StoreError::Refused(format!("version {}: {said}", version.number)),
                error => error,
            })?;
        }
        Ok(())
    }
}

impl CertStore {
    /// The record `name` of `owner`; nothing when there is none.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`], naming what is wrong with the record and what to do; [`StoreError::Database`].
    pub async fn whole(&self, owner: &str, name: &str) -> Result<Option<WholeCert>, StoreError> {
        match CertRow::find(&self.database, owner, name).await {
            Ok(row) => self.opened(row).await.map(Some),
            Err(StoreError::NotFound(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Owner and name of the records after this one, by owner and name, `most` at most.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn names_after(
        &self,
        (owner, name): (&str, &str),
        most: u32,
    ) -> Result<Vec<(String, String)>, StoreError> {
        let select =
            sql("SELECT owner, name FROM vestibule_cert WHERE (owner, name) > (?, ?) ORDER BY owner, name LIMIT ?");
        let rows = select.bind(owner).bind(name).bind(most).fetch_all(&self.database).await?;
        rows.iter().map(|row| Ok((row.text("owner")?, row.text("name")?))).collect()
    }

    /// Owner and name of the record with this id; nothing when there is none.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn name_of(&self, id: &Uuid) -> Result<Option<(String, String)>, StoreError> {
        let select = sql("SELECT owner, name FROM vestibule_cert WHERE id = ?").bind(id.to_string());
        let row = select.fetch_optional(&self.database).await?;
        row.map(|row| Ok((row.text("owner")?, row.text("name")?))).transpose()
    }

    async fn opened(&self, row: CertRow) -> Result<WholeCert, StoreError> {
        let record = row.record();
        if row.head.kind != X509 {
            return Err(StoreError::Unreadable(format!(
                "{record}, field Type: is not \"{X509}\", the only one known here"
            )));
        }
        let active = (row.head.version, None, &row.active);
        let others = row.others.iter().map(|version| (version.number, Some(version.state), &version.content));
        let mut versions = Vec::with_capacity(row.others.len() + 1);
        for (number, state, Content { certificate, private_key }) in std::iter::once(active).chain(others) {
            let certificate = readable(record, certificate, Column::Certificate)?.expose().to_owned();
            let private_key = row.version(number)?.open(private_key, &self.keyring).await?;
            versions.push(WholeVersion { number, state, certificate, private_key });
        }
        let (id, revision, sharing) = (row.head.uuid()?, row.revision, row.grant);
        let RowHead { owner, name, display_name, .. } = row.head;
        let display_name = if display_name == name { String::new() } else { display_name };
        Ok(WholeCert { id, revision, owner, name, display_name, sharing, versions })
    }
}

impl fmt::Debug for WholeCert {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("WholeCert")
            .field("id", &self.id)
            .field("owner", &self.owner)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for WholeVersion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("WholeVersion")
            .field("number", &self.number)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}
