//! Sealing the secrets of a file, each for its place.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use vestibule_oauth_provider::{Random, Secret};
use zeroize::Zeroizing;

use crate::TransferError;
use crate::passphrase::{Kdf, Passphrase};

/// Where in a file a sealed value stands. It opens nowhere else.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    /// `cert`, `provider`.
    pub(crate) what: &'a str,
    /// Whose row it is.
    pub(crate) owner: &'a str,
    /// The row's name.
    pub(crate) name: &'a str,
    /// The version's number; 0 for a provider row, which has none.
    pub(crate) version: i64,
    /// The field: `private_key`, or the config's.
    pub(crate) field: &'a str,
}

/// Where the value stands by which a wrong passphrase is told from a damaged value.
const CHECK: Place<'_> = Place { what: "file", owner: "", name: "", version: 0, field: "check" };

impl Place<'_> {
    /// The associated data: each part with its length before it, so that no two places read the same.
    fn bytes(&self) -> Vec<u8> {
        let version = self.version.to_string();
        let mut bytes = b"vestibule export 1".to_vec();
        for part in [self.what, self.owner, self.name, &version, self.field] {
            bytes.extend_from_slice(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            bytes.extend_from_slice(part.as_bytes());
        }
        bytes
    }
}

/// The key of one file.
pub(crate) struct FileKey(Box<LessSafeKey>);

/// A value does not open: it was changed, or it was put into another row, version or field of the file.
#[derive(Debug)]
pub(crate) struct Damaged;

impl FileKey {
    pub(crate) fn new(kdf: &Kdf, passphrase: &Passphrase) -> Result<Self, TransferError> {
        let key = kdf.derive(passphrase)?;
        let key = UnboundKey::new(&AES_256_GCM, key.as_slice()).map_err(|_| refused())?;
        Ok(Self(Box::new(LessSafeKey::new(key))))
    }

    /// Seals `clear`: base64url of nonce, ciphertext and tag. Nonces are random; 2^32 values of one file would be too many, and none has so many.
    pub(crate) fn seal(&self, clear: &str, place: &Place<'_>, random: &dyn Random) -> Result<String, TransferError> {
        let mut nonce = [0; NONCE_LEN];
        random.fill(&mut nonce).map_err(TransferError::Random)?;
        let mut content = Zeroizing::new(Vec::with_capacity(clear.len() + AES_256_GCM.tag_len()));
        content.extend_from_slice(clear.as_bytes());
        let aad = Aad::from(place.bytes());
        self.0
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), aad, &mut *content)
            .map_err(|_| refused())?;
        Ok(URL_SAFE_NO_PAD.encode([&nonce[..], &content].concat()))
    }

    pub(crate) fn open(&self, sealed: &str, place: &Place<'_>) -> Result<Secret, Damaged> {
        let mut content = Zeroizing::new(URL_SAFE_NO_PAD.decode(sealed).map_err(|_| Damaged)?);
        let (nonce, content) = content.split_at_mut_checked(NONCE_LEN).ok_or(Damaged)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| Damaged)?;
        let clear = self.0.open_in_place(nonce, Aad::from(place.bytes()), content).map_err(|_| Damaged)?;
        std::str::from_utf8(clear).map(Secret::new).map_err(|_| Damaged)
    }

    /// A value that opens with this key and no other.
    pub(crate) fn check_value(&self, random: &dyn Random) -> Result<String, TransferError> {
        self.seal("", &CHECK, random)
    }

    /// That this key made `check`.
    pub(crate) fn made(&self, check: &str) -> Result<(), TransferError> {
        self.open(check, &CHECK).map(drop).map_err(|Damaged| {
            TransferError::Passphrase(
                "the passphrase is another than the one with which the file was made (or the file's head was changed)"
                    .to_owned(),
            )
        })
    }
}

fn refused() -> TransferError {
    TransferError::Passphrase("the cipher refused to seal a value".to_owned())
}
