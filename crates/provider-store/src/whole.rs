//! Whole rows, for moving them to another installation.

use uuid::Uuid;
use vestibule_database::{RowHead, StoreError, sql};
use vestibule_oauth_provider::Config;

use crate::row::{LONGEST_CONFIG, ProviderRow, select};
use crate::{NewProvider, ProviderStore, ProviderView};

/// All of a row, its secrets opened: it is not to be shown.
#[derive(Debug, Clone)]
pub struct WholeProvider {
    /// The row's immutable id, half of the identity of everybody who signed in with it.
    pub id: Uuid,
    /// The version of its content, for [`ProviderStore::replace`].
    pub version: i64,
    /// What it holds. The display name is empty where it is the name.
    pub row: NewProvider,
}

impl ProviderStore {
    /// The row `name` of `owner`; nothing when there is none.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`], naming what is wrong with the row and what to do; [`StoreError::Database`].
    pub async fn whole(&self, owner: &str, name: &str) -> Result<Option<WholeProvider>, StoreError> {
        match self.row(owner, name).await {
            Ok(row) => self.opened(row).await.map(Some),
            Err(StoreError::NotFound(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The rows after the one of this owner and name, by owner and name, `most` at most. One that cannot be read is an error in its place.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn whole_after(
        &self,
        (owner, name): (&str, &str),
        most: u32,
    ) -> Result<Vec<Named<Result<WholeProvider, StoreError>>>, StoreError> {
        let select = sql(select!("WHERE (owner, name) > (?, ?) ORDER BY owner, name LIMIT ?"));
        let rows = select.bind(LONGEST_CONFIG).bind(owner).bind(name).bind(most).fetch_all(&self.database).await?;
        let mut page = Vec::with_capacity(rows.len());
        for row in &rows {
            let row = ProviderRow::read(row)?;
            page.push(((row.head.owner.clone(), row.head.name.clone()), self.opened(row).await));
        }
        Ok(page)
    }

    /// Owner and name of the row with this id; nothing when there is none.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn name_of(&self, id: &Uuid) -> Result<Option<(String, String)>, StoreError> {
        let select = sql("SELECT owner, name FROM vestibule_provider WHERE id = ?").bind(id.to_string());
        let row = select.fetch_optional(&self.database).await?;
        row.map(|row| Ok((row.text("owner")?, row.text("name")?))).transpose()
    }

    /// As [`ProviderStore::add`], under an id that the row had elsewhere: people who signed in with it there are the same people here.
    ///
    /// # Errors
    /// As [`ProviderStore::add`]; [`StoreError::AlreadyExists`] also when another row has the id.
    pub async fn add_as(&self, id: Uuid, provider: NewProvider, by: &str) -> Result<ProviderView, StoreError> {
        self.insert(id, provider, "import", by).await
    }

    async fn opened(&self, row: ProviderRow) -> Result<WholeProvider, StoreError> {
        let config = row.opened_config(&self.registry, &self.keyring).await?;
        let id = row.head.uuid()?;
        let RowHead { owner, name, display_name, kind, version, .. } = row.head;
        let display_name = if display_name == name { String::new() } else { display_name };
        let (category, enabled, config) = (row.category, row.enabled, Config::new(config.expose()));
        Ok(WholeProvider {
            id,
            version,
            row: NewProvider { owner, name, display_name, category, kind, enabled, config },
        })
    }
}

/// Something with the owner and name of its row.
type Named<T> = ((String, String), T);
