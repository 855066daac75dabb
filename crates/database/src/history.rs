//! Who changed what, and when.
//!
//! A store notes each change in the transaction that makes it, so that there is no change without its note and no note without its change.

use serde::Serialize;

use crate::sql::count;
use crate::{Database, DbError, Page, Paged, Row, Sql, Transaction, sql};

/// A kind of row whose changes are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowKind {
    /// A cert record.
    Cert,
    /// A provider row.
    Provider,
}

impl RowKind {
    /// As the table has it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cert => "cert",
            Self::Provider => "provider",
        }
    }
}

/// A change to be noted. No part of it is a secret. Control characters become U+FFFD, and a text that is too long is cut.
#[derive(Debug, Clone, Copy)]
pub struct Change<'a> {
    /// Who: a person or a program, as the caller names it; 400 letters at most.
    pub actor: &'a str,
    /// What was done, in one word of the store's, such as `switch`.
    pub action: &'a str,
    /// To what kind of row.
    pub what: RowKind,
    /// The row's id.
    pub row_id: &'a str,
    /// Its owner after the change.
    pub owner: &'a str,
    /// Its name after the change.
    pub name: &'a str,
    /// The version that the change is about, if it is about one.
    pub version: Option<i64>,
    /// What else is to be known, such as a former name; 2,000 letters at most.
    pub detail: &'a str,
}

impl Change<'_> {
    /// Notes it in the transaction that makes the change. `at` is in Unix seconds.
    ///
    /// # Errors
    /// [`DbError::Unavailable`], [`DbError::Failed`].
    pub async fn note(&self, transaction: &mut Transaction, at: i64) -> Result<(), DbError> {
        sql("INSERT INTO vestibule_change (at, actor, action, what, row_id, owner, name, version, detail)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)")
        .bind(at)
        .bind(fitting(self.actor, 400))
        .bind(fitting(self.action, 100))
        .bind(self.what.as_str())
        .bind(fitting(self.row_id, 36))
        .bind(fitting(self.owner, 100))
        .bind(fitting(self.name, 100))
        .bind(self.version)
        .bind(fitting(self.detail, 2_000))
        .execute(transaction)
        .await
        .map(drop)
    }
}

/// The first `most` letters, as every database takes them: a note that does not fit must not undo the change.
fn fitting(text: &str, most: usize) -> String {
    text.chars()
        .take(most)
        .map(|letter| if letter.is_control() { char::REPLACEMENT_CHARACTER } else { letter })
        .collect()
}

/// A change that was noted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChangeView {
    /// Greater than that of every change before it. Numbers may be left out.
    pub number: i64,
    /// When, in Unix seconds.
    pub at: i64,
    /// Who.
    pub actor: String,
    /// What was done.
    pub action: String,
    /// To what kind of row: `cert` or `provider`.
    pub what: String,
    /// The row's id. The row may be gone.
    pub row_id: String,
    /// Its owner at that time.
    pub owner: String,
    /// Its name at that time.
    pub name: String,
    /// The version that the change was about.
    pub version: Option<i64>,
    /// What else was to be known.
    pub detail: String,
}

/// Whose changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangesOf<'a> {
    /// Every row's.
    Everything,
    /// Those of the row with this id, under all names that it had.
    Row(&'a str),
    /// Those of the rows that had this name.
    Name {
        /// The kind of row.
        what: RowKind,
        /// Its owner.
        owner: &'a str,
        /// Its name.
        name: &'a str,
    },
}

impl ChangesOf<'_> {
    fn limit(self, statement: Sql) -> Sql {
        match self {
            Self::Everything => statement,
            Self::Row(id) => statement.and(" WHERE row_id = ?").bind(id),
            Self::Name { what, owner, name } => {
                statement.and(" WHERE owner = ? AND name = ? AND what = ?").bind(owner).bind(name).bind(what.as_str())
            }
        }
    }
}

/// The changes that were noted, the newest first.
///
/// # Errors
/// [`DbError::Unavailable`], [`DbError::Failed`].
pub async fn changes(database: &Database, of: ChangesOf<'_>, page: Page) -> Result<Paged<ChangeView>, DbError> {
    let columns = "SELECT number, at, actor, action, what, row_id, owner, name, version, detail FROM vestibule_change";
    let rows = of.limit(sql(columns)).and(" ORDER BY number DESC").page(page).fetch_all(database).await?;
    let total = count(of.limit(sql("SELECT COUNT(*) FROM vestibule_change")), database).await?;
    Ok(Paged { items: rows.iter().map(read).collect::<Result<_, _>>()?, total })
}

fn read(row: &Row) -> Result<ChangeView, DbError> {
    Ok(ChangeView {
        number: row.int("number")?,
        at: row.int("at")?,
        actor: row.text("actor")?,
        action: row.text("action")?,
        what: row.text("what")?,
        row_id: row.text("row_id")?,
        owner: row.text("owner")?,
        name: row.text("name")?,
        version: row.opt_int("version")?,
        detail: row.text("detail")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_cut_between_letters() {
        assert_eq!(fitting("支付宝\0x", 4), "支付宝\u{fffd}");
    }
}
