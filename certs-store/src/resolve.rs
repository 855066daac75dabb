//! Records by name, for providers.

use std::collections::BTreeSet;
use std::fmt;

use async_trait::async_trait;
use uuid::Uuid;
use vestibule_database::{Keyring, StoreError};
use vestibule_oauth_provider::{CertRecord, CertResolver, CertVersion, Error, Result};

use crate::CertStore;
use crate::field::Column;
use crate::private_key::{VersionOf, is_public, meaning, readable};
use crate::stored::{StoredRecord, StoredRecords, StoredVersion, select_records};

/// The type of all records so far.
pub(crate) const X509: &str = "x509";

#[async_trait]
impl CertResolver for CertStore {
    async fn resolve(&self, owner: &str, name: &str) -> Result<CertRecord> {
        let names = [name.to_owned()];
        let rows = select_records(owner, &self.shared_owner, &names).fetch_all(&self.database).await?;
        let stored = StoredRecords::read(&rows)?;
        stored.resolver(names, self.shared_owner.as_str(), self.keyring.clone()).resolve(owner, name).await
    }
}

impl StoredRecords {
    /// Resolves the names that were `asked` for among what was read, and opens a record when it is asked for. Of other names it says that they were not asked
    /// for (`Internal`); of a record that was not there, that neither owner has it (`Configuration`).
    pub fn resolver(
        self,
        asked: impl IntoIterator<Item = impl Into<String>>,
        shared_owner: impl Into<String>,
        keyring: Keyring,
    ) -> ReadRecords {
        let asked = asked.into_iter().map(Into::into).collect();
        ReadRecords { stored: self, asked, shared_owner: shared_owner.into(), keyring }
    }
}

/// Records that were read with what names them; see [`StoredRecords::resolver`].
pub struct ReadRecords {
    stored: StoredRecords,
    asked: BTreeSet<String>,
    shared_owner: String,
    keyring: Keyring,
}

#[async_trait]
impl CertResolver for ReadRecords {
    async fn resolve(&self, owner: &str, name: &str) -> Result<CertRecord> {
        if !self.asked.contains(name) {
            return Err(Error::internal(format!("the cert record \"{}\" was not asked for", shown(name))));
        }
        match self.stored.nearest(owner, &self.shared_owner, name) {
            Some(stored) => Ok(self.open(stored).await?),
            None => Err(self.not_found(owner, name)),
        }
    }
}

impl ReadRecords {
    async fn open(&self, stored: &StoredRecord) -> Result<CertRecord, StoreError> {
        let record = stored.record();
        if stored.kind != X509 {
            return Err(StoreError::Unreadable(format!(
                "{record}, field Type: \"{}\" is not known here; known: \"{X509}\"",
                shown(&stored.kind)
            )));
        }
        let id = Uuid::parse_str(&stored.id).map_err(|_| {
            StoreError::Unreadable(format!(
                "{record}: its id is not a UUID; delete the row and insert it without an id"
            ))
        })?;
        let certificate = readable(record, &stored.content.certificate, Column::Certificate)?.expose().to_owned();
        let active = VersionOf { record, id, number: stored.version };
        let opened = active.open(&stored.content.private_key, &self.keyring).await?;
        let mut others = Vec::with_capacity(stored.others.len());
        for version in &stored.others {
            let of = VersionOf { record, id, number: version.number };
            others.extend(self.other(version, of).await);
        }
        Ok(CertRecord {
            id,
            owner: stored.owner.clone(),
            name: stored.name.clone(),
            version: stored.version,
            certificate,
            private_key: meaning(opened, stored.grant()),
            others,
        })
    }

    /// A version that is not the active one. One that cannot be read verifies nothing, and is no reason to sign nothing.
    async fn other(&self, version: &StoredVersion, of: VersionOf<'_>) -> Option<CertVersion> {
        let certificate = version.content.certificate.text()?.expose().to_owned();
        let opened = of.open(&version.content.private_key, &self.keyring).await.ok().flatten();
        let beside = opened.filter(is_public).map(|text| text.expose().to_owned());
        Some(CertVersion { number: version.number, state: version.state, certificate, beside })
    }

    fn not_found(&self, owner: &str, name: &str) -> Error {
        let (shared, asked) = (shown(&self.shared_owner), shown(name));
        let whose = if owner == self.shared_owner {
            format!("the owner \"{shared}\" has no cert record \"{asked}\"")
        } else {
            format!("neither \"{}\" nor the shared owner \"{shared}\" has a cert record \"{asked}\"", shown(owner))
        };
        // No name has a slash in it: this one was written with its owner.
        let remedy = match name.rsplit_once('/') {
            Some((_, alone)) => format!("a name without its owner is wanted: \"{}\"", shown(alone)),
            None => "add it, or correct the name in the provider's config".to_owned(),
        };
        Error::configuration(format!("{whose}; {remedy}"))
    }
}

fn shown(text: &str) -> String {
    text.chars().take(100).flat_map(char::escape_debug).collect()
}

impl fmt::Debug for ReadRecords {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ReadRecords").field("asked", &self.asked).finish_non_exhaustive()
    }
}
