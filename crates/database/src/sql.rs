//! A statement with its values, for whichever database is there.
//!
//! sqlx has typed drivers, and one for any database that knows neither all types nor one way to write a placeholder. The stores' statements are few and
//! plain, so they are written once, with `?` for a value, and this room hands them to the typed driver.

use std::borrow::Cow;
use std::fmt;

use crate::lease::Lease;
use crate::pools::{Dialect, each};
use crate::{Database, DbError, Row, Transaction};

/// A value of a statement.
#[derive(Clone)]
pub(crate) enum Value {
    Int(Option<i64>),
    Text(Option<String>),
}

/// A statement with its values. Its `Debug` shows no value.
#[derive(Clone)]
pub struct Sql {
    text: Cow<'static, str>,
    values: Vec<Value>,
}

/// A statement in which `?` stands for each value that is [bound](Sql::bind), in order. No literal in it may hold a `?`. Whatever is not written in the
/// source must be bound: the text is no place for what anybody else wrote.
pub fn sql(text: impl Into<Cow<'static, str>>) -> Sql {
    Sql { text: text.into(), values: Vec::new() }
}

/// `?, ?, ?`: the places for `count` values of a list, one at least.
pub fn places(count: usize) -> String {
    vec!["?"; count.max(1)].join(", ")
}

/// A text that finds `part` anywhere in a column with `LIKE ? ESCAPE '!'`.
pub fn containing(part: &str) -> String {
    let mut pattern = String::with_capacity(part.len() + 2);
    pattern.push('%');
    for letter in part.chars() {
        if matches!(letter, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(letter);
    }
    pattern.push('%');
    pattern
}

/// What can be bound.
pub trait Bind {
    #[doc(hidden)]
    fn bind_to(self, statement: &mut Sql);
}

impl Bind for i64 {
    fn bind_to(self, statement: &mut Sql) {
        statement.values.push(Value::Int(Some(self)));
    }
}

impl Bind for u32 {
    fn bind_to(self, statement: &mut Sql) {
        i64::from(self).bind_to(statement);
    }
}

/// As 1 and 0, which is how every table has it.
impl Bind for bool {
    fn bind_to(self, statement: &mut Sql) {
        i64::from(self).bind_to(statement);
    }
}

impl Bind for Option<i64> {
    fn bind_to(self, statement: &mut Sql) {
        statement.values.push(Value::Int(self));
    }
}

impl Bind for String {
    fn bind_to(self, statement: &mut Sql) {
        statement.values.push(Value::Text(Some(self)));
    }
}

impl Bind for &str {
    fn bind_to(self, statement: &mut Sql) {
        self.to_owned().bind_to(statement);
    }
}

impl Bind for &String {
    fn bind_to(self, statement: &mut Sql) {
        self.clone().bind_to(statement);
    }
}

impl Bind for Option<String> {
    fn bind_to(self, statement: &mut Sql) {
        statement.values.push(Value::Text(self));
    }
}

impl Bind for Option<&str> {
    fn bind_to(self, statement: &mut Sql) {
        self.map(str::to_owned).bind_to(statement);
    }
}

impl Sql {
    /// Gives the next `?` its value.
    #[must_use]
    pub fn bind(mut self, value: impl Bind) -> Self {
        value.bind_to(&mut self);
        self
    }

    /// Gives the next places their values.
    #[must_use]
    pub fn bind_all<T: Bind>(mut self, values: impl IntoIterator<Item = T>) -> Self {
        for value in values {
            value.bind_to(&mut self);
        }
        self
    }

    /// Goes on with this text, such as ` AND owner = ?`.
    #[must_use]
    pub fn and(mut self, text: &str) -> Self {
        self.text.to_mut().push_str(text);
        self
    }

    /// Both statements' rows in one answer (`UNION ALL`). They have the same columns, named by the first, and neither has an `ORDER BY`.
    #[must_use]
    pub fn union_all(mut self, other: Self) -> Self {
        self.text = Cow::Owned(format!("{} UNION ALL {}", self.text, other.text));
        self.values.extend(other.values);
        self
    }

    /// Runs it and says how many rows it changed.
    ///
    /// # Errors
    /// [`DbError::AlreadyThere`] when a row of that key is there; [`DbError::Unavailable`]; [`DbError::Failed`].
    pub async fn execute(self, on: impl Into<On<'_>>) -> Result<u64, DbError> {
        match on.into() {
            On::Database(database) => {
                let text = self.for_dialect(database.dialect());
                each!(Pools, database.pools(), pool => {
                    Lease::take(pool, database.line()).await?.execute(text, self.values).await
                })
            }
            On::Transaction(transaction) => {
                transaction.execute(self.for_dialect(transaction.dialect()), self.values).await
            }
        }
    }

    /// All rows of its answer.
    ///
    /// # Errors
    /// [`DbError::Unavailable`], [`DbError::Failed`].
    pub async fn fetch_all(self, on: impl Into<On<'_>>) -> Result<Vec<Row>, DbError> {
        let rows = match on.into() {
            On::Database(database) => {
                let text = self.for_dialect(database.dialect());
                each!(Pools, database.pools(), pool => {
                    Lease::take(pool, database.line()).await?.fetch(text, self.values).await
                })
            }
            On::Transaction(transaction) => {
                transaction.fetch(self.for_dialect(transaction.dialect()), self.values).await
            }
        };
        Ok(rows?.into_iter().map(Row).collect())
    }

    /// The first row of its answer, if there is one. A statement that can have many rows says `LIMIT 1` itself.
    ///
    /// # Errors
    /// As [`Sql::fetch_all`].
    pub async fn fetch_optional(self, on: impl Into<On<'_>>) -> Result<Option<Row>, DbError> {
        Ok(self.fetch_all(on).await?.into_iter().next())
    }

    /// The number in the first column of its one row, such as a count.
    ///
    /// # Errors
    /// As [`Sql::fetch_all`]; [`DbError::Failed`] when there is no row.
    pub async fn fetch_number(self, on: impl Into<On<'_>>) -> Result<i64, DbError> {
        self.fetch_optional(on).await?.ok_or(sqlx::Error::RowNotFound)?.first_number()
    }

    fn for_dialect(&self, dialect: Dialect) -> String {
        match dialect {
            Dialect::Postgres => numbered(&self.text),
            Dialect::Sqlite | Dialect::MySql => self.text.clone().into_owned(),
        }
    }
}

impl fmt::Debug for Sql {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Sql").field(&self.text).finish()
    }
}

