//! A row with a column for everything.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use vestibule_oauth_provider::Secret;

use crate::entry::{Named, Refusal};
use crate::fault::misread;

/// The columns of a row, as they stand in JSON.
pub(crate) struct Wide(Vec<(String, Box<RawValue>)>);

impl Wide {
    pub(crate) fn read(json: &str) -> Result<Self, Refusal> {
        let mut text = serde_json::Deserializer::from_str(json);
        serde_path_to_error::deserialize(&mut text).map_err(|error| misread(&error))
    }

    /// The text of a column, empty when it is not there; a number or a word as it is written.
    pub(crate) fn text(&self, column: &str) -> Result<Secret, Refusal> {
        let Some((_, json)) = self.0.iter().find(|(known, _)| known == column) else { return Ok(Secret::new("")) };
        let json = json.get();
        if let Ok(text) = serde_json::from_str::<Secret>(json) {
            return Ok(text);
        }
        match json.as_bytes().first() {
            Some(b'{' | b'[') => Err(format!("\"{column}\": expected a string")),
            _ if json == "null" => Ok(Secret::new("")),
            _ => Ok(Secret::new(json)),
        }
    }

    pub(crate) fn public(&self, column: &str) -> Result<String, Refusal> {
        Ok(self.text(column)?.expose().to_owned())
    }

    pub(crate) fn named(&self) -> Option<Named> {
        Some(Named { owner: self.public("owner").ok()?, name: self.public("name").ok()? })
    }

    /// The columns that say something: not empty, not zero, not `false`.
    pub(crate) fn filled(&self) -> impl Iterator<Item = &str> {
        let says_nothing = |json: &str| {
            matches!(json, "null" | "false" | "0" | "\"\"" | "[]" | "{}" | "{\"\":\"\"}") || json.trim() == "\"\""
        };
        self.0.iter().filter(move |(_, json)| !says_nothing(json.get())).map(|(column, _)| &**column)
    }
}

impl<'de> Deserialize<'de> for Wide {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Columns;

        impl<'de> Visitor<'de> for Columns {
            type Value = Wide;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Wide, A::Error> {
                let mut columns: Vec<(String, Box<RawValue>)> = Vec::new();
                while let Some((column, value)) = map.next_entry::<String, Box<RawValue>>()? {
                    if columns.iter().any(|(known, _)| *known == column) {
                        return Err(de::Error::custom("a member stands in it twice"));
                    }
                    // Casdoor has some seventy.
                    if columns.len() >= 500 {
                        return Err(de::Error::custom("has more than 500 members"));
                    }
                    columns.push((column, value));
                }
                Ok(Wide(columns))
            }
        }

        deserializer.deserialize_map(Columns)
    }
}
