//! The app's key at work.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use vestibule_oauth_provider::{Error, Result};
use vestibule_x509_material::{MaterialError, PrivateKey, Sha1Signer};

use crate::sign_type::SignType;

/// The app's key, ready to sign (PKCS#1 v1.5).
pub struct Signer(Key);

enum Key {
    Rsa2(RsaKeyPair),
    Rsa(Sha1Signer),
}

impl Signer {
    /// A signer with this key.
    ///
    /// # Errors
    /// When the key is too small for this sign type, too large, or damaged.
    pub fn new(key: &PrivateKey, sign_type: SignType) -> Result<Self, MaterialError> {
        Ok(Self(match sign_type {
            SignType::Rsa2 => Key::Rsa2(key.to_rsa_key_pair()?),
            SignType::Rsa => Key::Rsa(key.to_sha1_signer()?),
        }))
    }

    /// The signature over `bytes`, in base64.
    ///
    /// # Errors
    /// `Internal`, when the key cannot sign.
    #[expect(
        clippy::disallowed_methods,
        reason = "ring asks for a random source; the padding of PKCS#1 v1.5 takes nothing from it"
    )]
    pub fn sign(&self, bytes: &[u8]) -> Result<String> {
        let failed = || Error::internal("the app's private key could not sign");
        let signature = match &self.0 {
            Key::Rsa2(key) => {
                let mut signature = vec![0; key.public().modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), bytes, &mut signature).map_err(|_| failed())?;
                signature
            }
            Key::Rsa(key) => key.sign(bytes).map_err(|_| failed())?,
        };
        Ok(STANDARD.encode(signature))
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Signer(..)")
    }
}
