//! Lists of rows, a page at a time. No config is read for them.

use serde::Serialize;
use vestibule_database::{Order, Page, Paged, Row, RowHead, Sql, StoreError, containing, count, row_head, sql};

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
    /// Those with this somewhere in their name; `a` and `A` are the same here.
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
        let rows = select(filter, sort, order, page).fetch_all(&self.database).await?;
        let total = count(filter.apply(sql("SELECT COUNT(*) FROM vestibule_provider")), &self.database).await?;
        Ok(Paged { items: rows.iter().map(ProviderSummary::read).collect::<Result<_, _>>()?, total })
    }
}

fn select(filter: &ProviderFilter, sort: Sort, order: Order, page: Page) -> Sql {
    let columns =
        concat!("SELECT ", row_head!(), ", substr(category, 1, 100) AS category, enabled FROM vestibule_provider");
    filter.apply(sql(columns)).and(&sort.by(order)).page(page)
}

impl Sort {
    /// No two rows are equal in these columns, and each has an index.
    fn by(self, order: Order) -> String {
        let (first, then) = match self {
            Self::Name => ("owner", "name"),
            Self::Kind => ("vestibule_provider.type", "id"),
            Self::Updated => ("updated_at", "id"),
        };
        let order = order.sql();
        format!(" ORDER BY {first} {order}, {then} {order}")
    }
}

impl ProviderFilter {
    fn texts(&self) -> impl Iterator<Item = &String> {
        [&self.owner, &self.kind, &self.name_contains, &self.cert].into_iter().flatten()
    }

    fn apply(&self, statement: Sql) -> Sql {
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
            // Databases differ in which letters have two cases.
            let (as_given, lower) = (containing(part), containing(&part.to_ascii_lowercase()));
            let matches = " AND (name LIKE ? ESCAPE '!' OR lower(name) LIKE ? ESCAPE '!')";
            statement = statement.and(matches).bind(as_given).bind(lower);
        }
        if let Some(cert) = &self.cert {
            let named = " AND id IN (SELECT provider_id FROM vestibule_provider_cert WHERE cert_name = ?)";
            statement = statement.and(named).bind(cert);
        }
        statement
    }
}

impl ProviderSummary {
    fn read(row: &Row) -> Result<Self, vestibule_database::DbError> {
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
