//! The Private key field: where it is sealed, and what stands in it.

use uuid::Uuid;
use vestibule_database::{Keyring, Place, Record, StoreError, is_sealed};
use vestibule_oauth_provider::{KeyGrant, PrivateKeyField, Secret};
use vestibule_x509_material::{Kind, Material};

use crate::field::{Column, LONGEST_FIELD, Stored};

/// Which version of which record a field belongs to.
#[derive(Clone, Copy)]
pub(crate) struct VersionOf<'a> {
    pub(crate) record: Record<'a>,
    pub(crate) id: Uuid,
    pub(crate) number: i64,
}

impl VersionOf<'_> {
    /// Where its Private key field is sealed, whichever table it stands in: a version that becomes the active one, or retires, is not opened for that.
    pub(crate) fn place(&self) -> Place<'_> {
        Place {
            table: "vestibule_cert",
            owner: self.record.owner,
            row: self.id.as_bytes(),
            version: self.number,
            column: "private_key",
        }
    }

    /// The field, opened; nothing when it is empty.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`].
    pub(crate) async fn open(&self, stored: &Stored, keyring: &Keyring) -> Result<Option<Secret>, StoreError> {
        let text = readable(self.record, stored, Column::PrivateKey)?;
        if text.is_empty() {
            return Ok(None);
        }
        if !is_sealed(text.expose()) {
            return Ok(Some(text.clone()));
        }
        let opened = keyring.open_or_reload(text.expose(), &self.place()).await;
        opened.map(Some).map_err(|error| {
            let (record, label) = (self.record, Column::PrivateKey.label());
            StoreError::Unreadable(format!("{record}, field {label}: {error}"))
        })
    }
}

/// The text of a field.
///
/// # Errors
/// [`StoreError::Unreadable`], naming record and field.
pub(crate) fn readable<'s>(record: Record<'_>, stored: &'s Stored, column: Column) -> Result<&'s Secret, StoreError> {
    stored.text().ok_or_else(|| {
        let label = column.label();
        StoreError::Unreadable(format!(
            "{record}, field {label}: is longer than {LONGEST_FIELD} bytes or is not UTF-8 text; save the record again"
        ))
    })
}

/// What an opened field is for a provider: public material, or something that may be a private key.
pub(crate) fn meaning(opened: Option<Secret>, grant: KeyGrant) -> PrivateKeyField {
    match opened {
        None => PrivateKeyField::EMPTY,
        Some(text) if text.expose().trim().is_empty() => PrivateKeyField::EMPTY,
        Some(text) if is_public(&text) => PrivateKeyField::public(text.expose()),
        Some(text) => PrivateKeyField::secret(text, grant),
    }
}

/// Whether everybody may read what stands there. What nobody can read may be a key.
pub(crate) fn is_public(text: &Secret) -> bool {
    Material::read(text.expose())
        .is_ok_and(|material| matches!(material.kind(), Kind::Certificate | Kind::Bundle { .. } | Kind::PublicKey))
}
