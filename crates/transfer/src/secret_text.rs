//! A text in a file that may be a secret: as it is, sealed, or left out.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::value::RawValue;
use vestibule_oauth_provider::Secret;

/// A text that may be a secret, as it stands in a file.
#[derive(Clone)]
pub(crate) enum SecretText {
    /// In the clear: public material, or what somebody wrote into the file by hand.
    Clear(Secret),
    /// Sealed with the file's passphrase.
    Sealed(Sealed),
    /// There is one, and it was left out.
    LeftOut(LeftOut),
}

/// `{"sealed": "…"}`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sealed {
    pub(crate) sealed: String,
}

/// `{"left_out": true}`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LeftOut {
    left_out: True,
}

/// The value `true` and no other.
#[derive(Debug, Clone)]
struct True;

impl SecretText {
    pub(crate) fn sealed(sealed: String) -> Self {
        Self::Sealed(Sealed { sealed })
    }

    pub(crate) fn left_out() -> Self {
        Self::LeftOut(LeftOut { left_out: True })
    }

    /// One of the three forms, or nothing.
    pub(crate) fn read(json: &str) -> Option<Self> {
        match json.as_bytes().first() {
            Some(b'"') => serde_json::from_str(json).ok().map(Self::Clear),
            // A list would do for a struct.
            Some(b'{') => {
                let sealed = serde_json::from_str(json).ok().map(Self::Sealed);
                sealed.or_else(|| serde_json::from_str(json).ok().map(Self::LeftOut))
            }
            _ => None,
        }
    }
}

impl<'de> Deserialize<'de> for SecretText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = Box::<RawValue>::deserialize(deserializer)?;
        let wanted = "expected a string, {\"sealed\": \"…\"} or {\"left_out\": true}";
        Self::read(json.get()).ok_or_else(|| de::Error::custom(wanted))
    }
}

impl Serialize for SecretText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Clear(text) => serializer.serialize_str(text.expose()),
            Self::Sealed(sealed) => sealed.serialize(serializer),
            Self::LeftOut(left_out) => left_out.serialize(serializer),
        }
    }
}

impl Serialize for True {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bool(true)
    }
}

impl<'de> Deserialize<'de> for True {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if bool::deserialize(deserializer)? { Ok(Self) } else { Err(de::Error::custom("expected true")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_is_read_as_it_is_written() {
        for json in [r#""text""#, r#"{"sealed":"abc"}"#, r#"{"left_out":true}"#] {
            let text: SecretText = serde_json::from_str(json).unwrap();
            assert_eq!(serde_json::to_string(&text).unwrap(), json);
        }
    }

    #[test]
    fn what_is_none_of_them_is_refused_without_repeating_it() {
        for json in [
            "1234567",
            "null",
            "[\"1234567\"]",
            "{}",
            r#"{"left_out":false}"#,
            r#"{"sealed":1234567}"#,
            r#"{"sealed":"a","left_out":true}"#,
            r#"{"clear":"1234567"}"#,
        ] {
            let said = serde_json::from_str::<SecretText>(json).err().unwrap().to_string();
            assert!(said.starts_with("expected a string, ") && !said.contains("1234567"), "{said}");
        }
    }
}
