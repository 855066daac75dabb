//! RSA-2048 keys: the application's, Alipay's, the authority's.

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

use crate::authority::AuthorityError;

/// An RSA key pair of 2048 bits, cheap to clone.
#[derive(Clone)]
pub struct RsaKey {
    pkcs8: Arc<[u8]>,
    pair: Arc<KeyPair>,
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
        let pkcs8 = Arc::from(der.as_ref());
        Ok(Self { pkcs8, pair: Arc::new(pair) })
    }

    /// Reads a key from PKCS#8 DER.
    ///
    /// # Errors
    /// When this is no RSA private key of at least 2048 bits.
    pub fn from_pkcs8_der(der: &[u8]) -> Result<Self, AuthorityError> {
        let pair = KeyPair::from_pkcs8(der)
            .map_err(|rejected| AuthorityError::new(format!("not a PKCS#8 RSA key: {rejected}")))?;
        Ok(Self { pkcs8: Arc::from(der), pair: Arc::new(pair) })
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

    /// Signs with RSA PKCS#1 v1.5 and SHA-256, which Alipay calls RSA2, and encodes the signature in base64.
    ///
    /// # Errors
    /// When the crypto library fails.
    pub fn sign_rsa2(&self, message: &[u8]) -> Result<String, AuthorityError> {
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair
            .sign(&signature::RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature)
            .map_err(|_| AuthorityError::new("an RSA2 signature could not be made"))?;
        Ok(STANDARD.encode(signature))
    }
}

impl fmt::Debug for RsaKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("RsaKey").field("bits", &(self.pair.public_modulus_len() * 8)).finish_non_exhaustive()
    }
}

/// Whether `signature` (base64 with padding) is the RSA2 signature over `message` by the key `public_key` (`RSAPublicKey` of PKCS#1, DER).
pub(crate) fn verify_rsa2(public_key: &[u8], message: &[u8], signature: &str) -> bool {
    let Ok(signature) = STANDARD.decode(signature) else { return false };
    UnparsedPublicKey::new(&signature::RSA_PKCS1_2048_8192_SHA256, public_key).verify(message, &signature).is_ok()
}
