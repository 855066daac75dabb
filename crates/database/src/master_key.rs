//! The key that all sealed values of an installation hang on.

use std::path::Path;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use ring::hkdf;
use vestibule_oauth_provider::{Random, Secret};
use zeroize::Zeroizing;

use crate::keys::{KeyOrigin, make_unless_there, read_file};
use crate::seal::derive;
use crate::{DbError, file};

const BYTES: usize = 32;

const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

/// 32 bytes that nobody else has, wiped from memory when dropped.
#[derive(Clone)]
#[expect(missing_debug_implementations, reason = "it is the secret of all secrets")]
pub struct MasterKey(Zeroizing<[u8; BYTES]>);

impl MasterKey {
    /// Reads 64 hex digits, or the base64 of 32 bytes (either alphabet, with or without padding). White space around it is ignored. Where there may
    /// be several keys, [`Keyring::load`](crate::Keyring::load) reads them.
    ///
    /// # Errors
    /// [`DbError::MasterKey`], saying how to make one. The text is not repeated.
    pub fn from_text(text: &Secret) -> Result<Self, DbError> {
        Self::parse(text.expose().trim())
    }

    pub(crate) fn parse(text: &str) -> Result<Self, DbError> {
        let mut key = Self(Zeroizing::new([0; BYTES]));
        if hex::decode_to_slice(text, key.0.as_mut_slice()).is_ok() {
            return Ok(key);
        }
        let decoded = Zeroizing::new(STANDARD.decode(text).or_else(|_| URL_SAFE.decode(text)).unwrap_or_default());
        if decoded.len() != BYTES {
            let found = match text.len() {
                0 => "it is empty",
                64 => "it has 64 characters and not all of them are hex digits",
                _ => "it is neither",
            };
            return Err(DbError::MasterKey(format!(
                "expected 64 hex digits or the base64 of 32 bytes, and {found}; `openssl rand -hex 32` makes one"
            )));
        }
        key.0.copy_from_slice(&decoded);
        Ok(key)
    }

    /// Reads the key that seals from a key file: the first one. A file that others than its owner may read is reported to the log.
    ///
    /// # Errors
    /// [`DbError::File`] when it cannot be read, [`DbError::MasterKey`] when it holds no key.
    pub fn read_file(path: &Path) -> Result<Self, DbError> {
        file::report_open_to_others(path);
        read_file(path)?.into_iter().next().ok_or_else(|| DbError::MasterKey("there is none".to_owned()))
    }

    /// Reads the key file, or makes it, for its owner only, when there is none. Of several that start at the same time one makes it and all get the
    /// same key; a start that is cut off leaves no half key.
    ///
    /// Blocks the thread while another starter is at it, without a time limit: that one only writes a line, and if it hangs, so does this call. In
    /// asynchronous code [`KeyFile::make_if_absent`](crate::KeyFile::make_if_absent) does it within a minute.
    ///
    /// # Errors
    /// As [`MasterKey::read_file`]; [`DbError::Random`].
    pub fn read_or_create(path: &Path, random: &dyn Random) -> Result<(Self, KeyOrigin), DbError> {
        let _lock = file::lock(path)?;
        let origin = make_unless_there(path, random)?;
        Ok((Self::read_file(path)?, origin))
    }

    /// A fresh one.
    pub(crate) fn random(random: &dyn Random) -> Result<Self, DbError> {
        let mut key = Self(Zeroizing::new([0; BYTES]));
        random.fill(key.0.as_mut_slice()).map_err(DbError::Random)?;
        Ok(key)
    }

    /// The key as a line of a key file, with its end.
    pub(crate) fn to_line(&self) -> Zeroizing<String> {
        let mut line = Zeroizing::new(String::with_capacity(2 * BYTES + 1));
        for byte in self.0.as_slice() {
            for half in [byte >> 4, byte & 15] {
                line.extend(char::from_digit(u32::from(half), 16));
            }
        }
        line.push('\n');
        line
    }

    /// The name of this key in sealed values: 16 hex digits that say nothing about it.
    pub(crate) fn id(&self) -> String {
        let mut id = [0; 8];
        // Eight bytes are always given.
        let _ = derive(self, &[], &[b"vestibule master key id"], &mut id);
        hex::encode(id)
    }

    /// The key's pseudorandom key for one salt (RFC 5869 section 2.2).
    pub(crate) fn extract(&self, salt: &[u8]) -> hkdf::Prk {
        hkdf::Salt::new(hkdf::HKDF_SHA256, salt).extract(self.0.as_slice())
    }
}
