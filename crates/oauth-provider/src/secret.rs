//! Text that must not be seen: client secrets, tokens, private keys.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, Visitor};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// A secret text, wiped from memory when dropped.
///
/// It has no `Debug`, no `Display` and no `Serialize`, so that a secret cannot reach a log, an error or an answer by accident: whoever needs the
/// text says so with [`Secret::expose`].
///
/// ```compile_fail
/// let secret = vestibule_oauth_provider::Secret::new("s3cr3t");
/// println!("{secret:?}");
/// ```
///
/// Reading one from JSON never repeats what was found, not even when it has the wrong type:
///
/// ```
/// use vestibule_oauth_provider::Secret;
/// let error = serde_json::from_str::<Secret>("12345678").err().unwrap();
/// assert!(!error.to_string().contains("12345678"));
/// ```
#[derive(Clone)]
#[expect(missing_debug_implementations, reason = "a secret is not to be printed")]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes `text` over; the caller's own copies are the caller's to wipe.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The text itself. The name is long enough to be searched for.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether there is no text at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether both hold the same text, in a time that does not depend on where they differ.
    pub fn same_as(&self, other: &str) -> bool {
        self.0.as_bytes().ct_eq(other.as_bytes()).into()
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // `deserialize_any`, so that serde never builds its own "invalid type: …" message, which repeats the value.
        deserializer.deserialize_any(SecretVisitor)
    }
}

struct SecretVisitor;

impl SecretVisitor {
    fn refuse<T, E: de::Error>() -> Result<T, E> {
        Err(E::custom("expected a string"))
    }
}

impl<'de> Visitor<'de> for SecretVisitor {
    type Value = Secret;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a string")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Secret, E> {
        Ok(Secret::new(text))
    }

    fn visit_string<E: de::Error>(self, text: String) -> Result<Secret, E> {
        Ok(Secret::new(text))
    }

    fn visit_bool<E: de::Error>(self, _: bool) -> Result<Secret, E> {
        Self::refuse()
    }

    fn visit_i64<E: de::Error>(self, _: i64) -> Result<Secret, E> {
        Self::refuse()
    }

    fn visit_u64<E: de::Error>(self, _: u64) -> Result<Secret, E> {
        Self::refuse()
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<Secret, E> {
        Self::refuse()
    }

    fn visit_unit<E: de::Error>(self) -> Result<Secret, E> {
        Self::refuse()
    }

    fn visit_seq<A: de::SeqAccess<'de>>(self, _: A) -> Result<Secret, A::Error> {
        Self::refuse()
    }

    fn visit_map<A: de::MapAccess<'de>>(self, _: A) -> Result<Secret, A::Error> {
        Self::refuse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reading_a_secret_never_repeats_what_was_found() {
        for json in ["1234567", "-1234567", "1234567.5", "true", "null", "[\"1234567\"]", "{\"1234567\":1}"] {
            let error = serde_json::from_str::<Secret>(json).err().unwrap().to_string();
            assert!(!error.contains("1234567"), "{error}");
            assert!(error.starts_with("expected a string"), "{error}");
        }
    }

    #[test]
    fn secrets_compare_by_their_whole_text() {
        let secret = Secret::new("abc");
        assert!(secret.same_as("abc"));
        assert!(!secret.same_as("abd"));
        assert!(!secret.same_as("ab"));
    }
}
