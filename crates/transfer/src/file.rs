//! The file: what stands in it, member by member. `docs/transfer.md` tells it to people.

use std::fmt;

use serde::de::{self, Deserializer, MapAccess, Visitor};
use serde::ser::SerializeMap as _;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;
use uuid::Uuid;
use vestibule_oauth_provider::{KeyGrant, Owners, Secret, VersionState};

use crate::passphrase::Kdf;
use crate::secret_text::SecretText;

/// The member `format` of every file.
pub(crate) const FORMAT: &str = "vestibule-export";
/// The version of the format that is written, and the only one so far.
pub(crate) const VERSION: u64 = 1;

/// The member `secrets`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum SecretsHead {
    /// Sealed with a key that is made of a passphrase.
    Sealed {
        /// How it is made.
        kdf: Kdf,
        /// With what values are sealed.
        cipher: Cipher,
        /// A sealed value by which a wrong passphrase is told from a damaged value.
        check: String,
    },
    /// Left out.
    LeftOut {},
}

/// The cipher of sealed values.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) enum Cipher {
    #[serde(rename = "aes-256-gcm")]
    Aes256Gcm,
}

/// One of `certs`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CertInFile {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<Uuid>,
    pub(crate) owner: String,
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) display_name: String,
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) sharing: Sharing,
    pub(crate) versions: Vec<VersionInFile>,
}

/// One of a record's `versions`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct VersionInFile {
    pub(crate) number: i64,
    pub(crate) state: State,
    pub(crate) certificate: String,
    pub(crate) private_key: Option<SecretText>,
}

/// What a version of a record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    Active,
    Next,
    Retired,
}

impl State {
    /// The word for it.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Next => "next",
            Self::Retired => "retired",
        }
    }
}

/// As the store has it, where nothing stands for the active version.
impl From<Option<VersionState>> for State {
    fn from(state: Option<VersionState>) -> Self {
        match state {
            None => Self::Active,
            Some(VersionState::Next) => Self::Next,
            Some(VersionState::Retired) => Self::Retired,
        }
    }
}

impl From<State> for Option<VersionState> {
    fn from(state: State) -> Self {
        match state {
            State::Active => None,
            State::Next => Some(VersionState::Next),
            State::Retired => Some(VersionState::Retired),
        }
    }
}

/// For whom and towards which hosts a record's private key signs.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sharing {
    owners: SharedWith,
    hosts: Vec<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged, expecting = "expected \"all\" or a list of names")]
enum SharedWith {
    All(All),
    Listed(Vec<String>),
}

#[derive(Serialize, Deserialize)]
enum All {
    #[serde(rename = "all")]
    All,
}

impl From<KeyGrant> for Sharing {
    fn from(grant: KeyGrant) -> Self {
        let owners = match grant.owners {
            Owners::All => SharedWith::All(All::All),
            Owners::Listed(owners) => SharedWith::Listed(owners),
        };
        Self { owners, hosts: grant.hosts }
    }
}

impl From<Sharing> for KeyGrant {
    fn from(sharing: Sharing) -> Self {
        let owners = match sharing.owners {
            SharedWith::All(All::All) => Owners::All,
            SharedWith::Listed(owners) => Owners::Listed(owners),
        };
        Self { owners, hosts: sharing.hosts }
    }
}

/// One of `providers`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProviderInFile {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<Uuid>,
    pub(crate) owner: String,
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) display_name: String,
    pub(crate) category: String,
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) enabled: bool,
    pub(crate) config: ConfigInFile,
}

/// A row's `config`, in the order in which its fields were written.
pub(crate) struct ConfigInFile(pub(crate) Vec<(String, ConfigValue)>);

/// A value of a config.
pub(crate) enum ConfigValue {
    /// A text, or a secret that was one.
    Text(SecretText),
    /// Anything else, as it was written.
    Json(Box<RawValue>),
}

impl Serialize for ConfigInFile {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (field, value) in &self.0 {
            match value {
                ConfigValue::Text(text) => map.serialize_entry(field, text)?,
                ConfigValue::Json(json) => map.serialize_entry(field, json)?,
            }
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for ConfigInFile {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;

        impl<'de> Visitor<'de> for InOrder {
            type Value = ConfigInFile;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields: Vec<(String, ConfigValue)> = Vec::new();
                while let Some((field, value)) = map.next_entry::<String, Box<RawValue>>()? {
                    if fields.iter().any(|(known, _)| *known == field) {
                        return Err(de::Error::custom("a field stands in it twice"));
                    }
                    fields.push((field, ConfigValue::of(value)));
                }
                Ok(ConfigInFile(fields))
            }
        }

        deserializer.deserialize_map(InOrder)
    }
}

impl ConfigValue {
    /// A text where it is one; an object that is a sealed text or tells that one was left out counts as such.
    pub(crate) fn of(json: Box<RawValue>) -> Self {
        match SecretText::read(json.get()) {
            Some(text) => Self::Text(text),
            None => Self::Json(json),
        }
    }

    pub(crate) fn clear(text: Secret) -> Self {
        Self::Text(SecretText::Clear(text))
    }
}
