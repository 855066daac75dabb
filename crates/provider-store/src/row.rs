//! A row of `vestibule_provider`, read without trust.

use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;
use uuid::Uuid;
use vestibule_database::{Keyring, MASK, Place, Record, RowHead, StoreError, is_sealed, text};
use vestibule_oauth_provider::{Registry, Schema, Secret};

use crate::config_text::{ConfigText, Value};

/// How messages call a row.
const WHAT: &str = "provider row";

/// The longest config that is read, in bytes: the longest that a factory takes, sealed, with some to spare. The query leaves out what is longer.
pub(crate) const LONGEST_CONFIG: i64 = 256 * 1024;

/// What [`StoredRow::read`] reads. The `?` is [`LONGEST_CONFIG`].
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

pub(crate) struct StoredRow {
    pub(crate) head: RowHead,
    pub(crate) category: String,
    pub(crate) enabled: bool,
    config: Option<Secret>,
}

impl StoredRow {
    /// Reads whatever stands there: what is wrong with a field is an error when the field is asked for.
    pub(crate) fn read(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            head: RowHead::read(row, WHAT)?,
            category: text(row, "category")?,
            enabled: row.try_get("enabled")?,
            config: row.try_get::<Option<String>, _>("config").unwrap_or_default().map(Secret::new),
        })
    }

    /// The config as it is stored.
    pub(crate) fn stored_config(&self) -> Result<&Secret, StoreError> {
        self.config.as_ref().ok_or_else(|| {
            self.unreadable(format_args!("is longer than {LONGEST_CONFIG} bytes or is not UTF-8 text; shorten it"))
        })
    }

    /// The config with its secrets opened.
    pub(crate) fn opened_config(&self, registry: &Registry, keyring: &Keyring) -> Result<Secret, StoreError> {
        let config = self.stored_config()?;
        let RowHead { owner, kind, version, .. } = &self.head;
        let (text, id, secrets) = (self.text(config)?, self.head.uuid()?, Secrets::of(registry, kind));
        text.rewrite(|field, value| match value {
            Value::Text(value) if secrets.contains(field) && is_sealed(value.expose()) => keyring
                .open(value.expose(), &secret_place(owner, &id, *version, &column(field)))
                .map(Some)
                .map_err(|error| {
                    let record = self.head.record();
                    StoreError::Unreadable(format!("{record}, config: \"{field}\" {error}"))
                }),
            _ => Ok(None),
        })
    }

    /// The config with `***` for every secret, and for every value of which nobody can say what it is: of an unknown field, of an unknown type.
    pub(crate) fn masked_config(&self, registry: &Registry) -> Result<String, StoreError> {
        let config = self.stored_config()?;
        let secrets = Secrets::of(registry, &self.head.kind);
        let masked = self.text(config)?.rewrite(|field, value| {
            let hide = match value {
                Value::Null => false,
                Value::Text(value) => secrets.may_be(field) && !value.is_empty(),
                Value::Other => secrets.may_be(field),
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

/// Which fields of a type's config are secrets.
pub(crate) enum Secrets<'r> {
    Known(&'r Schema),
    UnknownType,
}

impl<'r> Secrets<'r> {
    pub(crate) fn of(registry: &'r Registry, kind: &str) -> Self {
        registry.get(kind).map_or(Self::UnknownType, |factory| Self::Known(factory.schema()))
    }

    pub(crate) fn contains(&self, field: &str) -> bool {
        matches!(self, Self::Known(schema) if schema.secrets().any(|name| name == field))
    }

    /// Whether it must not be shown: it is a secret, or nobody can say what it is, such as a misspelt one.
    fn may_be(&self, field: &str) -> bool {
        match self {
            Self::UnknownType => true,
            Self::Known(schema) => self.contains(field) || !schema.fields().iter().any(|known| known.name() == field),
        }
    }
}

impl AsRef<RowHead> for StoredRow {
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
