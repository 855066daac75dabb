//! A row of an answer, read without trust: what stands in a column may have been put there by anybody with SQL.

use std::fmt;

use sqlx::{Column as _, Row as _};

use crate::DbError;
use crate::pools::AnyRow;
use crate::said::Said;

/// A row of an answer.
pub struct Row(pub(crate) AnyRow);

impl Row {
    /// A text, whatever its bytes are: those that are not UTF-8 become U+FFFD. NULL is the empty text.
    ///
    /// # Errors
    /// [`DbError::Failed`], when there is no such column.
    pub fn text(&self, column: &str) -> Result<String, DbError> {
        Ok(self.bytes(column)?.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default())
    }

    /// A text in which every byte counts; nothing for NULL.
    ///
    /// # Errors
    /// [`DbError::Failed`], when it is not UTF-8, or there is no such column.
    pub fn utf8(&self, column: &str) -> Result<Option<String>, DbError> {
        let decoded = self.bytes(column)?.map(String::from_utf8).transpose();
        decoded.map_err(|_| failed(format!("column {column:?} is not UTF-8 text")))
    }

    /// A number.
    ///
    /// # Errors
    /// [`DbError::Failed`], when it is NULL or no whole number, or there is no such column.
    pub fn int(&self, column: &str) -> Result<i64, DbError> {
        self.opt_int(column)?.ok_or_else(|| null(column))
    }

    /// A number; nothing for NULL.
    ///
    /// # Errors
    /// [`DbError::Failed`], when it is no whole number, or there is no such column.
    pub fn opt_int(&self, column: &str) -> Result<Option<i64>, DbError> {
        self.number_at(self.place(column)?)
    }

    pub(crate) fn first_number(&self) -> Result<i64, DbError> {
        self.number_at(0)?.ok_or_else(|| null("the first"))
    }

    fn bytes(&self, column: &str) -> Result<Option<Vec<u8>>, DbError> {
        Ok(match &self.0 {
            #[cfg(feature = "sqlite")]
            AnyRow::Sqlite(row) => row.try_get_unchecked(column)?,
            #[cfg(feature = "postgres")]
            AnyRow::Postgres(row) => row.try_get_unchecked(column)?,
            #[cfg(feature = "mysql")]
            AnyRow::MySql(row) => row.try_get_unchecked(column)?,
        })
    }

    /// Where a column stands.
    fn place(&self, column: &str) -> Result<usize, DbError> {
        Ok(match &self.0 {
            #[cfg(feature = "sqlite")]
            AnyRow::Sqlite(row) => row.try_column(column)?.ordinal(),
            #[cfg(feature = "postgres")]
            AnyRow::Postgres(row) => row.try_column(column)?.ordinal(),
            #[cfg(feature = "mysql")]
            AnyRow::MySql(row) => row.try_column(column)?.ordinal(),
        })
    }

    fn number_at(&self, place: usize) -> Result<Option<i64>, DbError> {
        Ok(match &self.0 {
            #[cfg(feature = "sqlite")]
            AnyRow::Sqlite(row) => row.try_get_unchecked(place)?,
            #[cfg(feature = "postgres")]
            AnyRow::Postgres(row) => {
                use sqlx::{TypeInfo as _, ValueRef as _};
                let value = row.try_get_raw(place)?;
                // PostgreSQL gives each number in as many bytes as its type has.
                match value.type_info().name() {
                    "INT2" => row.try_get_unchecked::<Option<i16>, _>(place)?.map(i64::from),
                    "INT4" => row.try_get_unchecked::<Option<i32>, _>(place)?.map(i64::from),
                    _ => row.try_get::<Option<i64>, _>(place)?,
                }
            }
            #[cfg(feature = "mysql")]
            AnyRow::MySql(row) => row.try_get_unchecked(place)?,
        })
    }
}

fn null(column: &str) -> DbError {
    failed(format!("column {column:?} is NULL"))
}

fn failed(said: String) -> DbError {
    DbError::Failed(Said::new(said).into())
}

impl fmt::Debug for Row {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Row(..)")
    }
}
