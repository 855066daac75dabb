//! A row's JSON becomes a typed struct here, and only here; the form's description comes from the same struct.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::de::{DeserializeOwned, IgnoredAny};
use zeroize::Zeroizing;

use crate::{Error, Result};

/// The most that a row's config may hold, in bytes.
const LONGEST: usize = 64 * 1024;

/// The JSON object of one provider row, secrets opened. It has no readable `Debug`.
#[derive(Clone)]
pub struct Config {
    json: Zeroizing<String>,
}

impl Config {
    /// Takes the text of a row's `config` column. Whether it is what its type expects is seen by [`Config::parse`].
    pub fn new(json: impl Into<String>) -> Self {
        Self { json: Zeroizing::new(json.into()) }
    }

    /// The text. It may hold secrets.
    pub fn expose(&self) -> &str {
        &self.json
    }

    /// Reads the config as `T`. Unknown fields are refused.
    ///
    /// # Errors
    /// `Configuration`, naming the path and what was expected, or all required fields that are missing; what was found is never repeated, it may be a
    /// secret in the wrong place.
    pub fn parse<T: ProviderConfig>(&self) -> Result<T> {
        if self.json.len() > LONGEST {
            return Err(Error::configuration(format!("config: is longer than {LONGEST} bytes")));
        }
        if !self.json.trim_start().starts_with('{') {
            return Err(Error::configuration("config: expected a json object, such as {\"appId\": \"…\"}"));
        }
        let mut json = serde_json::Deserializer::from_str(&self.json);
        let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
            let path = error.path().to_string();
            let said = self.missing(&T::schema(), error.inner()).unwrap_or_else(|| explain(error.inner()));
            // Where a text stops being json says nothing about the field that was read last.
            let nowhere = path == "." || !error.inner().is_data();
            Error::configuration(if nowhere {
                format!("config: {said}")
            } else {
                format!("config: \"{path}\": {said}")
            })
        })?;
        json.end().map_err(|_| Error::configuration("config: there is text after the json object"))?;
        Ok(value)
    }

    /// All required fields that are missing, where serde complains of one: a person wants to know all of them.
    fn missing(&self, schema: &Schema, error: &serde_json::Error) -> Option<String> {
        if !error.to_string().starts_with("missing field") {
            return None;
        }
        // Names only: no value is kept.
        let given: BTreeMap<String, IgnoredAny> = serde_json::from_str(&self.json).ok()?;
        let missing: Vec<_> = schema
            .fields()
            .iter()
            .filter(|field| field.is_required() && !given.contains_key(field.name()))
            .map(|field| format!("\"{}\"", field.name()))
            .collect();
        match missing.as_slice() {
            [] => None,
            [one] => Some(format!("{one} is missing")),
            several => Some(format!("{} are missing", several.join(", "))),
        }
    }
}

/// serde's message without the value that it found.
fn explain(error: &serde_json::Error) -> String {
    if error.is_syntax() || error.is_eof() {
        return format!("is not valid json (line {}, column {})", error.line(), error.column());
    }
    let message = error.to_string();
    let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(said, _)| said);
    let repeats_value = ["invalid type:", "invalid value:", "invalid length", "unknown variant"]
        .iter()
        .any(|start| message.starts_with(start));
    match message.rsplit_once(", expected ") {
        Some((_, expected)) if repeats_value => format!("expected {expected}"),
        None if repeats_value => "is not what this field takes".to_owned(),
        _ if message.len() > 400 => "is not what this type takes".to_owned(),
        _ => message.to_owned(),
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Config(..)")
    }
}

/// A typed config with its description, made together by [`provider_config!`](crate::provider_config).
pub trait ProviderConfig: DeserializeOwned + Send + Sync {
    /// The fields, in the order in which a form shows them.
    fn schema() -> Schema;
}

/// What a provider type's config holds: draws a form, and says which fields are secrets and which name cert records.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Schema {
    fields: Vec<Field>,
}

impl Schema {
    /// A schema of `fields`, in form order.
    pub fn new(fields: Vec<Field>) -> Self {
        Self { fields }
    }

    /// The fields, in form order.
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// The names of the fields that hold secrets, to be sealed where they are stored.
    pub fn secrets(&self) -> impl Iterator<Item = &str> {
        self.of_kind(&FieldKind::Secret)
    }

    /// The names of the fields that hold names of cert records.
    pub fn certs(&self) -> impl Iterator<Item = &str> {
        self.of_kind(&FieldKind::Cert)
    }

    /// The names of the fields without which a row with the given ones is unfinished, in form order. What is required in a mode counts in the modes of which
    /// the row gives a field, and where it gives none of any, in all of them.
    pub fn missing(&self, is_given: impl Fn(&str) -> bool) -> Vec<&str> {
        let begun = |mode: &str| self.fields.iter().any(|field| field.mode() == Some(mode) && is_given(field.name()));
        let any_begun = self.fields.iter().filter_map(Field::mode).any(begun);
        let counts = |field: &&Field| match field.mode() {
            Some(mode) => !any_begun || begun(mode),
            None => field.is_required(),
        };
        self.fields.iter().filter(counts).map(Field::name).filter(|name| !is_given(name)).collect()
    }

