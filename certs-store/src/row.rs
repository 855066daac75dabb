//! A row of `vestibule_cert`, read without trust.

use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;
use uuid::Uuid;
use vestibule_database::{Keyring, Place, Record, RowHead, StoreError, is_sealed};
use vestibule_oauth_provider::Secret;

/// How messages call a row.
const WHAT: &str = "cert record";

/// The longest field that is read, in bytes: the longest text that is judged, sealed, with some to spare. The query leaves out what is longer.
pub(crate) const LONGEST_FIELD: i64 = 512 * 1024;

/// What [`CertRow::read`] reads. The two `?` are [`LONGEST_FIELD`].
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT ",
            vestibule_database::row_head!(),
            ", not_after,
                CASE WHEN octet_length(certificate) <= ? THEN certificate END AS certificate,
                CASE WHEN octet_length(private_key) <= ? THEN private_key END AS private_key,
                private_key IS NOT NULL AS has_private_key
            FROM vestibule_cert ",
            $rest
        )
    };
}
pub(crate) use select;

pub(crate) struct CertRow {
    pub(crate) head: RowHead,
    pub(crate) not_after: Option<i64>,
    /// Nothing, when it cannot be read.
    certificate: Option<String>,
    private_key: Option<Stored>,
}

/// The Private key field as it is stored.
enum Stored {
    Text(Secret),
    Unreadable,
}

impl CertRow {
    /// Reads whatever stands there: what is wrong with a field is an error when the field is asked for.
    pub(crate) fn read(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        let has_private_key: bool = row.try_get("has_private_key")?;
        let private_key: Option<Stored> =
            has_private_key.then(|| match row.try_get::<Option<String>, _>("private_key") {
                Ok(Some(text)) => Stored::Text(Secret::new(text)),
                Ok(None) | Err(_) => Stored::Unreadable,
            });
        Ok(Self {
            head: RowHead::read(row, WHAT)?,
            not_after: row.try_get("not_after")?,
            certificate: row.try_get("certificate").unwrap_or_default(),
            private_key,
        })
    }

    pub(crate) fn certificate(&self) -> Result<&str, StoreError> {
        self.certificate.as_deref().ok_or_else(|| self.unreadable("Certificate"))
    }

    /// The Private key field as it is stored, sealed or clear; nothing when it is empty.
    pub(crate) fn stored_private_key(&self) -> Result<Option<&Secret>, StoreError> {
        match &self.private_key {
            None => Ok(None),
            Some(Stored::Text(text)) if text.is_empty() => Ok(None),
            Some(Stored::Text(text)) => Ok(Some(text)),
            Some(Stored::Unreadable) => Err(self.unreadable("Private key")),
        }
    }

    /// The Private key field, opened.
    pub(crate) fn private_key(&self, keyring: &Keyring) -> Result<Option<Secret>, StoreError> {
        let Some(stored) = self.stored_private_key()? else { return Ok(None) };
        if !is_sealed(stored.expose()) {
            return Ok(Some(stored.clone()));
        }
        let RowHead { owner, version, .. } = &self.head;
        let id = self.head.uuid()?;
        keyring.open(stored.expose(), &private_key_place(owner, &id, *version)).map(Some).map_err(|error| {
            let record = self.head.record();
            StoreError::Unreadable(format!("{record}, field Private key: {error}"))
        })
    }

    fn unreadable(&self, field: &str) -> StoreError {
        let record = self.head.record();
        StoreError::Unreadable(format!(
            "{record}, field {field}: is longer than {LONGEST_FIELD} bytes or is not UTF-8 text; save the record again"
        ))
    }
}

impl AsRef<RowHead> for CertRow {
    fn as_ref(&self) -> &RowHead {
        &self.head
    }
}

pub(crate) fn record<'a>(owner: &'a str, name: &'a str) -> Record<'a> {
    Record { what: WHAT, owner, name }
}

/// Where the Private key field of a record is sealed.
pub(crate) fn private_key_place<'a>(owner: &'a str, id: &'a Uuid, version: i64) -> Place<'a> {
    Place { table: "vestibule_cert", owner, row: id.as_bytes(), version, column: "private_key" }
}
