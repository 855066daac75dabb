//! What an import is told because no row of the file says it.

use std::collections::BTreeMap;

use vestibule_oauth_provider::{FieldKind, Registry};

use crate::TransferError;

/// Values for fields that the rows of a file lack, by provider type: `Example.subject=sub`.
#[derive(Debug, Clone, Default)]
pub struct Told(BTreeMap<(String, String), String>);

impl Told {
    /// Takes texts of the form `type.field=value`.
    ///
    /// # Errors
    /// [`TransferError::Told`], when one has another form, names a type or a field that the registry does not know, a secret (other users of a machine can
    /// read a command line), or a word that the field does not take.
    pub fn new<'t>(texts: impl IntoIterator<Item = &'t str>, registry: &Registry) -> Result<Self, TransferError> {
        let mut told = BTreeMap::new();
        for text in texts {
            let form = || TransferError::Told(format!("{text:?}: expected type.field=value"));
            let (place, value) = text.split_once('=').ok_or_else(form)?;
            let (kind, name) = place.split_once('.').ok_or_else(form)?;
            let refuse = |said: &str| TransferError::Told(format!("\"{kind}.{name}\": {said}"));
            let factory = registry.get(kind).map_err(|error| refuse(error.message()))?;
            let fields = factory.schema().fields();
            let Some(field) = fields.iter().find(|field| field.name() == name) else {
                let known: Vec<_> = fields.iter().map(|field| format!("\"{}\"", field.name())).collect();
                return Err(refuse(&format!("is no field of that type; its fields: {}", known.join(", "))));
            };
            match field.kind() {
                FieldKind::Secret => {
                    return Err(refuse("is a secret, which does not belong on a command line; write it into the file"));
                }
                FieldKind::Choice(words) if !words.iter().any(|word| word == value) => {
                    return Err(refuse(&format!("expected one of {}", words.join(", "))));
                }
                _ => {}
            }
            if told.insert((kind.to_owned(), name.to_owned()), value.to_owned()).is_some() {
                return Err(refuse("is given twice"));
            }
        }
        Ok(Self(told))
    }

    pub(super) fn value(&self, kind: &str, field: &str) -> Option<&str> {
        self.0.get(&(kind.to_owned(), field.to_owned())).map(String::as_str)
    }
}
