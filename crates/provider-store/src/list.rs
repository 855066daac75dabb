//! Lists of rows, a page at a time. No config is read for them.

use serde::Serialize;
use vestibule_database::{
    DbError, Dialect, Order, Page, Paged, Row, RowHead, Sql, StoreError, containing, count, row_head, sql,
};

use crate::ProviderStore;
use crate::row::WHAT;

/// Which rows a list has: those that meet all of these.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProviderFilter {
    /// Those of this owner.
    pub owner: Option<String>,
    /// Those of this provider type.
    pub kind: Option<String>,
    /// Those that are enabled, or those that are not.
    pub enabled: Option<bool>,
    /// Those whose name has this in it; upper and lower case of ASCII letters are one.
    pub name_contains: Option<String>,
    /// Those that name this cert record, whoever's it is. Rows that plain SQL wrote count once they are [examined](ProviderStore::examine).
    pub cert: Option<String>,
}

/// By what a list is sorted. Rows that are equal in it always have the same order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sort {
    /// By owner, then name.
    #[default]
    Name,
    /// By provider type.
    Kind,
    /// By the time of the last change.
    Updated,
}

/// A row as it stands in a list. All times are Unix seconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ProviderSummary {
    /// The row's immutable id, as it is stored.
    pub id: String,
    /// The tenant whose row it is.
    pub owner: String,
    /// Its name, unique for its owner.
    pub name: String,
    /// What people see on the button; its name, when nobody said.
    pub display_name: String,
    /// `OAuth`.
    pub category: String,
    /// The provider type, for example `Alipay`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Whether anybody may sign in with it.
    pub enabled: bool,
    /// How often the row was replaced, plus one.
    pub version: i64,
    /// When it was made.
    pub created_at: i64,
    /// When it was last saved.
    pub updated_at: i64,
}

impl ProviderStore {
    /// A page of the rows that meet `filter`, and how many do.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn list(
        &self,
        filter: &ProviderFilter,
        sort: Sort,
        order: Order,
        page: Page,
    ) -> Result<Paged<ProviderSummary>, StoreError> {
        // No row has such a text, and PostgreSQL takes none.
        if filter.texts().any(|text| text.contains('\0')) {
            return Ok(Paged { items: Vec::new(), total: 0 });
        }
        let dialect = self.database.dialect();
        let rows = select(filter, sort, order, page, dialect).fetch_all(&self.database).await?;
        let all = filter.limit(sql("SELECT COUNT(*) FROM vestibule_provider"), dialect);
        let total = count(all, &self.database).await?;
        Ok(Paged { items: rows.iter().map(ProviderSummary::read).collect::<Result<_, _>>()?, total })
    }
}

/// The inner query cuts the page out of an index; the rows of the page, and no others, are looked up with it. It is a join because MariaDB goes through all
/// rows for `id IN (…)`.
pub(crate) fn select(filter: &ProviderFilter, sort: Sort, order: Order, page: Page, dialect: Dialect) -> Sql {
    let by = sort.columns(order);
    let of = concat!(
        "SELECT ",
        row_head!(),
        ", substr(category, 1, 100) AS category, enabled FROM (SELECT id AS page_id FROM vestibule_provider"
    );
    let cut = filter.limit(sql(of), dialect).and(&format!(" ORDER BY {by}")).page(page);
    cut.and(&format!(") AS page JOIN vestibule_provider ON vestibule_provider.id = page.page_id ORDER BY {by}"))
}

impl Sort {
    /// No two rows are equal in these columns, and each list of them is an index's.
    fn columns(self, order: Order) -> String {
        let order = order.sql();
        match self {
            Self::Name => format!("owner {order}, name {order}"),
            // The table's column, and not what is shown of it.
            Self::Kind => format!("vestibule_provider.type {order}, id {order}"),
            Self::Updated => format!("updated_at {order}, id {order}"),
        }
    }
}

impl ProviderFilter {
    fn texts(&self) -> impl Iterator<Item = &String> {
        [&self.owner, &self.kind, &self.name_contains, &self.cert].into_iter().flatten()
    }

    fn limit(&self, statement: Sql, dialect: Dialect) -> Sql {
        let mut statement = statement.and(" WHERE 1 = 1");
        if let Some(owner) = &self.owner {
            statement = statement.and(" AND owner = ?").bind(owner);
        }
        if let Some(kind) = &self.kind {
            statement = statement.and(" AND vestibule_provider.type = ?").bind(kind);
        }
        if let Some(enabled) = self.enabled {
            statement = statement.and(" AND enabled = ?").bind(enabled);
        }
        if let Some(part) = &self.name_contains {
            // MySQL and MariaDB lower all letters, the others those of ASCII.
            let part = if dialect == Dialect::MySql { part.to_lowercase() } else { part.to_ascii_lowercase() };
            statement = statement.and(" AND lower(name) LIKE ? ESCAPE '!'").bind(containing(&part));
        }
        if let Some(cert) = &self.cert {
            let named = " AND id IN (SELECT provider_id FROM vestibule_provider_cert WHERE cert_name = ?)";
            statement = statement.and(named).bind(cert);
        }
        statement
    }
}

impl ProviderSummary {
    fn read(row: &Row) -> Result<Self, DbError> {
        let RowHead { id, owner, name, display_name, kind, version, created_at, updated_at, .. } =
            RowHead::read(row, WHAT)?;
        Ok(Self {
            id,
            owner,
            name,
            display_name,
            category: row.text("category")?,
            kind,
            enabled: row.int("enabled")? != 0,
            version,
            created_at,
            updated_at,
        })
    }
}
