//! A text field as it is stored, read without trust.

use vestibule_database::{DbError, Row, Sql, is_sealed};
use vestibule_oauth_provider::Secret;

/// The longest field that is read, in bytes: the longest text that is judged, sealed, with some to spare. A query leaves out what is longer.
pub(crate) const LONGEST_FIELD: i64 = 524_288;

/// The columns `text1` and `text2` for a `SELECT` from a table of contents: Certificate and Private key, empty when they are too long.
macro_rules! texts {
    ($table:literal) => {
        concat!(
            "CASE WHEN octet_length(",
            $table,
            ".certificate) <= 524288 THEN ",
            $table,
            ".certificate ELSE '' END AS text1, CASE WHEN octet_length(",
            $table,
            ".private_key) <= 524288 THEN ",
            $table,
            ".private_key ELSE '' END AS text2"
        )
    };
}
pub(crate) use texts;

/// The columns `size1` and `size2`: how many bytes the two have, so that a field that is too long is told from an empty one; -1 for NULL.
macro_rules! sizes {
    ($table:literal) => {
        concat!(
            "octet_length(",
            $table,
            ".certificate) AS size1, COALESCE(octet_length(",
            $table,
            ".private_key), -1) AS size2"
        )
    };
}
pub(crate) use sizes;

/// A field as it is stored.
#[derive(Clone)]
pub(crate) struct Stored {
    /// Nothing, when it is too long or not UTF-8. Of a Certificate field, too, nobody knows what was pasted into it.
    text: Option<Secret>,
    /// In bytes; -1 for NULL.
    pub(crate) size: i64,
}

/// Both fields of a version.
#[derive(Clone)]
pub(crate) struct Content {
    pub(crate) certificate: Stored,
    pub(crate) private_key: Stored,
}

impl Content {
    /// Reads the columns of [`texts`] and [`sizes`].
    pub(crate) fn read(row: &Row) -> Result<Self, DbError> {
        Ok(Self {
            certificate: Stored::read(row, "text1", row.int("size1")?),
            private_key: Stored::read(row, "text2", row.int("size2")?),
        })
    }

    /// What is about to be stored.
    pub(crate) fn new(certificate: &str, private_key: Option<String>) -> Self {
        Self { certificate: Stored::new(Some(certificate.to_owned())), private_key: Stored::new(private_key) }
    }

    /// Whether both fields can be read.
    pub(crate) fn is_readable(&self) -> bool {
        self.certificate.text.is_some() && self.private_key.text.is_some()
    }

    /// Whether the Private key field stands there in the clear.
    pub(crate) fn is_clear(&self) -> bool {
        self.private_key.size > 0 && !self.private_key.text.as_ref().is_some_and(|text| is_sealed(text.expose()))
    }

    /// Gives all that is stored of it, for a digest.
    pub(crate) fn parts(&self, add: &mut impl FnMut(&[u8])) {
        for field in [&self.certificate, &self.private_key] {
            add(&field.size.to_be_bytes());
            add(field.text.as_ref().map_or(b"unreadable", |text| text.expose().as_bytes()));
        }
    }

    /// `statement`, for a row in which these fields still stand.
    pub(crate) fn still_in(&self, statement: Sql) -> Sql {
        self.private_key.still_in(self.certificate.still_in(statement, Column::Certificate), Column::PrivateKey)
    }
}

/// Which field.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Column {
    Certificate,
    PrivateKey,
}

impl Column {
    /// As people call it.
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Certificate => "Certificate",
            Self::PrivateKey => "Private key",
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Certificate => "certificate",
            Self::PrivateKey => "private_key",
        }
    }
}

impl Stored {
    fn new(text: Option<String>) -> Self {
        let size = text.as_ref().map_or(-1, |text| i64::try_from(text.len()).unwrap_or(i64::MAX));
        Self { text: Some(Secret::new(text.unwrap_or_default())), size }
    }

    fn read(row: &Row, column: &str, size: i64) -> Self {
        let text = if size <= LONGEST_FIELD { row.utf8(column).ok() } else { None };
        Self { text: text.map(|text| Secret::new(text.unwrap_or_default())), size }
    }

    /// The text; nothing, when it cannot be read.
    pub(crate) fn text(&self) -> Option<&Secret> {
        self.text.as_ref()
    }

    /// The text for a column; nothing for NULL.
    pub(crate) fn for_column(&self) -> Option<&str> {
        if self.size < 0 { None } else { self.text.as_ref().map(Secret::expose) }
    }

    fn still_in(&self, statement: Sql, column: Column) -> Sql {
        let name = column.name();
        match &self.text {
            _ if self.size < 0 => statement.and(&format!(" AND {name} IS NULL")),
            Some(text) => statement.and(&format!(" AND {name} = ?")).bind(text.expose()),
            None => statement.and(&format!(" AND octet_length({name}) = ?")).bind(self.size),
        }
    }
}
