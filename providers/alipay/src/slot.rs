//! One place where a text of a cert record stands.

use std::fmt;

use vestibule_oauth_provider::{CertRecord, CertVersion, VersionState};
use vestibule_x509_material::{Material, MaterialError};

/// One field of one version of a record. `Display` names it for a message.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Slot<'a> {
    pub(crate) record: &'a CertRecord,
    /// Nothing for the active version.
    version: Option<&'a CertVersion>,
    pub(crate) field: Field,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Field {
    Certificate,
    PrivateKey,
}

/// Why what stands in a slot is not known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unread {
    /// It was read, and is nothing usable.
    #[error(transparent)]
    Material(#[from] MaterialError),
    /// It may be a private key, and nobody wants to sign with it.
    #[error("holds a private key, or a text in which no certificate can be read")]
    MayBeAKey,
}

impl<'a> Slot<'a> {
    pub(crate) fn certificate(record: &'a CertRecord) -> Self {
        Self { record, version: None, field: Field::Certificate }
    }

    pub(crate) fn private_key(record: &'a CertRecord) -> Self {
        Self { record, version: None, field: Field::PrivateKey }
    }

    /// The same field of another version.
    pub(crate) fn of(self, version: &'a CertVersion) -> Self {
        Self { version: Some(version), ..self }
    }

    /// Whether nothing stands there.
    pub(crate) fn is_empty(self) -> bool {
        matches!(self.text(), Some(text) if text.trim().is_empty())
    }

    /// What stands there, where it is public.
    pub(crate) fn read(self) -> Result<Material, Unread> {
        Ok(Material::read(self.text().ok_or(Unread::MayBeAKey)?)?)
    }

    /// Nothing where it may be a private key.
    fn text(self) -> Option<&'a str> {
        match (self.version, self.field) {
            (None, Field::Certificate) => Some(&self.record.certificate),
            (None, Field::PrivateKey) if self.record.private_key.is_empty() => Some(""),
            (None, Field::PrivateKey) => self.record.private_key.beside(),
            (Some(version), Field::Certificate) => Some(&version.certificate),
            (Some(version), Field::PrivateKey) => Some(version.beside.as_deref().unwrap_or_default()),
        }
    }
}

impl fmt::Display for Slot<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let field = match self.field {
            Field::Certificate => "Certificate",
            Field::PrivateKey => "Private key",
        };
        write!(formatter, "the {field} field of ")?;
        if let Some(version) = self.version {
            let state = match version.state {
                VersionState::Next => "staged",
                VersionState::Retired => "retired",
            };
            write!(formatter, "the {state} version {} of ", version.number)?;
        }
        write!(formatter, "record \"{}/{}\"", self.record.owner, self.record.name)
    }
}
