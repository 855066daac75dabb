//! A row of `vestibule_provider`, read without trust.

use uuid::Uuid;
use vestibule_database::{DbError, Keyring, MASK, Place, Record, Row, RowHead, StoreError, is_sealed};
use vestibule_oauth_provider::{Registry, Secret};

use crate::config_text::{ConfigText, Value};
use crate::fields::Fields;

/// How messages call a row.
pub(crate) const WHAT: &str = "provider row";

/// The longest config that is read, in bytes: the longest that a factory takes, sealed, with some to spare. The query leaves out what is longer.
pub(crate) const LONGEST_CONFIG: i64 = 256 * 1024;

/// A statement that reads what [`ProviderRow::read`] reads. The first `?` is [`LONGEST_CONFIG`].
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT ",
            vestibule_database::row_head!(),
            ", substr(category, 1, 100) AS category, enabled,
                CASE WHEN octet_length(config) <= ? THEN config END AS config
            FROM vestibule_provider ",
            $rest
        )
    };
}
pub(crate) use select;

/// A row, still sealed.
#[derive(Clone)]
pub(crate) struct ProviderRow {
    pub(crate) head: RowHead,
    pub(crate) category: String,
    pub(crate) enabled: bool,
    pub(crate) config: StoredConfig,
}

/// The text of the column `config`; nothing, when it is too long or no text.
#[derive(Clone)]
pub(crate) struct StoredConfig(pub(crate) Option<Secret>);

impl ProviderRow {
    /// Reads whatever stands there: what is wrong with a field is an error when the field is asked for.
    pub(crate) fn read(row: &Row) -> Result<Self, DbError> {
        Ok(Self {
            head: RowHead::read(row, WHAT)?,
            category: row.text("category")?,
            enabled: row.int("enabled")? != 0,
            config: StoredConfig::read(row, "config"),
        })
    }

    /// The config as it is stored.
    pub(crate) fn stored_config(&self) -> Result<&Secret, StoreError> {
        self.config.0.as_ref().ok_or_else(|| {
            self.unreadable(format_args!("is longer than {LONGEST_CONFIG} bytes or is not UTF-8 text; shorten it"))
        })
    }

    /// The config with its secrets opened.
    pub(crate) async fn opened_config(&self, registry: &Registry, keyring: &Keyring) -> Result<Secret, StoreError> {
        let config = self.stored_config()?;
        let (text, id, fields) = (self.text(config)?, self.head.uuid()?, Fields::of(registry, &self.head.kind));
        let is_sealed_secret = |field: &str, value: &Value| matches!(value, Value::Text(value) if fields.is_secret(field) && is_sealed(value.expose()));
        let mut opened = Vec::new();
        for (field, value) in text.values() {
            if let (true, Value::Text(value)) = (is_sealed_secret(field, &value), &value) {
                let column = column(field);
                let place = secret_place(&self.head.owner, &id, self.head.version, &column);
                opened.push(keyring.open_or_reload(value.expose(), &place).await.map_err(|error| {
                    let record = self.head.record();
                    StoreError::Unreadable(format!("{record}, config: \"{field}\" {error}"))
                })?);
            }
        }
        let mut opened = opened.into_iter();
        text.rewrite(|field, value| Ok(if is_sealed_secret(field, value) { opened.next() } else { None }))
    }

    /// The config with `***` for every secret, and for every value of which nobody can say what it is: of an unknown field, of an unknown type.
    pub(crate) fn masked_config(&self, registry: &Registry) -> Result<String, StoreError> {
        let config = self.stored_config()?;
        let fields = Fields::of(registry, &self.head.kind);
        let masked = self.text(config)?.rewrite(|field, value| {
            let hide = match value {
                Value::Null => false,
                Value::Text(value) => fields.may_be_secret(field) && !value.is_empty(),
                Value::Other => fields.may_be_secret(field),
            };
            Ok::<_, StoreError>(hide.then(|| Secret::new(MASK)))
        })?;
        Ok(masked.expose().to_owned())
    }

    pub(crate) fn text<'t>(&self, config: &'t Secret) -> Result<ConfigText<'t>, StoreError> {
        ConfigText::read(config.expose()).map_err(|said| self.unreadable(format_args!("{said}")))
    }

    fn unreadable(&self, said: std::fmt::Arguments<'_>) -> StoreError {
        let record = self.head.record();
        StoreError::Unreadable(format!("{record}, config: {said}"))
    }
}

impl StoredConfig {
    /// Bytes that are no text are as good as none: nothing can be made of them.
    pub(crate) fn read(row: &Row, column: &str) -> Self {
        Self(row.utf8(column).unwrap_or_default().map(Secret::new))
    }
}

impl AsRef<RowHead> for ProviderRow {
    fn as_ref(&self) -> &RowHead {
        &self.head
    }
}

pub(crate) fn record<'a>(owner: &'a str, name: &'a str) -> Record<'a> {
    Record { what: WHAT, owner, name }
}

pub(crate) fn column(field: &str) -> String {
    format!("config.{field}")
}

/// Where a secret of a row is sealed.
pub(crate) fn secret_place<'a>(owner: &'a str, id: &'a Uuid, version: i64, column: &'a str) -> Place<'a> {
    Place { table: "vestibule_provider", owner, row: id.as_bytes(), version, column }
}
