//! Which cert records a row names: in its config, and beside it in `vestibule_provider_cert`, where they are found by the name.

use std::collections::{BTreeMap, BTreeSet};

use vestibule_database::{DbError, StoreError, Transaction, places, sql};

use crate::ProviderStore;
use crate::config_text::{ConfigText, Value};
use crate::fields::Fields;
use crate::row::ProviderRow;

/// The most letters of a record's name.
const LONGEST_NAME: usize = 100;

/// The names in a config's cert fields, each once.
pub(crate) fn named(text: &ConfigText<'_>, fields: Fields<'_>) -> BTreeSet<String> {
    cert_fields(text, fields).map(|(_, name)| name).collect()
}

fn cert_fields<'t>(text: &'t ConfigText<'_>, fields: Fields<'t>) -> impl Iterator<Item = (&'t str, String)> {
    text.values().filter_map(move |(field, value)| match value {
        Value::Text(name) if fields.is_cert(field) && !name.is_empty() => Some((field, name.expose().to_owned())),
        _ => None,
    })
}

/// Whether a record can have this name. What cannot be one is noted nowhere: not every database takes it.
fn may_be_a_name(name: &str) -> bool {
    !name.contains('\0') && name.chars().count() <= LONGEST_NAME
}

/// The records that a config names, by field. Of a field that stands twice the last value counts.
pub(crate) struct References(BTreeMap<String, String>);

impl References {
    pub(crate) fn of(text: &ConfigText<'_>, fields: Fields<'_>) -> Self {
        let named = cert_fields(text, fields).filter(|(_, name)| may_be_a_name(name));
        Self(named.map(|(field, name)| (field.to_owned(), name)).collect())
    }

    /// Notes them in the place of those that were noted for the row. Only what is another is touched: to delete what is not there would lock its
    /// neighbours on some databases.
    pub(crate) async fn note(mut self, transaction: &mut Transaction, provider_id: &str) -> Result<(), DbError> {
        let select = sql("SELECT field, cert_name FROM vestibule_provider_cert WHERE provider_id = ?");
        for row in select.bind(provider_id).fetch_all(&mut *transaction).await? {
            let field = row.text("field")?;
            if self.0.get(&field).is_some_and(|name| row.text("cert_name").is_ok_and(|noted| noted == *name)) {
                self.0.remove(&field);
                continue;
            }
            let delete = sql("DELETE FROM vestibule_provider_cert WHERE provider_id = ? AND field = ?");
            delete.bind(provider_id).bind(field).execute(&mut *transaction).await?;
        }
        for (field, name) in self.0 {
            let insert = sql("INSERT INTO vestibule_provider_cert (provider_id, field, cert_name) VALUES (?, ?, ?)");
            insert.bind(provider_id).bind(field).bind(name).execute(&mut *transaction).await?;
        }
        Ok(())
    }
}

impl ProviderStore {
    /// The records that the row names and that are there neither for its owner nor for everybody.
    pub(crate) async fn missing_certs(&self, row: &ProviderRow) -> Result<Vec<String>, StoreError> {
        // A config that cannot be read names none; the view says what is wrong with it.
        let Ok(config) = row.stored_config() else { return Ok(Vec::new()) };
        let Ok(text) = row.text(config) else { return Ok(Vec::new()) };
        let mut missing = named(&text, Fields::of(&self.registry, &row.head.kind));
        let possible: Vec<_> = missing.iter().filter(|name| may_be_a_name(name)).cloned().collect();
        if possible.is_empty() {
            return Ok(missing.into_iter().collect());
        }
        let select =
            format!("SELECT name FROM vestibule_cert WHERE owner IN (?, ?) AND name IN ({})", places(possible.len()));
        let select = sql(select).bind(&row.head.owner).bind(&*self.shared_owner).bind_all(possible);
        for found in select.fetch_all(&self.database).await? {
            missing.remove(&found.text("name")?);
        }
        Ok(missing.into_iter().collect())
    }
}
