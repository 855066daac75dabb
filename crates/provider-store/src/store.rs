//! The store, and what is shown of one row.

use std::fmt;
use std::sync::Arc;

use vestibule_database::{Database, Keyring, Record, StoreError, Unsealable, sql, unix_time};
use vestibule_oauth_provider::{Clock, Config, Random, Registry};

use crate::known_fields::FieldsNoted;
use crate::row::{LONGEST_CONFIG, ProviderRow, record, select};
use crate::view::ProviderView;

/// Provider rows in the table `vestibule_provider`. Clones share the database.
#[derive(Clone)]
pub struct ProviderStore {
    pub(crate) database: Database,
    pub(crate) keyring: Keyring,
    pub(crate) registry: Arc<Registry>,
    pub(crate) shared_owner: Arc<str>,
    clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) unsealable: Unsealable,
    pub(crate) fields_noted: FieldsNoted,
}

/// A row to be stored.
#[derive(Debug, Clone)]
pub struct NewProvider {
    /// The tenant whose row it is.
    pub owner: String,
    /// Its name, unique for its owner.
    pub name: String,
    /// What people see on the button, 200 letters at most. May be empty.
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
    /// The rows in `database`, their secrets sealed with `keyring`; which fields are secrets, and which name cert records, is in `registry`. Records of
    /// `shared_owner` are there for every owner's rows.
    pub fn new(
        database: Database,
        keyring: Keyring,
        registry: Arc<Registry>,
        shared_owner: impl Into<Arc<str>>,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Self {
        let (unsealable, fields_noted) = (Unsealable::default(), FieldsNoted::default());
        let shared_owner = shared_owner.into();
        Self { database, keyring, registry, shared_owner, clock, random, unsealable, fields_noted }
    }

    /// The row `name` of `owner`.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Database`]. What cannot be read in it is said in the view.
    pub async fn get(&self, owner: &str, name: &str) -> Result<ProviderView, StoreError> {
        let row = self.row(owner, name).await?;
        let missing = self.missing_certs(&row).await?;
        Ok(ProviderView::of(row, missing, &self.registry))
    }

    pub(crate) fn now(&self) -> i64 {
        unix_time(self.clock.now())
    }

    pub(crate) async fn row(&self, owner: &str, name: &str) -> Result<ProviderRow, StoreError> {
        // No row has such a name, and PostgreSQL takes no such text.
        if owner.contains('\0') || name.contains('\0') {
            return Err(record(owner, name).not_found());
        }
        let select = sql(select!("WHERE owner = ? AND name = ?")).bind(LONGEST_CONFIG).bind(owner).bind(name);
        match select.fetch_optional(&self.database).await? {
            Some(row) => Ok(ProviderRow::read(&row)?),
            None => Err(record(owner, name).not_found()),
        }
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
