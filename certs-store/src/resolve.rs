//! Records by name, for providers.

use async_trait::async_trait;
use vestibule_database::StoreError;
use vestibule_oauth_provider::{CertRecord, CertResolver, Error, Result};

use crate::CertStore;
use crate::row::{CertRow, LONGEST_FIELD, select};

/// The type of all records so far.
const X509: &str = "x509";

#[async_trait]
impl CertResolver for CertStore {
    async fn resolve(&self, owner: &str, name: &str) -> Result<CertRecord> {
        match self.nearest(owner, name).await? {
            Some(row) => Ok(self.open(&row)?),
            None => Err(self.not_found(owner, name)),
        }
    }
}

impl CertStore {
    /// The owner's record, or else the shared owner's.
    async fn nearest(&self, owner: &str, name: &str) -> Result<Option<CertRow>, StoreError> {
        let row = sqlx::query(select!("WHERE owner IN (?, ?) AND name = ? ORDER BY owner <> ? LIMIT 1"))
            .bind(LONGEST_FIELD)
            .bind(LONGEST_FIELD)
            .bind(owner)
            .bind(&self.shared_owner)
            .bind(name)
            .bind(owner)
            .fetch_optional(self.pool())
            .await?;
        Ok(row.as_ref().map(CertRow::read).transpose()?)
    }

    fn open(&self, row: &CertRow) -> Result<CertRecord, StoreError> {
        if row.head.kind != X509 {
            let record = row.head.record();
            return Err(StoreError::Unreadable(format!(
                "{record}, field Type: {:?} is not known here; known: \"{X509}\"",
                row.head.kind.chars().take(50).collect::<String>()
            )));
        }
        Ok(CertRecord {
            id: row.head.uuid()?,
            owner: row.head.owner.clone(),
            name: row.head.name.clone(),
            certificate: row.certificate()?.to_owned(),
            private_key: row.private_key(&self.keyring)?,
        })
    }

    fn not_found(&self, owner: &str, name: &str) -> Error {
        let show = |text: &str| text.chars().take(100).flat_map(char::escape_debug).collect::<String>();
        let (shared, asked) = (show(&self.shared_owner), show(name));
        let whose = if owner == self.shared_owner {
            format!("the owner \"{shared}\" has no cert record \"{asked}\"")
        } else {
            format!("neither \"{}\" nor the shared owner \"{shared}\" has a cert record \"{asked}\"", show(owner))
        };
        // No name has a slash in it: this one was written with its owner.
        let remedy = match name.rsplit_once('/') {
            Some((_, alone)) => format!("a name without its owner is wanted: \"{}\"", show(alone)),
            None => "add it, or correct the name in the provider's config".to_owned(),
        };
        Error::configuration(format!("{whose}; {remedy}"))
    }
}
