//! A row of a file, whoever wrote it: what it says, its secrets open.

use uuid::Uuid;
use vestibule_database::check_name;
use vestibule_oauth_provider::{KeyGrant, Secret};

use crate::fault::{misread, shown};
use crate::file::{CertInFile, ConfigValue, ProviderInFile, State};
use crate::file_key::{Damaged, FileKey, Place};
use crate::secret_text::SecretText;

/// The longest display name, in characters: what the stores take.
const LONGEST_DISPLAY_NAME: usize = 200;
/// The longest word for a type or a category, in characters.
const LONGEST_WORD: usize = 100;
/// The type of all records so far.
pub(crate) const X509: &str = "x509";

/// Why a row is refused, and what to do. Never a secret.
pub(crate) type Refusal = String;

/// A cert record of a file.
pub(crate) struct CertEntry {
    pub(crate) id: Option<Uuid>,
    pub(crate) owner: String,
    pub(crate) name: String,
    pub(crate) display_name: String,
    /// Nothing, when the file does not say.
    pub(crate) grant: Option<KeyGrant>,
    /// One is active.
    pub(crate) versions: Vec<VersionEntry>,
}

/// A version of a record of a file.
pub(crate) struct VersionEntry {
    /// Nothing, when the file does not number versions.
    pub(crate) number: i64,
    pub(crate) state: State,
    pub(crate) certificate: String,
    pub(crate) private_key: Key,
}

/// What a file says of a Private key field.
#[derive(Clone)]
pub(crate) enum Key {
    None,
    Text(Secret),
    LeftOut,
}

/// A provider row of a file.
pub(crate) struct ProviderEntry {
    pub(crate) id: Option<Uuid>,
    pub(crate) owner: String,
    pub(crate) name: String,
    pub(crate) display_name: String,
    pub(crate) category: String,
    pub(crate) kind: String,
    pub(crate) enabled: Enabled,
    pub(crate) covers: Covers,
    pub(crate) config: Vec<(String, Value)>,
}

/// Whether anybody may sign in with a row of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Enabled {
    /// The file says so.
    As(bool),
    /// The file does not say: when it is finished, and an existing row as it is.
    WhenFinished,
}

/// How much of a row's config is in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Covers {
    /// All fields that the row has.
    AllFields,
    /// Those that the system knows from which the file comes. The others stay what they are.
    SomeFields,
}

/// A value of a config.
#[derive(Clone)]
pub(crate) enum Value {
    Text(Secret),
    /// Not a text, as it was written.
    Json(String),
    LeftOut,
}

impl CertEntry {
    /// Reads a row of our own files.
    pub(crate) fn read(json: &str, key: Option<&FileKey>) -> Result<Self, (Option<Named>, Refusal)> {
        let row: CertInFile = parse(json)?;
        let named = Named { owner: row.owner.clone(), name: row.name.clone() };
        Self::of(row, key).map_err(|refusal| (Some(named), refusal))
    }

    fn of(row: CertInFile, key: Option<&FileKey>) -> Result<Self, Refusal> {
        named(&row.owner, &row.name, &row.display_name)?;
        if row.kind != X509 {
            return Err(format!("type \"{}\" is not known here; known: \"{X509}\"", shown(&row.kind, 50)));
        }
        let mut versions = Vec::with_capacity(row.versions.len());
        for version in row.versions {
            let place = Place {
                what: "cert",
                owner: &row.owner,
                name: &row.name,
                version: version.number,
                field: "private_key",
            };
            let private_key = match version.private_key {
                None => Key::None,
                Some(text) => match open(text, key, &place)? {
                    None => Key::LeftOut,
                    Some(text) if text.is_empty() => Key::None,
                    Some(text) => Key::Text(text),
                },
            };
            let (number, state, certificate) = (version.number, version.state, version.certificate);
            versions.push(VersionEntry { number, state, certificate, private_key });
        }
        let entry = Self {
            id: row.id,
            owner: row.owner,
            name: row.name,
            display_name: row.display_name,
            grant: Some(row.sharing.into()),
            versions,
        };
        entry.check_versions()?;
        Ok(entry)
    }

