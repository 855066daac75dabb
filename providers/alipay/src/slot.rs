//! One place where a text of a cert record stands.

use std::fmt;

use vestibule_oauth_provider::CertRecord;
use vestibule_x509_material::{Material, MaterialError};

/// One field of one record. `Display` names it for a message.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Slot<'a> {
    pub(crate) record: &'a CertRecord,
    pub(crate) field: Field,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Field {
    Certificate,
    PrivateKey,
}

impl<'a> Slot<'a> {
    pub(crate) fn certificate(record: &'a CertRecord) -> Self {
        Self { record, field: Field::Certificate }
    }

    pub(crate) fn private_key(record: &'a CertRecord) -> Self {
        Self { record, field: Field::PrivateKey }
    }

    pub(crate) fn text(self) -> &'a str {
        match self.field {
            Field::Certificate => &self.record.certificate,
            Field::PrivateKey => self.record.private_key.as_ref().map_or("", |text| text.expose()),
        }
    }

    pub(crate) fn read(self) -> Result<Material, MaterialError> {
        Material::read(self.text())
    }
}

impl fmt::Display for Slot<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let field = match self.field {
            Field::Certificate => "Certificate",
            Field::PrivateKey => "Private key",
        };
        write!(formatter, "the {field} field of record \"{}/{}\"", self.record.owner, self.record.name)
    }
}
