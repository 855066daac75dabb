//! Lists of records, in parts: filtered, sorted and cut in SQL.

use serde::Serialize;
use vestibule_database::{
    Dialect, Order, Page, Paged, Row, RowHead, Sql, StoreError, containing, count, row_head, sql,
};

use crate::CertStore;
use crate::grant::{self, grant};
use crate::stored::WHAT;
use crate::view::SharingView;

/// Which records a list has; all that is set has to be so.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CertFilter {
    /// Those of this owner.
    pub owner: Option<String>,
    /// Those whose name has this in it; upper and lower case of ASCII letters are one.
    pub name_contains: Option<String>,
    /// Those whose active version ends before this time, in Unix seconds.
    pub ends_before: Option<i64>,
}

/// By what a list is sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sort {
    /// By owner and name.
    #[default]
    Name,
    /// By when the active version ends. Records of which that is not known are not in such a list.
    NotAfter,
    /// By when it was last changed.
    Updated,
}

/// A record in a list: nothing of it is opened, and no certificate is read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct CertSummary {
    /// The record's immutable id, as it is stored.
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
    /// As [`CertView::revision`](crate::CertView::revision).
    pub revision: i64,
    /// Whether a version is staged.
    pub has_next: bool,
    /// When the active version ends, in Unix seconds; nothing, where that is not known.
    pub not_after: Option<i64>,
    /// When it was made, in Unix seconds.
    pub created_at: i64,
    /// When it was last changed, in Unix seconds.
    pub updated_at: i64,
    /// For whom and towards which hosts its private key signs.
    pub sharing: SharingView,
}

impl CertStore {
    /// A page of the records that `filter` lets pass.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn list(
        &self,
        filter: &CertFilter,
        sort: Sort,
        order: Order,
        page: Page,
    ) -> Result<Paged<CertSummary>, StoreError> {
        // PostgreSQL takes no NUL, and nothing in the table has one.
        if [&filter.owner, &filter.name_contains].into_iter().flatten().any(|text| text.contains('\0')) {
            return Ok(Paged { items: Vec::new(), total: 0 });
        }
        let dialect = self.database.dialect();
        let rows = select(filter, sort, order, page, dialect).fetch_all(&self.database).await?;
        let all = filter.limit(sql("SELECT COUNT(*) FROM vestibule_cert"), sort, dialect);
        let total = count(all, &self.database).await?;
        Ok(Paged { items: rows.iter().map(CertSummary::read).collect::<Result<_, _>>()?, total })
    }
}

/// The inner query cuts the page out of an index; the outer one looks at the rows of the page only.
pub(crate) fn select(filter: &CertFilter, sort: Sort, order: Order, page: Page, dialect: Dialect) -> Sql {
    let by = sort.columns(order);
    let columns = concat!("SELECT ", row_head!(), ", revision, not_after, ", grant!());
    let next = "CASE WHEN EXISTS (SELECT 1 FROM vestibule_cert_version AS other WHERE other.cert_id = vestibule_cert.id AND other.state = 'next')
            THEN 1 ELSE 0 END AS has_next";
    let of = format!("{columns}, {next} FROM (SELECT id AS cut_id FROM vestibule_cert");
    let cut = filter.limit(sql(of), sort, dialect).and(&format!(" ORDER BY {by}")).page(page);
    cut.and(&format!(") AS page JOIN vestibule_cert ON id = cut_id ORDER BY {by}"))
}

impl CertFilter {
    fn limit(&self, statement: Sql, sort: Sort, dialect: Dialect) -> Sql {
        let mut statement = statement.and(match sort {
            Sort::NotAfter => " WHERE not_after IS NOT NULL",
            Sort::Name | Sort::Updated => " WHERE 1 = 1",
        });
        if let Some(owner) = &self.owner {
            statement = statement.and(" AND owner = ?").bind(owner);
        }
        if let Some(part) = &self.name_contains {
            // MySQL and MariaDB lower all letters, the others those of ASCII.
            let part = if dialect == Dialect::MySql { part.to_lowercase() } else { part.to_ascii_lowercase() };
            statement = statement.and(" AND lower(name) LIKE ? ESCAPE '!'").bind(containing(&part));
        }
        if let Some(time) = self.ends_before {
            statement = statement.and(" AND not_after < ?").bind(time);
        }
        statement
    }
}

impl Sort {
    /// No two rows are equal in these columns, and each list of them is an index's.
    fn columns(self, order: Order) -> String {
        let order = order.sql();
        match self {
            Self::Name => format!("owner {order}, name {order}"),
            Self::NotAfter => format!("not_after {order}, id {order}"),
            Self::Updated => format!("updated_at {order}, id {order}"),
        }
    }
}

impl CertSummary {
    fn read(row: &Row) -> Result<Self, StoreError> {
        let RowHead { id, owner, name, display_name, kind, version, created_at, updated_at, .. } =
            RowHead::read(row, WHAT)?;
        let column = |name: &str| row.utf8(name).ok().flatten();
        Ok(Self {
            id,
            owner,
            name,
            display_name,
            kind,
            version,
            revision: row.int("revision")?,
            has_next: row.int("has_next")? == 1,
            not_after: row.opt_int("not_after")?,
            created_at,
            updated_at,
            sharing: SharingView::of(&grant::read(column("key_owners").as_deref(), column("key_hosts").as_deref())),
        })
    }
}
