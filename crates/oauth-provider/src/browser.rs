//! What binds an attempt to a browser, and the digests under which secrets are stored.

use std::fmt;

use ring::digest;
use subtle::ConstantTimeEq;

use crate::{Random, Result, Secret};

/// What the browser keeps in a cookie of its own for one attempt; only its digest is stored.
#[derive(Clone)]
#[expect(missing_debug_implementations, reason = "it is a secret")]
pub struct BrowserSecret(Secret);

impl BrowserSecret {
    /// A fresh one.
    ///
    /// # Errors
    /// `Internal`, when there are no random bytes.
    pub fn mint(random: &dyn Random) -> Result<Self> {
        Ok(Self(random.token()?))
    }

    /// One that came back from a browser; anything at all.
    pub fn received(text: impl Into<String>) -> Self {
        Self(Secret::new(text))
    }

    /// The text for the cookie.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// What is stored of it.
    pub fn digest(&self) -> Digest {
        Digest::of(self.0.expose())
    }
}

/// The SHA-256 of a secret, safe to store; `Display` gives 64 lower-case hex digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of `text`.
    pub fn of(text: &str) -> Self {
        Self(sha256(text))
    }

    /// Reads what `Display` wrote.
    pub fn parse(hex_digits: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(hex_digits, &mut bytes).ok()?;
        Some(Self(bytes))
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Whether both are the same, in constant time.
    pub fn same_as(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&hex::encode(self.0))
    }
}

/// SHA-256 (FIPS 180-4) of a text's UTF-8.
pub(crate) fn sha256(text: &str) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest::digest(&digest::SHA256, text.as_bytes()).as_ref());
    bytes
}
