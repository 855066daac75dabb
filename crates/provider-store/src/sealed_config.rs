//! A config on its way into a row: its fields known, its secrets sealed.

use uuid::Uuid;
use vestibule_database::{MASK, StoreError, is_sealed};
use vestibule_oauth_provider::{FieldKind, Secret};

use crate::config_text::{ConfigText, Value};
use crate::row::{Secrets, StoredRow, column, secret_place};
use crate::{NewProvider, ProviderStore};

/// The longest config that is stored, in bytes; no factory takes more.
const LONGEST_CLEAR_CONFIG: usize = 64 * 1024;

impl ProviderStore {
    /// The config with its secrets sealed for the row's new version. `stored` is where masked secrets are kept from.
    pub(crate) fn sealed_config(
        &self,
        provider: &NewProvider,
        id: &Uuid,
        version: i64,
        stored: Option<&StoredRow>,
    ) -> Result<Secret, StoreError> {
        let record = provider.record();
        let refuse = |said: &str| StoreError::Refused(format!("{record}, config: {said}"));
        let factory =
            self.registry.get(&provider.kind).map_err(|error| StoreError::Refused(format!("{record}: {error}")))?;
        let fields = factory.schema().fields();
        let config = provider.config.expose();
        if config.len() > LONGEST_CLEAR_CONFIG {
            return Err(refuse(&format!("is longer than {LONGEST_CLEAR_CONFIG} bytes")));
        }
        let text = ConfigText::read(config).map_err(|said| refuse(&said))?;
        let secrets = Secrets::of(&self.registry, &provider.kind);
        text.rewrite(|field, value| {
            // A misspelt secret would be stored in the clear.
            if !fields.iter().any(|known| known.name() == field) {
                let known = fields.iter().map(|known| format!("\"{}\"", known.name())).collect::<Vec<_>>().join(", ");
                let field: String = field.chars().take(50).flat_map(char::escape_debug).collect();
                return Err(refuse(&format!(
                    "\"{field}\" is not a field of type \"{}\"; its fields: {known}",
                    provider.kind
                )));
            }
            if !secrets.contains(field) {
                return Ok(None);
            }
            let seal = |clear: &Secret| {
                self.keyring.seal(clear, &secret_place(&provider.owner, id, version, &column(field)), &*self.random)
            };
            match value {
                Value::Text(value) if value.is_empty() => Ok(None),
                Value::Text(value) if value.expose() == MASK => {
                    let kept = self.kept_secret(provider, &text, field, stored)?;
                    Ok(Some(Secret::new(seal(&kept)?)))
                }
                Value::Text(value) if is_sealed(value.expose()) => Err(refuse(&format!(
                    "\"{field}\" begins with \"vsealed:\", as sealed values do; give the secret in the clear, it is sealed here"
                ))),
                Value::Text(value) => Ok(Some(Secret::new(seal(value)?))),
                Value::Null => Ok(None),
                Value::Other => Err(refuse(&format!("\"{field}\": expected a string"))),
            }
        })
    }

    /// The secret that is stored in `field`, opened: the mask was given for it. Whoever may edit a row must not learn its secret by having it sent
    /// somewhere else, so it is kept only where type, URLs and choices stay what they are. A factory does not say of a plain text what it is for; what
    /// names a place to which secrets go has to be a URL or a choice in its schema.
    fn kept_secret(
        &self,
        provider: &NewProvider,
        new: &ConfigText<'_>,
        field: &str,
        stored: Option<&StoredRow>,
    ) -> Result<Secret, StoreError> {
        let refuse = |said: &str| {
            let record = provider.record();
            Err(StoreError::Refused(format!(
                "{record}, config: \"{field}\" is \"{MASK}\", which keeps a stored secret, and {said}; give the secret"
            )))
        };
        let Some(row) = stored else { return refuse("none is stored") };
        if row.head.kind != provider.kind {
            return refuse("the type is another than before");
        }
        let config = row.opened_config(&self.registry, &self.keyring)?;
        let old = row.text(&config)?;
        let kept = old.values().find_map(|(name, value)| match value {
            Value::Text(text) if name == field && !text.is_empty() => Some(text),
            _ => None,
        });
        let Some(kept) = kept else { return refuse("none is stored") };
        let factory = self.registry.get(&provider.kind).map_err(|error| StoreError::Refused(error.to_string()))?;
        let another = factory.schema().fields().iter().find(|known| {
            let tells_where = !matches!(known.kind(), FieldKind::Text | FieldKind::Secret | FieldKind::Cert);
            tells_where && old.values_of(known.name()) != new.values_of(known.name())
        });
        match another {
            Some(changed) => {
                refuse(&format!("\"{}\", which may say where it is sent, is another than before", changed.name()))
            }
            None => Ok(kept),
        }
    }
}
