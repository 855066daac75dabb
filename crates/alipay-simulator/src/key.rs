//! RSA keys: the application's, Alipay's, the authority's.

mod numbers;

use std::{
    fmt,
    sync::{Arc, LazyLock},
};

use aws_lc_rs::{
    encoding::{AsDer as _, Pkcs8V1Der},
    rand::SystemRandom,
    rsa::{KeyPair, KeySize},
    signature::{self, UnparsedPublicKey},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};

use self::numbers::Numbers;
use crate::{authority::AuthorityError, sign_type::SignType};

/// An RSA key pair, cheap to clone: of 2048 bits and more, or one of the two small ones.
#[derive(Clone)]
pub struct RsaKey {
    pkcs8: Arc<[u8]>,
    numbers: Arc<Numbers>,
    /// Nothing for a small key, with which the crypto library does not work.
    pair: Option<Arc<KeyPair>>,
}

/// The keys that are made once per process, because making one takes a tenth of a second and most tests do not care which one it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SharedKey {
    /// The merchant's application key.
    App,
    /// Alipay's key.
    Alipay,
    /// A key that belongs to nobody: an attacker's, or one that was mixed up.
    Stranger,
    /// An application's key of 1024 bits, for [`SignType::Rsa`] only. It stands in this crate's repository.
    SmallApp,
    /// A key of Alipay's of 1024 bits, for [`SignType::Rsa`] only. It stands in this crate's repository.
    SmallAlipay,
}

impl RsaKey {
    /// Makes a new key.
    ///
    /// # Errors
    /// When the crypto library fails.
    pub fn generate() -> Result<Self, AuthorityError> {
        let pair =
            KeyPair::generate(KeySize::Rsa2048).map_err(|_| AuthorityError::new("an RSA key could not be made"))?;
        let der: Pkcs8V1Der<'_> =
            pair.as_der().map_err(|_| AuthorityError::new("an RSA key could not be encoded as PKCS#8"))?;
        Self::with_pair(der.as_ref(), Some(pair))
    }

    /// Reads a key from PKCS#8 DER.
    ///
    /// # Errors
    /// When this is no RSA private key of at least 2048 bits.
    pub fn from_pkcs8_der(der: &[u8]) -> Result<Self, AuthorityError> {
        let pair = KeyPair::from_pkcs8(der)
            .map_err(|rejected| AuthorityError::new(format!("not a PKCS#8 RSA key: {rejected}")))?;
        Self::with_pair(der, Some(pair))
    }

    fn with_pair(pkcs8: &[u8], pair: Option<KeyPair>) -> Result<Self, AuthorityError> {
        let numbers = Numbers::of_pkcs8(pkcs8).ok_or_else(|| AuthorityError::new("not a PKCS#8 RSA key"))?;
        Ok(Self { pkcs8: Arc::from(pkcs8), numbers: Arc::new(numbers), pair: pair.map(Arc::new) })
    }

    fn small(base64: &str) -> Result<Self, AuthorityError> {
        let der = STANDARD.decode(base64.trim_ascii()).map_err(|_| AuthorityError::new("a small key is no base64"))?;
        Self::with_pair(&der, None)
    }

    /// One of the keys of this process.
    ///
    /// # Errors
    /// When the key could not be made.
    pub fn shared(which: SharedKey) -> Result<Self, AuthorityError> {
        static APP: LazyLock<Result<RsaKey, AuthorityError>> = LazyLock::new(RsaKey::generate);
        static ALIPAY: LazyLock<Result<RsaKey, AuthorityError>> = LazyLock::new(RsaKey::generate);
        static STRANGER: LazyLock<Result<RsaKey, AuthorityError>> = LazyLock::new(RsaKey::generate);
        match which {
            SharedKey::App => APP.clone(),
            SharedKey::Alipay => ALIPAY.clone(),
            SharedKey::Stranger => STRANGER.clone(),
            SharedKey::SmallApp => Self::small(include_str!("../assets/keys/app_1024.txt")),
            SharedKey::SmallAlipay => Self::small(include_str!("../assets/keys/alipay_1024.txt")),
        }
    }

