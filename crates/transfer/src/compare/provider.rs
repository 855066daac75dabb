//! Provider rows.

use vestibule_oauth_provider::{Config, FieldKind, Registry, Schema};
use vestibule_provider_store::{NewProvider, WholeProvider};

use super::{Compared, Known};
use crate::config_text::{self, Field};
use crate::entry::{Covers, Enabled, ProviderEntry, Value};
use crate::fault::shown;

/// What the file's row would change of the stored one.
pub(crate) fn compare_provider(
    entry: &ProviderEntry,
    stored: Option<&WholeProvider>,
    registry: &Registry,
) -> Compared<NewProvider> {
    let schema = match registry.get(&entry.kind) {
        Ok(factory) => factory.schema(),
        Err(error) => return Compared::refused(error.message()),
    };
    if let Some(why) = unfit(&entry.config, schema, &entry.kind) {
        return Compared::refused(why);
    }
    let before = match stored.map(|stored| config_text::fields(stored.row.config.expose())).transpose() {
        Ok(before) => before,
        Err(said) => {
            return Compared::refused(format!("the stored row's config {said}; correct it, or delete the row"));
        }
    };
    let same_kind = stored.is_some_and(|stored| stored.row.kind == entry.kind);
    let mut notes = Vec::new();
    let kept = before.as_deref().filter(|_| same_kind);
    let config = match merged(entry, kept, schema, &mut notes) {
        Ok(config) => config,
        Err(why) => return Compared::refused(why),
    };
    let missing = missing(&config, schema);
    if !missing.is_empty() {
        notes.push(format!("is unfinished, and comes in disabled: {} missing", missing.join(", ")));
    }
    let enabled = missing.is_empty()
        && match (entry.enabled, stored) {
            (Enabled::As(enabled), _) => enabled,
            (Enabled::WhenFinished, Some(stored)) => stored.row.enabled,
            (Enabled::WhenFinished, None) => true,
        };
    let mut fields = Vec::new();
    if let Some(WholeProvider { row, .. }) = stored {
        for (name, is_other) in [
            ("display_name", row.display_name != entry.display_name),
            ("category", row.category != entry.category),
            ("type", row.kind != entry.kind),
            ("enabled", row.enabled != enabled),
        ] {
            if is_other {
                fields.push(name.to_owned());
            }
        }
    }
    fields.extend(differences(before.as_deref().unwrap_or_default(), &config));
    let write = NewProvider {
        owner: entry.owner.clone(),
        name: entry.name.clone(),
        display_name: entry.display_name.clone(),
        category: entry.category.clone(),
        kind: entry.kind.clone(),
        enabled,
        config: Config::new(config_text::object(&config).expose()),
    };
    match stored {
        None => Compared::of(Known::New, fields, write, notes),
        Some(stored) => Compared::of(Known::Stored, fields, write, notes).keeping_id(entry.id, stored.id),
    }
}

/// Why the type would not take this config, if it would not.
fn unfit(config: &[(String, Value)], schema: &Schema, kind: &str) -> Option<String> {
    for (name, value) in config {
        let Some(field) = schema.fields().iter().find(|field| field.name() == name) else {
            let known: Vec<_> = schema.fields().iter().map(|field| format!("\"{}\"", field.name())).collect();
            return Some(format!(
                "config: \"{}\" is not a field of type \"{kind}\"; its fields: {}",
                shown(name, 50),
                known.join(", ")
            ));
        };
        let is_secret = *field.kind() == FieldKind::Secret;
        match value {
            Value::LeftOut if !is_secret => {
                return Some(format!(
                    "config: \"{name}\" is left out, and is no secret of type \"{kind}\"; write its value there"
                ));
            }
            Value::Json(json) if is_secret && json != "null" => {
                return Some(format!("config: \"{name}\": expected a string"));
            }
            _ => {}
        }
    }
    None
}

/// The config as it will be: secrets that are left out are those that are stored, as long as the row points to the same place.
fn merged(
    entry: &ProviderEntry,
    stored: Option<&[Field]>,
    schema: &Schema,
    notes: &mut Vec<String>,
) -> Result<Vec<Field>, String> {
    let mut config: Vec<Field> = Vec::new();
    if let (Covers::SomeFields, Some(stored)) = (entry.covers, stored) {
        let in_file = |field: &&Field| !entry.config.iter().any(|(name, _)| *name == field.name);
        config.extend(stored.iter().filter(in_file).cloned());
    }
    let mut left_out = Vec::new();
    for (name, value) in &entry.config {
        match value {
            Value::Text(text) => config.push(Field::text(name, text)),
            Value::Json(json) => config.push(Field::json(name, json)),
            Value::LeftOut => left_out.push(name),
        }
    }
    for name in left_out {
        let Some(stored) = stored else {
            notes.push(format!("comes in without the secret \"{name}\", which the file leaves out; add it"));
            continue;
        };
        let Some(secret) = stored.iter().find(|field| field.name == *name) else { continue };
        if let Some(elsewhere) = points_elsewhere(stored, &config, schema) {
            return Err(format!(
                "config: \"{name}\" is left out of the file, and \"{elsewhere}\", which may say where it is sent, is another than in the stored row; export \
                 with sealed secrets"
            ));
        }
        config.push(secret.clone());
    }
    if config.len() != entry.config.len()
        || config.iter().zip(&entry.config).any(|(field, (name, _))| field.name != *name)
    {
        // Some come from the file and some from the stored row: the form's order is that of neither, and always the same.
        config.sort_by_key(|field| schema.fields().iter().position(|known| known.name() == field.name));
    }
    Ok(config)
}

/// The field that may say where a secret is sent and is another than before: a URL or a choice.
fn points_elsewhere<'s>(stored: &[Field], config: &[Field], schema: &'s Schema) -> Option<&'s str> {
    let tells_where = schema
        .fields()
        .iter()
        .filter(|field| !matches!(field.kind(), FieldKind::Text | FieldKind::Secret | FieldKind::Cert));
    let value = |fields: &[Field], name: &str| {
        let found = fields.iter().find(|field| field.name == name && !field.is_null());
        found.map(|field| field.value.expose().to_owned())
    };
    tells_where.map(vestibule_oauth_provider::Field::name).find(|name| value(stored, name) != value(config, name))
}

fn missing(config: &[Field], schema: &Schema) -> Vec<String> {
    let is_given = |name: &str| config.iter().any(|field| field.name == name && !field.is_empty());
    schema.missing(is_given).into_iter().map(|name| format!("\"{name}\"")).collect()
}

/// The names of the fields that are in one config only, or have another value.
fn differences(before: &[Field], after: &[Field]) -> Vec<String> {
    let changed =
        after.iter().filter(|field| !before.iter().any(|old| old.name == field.name && old.same_value(field)));
    let gone = before.iter().filter(|old| !after.iter().any(|field| field.name == old.name));
    changed.chain(gone).map(|field| format!("config.{}", shown(&field.name, 50))).collect()
}
