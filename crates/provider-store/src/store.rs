//! Saving, showing and deleting rows.

use std::fmt;
use std::sync::Arc;

use sqlx::SqlitePool;
use vestibule_database::{Database, DbError, Keyring, Record, StoreError, Unsealable, check_name, unix_time};
use vestibule_oauth_provider::{Clock, Config, Random, Registry};

use crate::row::{LONGEST_CONFIG, StoredRow, record, select};
use crate::view::ProviderView;

/// Provider rows in the table `vestibule_provider`. Clones share the database.
#[derive(Clone)]
pub struct ProviderStore {
    pub(crate) database: Database,
    pub(crate) keyring: Keyring,
    pub(crate) registry: Arc<Registry>,
    clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) unsealable: Unsealable,
}

/// A row to be stored.
#[derive(Debug, Clone)]
pub struct NewProvider {
    /// The tenant whose row it is.
    pub owner: String,
    /// Its name, unique for its owner.
    pub name: String,
    /// What people see on the button. May be empty.
    pub display_name: String,
    /// What kind of service it is: `OAuth`.
    pub category: String,
    /// The provider type, one of the registry's.
    pub kind: String,
    /// Whether anybody may sign in with it.
    pub enabled: bool,
    /// The type's config, a JSON object, secrets in the clear. In [`ProviderStore::replace`], a secret that is `***` stays what it is,
    /// unless a field changes that may say where it is sent: a URL or a choice.
    pub config: Config,
}

impl NewProvider {
    pub(crate) fn record(&self) -> Record<'_> {
        record(&self.owner, &self.name)
    }
}

impl ProviderStore {
    /// The rows in `database`, their secrets sealed with `keyring`; which fields are secrets is in `registry`.
    pub fn new(
        database: Database,
        keyring: Keyring,
        registry: Arc<Registry>,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Self {
        Self { database, keyring, registry, clock, random, unsealable: Unsealable::default() }
    }

    /// Stores a new row. That the config is a JSON object of fields that its type knows, and its secrets strings, is seen here; whether a sign-in would work, by its factory's `check`.
    ///
    /// # Errors
    /// [`StoreError::Refused`], naming row, field and remedy; [`StoreError::AlreadyExists`]; [`StoreError::Database`].
    pub async fn add(&self, provider: NewProvider) -> Result<ProviderView, StoreError> {
        check_name("owner", &provider.owner)?;
        check_name("name", &provider.name)?;
        let id = self.random.uuid().map_err(DbError::Random)?;
        let config = self.sealed_config(&provider, &id, 1, None)?;
        let now = unix_time(self.clock.now());
        sqlx::query(
            "INSERT INTO vestibule_provider
                (id, owner, name, display_name, category, type, enabled, config, version, created_at, updated_at)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?)",
        )
        .bind(id.to_string())
        .bind(&provider.owner)
        .bind(&provider.name)
        .bind(&provider.display_name)
        .bind(&provider.category)
        .bind(&provider.kind)
        .bind(provider.enabled)
        .bind(config.expose())
        .bind(now)
        .bind(now)
        .execute(self.pool())
        .await
        .map_err(|error| provider.record().not_inserted(error))?;
        self.get(&provider.owner, &provider.name).await
    }

    /// Puts the row in the place of the one of the same owner and name, whose id stays.
    ///
    /// # Errors
    /// As [`ProviderStore::add`]; [`StoreError::NotFound`]; [`StoreError::Changed`], when somebody else replaced it at the same moment.
    pub async fn replace(&self, provider: NewProvider) -> Result<ProviderView, StoreError> {
        let stored = self.row(&provider.owner, &provider.name).await?;
        let version = stored.head.version.saturating_add(1);
        let config = self.sealed_config(&provider, &stored.head.uuid()?, version, Some(&stored))?;
        let replaced = sqlx::query(
            "UPDATE vestibule_provider
            SET display_name = ?, category = ?, type = ?, enabled = ?, config = ?, version = ?, updated_at = ?
            WHERE id = ? AND owner = ? AND version = ?",
        )
        .bind(&provider.display_name)
        .bind(&provider.category)
        .bind(&provider.kind)
        .bind(provider.enabled)
        .bind(config.expose())
        .bind(version)
        .bind(unix_time(self.clock.now()))
        .bind(&stored.head.id)
        .bind(&provider.owner)
        .bind(stored.head.version)
        .execute(self.pool())
        .await?;
        provider.record().unchanged(replaced.rows_affected())?;
        self.get(&provider.owner, &provider.name).await
    }

    /// Lets people sign in with the row.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Database`].
    pub async fn enable(&self, owner: &str, name: &str) -> Result<(), StoreError> {
        self.set_enabled(owner, name, 1).await
    }

    /// Ends sign-ins with the row, those under way included.
    ///
    /// # Errors
    /// As [`ProviderStore::enable`].
    pub async fn disable(&self, owner: &str, name: &str) -> Result<(), StoreError> {
        self.set_enabled(owner, name, 0).await
    }

    /// The row `name` of `owner`.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Database`]. What cannot be read in it is said in the view.
    pub async fn get(&self, owner: &str, name: &str) -> Result<ProviderView, StoreError> {
        Ok(ProviderView::of(self.row(owner, name).await?, &self.registry))
    }

    /// All rows of `owner`, or of everybody, by owner and name.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn list(&self, owner: Option<&str>) -> Result<Vec<ProviderView>, StoreError> {
        let rows = sqlx::query(select!("WHERE ? IS NULL OR owner = ? ORDER BY owner, name"))
            .bind(LONGEST_CONFIG)
            .bind(owner)
            .bind(owner)
            .fetch_all(self.pool())
            .await?;
        rows.iter().map(|row| Ok(ProviderView::of(StoredRow::read(row)?, &self.registry))).collect()
    }

    /// Deletes a row. No row that is added here gets its id again.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Database`].
    pub async fn delete(&self, owner: &str, name: &str) -> Result<(), StoreError> {
        let deleted = sqlx::query("DELETE FROM vestibule_provider WHERE owner = ? AND name = ?")
            .bind(owner)
            .bind(name)
            .execute(self.pool())
            .await?;
        record(owner, name).found(deleted.rows_affected())
    }

    pub(crate) fn pool(&self) -> &SqlitePool {
        self.database.sqlite()
    }

    pub(crate) async fn row(&self, owner: &str, name: &str) -> Result<StoredRow, StoreError> {
        let row = sqlx::query(select!("WHERE owner = ? AND name = ?"))
            .bind(LONGEST_CONFIG)
            .bind(owner)
            .bind(name)
            .fetch_optional(self.pool())
            .await?;
        match row {
            Some(row) => Ok(StoredRow::read(&row)?),
            None => Err(record(owner, name).not_found()),
        }
    }

    async fn set_enabled(&self, owner: &str, name: &str, enabled: i64) -> Result<(), StoreError> {
        let changed =
            sqlx::query("UPDATE vestibule_provider SET enabled = ?, updated_at = ? WHERE owner = ? AND name = ?")
                .bind(enabled)
                .bind(unix_time(self.clock.now()))
                .bind(owner)
                .bind(name)
                .execute(self.pool())
                .await?;
        record(owner, name).found(changed.rows_affected())
    }
}

impl fmt::Debug for ProviderStore {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ProviderStore")
            .field("types", &self.registry.kinds().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}