    fn of_kind<'a>(&'a self, kind: &'a FieldKind) -> impl Iterator<Item = &'a str> {
        self.fields.iter().filter(move |field| field.kind == *kind).map(Field::name)
    }
}

/// One field of a config.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    name: String,
    label: Cow<'static, str>,
    kind: FieldKind,
    required: bool,
    default: Option<Cow<'static, str>>,
    column: Option<Cow<'static, str>>,
    mode: Option<Cow<'static, str>>,
}

/// What a field holds.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum FieldKind {
    /// A plain text.
    Text,
    /// A secret: sealed in storage, never shown.
    Secret,
    /// The name of a cert record.
    Cert,
    /// An absolute URL.
    Url,
    /// One of these words.
    Choice(Vec<Cow<'static, str>>),
}

impl Field {
    /// A plain text.
    pub fn text(label: impl Into<Cow<'static, str>>) -> Self {
        Self::of(FieldKind::Text, label)
    }

    /// A secret.
    pub fn secret(label: impl Into<Cow<'static, str>>) -> Self {
        Self::of(FieldKind::Secret, label)
    }

    /// The name of a cert record.
    pub fn cert(label: impl Into<Cow<'static, str>>) -> Self {
        Self::of(FieldKind::Cert, label)
    }

    /// An absolute URL.
    pub fn url(label: impl Into<Cow<'static, str>>) -> Self {
        Self::of(FieldKind::Url, label)
    }

    /// One of `words`.
    pub fn choice(label: impl Into<Cow<'static, str>>, words: &[&'static str]) -> Self {
        Self::choice_of(label, words.iter().map(|word| Cow::Borrowed(*word)))
    }

    /// One of `words`, which need not be known when this is compiled: definitions of provider types may be data.
    pub fn choice_of(label: impl Into<Cow<'static, str>>, words: impl IntoIterator<Item = Cow<'static, str>>) -> Self {
        Self::of(FieldKind::Choice(words.into_iter().collect()), label)
    }

    fn of(kind: FieldKind, label: impl Into<Cow<'static, str>>) -> Self {
        Self {
            name: String::new(),
            label: label.into(),
            kind,
            required: false,
            default: None,
            column: None,
            mode: None,
        }
    }

    /// The row is unfinished without it.
    #[must_use]
    pub fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// The row is unfinished without it in this mode: for a type whose rows have either these fields or those, see [`Schema::missing`].
    #[must_use]
    pub fn required_in(mut self, mode: impl Into<Cow<'static, str>>) -> Self {
        self.mode = Some(mode.into());
        self
    }

    /// What holds when it is left out.
    #[must_use]
    pub fn or(mut self, default: impl Into<Cow<'static, str>>) -> Self {
        self.default = Some(default.into());
        self
    }

    /// Which column has this value in the wide provider rows of Casdoor and of systems made after it, by its name in JSON there: `clientId`, `cert`.
    #[must_use]
    pub fn in_column(mut self, column: impl Into<Cow<'static, str>>) -> Self {
        self.column = Some(column.into());
        self
    }

    /// Gives the field its name in JSON, as it stands there.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Gives the field its name in JSON: the struct field's, in camelCase.
    #[must_use]
    pub fn named_after(mut self, struct_field: &str) -> Self {
        let mut words = struct_field.split('_');
        self.name = words.next().unwrap_or_default().to_owned();
        for word in words {
            let mut letters = word.chars();
            self.name.extend(letters.next().map(|first| first.to_ascii_uppercase()));
            self.name.push_str(letters.as_str());
        }
        self
    }

    /// The name in JSON, for example `appId`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What a form calls it.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// What it holds.
    pub fn kind(&self) -> &FieldKind {
        &self.kind
    }

    /// Whether the row is unfinished without it.
    pub fn is_required(&self) -> bool {
        self.required
    }

    /// The mode in which the row is unfinished without it, see [`Field::required_in`].
    pub fn mode(&self) -> Option<&str> {
        self.mode.as_deref()
    }

    /// The column of a wide provider row that has this value, see [`Field::in_column`].
    pub fn column(&self) -> Option<&str> {
        self.column.as_deref()
    }

    /// What holds when it is left out.
    pub fn default_value(&self) -> Option<&str> {
        self.default.as_deref()
    }
}

