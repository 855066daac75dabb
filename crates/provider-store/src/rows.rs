//! Rows by name, for the engine.

use async_trait::async_trait;
use vestibule_database::{RowHead, StoreError};
use vestibule_login::{ProviderRow, ProviderRows};
use vestibule_oauth_provider::{Config, Result, RowRef};

use crate::ProviderStore;
use crate::row::StoredRow;

#[async_trait]
impl ProviderRows for ProviderStore {
    async fn find(&self, owner: &str, name: &str) -> Result<Option<ProviderRow>> {
        match self.row(owner, name).await {
            Ok(row) => Ok(Some(self.open(row)?)),
            Err(StoreError::NotFound(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

impl ProviderStore {
    fn open(&self, row: StoredRow) -> Result<ProviderRow, StoreError> {
        let config = row.opened_config(&self.registry, &self.keyring)?;
        let id = row.head.uuid()?;
        let RowHead { owner, name, display_name, kind, .. } = row.head;
        Ok(ProviderRow {
            row: RowRef { id, owner, name },
            display_name,
            category: row.category,
            kind,
            enabled: row.enabled,
            config: Config::new(config.expose()),
        })
    }
}
