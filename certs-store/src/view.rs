//! What may be shown of a record. No type here has a place for a key.

use serde::Serialize;
use vestibule_database::{Keyring, RowHead, unix_time};
use vestibule_x509_material::{Certificate, Kind, Material};

use crate::row::CertRow;

/// A record as it may be shown. All times are Unix seconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct CertView {
    /// The record's immutable id, as it is stored (a UUID, unless plain SQL put something else there).
    pub id: String,
    /// Whose record it is.
    pub owner: String,
    /// Its name, unique for its owner.
    pub name: String,
    /// What people call it; its name, when nobody said.
    pub display_name: String,
    /// `x509`.
    #[serde(rename = "type")]
    pub kind: String,
    /// How often its content was replaced, plus one.
    pub version: i64,
    /// When the first certificate ends, as it was computed when the record was saved; nothing for a record that plain SQL inserted.
    pub not_after: Option<i64>,
    /// When it was made.
    pub created_at: i64,
    /// When it was last saved.
    pub updated_at: i64,
    /// What stands in the Certificate field.
    pub certificate: FieldView,
    /// What stands in the Private key field.
    pub private_key: FieldView,
}

/// What stands in a field.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[non_exhaustive]
pub struct FieldView {
    /// A word for programs: `empty`, `unreadable`, `certificate`, `bundle`, `private_key`, … (the codes of `x509-material`).
    pub kind: &'static str,
    /// The same for people: "a bundle of 4 certificates".
    pub description: String,
    /// The certificates in it, in order.
    pub certificates: Vec<CertificateView>,
    /// The private key in it.
    pub key: Option<KeyView>,
    /// Why it cannot be read or opened, and what to do.
    pub error: Option<String>,
}

/// The facts of a certificate. Nothing here was verified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct CertificateView {
    /// Whom it is about.
    pub subject: String,
    /// Who issued it.
    pub issuer: String,
    /// Its serial number in decimal.
    pub serial: String,
    /// The first moment of its validity.
    pub not_before: Option<i64>,
    /// The last moment of its validity.
    pub not_after: Option<i64>,
    /// SHA-256 of its public key (`SubjectPublicKeyInfo`), in hex.
    pub spki_sha256: String,
}

/// The facts of a private key that its public half tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct KeyView {
    /// `pkcs8` or `pkcs1`.
    pub form: String,
    /// `RSA`.
    pub algorithm: String,
    /// The size of the modulus.
    pub bits: usize,
    /// SHA-256 of its public half (`SubjectPublicKeyInfo`), in hex: the same as its certificate's.
    pub spki_sha256: String,
}

impl CertView {
    /// What cannot be read is said in the field; a view never fails, so that one bad row does not hide the others of a list.
    pub(crate) fn of(row: &CertRow, keyring: &Keyring) -> Self {
        let unreadable = |error: &dyn ToString| FieldView {
            kind: "unreadable",
            description: "unreadable".to_owned(),
            error: Some(error.to_string()),
            ..FieldView::default()
        };
        let certificate = match row.certificate() {
            Ok(text) => FieldView::of(text),
            Err(error) => unreadable(&error),
        };
        let private_key = match row.private_key(keyring) {
            Ok(text) => FieldView::of(text.as_ref().map_or("", |text| text.expose())),
            Err(error) => unreadable(&error),
        };
        let RowHead { id, owner, name, display_name, kind, version, created_at, updated_at, .. } = row.head.clone();
        Self {
            id,
            owner,
            name,
            display_name,
            kind,
            version,
            not_after: row.not_after,
            created_at,
            updated_at,
            certificate,
            private_key,
        }
    }
}

impl FieldView {
    fn of(text: &str) -> Self {
        if text.trim().is_empty() {
            return Self { kind: "empty", description: "nothing".to_owned(), ..Self::default() };
        }
        match Material::read(text) {
            Ok(material) => Self::of_material(&material),
            Err(error) => Self {
                kind: "unreadable",
                description: "unreadable".to_owned(),
                error: Some(error.to_string()),
                ..Self::default()
            },
        }
    }

    fn of_material(material: &Material) -> Self {
        let kind: Kind = material.kind();
        let key = material.private_key().ok().map(|key| KeyView {
            form: key.form().to_string(),
            algorithm: key.algorithm().to_string(),
            bits: key.bits(),
            spki_sha256: key.spki_sha256(),
        });
        Self {
            kind: kind.code(),
            description: kind.to_string(),
            certificates: material.certificates().iter().map(CertificateView::of).collect(),
            key,
            error: None,
        }
    }
}

impl CertificateView {
    fn of(certificate: &Certificate) -> Self {
        Self {
            subject: certificate.subject().to_string(),
            issuer: certificate.issuer().to_string(),
            serial: certificate.serial_decimal(),
            not_before: certificate.not_before().map(unix_time),
            not_after: certificate.not_after().map(unix_time),
            spki_sha256: certificate.public_key().spki_sha256(),
        }
    }
}