/// Writes a config struct and its [`Schema`] in one go, so that they cannot differ: camelCase in JSON, unknown fields refused. The crate that calls it depends
/// on `serde` with the feature `derive`.
///
/// ```
/// use vestibule_oauth_provider::{Config, Field, ProviderConfig, Secret, provider_config};
///
/// provider_config! {
///     /// What a row of type "Example" holds.
///     pub struct ExampleConfig {
///         /// The application's id.
///         pub client_id: String = Field::text("Client ID").required(),
///         /// The application's secret.
///         pub client_secret: Secret = Field::secret("Client secret").required(),
///     }
/// }
///
/// assert_eq!(ExampleConfig::schema().secrets().collect::<Vec<_>>(), ["clientSecret"]);
/// let config = Config::new(r#"{"clientId": "a", "clientSecret": 1}"#);
/// let error = config.parse::<ExampleConfig>().err().unwrap();
/// assert_eq!(error.message(), "config: \"clientSecret\": expected a string");
/// ```
#[macro_export]
macro_rules! provider_config {
    (
        $(#[$meta:meta])*
        $visibility:vis struct $name:ident {
            $( $(#[$field_meta:meta])* $field_visibility:vis $field:ident : $type:ty = $description:expr ),* $(,)?
        }
    ) => {
        $(#[$meta])*
        #[derive(::serde::Deserialize)]
        #[serde(rename_all = "camelCase", deny_unknown_fields)]
        $visibility struct $name {
            $( $(#[$field_meta])* $field_visibility $field: $type, )*
        }

        impl $crate::ProviderConfig for $name {
            fn schema() -> $crate::Schema {
                $crate::Schema::new(vec![ $( $description.named_after(stringify!($field)), )* ])
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Secret;

    #[derive(serde::Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Colour {
        Red,
        Green,
    }

    provider_config! {
        struct Sample {
            app_id: String = Field::text("App ID").required(),
            app_secret: Secret = Field::secret("App secret").required(),
            colour: Option<Colour> = Field::choice("Colour", &["red", "green"]).or("red"),
        }
    }

    fn refusal(json: &str) -> String {
        Config::new(json).parse::<Sample>().err().unwrap().message().to_owned()
    }

    #[test]
    fn a_good_config_is_read() {
        let sample: Sample = Config::new(r#"{"appId":"1","appSecret":"x","colour":"green"}"#).parse().unwrap();
        assert_eq!(sample.app_id, "1");
        assert!(sample.app_secret.same_as("x"));
        assert!(matches!(sample.colour, Some(Colour::Green)));
        assert!(!matches!(sample.colour, Some(Colour::Red)));
    }

    #[test]
    fn a_refusal_names_the_path_and_never_repeats_a_value() {
        let cases = [
            (r#"{"appId":1,"appSecret":"x"}"#, "config: \"appId\": expected a string"),
            (r#"{"appId":"1","appSecret":["MIIEvQIBADAN"]}"#, "config: \"appSecret\": expected a string"),
            (
                r#"{"appId":"1","appSecret":"x","colour":"MIIEvQIBADAN"}"#,
                "config: \"colour\": expected `red` or `green`",
            ),
            (r#"{"appId":"1"}"#, "config: \"appSecret\" is missing"),
            (r#"{}"#, "config: \"appId\", \"appSecret\" are missing"),
            (r#""MIIEvQIBADAN""#, "config: expected a json object, such as {\"appId\": \"…\"}"),
            (r#"{"appId":"1","appSecret":"x"} MIIEvQIBADAN"#, "config: there is text after the json object"),
        ];
        for (json, said) in cases {
            assert_eq!(refusal(json), said);
        }
        assert!(
            refusal(r#"{"appID":"1","appId":"1","appSecret":"x"}"#)
                .contains("unknown field `appID`, expected one of `appId`")
        );
        assert!(refusal(r#"{"appId":"#).starts_with("config: is not valid json (line 1"));
    }

    #[test]
    fn what_is_missing_depends_on_the_mode_that_was_begun() {
        let schema = Schema::new(vec![
            Field::text("App ID").required().named("appId"),
            Field::cert("Cert").required_in("certificates").named("cert"),
            Field::cert("Root").required_in("certificates").named("root"),
            Field::secret("Key").required_in("keys").named("key"),
            Field::text("Scope").named("scope"),
        ]);
        let missing = |given: &[&str]| schema.missing(|name| given.contains(&name));
        assert_eq!(missing(&["appId", "cert", "root"]), [""; 0]);
        assert_eq!(missing(&["appId", "key"]), [""; 0]);
        assert_eq!(missing(&["root"]), ["appId", "cert"]);
        assert_eq!(missing(&["appId", "root", "key"]), ["cert"]);
        assert_eq!(missing(&["appId", "scope"]), ["cert", "root", "key"]);
    }

    #[test]
    fn names_in_the_schema_are_those_that_json_uses() {
        let names: Vec<_> = Sample::schema().fields().iter().map(|field| field.name().to_owned()).collect();
        assert_eq!(names, ["appId", "appSecret", "colour"]);
    }
}
