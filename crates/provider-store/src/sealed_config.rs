//! A config on its way into a row: its fields known, its secrets sealed.

use uuid::Uuid;
use vestibule_database::{MASK, StoreError, is_sealed};
use vestibule_oauth_provider::{Factory, FieldKind, Secret};

use crate::config_text::{ConfigText, Value};
use crate::fields::Fields;
use crate::row::{ProviderRow, column, secret_place};
use crate::{NewProvider, ProviderStore};

/// The longest config that is stored, in bytes; no factory takes more.
const LONGEST_CLEAR_CONFIG: usize = 64 * 1024;

impl ProviderStore {
    /// The config with its secrets sealed for the row's new version. `stored` is where masked secrets are kept from.
    pub(crate) async fn sealed_config(
        &self,
        provider: &NewProvider,
        id: &Uuid,
        version: i64,
        stored: Option<&ProviderRow>,
    ) -> Result<Secret, StoreError> {
        let record = provider.record();
        let refuse = |said: &str| StoreError::Refused(format!("{record}, config: {said}"));
        let factory =
            self.registry.get(&provider.kind).map_err(|error| StoreError::Refused(format!("{record}: {error}")))?;
        let config = provider.config.expose();
        if config.len() > LONGEST_CLEAR_CONFIG {
            return Err(refuse(&format!("is longer than {LONGEST_CLEAR_CONFIG} bytes")));
        }
        let text = ConfigText::read(config).map_err(|said| refuse(&said))?;
        let known = factory.schema().fields();
        let fields = Fields::Of(factory.schema());
        let keeps_one = text.values().any(|(field, value)| fields.is_secret(field) && is_mask(&value));
        let kept = match stored {
            Some(row) if keeps_one => Kept::read(self, row, provider).await?,
            _ => Kept::Nothing("none is stored"),
        };
        text.rewrite(|field, value| {
            // A misspelt secret would be stored in the clear.
            if !known.iter().any(|known| known.name() == field) {
                let known = known.iter().map(|known| format!("\"{}\"", known.name())).collect::<Vec<_>>().join(", ");
                let field: String = field.chars().take(50).flat_map(char::escape_debug).collect();
                return Err(refuse(&format!(
                    "\"{field}\" is not a field of type \"{}\"; its fields: {known}",
                    provider.kind
                )));
            }
            if !fields.is_secret(field) {
                return Ok(None);
            }
            let seal = |clear: &Secret| {
                self.keyring.seal(clear, &secret_place(&provider.owner, id, version, &column(field)), &*self.random)
            };
            match value {
                Value::Text(value) if value.is_empty() => Ok(None),
                value if is_mask(value) => {
                    let kept = kept.secret(field, &text, &**factory).map_err(|why| {
                        refuse(&format!(
                            "\"{field}\" is \"{MASK}\", which keeps a stored secret, and {why}; give the secret"
                        ))
                    })?;
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
}

fn is_mask(value: &Value) -> bool {
    matches!(value, Value::Text(text) if text.expose() == MASK)
}

/// Where masked secrets are kept from.
enum Kept {
    /// The config that is stored, opened.
    From(Secret),
    /// Nothing, for this reason.
    Nothing(&'static str),
}

impl Kept {
    async fn read(store: &ProviderStore, row: &ProviderRow, new: &NewProvider) -> Result<Self, StoreError> {
        if row.head.kind != new.kind {
            return Ok(Self::Nothing("the type is another than before"));
        }
        let config = row.opened_config(&store.registry, &store.keyring).await?;
        // So that what is wrong with it is said in the words for what is stored.
        row.text(&config)?;
        Ok(Self::From(config))
    }

    /// The secret that is stored in `field`: the mask was given for it. Whoever may edit a row must not learn its secret by having it sent somewhere else,
    /// so it is kept only where URLs and choices stay what they are. A factory does not say of a plain text what it is for; what names a place to which
    /// secrets go has to be a URL or a choice in its schema. The error says why not.
    fn secret(&self, field: &str, new: &ConfigText<'_>, factory: &dyn Factory) -> Result<Secret, String> {
        let config = match self {
            Self::From(config) => config,
            Self::Nothing(why) => return Err((*why).to_owned()),
        };
        let old = ConfigText::read(config.expose())?;
        let kept = old.values().find_map(|(name, value)| match value {
            Value::Text(text) if name == field && !text.is_empty() => Some(text),
            _ => None,
        });
        let kept = kept.ok_or("none is stored")?;
        let another = factory.schema().fields().iter().find(|known| {
            let tells_where = !matches!(known.kind(), FieldKind::Text | FieldKind::Secret | FieldKind::Cert);
            tells_where && old.values_of(known.name()) != new.values_of(known.name())
        });
        match another {
            Some(changed) => {
                Err(format!("\"{}\", which may say where it is sent, is another than before", changed.name()))
            }
            None => Ok(kept),
        }
    }
}
