//! Which ways there are to sign in, for a page that anybody may ask for.

use uuid::Uuid;
use vestibule_database::{Dialect, StoreError, sql};

use crate::ProviderStore;

/// The innermost query is answered by the index `vestibule_provider_sign_in`, so its condition stands here word for word.
macro_rules! options {
    ($owner:literal, $condition:literal) => {
        concat!(
            "SELECT provider.id, provider.owner, provider.name, substr(provider.display_name, 1, 200) AS display_name,
                substr(provider.type, 1, 100) AS type
            FROM (
                SELECT id FROM (
                    SELECT id, ",
            $owner,
            " AS queue, ROW_NUMBER() OVER (PARTITION BY ",
            $owner,
            " ORDER BY name) AS turn
                    FROM vestibule_provider WHERE ",
            $condition,
            "
                ) AS queued ORDER BY turn, queue LIMIT ?
            ) AS chosen
            JOIN vestibule_provider AS provider ON provider.id = chosen.id
            ORDER BY provider.owner, provider.name"
        )
    };
}

/// As the dialect has that index.
pub(crate) fn options(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::MySql => options!("sign_in_owner", "sign_in_owner IS NOT NULL"),
        _ => options!("owner", "enabled = 1 AND category = 'OAuth'"),
    }
}

/// A row with which people can sign in: what a button needs, and nothing of its config.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SignInOption {
    /// The row's immutable id.
    pub id: Uuid,
    /// The tenant whose row it is.
    pub owner: String,
    /// Its name, unique for its owner.
    pub name: String,
    /// What people see on the button; its name, when nobody said. At most 200 characters.
    pub display_name: String,
    /// The provider type, for example `Alipay`.
    pub kind: String,
}

impl ProviderStore {
    /// The enabled rows of the category `OAuth`, by owner and name, `most` at most. When there are more, every owner's first row is taken before anybody's
    /// second, so that no owner's rows push out those of another. Rows whose id is no UUID cannot be signed in with and are left out.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn sign_in_options(&self, most: u32) -> Result<Vec<SignInOption>, StoreError> {
        let rows = sql(options(self.database.dialect())).bind(most).fetch_all(&self.database).await?;
        let mut options = Vec::with_capacity(rows.len());
        for row in &rows {
            let Ok(id) = Uuid::parse_str(&row.text("id")?) else { continue };
            let (name, display_name) = (row.text("name")?, row.text("display_name")?);
            options.push(SignInOption {
                id,
                owner: row.text("owner")?,
                display_name: if display_name.is_empty() { name.clone() } else { display_name },
                name,
                kind: row.text("type")?,
            });
        }
        Ok(options)
    }
}