    /// The private key as PKCS#8 DER.
    #[must_use]
    pub fn pkcs8_der(&self) -> &[u8] {
        &self.pkcs8
    }

    /// The private key as Alipay's key tool writes it for Java: bare base64 of the PKCS#8, one line, no PEM armour.
    #[must_use]
    pub fn pkcs8_base64(&self) -> String {
        STANDARD.encode(&self.pkcs8)
    }

    /// The public key as Alipay's console and key tool show it: bare base64 of the `SubjectPublicKeyInfo`, one line.
    #[must_use]
    pub fn public_key_base64(&self) -> String {
        STANDARD.encode(self.numbers.public_key_info())
    }

    /// The public key as `RSAPublicKey` of PKCS#1, DER.
    pub(crate) fn public_key(&self) -> Vec<u8> {
        self.numbers.public_key()
    }

    /// Signs and encodes the signature in base64.
    ///
    /// # Errors
    /// When a small key is to sign `RSA2`, or the crypto library fails.
    pub fn sign(&self, sign_type: SignType, message: &[u8]) -> Result<String, AuthorityError> {
        let failed = || AuthorityError::new(format!("an {} signature could not be made", sign_type.name()));
        let signature = match sign_type {
            SignType::Rsa => self.numbers.sign_sha1(message).ok_or_else(failed)?,
            SignType::Rsa2 => {
                let pair = self.pair.as_ref().ok_or_else(failed)?;
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&signature::RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature)
                    .map_err(|_| failed())?;
                signature
            }
        };
        Ok(STANDARD.encode(signature))
    }

    /// Signs with RSA PKCS#1 v1.5 and SHA-256, which Alipay calls RSA2, and encodes the signature in base64.
    ///
    /// # Errors
    /// As [`RsaKey::sign`].
    pub fn sign_rsa2(&self, message: &[u8]) -> Result<String, AuthorityError> {
        self.sign(SignType::Rsa2, message)
    }
}

impl fmt::Debug for RsaKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("RsaKey").field("bits", &self.numbers.bits()).finish_non_exhaustive()
    }
}

/// Whether `signature` (base64 with padding) is the signature over `message` by the key `public_key` (`RSAPublicKey` of PKCS#1, DER).
pub(crate) fn verify(sign_type: SignType, public_key: &[u8], message: &[u8], signature: &str) -> bool {
    let Ok(signature) = STANDARD.decode(signature) else { return false };
    let algorithm = match sign_type {
        SignType::Rsa2 => &signature::RSA_PKCS1_2048_8192_SHA256,
        SignType::Rsa => &signature::RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY,
    };
    UnparsedPublicKey::new(algorithm, public_key).verify(message, &signature).is_ok()
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::{encoding::PublicKeyX509Der, signature::KeyPair as _};

    use super::*;

    #[test]
    fn public_keys_are_encoded_as_the_crypto_library_encodes_them() {
        let key = RsaKey::shared(SharedKey::App).unwrap();
        let public = key.pair.as_ref().unwrap().public_key().clone();
        assert_eq!(key.public_key(), public.as_ref());
        let info: PublicKeyX509Der<'_> = public.as_der().unwrap();
        assert_eq!(key.public_key_base64(), STANDARD.encode(info.as_ref()));
    }

    #[test]
    fn the_crypto_library_verifies_signatures_with_sha1_of_large_keys_and_small() {
        for which in [SharedKey::App, SharedKey::SmallApp, SharedKey::SmallAlipay] {
            let key = RsaKey::shared(which).unwrap();
            let signature = key.sign(SignType::Rsa, b"a=1").unwrap();
            assert!(verify(SignType::Rsa, &key.public_key(), b"a=1", &signature), "{which:?}");
            assert!(!verify(SignType::Rsa, &key.public_key(), b"a=2", &signature), "{which:?}");
            assert!(!verify(SignType::Rsa2, &key.public_key(), b"a=1", &signature), "{which:?}");
        }
        assert!(RsaKey::shared(SharedKey::SmallApp).unwrap().sign(SignType::Rsa2, b"a=1").is_err());
    }
}