/// On what a statement runs: a database, or a transaction on it.
#[derive(Debug)]
pub enum On<'a> {
    /// A connection of its own.
    Database(&'a Database),
    /// This transaction.
    Transaction(&'a mut Transaction),
}

impl<'a> From<&'a Database> for On<'a> {
    fn from(database: &'a Database) -> Self {
        Self::Database(database)
    }
}

impl<'a> From<&'a mut Transaction> for On<'a> {
    fn from(transaction: &'a mut Transaction) -> Self {
        Self::Transaction(transaction)
    }
}

/// What a `SELECT COUNT(*)` counts.
///
/// # Errors
/// As [`Sql::fetch_number`].
pub async fn count(statement: Sql, on: impl Into<On<'_>>) -> Result<u64, DbError> {
    Ok(u64::try_from(statement.fetch_number(on).await?).unwrap_or_default())
}

/// `$1`, `$2`, … in the place of each `?`.
fn numbered(text: &str) -> String {
    let mut numbered = String::with_capacity(text.len() + 16);
    for (index, piece) in text.split('?').enumerate() {
        if index > 0 {
            numbered.push('$');
            numbered.push_str(&index.to_string());
        }
        numbered.push_str(piece);
    }
    numbered
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_numbered_for_postgresql() {
        assert_eq!(numbered("a = ? AND b IN (?, ?)"), "a = $1 AND b IN ($2, $3)");
        assert_eq!(numbered("SELECT 1"), "SELECT 1");
        assert_eq!(places(3), "?, ?, ?");
        assert_eq!(places(0), "?");
    }

    #[test]
    fn what_people_look_for_is_no_pattern() {
        assert_eq!(containing("50%_!"), "%50!%!_!!%");
    }

    #[test]
    fn debug_shows_no_value() {
        assert!(!format!("{:?}", sql("a = ?").bind("s3cr3t")).contains("s3cr3t"));
    }
}
