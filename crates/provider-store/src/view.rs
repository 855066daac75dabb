//! What may be shown of a row.

use serde::Serialize;
use vestibule_database::RowHead;
use vestibule_oauth_provider::Registry;

use crate::row::ProviderRow;

/// A row as it may be shown: no secret is in it. All times are Unix seconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ProviderView {
    /// The row's immutable id, as it is stored (a UUID, unless plain SQL put something else there).
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
    /// The config as it was written, with `***` for every secret and for every field that its type does not know; empty, when it cannot be read.
    pub config: String,
    /// Why the config cannot be read, and what to do.
    pub error: Option<String>,
    /// The cert records that the config names and that are there neither for the row's owner nor for everybody: nobody can sign in until they are.
    pub missing_certs: Vec<String>,
    /// How often the row was replaced, plus one.
    pub version: i64,
    /// When it was made.
    pub created_at: i64,
    /// When it was last saved.
    pub updated_at: i64,
}

impl ProviderView {
    /// Never fails, so that one bad row does not hide the others of a list.
    pub(crate) fn of(row: ProviderRow, missing_certs: Vec<String>, registry: &Registry) -> Self {
        let (config, error) = match row.masked_config(registry) {
            Ok(config) => (config, None),
            Err(error) => (String::new(), Some(error.to_string())),
        };
        let RowHead { id, owner, name, display_name, kind, version, created_at, updated_at, .. } = row.head;
        Self {
            id,
            owner,
            name,
            display_name,
            category: row.category,
            kind,
            enabled: row.enabled,
            config,
            error,
            missing_certs,
            version,
            created_at,
            updated_at,
        }
    }
}
