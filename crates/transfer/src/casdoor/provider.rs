//! Casdoor's provider rows.

use vestibule_oauth_provider::{Field, FieldKind, Registry, Schema, Secret};

use super::wide::Wide;
use super::{MASK, Taken, Told};
use crate::entry::{Covers, Enabled, ProviderEntry, Refusal, Value, named};
use crate::fault::shown;

/// The only category whose rows are ways to sign in here.
const OAUTH: &str = "OAuth";

/// Columns that are not for a config, or that have no meaning here.
const HOUSEKEEPING: &[&str] = &[
    "owner",
    "name",
    "createdTime",
    "displayName",
    "category",
    "type",
    "method",
    "providerUrl",
    "enableSignUp",
    "sslMode",
];

/// A provider row of Casdoor's as a row of its type.
pub(crate) fn provider(json: &str, registry: &Registry, told: &Told) -> Taken<ProviderEntry> {
    let row = match Wide::read(json) {
        Ok(row) => row,
        Err(why) => return Taken::Refused(None, why),
    };
    read(&row, registry, told).unwrap_or_else(|why| Taken::Refused(row.named(), why))
}

fn read(row: &Wide, registry: &Registry, told: &Told) -> Result<Taken<ProviderEntry>, Refusal> {
    let (category, kind) = (row.public("category")?, row.public("type")?);
    let factory = match registry.get(&kind) {
        Ok(factory) if category == OAUTH => factory,
        _ => {
            let (category, kind) = (shown(&category, 50), shown(&kind, 50));
            return Ok(Taken::PassedOver(format!("provider, category {category}, type {kind}")));
        }
    };
    let (owner, name, display_name) = (row.public("owner")?, row.public("name")?, row.public("displayName")?);
    named(&owner, &name, &display_name)?;
    let config = config(row, &kind, factory.schema(), told)?;
    let notes = without_a_place(row, factory.schema()).into_iter().collect();
    let entry = ProviderEntry {
        id: None,
        owner,
        name,
        display_name,
        category,
        kind,
        enabled: Enabled::WhenFinished,
        covers: Covers::SomeFields,
        config,
    };
    Ok(Taken::Entry(entry, notes))
}

fn config(row: &Wide, kind: &str, schema: &Schema, told: &Told) -> Result<Vec<(String, Value)>, Refusal> {
    let mut config = Vec::new();
    for field in schema.fields() {
        let in_row = match field.column() {
            Some(column) => value(&row.text(column)?, field, column)?,
            None => None,
        };
        let value = in_row.or_else(|| told.value(kind, field.name()).map(|told| Value::Text(Secret::new(told))));
        config.extend(value.map(|value| (field.name().to_owned(), value)));
    }
    Ok(config)
}

fn value(text: &Secret, field: &Field, column: &str) -> Result<Option<Value>, Refusal> {
    let is_secret = *field.kind() == FieldKind::Secret;
    match (text.expose(), field.kind()) {
        (text, _) if text.trim().is_empty() => Ok(None),
        (MASK, _) if is_secret => Ok(Some(Value::LeftOut)),
        (MASK, _) => Err(format!("\"{column}\" is \"{MASK}\"; write its value there")),
        (text, FieldKind::Choice(words)) if !words.iter().any(|word| word == text) => {
            Err(format!("\"{column}\", for the field \"{}\": expected one of {}", field.name(), words.join(", ")))
        }
        _ => Ok(Some(Value::Text(text.clone()))),
    }
}

/// What the row has and its type has no field for.
fn without_a_place(row: &Wide, schema: &Schema) -> Option<String> {
    let has_a_place = |column: &str| {
        HOUSEKEEPING.contains(&column) || schema.fields().iter().any(|field| field.column() == Some(column))
    };
    let columns: Vec<_> =
        row.filled().filter(|column| !has_a_place(column)).map(|column| format!("\"{}\"", shown(column, 50))).collect();
    (!columns.is_empty()).then(|| format!("not taken over, its type has no field for it: {}", columns.join(", ")))
}
