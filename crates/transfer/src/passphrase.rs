//! From a passphrase to the key of a file.

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use vestibule_oauth_provider::{Random, Secret};
use zeroize::Zeroizing;

use crate::TransferError;

/// The least number of characters with which a file is sealed: whoever has the file can try as many as time allows.
const SHORTEST: usize = 12;
const SALT: usize = 16;
/// The bytes of a key.
pub(crate) const KEY: usize = 32;

const ARGON2ID: &str = "argon2id";
/// What files are sealed with: RFC 9106 section 4, the second recommended option, in one lane (whose number changes who works, not how much).
const MEMORY_KIB: u64 = 64 * 1024;
const PASSES: u64 = 3;
const LANES: u64 = 1;
/// The most that a file may ask for: a quarter of a GiB, four times over.
const MOST_MEMORY_KIB: u64 = 256 * 1024;
const MOST_WORK: u64 = 4 * MOST_MEMORY_KIB;
const MOST_LANES: u64 = 4;

/// The passphrase of a file: its UTF-8 bytes, without the line break at the end of the file or line it came from.
#[derive(Clone)]
#[expect(missing_debug_implementations, reason = "a secret is not to be printed")]
pub struct Passphrase(Secret);

impl Passphrase {
    /// Takes a passphrase as it was typed or stands in a file; one line break at its end is no part of it.
    ///
    /// # Errors
    /// [`TransferError::Passphrase`], when there is nothing else, or more than one line.
    pub fn new(text: &str) -> Result<Self, TransferError> {
        let text = text.strip_suffix('\n').unwrap_or(text);
        let text = text.strip_suffix('\r').unwrap_or(text);
        if text.is_empty() {
            return Err(TransferError::Passphrase("the passphrase is empty".to_owned()));
        }
        if text.contains(['\n', '\r', '\0']) {
            return Err(TransferError::Passphrase(
                "the passphrase has more than one line; write it into one line, without anything else".to_owned(),
            ));
        }
        Ok(Self(Secret::new(text)))
    }

    /// That it is long enough to seal with.
    pub(crate) fn fit_to_seal(&self) -> Result<(), TransferError> {
        match self.0.expose().chars().count() {
            SHORTEST.. => Ok(()),
            length => Err(TransferError::Passphrase(format!(
                "the passphrase has {length} characters; take {SHORTEST} at least, such as five words: whoever has the file can try many"
            ))),
        }
    }
}

/// How a file's key is made of its passphrase, as it stands in its head.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Kdf {
    name: String,
    memory_kib: u64,
    passes: u64,
    lanes: u64,
    salt: String,
}

impl Kdf {
    /// Ours, with a salt of its own.
    pub(crate) fn fresh(random: &dyn Random) -> Result<Self, TransferError> {
        let mut salt = [0; SALT];
        random.fill(&mut salt).map_err(TransferError::Random)?;
        Ok(Self {
            name: ARGON2ID.to_owned(),
            memory_kib: MEMORY_KIB,
            passes: PASSES,
            lanes: LANES,
            salt: URL_SAFE_NO_PAD.encode(salt),
        })
    }

    /// The key that it makes of `passphrase`. Takes some tenths of a second, and the memory that it names.
    pub(crate) fn derive(&self, passphrase: &Passphrase) -> Result<Zeroizing<[u8; KEY]>, TransferError> {
        let salt = URL_SAFE_NO_PAD.decode(&self.salt).ok().filter(|salt| (8..=64).contains(&salt.len()));
        let salt = salt.ok_or_else(|| refused("the salt is not 8 to 64 bytes in base64url"))?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, self.params()?);
        let mut key = Zeroizing::new([0; KEY]);
        argon2
            .hash_password_into(passphrase.0.expose().as_bytes(), &salt, key.as_mut_slice())
            .map_err(|_| refused("the parameters do not fit together"))?;
        Ok(key)
    }

    /// The parameters, when they are within bounds: a file says what memory and time this machine spends on it.
    fn params(&self) -> Result<Params, TransferError> {
        if self.name != ARGON2ID {
            return Err(refused("only argon2id is known"));
        }
        let work = self.memory_kib.checked_mul(self.passes);
        let in_bounds = (8 * self.lanes.min(MOST_LANES)..=MOST_MEMORY_KIB).contains(&self.memory_kib)
            && (1..=MOST_LANES).contains(&self.lanes)
            && self.passes >= 1
            && work.is_some_and(|work| work <= MOST_WORK);
        let small = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
        match in_bounds {
            true => Params::new(small(self.memory_kib), small(self.passes), small(self.lanes), Some(KEY))
                .map_err(|_| refused("the parameters do not fit together")),
            false => Err(refused(&format!(
                "it asks for more than this program spends on a file: at most {MOST_MEMORY_KIB} KiB of memory, {MOST_LANES} lanes, and {MOST_WORK} KiB of \
                 memory times passes"
            ))),
        }
    }
}

fn refused(said: &str) -> TransferError {
    TransferError::Format(format!("the file's \"secrets\", \"kdf\": {said}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kdf(memory_kib: u64, passes: u64, lanes: u64) -> Kdf {
        Kdf { name: ARGON2ID.to_owned(), memory_kib, passes, lanes, salt: URL_SAFE_NO_PAD.encode([2; SALT]) }
    }

    /// RFC 9106 section 5.3 uses a secret and associated data, which files do not; this value was made with the reference implementation's command:
    /// `echo -n password | argon2 somesalt -id -t 2 -k 256 -p 1 -l 32 -r`.
    #[test]
    fn a_key_is_that_of_the_reference_implementation() {
        let salt = URL_SAFE_NO_PAD.encode("somesalt");
        let kdf = Kdf { salt, ..kdf(256, 2, 1) };
        let key = kdf.derive(&Passphrase::new("password\n").unwrap()).unwrap();
        let hex: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, "9dfeb910e80bad0311fee20f9c0e2b12c17987b4cac90c2ef54d5b3021c68bfe");
    }

    #[test]
    fn a_file_cannot_ask_for_more_than_is_spent() {
        let passphrase = Passphrase::new("five words make a passphrase").unwrap();
        for hostile in [
            kdf(1 << 40, 1, 1),
            kdf(u64::MAX, u64::MAX, u64::MAX),
            kdf(MOST_MEMORY_KIB, 5, 1),
            kdf(8, MOST_WORK, 1),
            kdf(64, 1, 5),
            kdf(64, 0, 1),
            kdf(64, 1, 0),
            kdf(0, 1, 1),
            kdf(7, 1, 1),
            kdf(31, 1, 4),
            Kdf { salt: String::new(), ..kdf(64, 1, 1) },
            Kdf { salt: "A".repeat(1000), ..kdf(64, 1, 1) },
            Kdf { name: "md5".to_owned(), ..kdf(64, 1, 1) },
        ] {
            let said = hostile.derive(&passphrase).err().map(|error| error.to_string());
            assert!(said.as_deref().is_some_and(|said| said.contains("\"kdf\"")), "{hostile:?}: {said:?}");
        }
    }

    #[test]
    fn a_passphrase_is_one_line_and_long_enough_to_seal_with() {
        for (text, fits) in
            [("short", false), ("five words make a phrase\r\n", true), ("支付宝支付宝支付宝支付宝", true)]
        {
            assert_eq!(Passphrase::new(text).unwrap().fit_to_seal().is_ok(), fits, "{text}");
        }
        for text in ["", "\n", "\r\n", "two\nlines", "nul\0"] {
            assert!(Passphrase::new(text).is_err(), "{text:?}");
        }
    }
}
