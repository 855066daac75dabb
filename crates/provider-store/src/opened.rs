//! One row, opened, for whoever looks at it without a sign-in: the command line, a host's administration.

use vestibule_database::{RowHead, StoreError};
use vestibule_oauth_provider::{Config, RowRef};

use crate::{NewProvider, ProviderStore};

/// What a provider's factory needs to know of a row to check it. Its config is open: it is not to be shown.
#[derive(Debug, Clone)]
pub struct OpenedProvider {
    /// The row's immutable id, owner and name; of a row that is not stored yet, the id is [nil](vestibule_oauth_provider::Uuid::nil).
    pub row: RowRef,
    /// What kind of service it is.
    pub category: String,
    /// The provider type.
    pub kind: String,
    /// Whether anybody may sign in with it.
    pub enabled: bool,
    /// The type's config, secrets opened.
    pub config: Config,
}

impl ProviderStore {
    /// The row `name` of `owner`, opened.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Unreadable`], naming what is wrong with the row and what to do; [`StoreError::Database`].
    pub async fn open(&self, owner: &str, name: &str) -> Result<OpenedProvider, StoreError> {
        let row = self.row(owner, name).await?;
        let config = row.opened_config(&self.registry, &self.keyring).await?;
        let id = row.head.uuid()?;
        let RowHead { owner, name, kind, .. } = row.head;
        Ok(OpenedProvider {
            row: RowRef { id, owner, name },
            category: row.category,
            kind,
            enabled: row.enabled,
            config: Config::new(config.expose()),
        })
    }
}

/// A row as it would be opened once it is stored, for checking it before.
impl From<&NewProvider> for OpenedProvider {
    fn from(new: &NewProvider) -> Self {
        Self {
            row: RowRef { id: uuid::Uuid::nil(), owner: new.owner.clone(), name: new.name.clone() },
            category: new.category.clone(),
            kind: new.kind.clone(),
            enabled: new.enabled,
            config: new.config.clone(),
        }
    }
}
