//! Exchanging the values of some fields of a JSON object, and nothing else of its text.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use vestibule_oauth_provider::Secret;
use zeroize::Zeroizing;

/// A JSON object, as text, and where its fields' values stand in it.
pub(crate) struct ConfigText<'t> {
    text: &'t str,
    fields: Vec<Field<'t>>,
}

struct Field<'t> {
    name: Cow<'t, str>,
    value: &'t RawValue,
}

/// The value of one field.
pub(crate) enum Value {
    /// A string.
    Text(Secret),
    /// `null`.
    Null,
    /// A number, a list, …
    Other,
}

impl<'t> ConfigText<'t> {
    /// Reads an object. What is wrong is said without a part of the text.
    pub(crate) fn read(text: &'t str) -> Result<Self, String> {
        if !text.trim_start().starts_with('{') {
            return Err("expected a json object, such as {\"clientId\": \"…\"}".to_owned());
        }
        let Fields(fields) = serde_json::from_str(text)
            .map_err(|error| format!("is not valid json (line {}, column {})", error.line(), error.column()))?;
        Ok(Self { text, fields })
    }

    /// The text with other values in the fields that `exchange` gives one for; a field that stands twice is offered twice.
    pub(crate) fn rewrite<E>(
        &self,
        mut exchange: impl FnMut(&str, &Value) -> Result<Option<Secret>, E>,
    ) -> Result<Secret, E> {
        let mut pieces: Vec<Cow<'_, str>> = Vec::new();
        let mut exchanged: Vec<Zeroizing<String>> = Vec::new();
        let mut spans = Vec::new();
        for field in &self.fields {
            let Some(value) = exchange(&field.name, &field.value())? else { continue };
            // A string is always serialised.
            exchanged.push(Zeroizing::new(serde_json::to_string(value.expose()).unwrap_or_default()));
            spans.push(field.span(self.text));
        }
        let mut from = 0;
        for (start, end) in &spans {
            pieces.push(Cow::Borrowed(self.text.get(from..*start).unwrap_or_default()));
            from = *end;
        }
        let rest = self.text.get(from..).unwrap_or_default();

        // Of its final size at once, so that no half of it is left behind when it grows.
        let size = self.text.len() + exchanged.iter().map(|value| value.len()).sum::<usize>();
        let mut text = String::with_capacity(size);
        for (piece, value) in pieces.iter().zip(&exchanged) {
            text.push_str(piece);
            text.push_str(value);
        }
        text.push_str(rest);
        Ok(Secret::new(text))
    }

    /// The values of all fields of this name, strings decoded and others as they were written. `null` is left out: it means the same as no field.
    pub(crate) fn values_of(&self, name: &str) -> Vec<Result<String, &str>> {
        let values = self.fields.iter().filter(|field| field.name == name).map(|field| field.value.get());
        values.filter(|json| *json != "null").map(|json| serde_json::from_str(json).map_err(|_| json)).collect()
    }

    /// The values of all fields.
    pub(crate) fn values(&self) -> impl Iterator<Item = (&str, Value)> {
        self.fields.iter().map(|field| (&*field.name, field.value()))
    }
}

impl Value {
    /// The text; empty when it is anything else.
    pub(crate) fn expose(&self) -> &str {
        match self {
            Self::Text(text) => text.expose(),
            Self::Null | Self::Other => "",
        }
    }
}

impl Field<'_> {
    fn value(&self) -> Value {
        match self.value.get() {
            "null" => Value::Null,
            json => serde_json::from_str(json).map_or(Value::Other, Value::Text),
        }
    }

    /// Where the value stands in `text`, from which it was borrowed.
    fn span(&self, text: &str) -> (usize, usize) {
        let value = self.value.get();
        let start = value.as_ptr().addr().saturating_sub(text.as_ptr().addr());
        (start, start + value.len())
    }
}

struct Fields<'t>(Vec<Field<'t>>);

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;

        impl<'de> Visitor<'de> for InOrder {
            type Value = Fields<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = Vec::new();
                while let Some((name, value)) = map.next_entry::<String, &RawValue>()? {
                    fields.push(Field { name: Cow::Owned(name), value });
                }
                Ok(Fields(fields))
            }
        }

        deserializer.deserialize_map(InOrder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shout(text: &str) -> String {
        let config = ConfigText::read(text).unwrap();
        let exchanged = config.rewrite(|name, value| match value {
            Value::Text(text) if name == "s" => Ok(Some(Secret::new(format!("{}!", text.expose())))),
            _ => Ok::<_, String>(None),
        });
        exchanged.unwrap().expose().to_owned()
    }

    #[test]
    fn nothing_but_the_value_is_exchanged() {
        for (before, after) in [
            (r#"{"s":"x"}"#, r#"{"s":"x!"}"#),
            (
                "{\n  \"b\" : 1.50e3,\n  \"s\" : \"x\" ,\n  \"a\": [ 1,2 ]\n}\n",
                "{\n  \"b\" : 1.50e3,\n  \"s\" : \"x!\" ,\n  \"a\": [ 1,2 ]\n}\n",
            ),
            (r#"{"\u0073":"支\"\n"}"#, r#"{"\u0073":"支\"\n!"}"#),
            (r#"{"s":"x","s":"y"}"#, r#"{"s":"x!","s":"y!"}"#),
            (r#"{"s":1,"t":{"s":"x"}}"#, r#"{"s":1,"t":{"s":"x"}}"#),
            ("{}", "{}"),
        ] {
            assert_eq!(shout(before), after);
        }
    }

    #[test]
    fn what_is_no_object_is_refused_without_repeating_it() {
        for text in [
            "",
            "hunter2",
            "[\"hunter2\"]",
            "{\"s\":\"hunter2\"",
            "{\"s\":\"hunter2\"} hunter2",
            "{\"hunter2\":hunter2}",
        ] {
            let said = ConfigText::read(text).err().unwrap();
            assert!(!said.contains("hunter2"), "{said}");
        }
    }
}
