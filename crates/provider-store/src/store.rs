//! Saving, showing and deleting rows.

use std::fmt;
use std::sync::Arc;

use sqlx::SqlitePool;
use uuid::Uuid;
use vestibule_database::{Database, DbError, Keyring, MASK, Record, StoreError, check_name, is_sealed, unix_time};
use vestibule_oauth_provider::{Clock, Config, Random, Registry, Secret};

use crate::config_text::{ConfigText, Value};
use crate::row::{LONGEST_CONFIG, Secrets, StoredRow, column, record, secret_place, select};
use crate::view::ProviderView;

/// The longest config that is stored, in bytes; no factory takes more.
const LONGEST_CLEAR_CONFIG: usize = 64 * 1024;

/// Provider rows in the table `vestibule_provider`. Clones share the database.
#[derive(Clone)]
pub struct ProviderStore {
    pub(crate) database: Database,
    pub(crate) keyring: Keyring,
    pub(crate) registry: Registry,
    clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
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
    /// The type's config, a JSON object, secrets in the clear. In [`ProviderStore::replace`], a secret that is `***` stays what it is.
    pub config: Config,
}

impl NewProvider {
    fn record(&self) -> Record<'_> {
        record(&self.owner, &self.name)
    }
}

impl ProviderStore {
    /// The rows in `database`, their secrets sealed with `keyring`; which fields are secrets is in `registry`.
    pub fn new(
        database: Database,
        keyring: Keyring,
        registry: Registry,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Self {
        Self { database, keyring, registry, clock, random }
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
        let inserted = sqlx::query(
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
        .await;
        match inserted {
            Err(sqlx::Error::Database(error)) if error.is_unique_violation() => {
                Err(StoreError::AlreadyExists(provider.record().to_string()))
            }
            Err(error) => Err(error.into()),
            Ok(_) => self.get(&provider.owner, &provider.name).await,
        }
    }

    /// Puts the row in the place of the one of the same owner and name, whose id stays.
    ///
    /// # Errors
    /// As [`ProviderStore::add`]; [`StoreError::NotFound`]; [`StoreError::Changed`], when somebody else replaced it at the same moment.
    pub async fn replace(&self, provider: NewProvider) -> Result<ProviderView, StoreError> {
        let stored = self.row(&provider.owner, &provider.name).await?;
        let version = stored.version.saturating_add(1);
        let config = self.sealed_config(&provider, &stored.uuid()?, version, Some(&stored))?;
        let replaced = sqlx::query(
            "UPDATE vestibule_provider
            SET display_name = ?, category = ?, type = ?, enabled = ?, config = ?, version = ?, updated_at = ?
            WHERE id = ? AND version = ?",
        )
        .bind(&provider.display_name)
        .bind(&provider.category)
        .bind(&provider.kind)
        .bind(provider.enabled)
        .bind(config.expose())
        .bind(version)
        .bind(unix_time(self.clock.now()))
        .bind(&stored.id)
        .bind(stored.version)
        .execute(self.pool())
        .await?;
        if replaced.rows_affected() == 0 {
            return Err(StoreError::Changed(provider.record().to_string()));
        }
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

    /// Deletes a row. Its id is not used again.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Database`].
    pub async fn delete(&self, owner: &str, name: &str) -> Result<(), StoreError> {
        let deleted = sqlx::query("DELETE FROM vestibule_provider WHERE owner = ? AND name = ?")
            .bind(owner)
            .bind(name)
            .execute(self.pool())
            .await?;
        found(deleted.rows_affected(), owner, name)
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
            None => Err(StoreError::NotFound(record(owner, name).to_string())),
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
        found(changed.rows_affected(), owner, name)
    }

    /// The config with its secrets sealed for the row's new version. `stored` is where masked secrets are kept from.
    fn sealed_config(
        &self,
        provider: &NewProvider,
        id: &Uuid,
        version: i64,
        stored: Option<&StoredRow>,
    ) -> Result<Secret, StoreError> {
        let record = provider.record();
        let refuse = |said: &str| StoreError::Refused(format!("{record}, config: {said}"));
        let factory =
            self.registry.get(&provider.kind).map_err(|error| StoreError::Refused(format!("{record}: {error}")))?;
        let fields = factory.schema().fields();
        let config = provider.config.expose();
        if config.len() > LONGEST_CLEAR_CONFIG {
            return Err(refuse(&format!("is longer than {LONGEST_CLEAR_CONFIG} bytes")));
        }
        let text = ConfigText::read(config).map_err(|said| refuse(&said))?;
        let secrets = Secrets::of(&self.registry, &provider.kind);
        text.rewrite(|field, value| {
            // A misspelt secret would be stored in the clear.
            if !fields.iter().any(|known| known.name() == field) {
                let known = fields.iter().map(|known| format!("\"{}\"", known.name())).collect::<Vec<_>>().join(", ");
                let field: String = field.chars().take(50).flat_map(char::escape_debug).collect();
                return Err(refuse(&format!(
                    "\"{field}\" is not a field of type \"{}\"; its fields: {known}",
                    provider.kind
                )));
            }
            if !secrets.contains(field) {
                return Ok(None);
            }
            let seal = |clear: &Secret| self.keyring.seal(clear, &secret_place(id, version, &column(field)), &*self.random);
            match value {
                Value::Text(value) if value.is_empty() => Ok(None),
                Value::Text(value) if value.expose() == MASK => {
                    let kept = self.kept_secret(provider, field, stored)?;
                    Ok(Some(Secret::new(seal(&kept)?)))
                }
                Value::Text(value) if is_sealed(value.expose()) => Err(refuse(&format!(
                    "\"{field}\" begins with \"vsealed:\", as sealed values do; give the secret in the clear, it is sealed here"
                ))),
                Value::Text(value) => Ok(Some(Secret::new(seal(value)?))),
                Value::Null => Ok(None),
                Value::Other => Err(refuse(&format!("\"{field}\": expected a string"))),
            }
        })
    }

    /// The secret that is stored in `field`, opened: the mask was given for it. Not for a row whose type changes, which would show it to somebody else.
    fn kept_secret(
        &self,
        provider: &NewProvider,
        field: &str,
        stored: Option<&StoredRow>,
    ) -> Result<Secret, StoreError> {
        if let Some(row) = stored.filter(|row| row.kind == provider.kind) {
            let config = row.opened_config(&self.registry, &self.keyring)?;
            let kept = row.text(&config)?.values().find_map(|(name, value)| match value {
                Value::Text(text) if name == field && !text.is_empty() => Some(text),
                _ => None,
            });
            if let Some(kept) = kept {
                return Ok(kept);
            }
        }
        let record = provider.record();
        Err(StoreError::Refused(format!(
            "{record}, config: \"{field}\" is \"{MASK}\", which keeps a stored secret, and none is stored; give the secret"
        )))
    }
}

fn found(rows: u64, owner: &str, name: &str) -> Result<(), StoreError> {
    match rows {
        0 => Err(StoreError::NotFound(record(owner, name).to_string())),
        _ => Ok(()),
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
