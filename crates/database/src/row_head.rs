//! What the rows of certs and providers have in common, read without trust.

use uuid::Uuid;

use crate::{DbError, Record, Row, StoreError};

/// The columns that [`RowHead::read`] reads, for a `SELECT` of the table; what is longer than any honest value is cut off there.
#[macro_export]
macro_rules! row_head {
    () => {
        "id, owner, name, substr(display_name, 1, 200) AS display_name, substr(type, 1, 100) AS type, version, created_at, updated_at"
    };
}

/// The columns that tables of named rows share. All times are Unix seconds.
#[derive(Debug, Clone)]
pub struct RowHead {
    /// What kind of row, as in [`Record::what`].
    pub what: &'static str,
    /// The immutable id, as it is stored; see [`RowHead::uuid`].
    pub id: String,
    /// Whose row it is.
    pub owner: String,
    /// Its name, unique for its owner.
    pub name: String,
    /// What people call it; its name, when nobody said.
    pub display_name: String,
    /// The column `type`.
    pub kind: String,
    /// Of the content, from 1 on.
    pub version: i64,
    /// When it was made.
    pub created_at: i64,
    /// When it was last saved.
    pub updated_at: i64,
}

impl RowHead {
    /// Reads whatever stands there; nothing hangs on every letter of these texts, so bytes that are not UTF-8 become U+FFFD.
    ///
    /// # Errors
    /// [`DbError::Failed`], when a column is missing.
    pub fn read(row: &Row, what: &'static str) -> Result<Self, DbError> {
        let (name, display_name) = (row.text("name")?, row.text("display_name")?);
        Ok(Self {
            what,
            id: row.text("id")?,
            owner: row.text("owner")?,
            display_name: if display_name.is_empty() { name.clone() } else { display_name },
            name,
            kind: row.text("type")?,
            version: row.int("version")?,
            created_at: row.int("created_at")?,
            updated_at: row.int("updated_at")?,
        })
    }

    /// How messages call the row.
    pub fn record(&self) -> Record<'_> {
        Record { what: self.what, owner: &self.owner, name: &self.name }
    }

    /// The id. Plain SQL may have put something else there.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`].
    pub fn uuid(&self) -> Result<Uuid, StoreError> {
        Uuid::parse_str(&self.id).map_err(|_| {
            let record = self.record();
            StoreError::Unreadable(format!(
                "{record}: its id is not a UUID; delete the row and insert it without an id"
            ))
        })
    }
}
