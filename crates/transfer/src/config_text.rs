//! A row's config, field by field, in the order in which it was written.

use serde_json::value::RawValue;
use vestibule_oauth_provider::Secret;
use zeroize::Zeroizing;

use crate::file::{ConfigInFile, ConfigValue};
use crate::secret_text::SecretText;

/// A field of a config and its value, as JSON. It has no `Debug`: a value may be a secret.
#[derive(Clone)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) value: Secret,
}

impl Field {
    pub(crate) fn text(name: &str, text: &Secret) -> Self {
        // A string is always serialised.
        let json = Zeroizing::new(serde_json::to_string(text.expose()).unwrap_or_default());
        Self::json(name, &json)
    }

    pub(crate) fn json(name: &str, json: &str) -> Self {
        Self { name: name.to_owned(), value: Secret::new(json) }
    }

    pub(crate) fn is_null(&self) -> bool {
        self.value.expose() == "null"
    }

    /// No value, or a text of nothing but space.
    pub(crate) fn is_empty(&self) -> bool {
        self.is_null() || self.as_text().is_some_and(|text| text.expose().trim().is_empty())
    }

    pub(crate) fn as_text(&self) -> Option<Secret> {
        serde_json::from_str(self.value.expose()).ok()
    }

    /// Whether both values mean the same, however they are written.
    pub(crate) fn same_value(&self, other: &Self) -> bool {
        let value = |field: &Self| serde_json::from_str::<serde_json::Value>(field.value.expose()).ok();
        self.value.same_as(other.value.expose()) || value(self).is_some_and(|one| Some(one) == value(other))
    }
}

/// The fields of a stored config.
///
/// # Errors
/// What is wrong with it, without a part of it.
pub(crate) fn fields(text: &str) -> Result<Vec<Field>, &'static str> {
    let ConfigInFile(fields) = serde_json::from_str(text).map_err(|_| "is no json object, or has a field twice")?;
    let field = |(name, value): (String, ConfigValue)| match value {
        ConfigValue::Text(SecretText::Clear(text)) => Field::text(&name, &text),
        ConfigValue::Text(text) => Field::json(&name, &serde_json::to_string(&text).unwrap_or_default()),
        ConfigValue::Json(json) => Field::json(&name, json.get()),
    };
    Ok(fields.into_iter().map(field).collect())
}

/// The object of these fields.
pub(crate) fn object(fields: &[Field]) -> Secret {
    let names: Vec<_> = fields.iter().map(|field| serde_json::to_string(&field.name).unwrap_or_default()).collect();
    let size =
        names.iter().map(String::len).chain(fields.iter().map(|field| field.value.expose().len() + 2)).sum::<usize>();
    // Of its final size at once, so that no half of it is left behind when it grows.
    let mut text = String::with_capacity(size + 2);
    text.push('{');
    for (at, (name, field)) in names.iter().zip(fields).enumerate() {
        if at > 0 {
            text.push(',');
        }
        text.push_str(name);
        text.push(':');
        text.push_str(field.value.expose());
    }
    text.push('}');
    Secret::new(text)
}

/// A value as it stands in a file.
pub(crate) fn in_file(field: &Field) -> ConfigValue {
    match field.as_text() {
        Some(text) => ConfigValue::clear(text),
        None => match RawValue::from_string(field.value.expose().to_owned()) {
            Ok(json) => ConfigValue::Json(json),
            Err(_) => ConfigValue::clear(Secret::new("")),
        },
    }
}
