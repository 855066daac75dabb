//! What may be shown of a record. No type here has a place for a key.

use serde::Serialize;
use vestibule_database::{Keyring, RowHead, StoreError, unix_time};
use vestibule_oauth_provider::{KeyGrant, Owners};
use vestibule_x509_material::{Certificate, Kind, Material};

use crate::field::{Column, Content};
use crate::private_key::readable;
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
    /// The number of the active version.
    pub version: i64,
    /// Greater after each change by this program, one of its versions included: what [`Edit::at`](crate::Edit::at) takes.
    pub revision: i64,
    /// For whom and towards which hosts the private key signs.
    pub sharing: SharingView,
    /// When the first certificate ends, as it was computed when the record was saved; nothing for a record that plain SQL inserted.
    pub not_after: Option<i64>,
    /// When it was made.
    pub created_at: i64,
    /// When it was last saved.
    pub updated_at: i64,
    /// What stands in the Certificate field of the active version.
    pub certificate: FieldView,
    /// What stands in the Private key field of the active version.
    pub private_key: FieldView,
    /// The version that is staged and those that are retired, newest first.
    pub versions: Vec<VersionView>,
}

/// For whom and towards which hosts a private key signs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct SharingView {
    /// Whether every owner's rows may use it.
    pub every_owner: bool,
    /// Otherwise: which owners' rows may, besides the record's own.
    pub owners: Vec<String>,
    /// Towards which hosts. Empty: those that are the vendor's own or that the installation vouches for.
    pub hosts: Vec<String>,
}

/// A version that is not the active one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct VersionView {
    /// Its number; no two versions of a record ever have the same. Numbers may be left out.
    pub number: i64,
    /// `next` or `retired`.
    pub state: &'static str,
    /// Since when it is that.
    pub since: i64,
    /// When its first certificate ends.
    pub not_after: Option<i64>,
    /// What stands in its Certificate field.
    pub certificate: FieldView,
    /// What stands in its Private key field.
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
    /// What cannot be read is said in the field; a view never fails, so that what is wrong can be seen.
    pub(crate) async fn of(row: &CertRow, keyring: &Keyring) -> Self {
        let (certificate, private_key) = fields(row, row.head.version, &row.active, keyring).await;
        let mut versions = Vec::with_capacity(row.others.len());
        for version in &row.others {
            let (certificate, private_key) = fields(row, version.number, &version.content, keyring).await;
            versions.push(VersionView {
                number: version.number,
                state: version.state.as_str(),
                since: version.since,
                not_after: version.not_after,
                certificate,
                private_key,
            });
        }
        let RowHead { id, owner, name, display_name, kind, version, created_at, updated_at, .. } = row.head.clone();
        Self {
            id,
            owner,
            name,
            display_name,
            kind,
            version,
            revision: row.revision,
            sharing: SharingView::of(&row.grant),
            not_after: row.not_after,
            created_at,
            updated_at,
            certificate,
            private_key,
            versions,
        }
    }
}

async fn fields(row: &CertRow, number: i64, content: &Content, keyring: &Keyring) -> (FieldView, FieldView) {
    let certificate = readable(row.record(), &content.certificate, Column::Certificate);
    let private_key = match row.version(number) {
        Ok(version) => version.open(&content.private_key, keyring).await,
        Err(error) => Err(error),
    };
    (
        certificate.map_or_else(|error| FieldView::unreadable(&error), |text| FieldView::of(text.expose())),
        private_key.map_or_else(
            |error| FieldView::unreadable(&error),
            |text| FieldView::of(text.as_ref().map_or("", |text| text.expose())),
        ),
    )
}

impl SharingView {
    pub(crate) fn of(grant: &KeyGrant) -> Self {
        let (every_owner, owners) = match &grant.owners {
            Owners::All => (true, Vec::new()),
            Owners::Listed(owners) => (false, owners.clone()),
        };
        Self { every_owner, owners, hosts: grant.hosts.clone() }
    }
}

impl FieldView {
    fn unreadable(error: &StoreError) -> Self {
        Self {
            kind: "unreadable",
            description: "unreadable".to_owned(),
            error: Some(error.to_string()),
            ..Self::default()
        }
    }

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