    fn check_versions(&self) -> Result<(), Refusal> {
        let count = |state| self.versions.iter().filter(|version| version.state == state).count();
        if count(State::Active) != 1 || count(State::Next) > 1 {
            return Err("\"versions\": one of them is \"active\", and one at most is \"next\"".to_owned());
        }
        let mut numbers: Vec<_> = self.versions.iter().map(|version| version.number).collect();
        numbers.sort_unstable();
        if numbers.first().is_some_and(|first| *first < 1) || numbers.last().is_some_and(|last| *last == i64::MAX) {
            return Err("\"versions\": numbers begin with 1".to_owned());
        }
        if numbers.windows(2).any(|pair| matches!(pair, [one, other] if one == other)) {
            return Err("\"versions\": two have the same number".to_owned());
        }
        Ok(())
    }
}

impl ProviderEntry {
    /// Reads a row of our own files.
    pub(crate) fn read(json: &str, key: Option<&FileKey>) -> Result<Self, (Option<Named>, Refusal)> {
        let row: ProviderInFile = parse(json)?;
        let named = Named { owner: row.owner.clone(), name: row.name.clone() };
        Self::of(row, key).map_err(|refusal| (Some(named), refusal))
    }

    fn of(row: ProviderInFile, key: Option<&FileKey>) -> Result<Self, Refusal> {
        named(&row.owner, &row.name, &row.display_name)?;
        word("category", &row.category)?;
        word("type", &row.kind)?;
        let mut config = Vec::with_capacity(row.config.0.len());
        for (field, value) in row.config.0 {
            let value = match value {
                ConfigValue::Json(json) => Value::Json(json.get().to_owned()),
                ConfigValue::Text(text) => {
                    let place =
                        Place { what: "provider", owner: &row.owner, name: &row.name, version: 0, field: &field };
                    open(text, key, &place)?.map_or(Value::LeftOut, Value::Text)
                }
            };
            config.push((field, value));
        }
        Ok(Self {
            id: row.id,
            owner: row.owner,
            name: row.name,
            display_name: row.display_name,
            category: row.category,
            kind: row.kind,
            enabled: Enabled::As(row.enabled),
            covers: Covers::AllFields,
            config,
        })
    }
}

/// The names of a row that cannot be read further.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) owner: String,
    pub(crate) name: String,
}

/// The names of a row, and how it is shown to people, are such as every database takes.
pub(crate) fn named(owner: &str, name: &str, display_name: &str) -> Result<(), Refusal> {
    check_name("owner", owner).and_then(|()| check_name("name", name)).map_err(|error| error.to_string())?;
    if display_name.chars().count() > LONGEST_DISPLAY_NAME || display_name.chars().any(char::is_control) {
        return Err(format!(
            "the display name has a control character in it, or more than {LONGEST_DISPLAY_NAME} characters; change it"
        ));
    }
    Ok(())
}

fn word(what: &str, word: &str) -> Result<(), Refusal> {
    if (1..=LONGEST_WORD).contains(&word.chars().count()) && !word.chars().any(char::is_control) {
        return Ok(());
    }
    Err(format!("the {what} is empty, longer than {LONGEST_WORD} characters, or has a control character in it"))
}

fn parse<'j, T: serde::Deserialize<'j>>(json: &'j str) -> Result<T, (Option<Named>, Refusal)> {
    let mut text = serde_json::Deserializer::from_str(json);
    serde_path_to_error::deserialize(&mut text).map_err(|error| (None, misread(&error)))
}

/// The text, or nothing when it was left out.
fn open(text: SecretText, key: Option<&FileKey>, place: &Place<'_>) -> Result<Option<Secret>, Refusal> {
    match text {
        SecretText::Clear(text) => Ok(Some(text)),
        SecretText::LeftOut(_) => Ok(None),
        SecretText::Sealed(sealed) => {
            let field = shown(place.field, 50);
            let key = key.ok_or_else(|| {
                format!("\"{field}\" is sealed, and the file's \"secrets\" does not say how; take the file as it was exported")
            })?;
            key.open(&sealed.sealed, place).map(Some).map_err(|Damaged| {
                format!(
                    "\"{field}\" does not open: it was changed, or sealed for another row, version or field and moved here; export it again"
                )
            })
        }
    }
}
