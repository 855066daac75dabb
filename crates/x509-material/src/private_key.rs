//! RSA private keys: usable, comparable with a certificate, and shown by nothing.

use std::fmt;

use ring::signature::RsaKeyPair;
use zeroize::Zeroizing;

use crate::algorithm::KeyAlgorithm;
use crate::certificate::Certificate;
use crate::der::{INTEGER, SEQUENCE, Tlv, Walk};
use crate::error::MaterialError;
use crate::integer;
use crate::public_key::PublicKey;
use crate::sha1_signer::Sha1Signer;

/// The smallest RSA key that ring signs with, in bits.
const MIN_BITS: usize = 2048;
/// The largest RSA key that ring signs with, in bits.
const MAX_BITS: usize = 4096;

/// The structure a private key came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyForm {
    /// `PrivateKeyInfo` (RFC 5208, RFC 5958).
    Pkcs8,
    /// `RSAPrivateKey` (RFC 8017 appendix A.1.2).
    Pkcs1,
}

impl fmt::Display for KeyForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pkcs8 => "pkcs8",
            Self::Pkcs1 => "pkcs1",
        })
    }
}

/// An RSA private key in memory that is wiped when it is dropped.
///
/// Only RSA keys become one; keys of other algorithms are recognised as [`Kind::OtherPrivateKey`](crate::Kind::OtherPrivateKey).
pub struct PrivateKey {
    pkcs1_der: Zeroizing<Vec<u8>>,
    form: KeyForm,
    public_key: PublicKey,
}

impl PrivateKey {
    /// Reads an `RSAPrivateKey`: a version and eight numbers (RFC 8017 appendix A.1.2). Keys with more than two primes are not read.
    pub(crate) fn from_pkcs1(value: Tlv<'_>, form: KeyForm) -> Option<Self> {
        let mut walk = value.inside();
        let version = walk.take(INTEGER)?;
        let modulus = walk.take(INTEGER)?;
        let public_exponent = walk.take(INTEGER)?;
        for _ in 0..6 {
            walk.take(INTEGER)?;
        }
        if version.content != [0] || !walk.is_empty() {
            return None;
        }
        Some(Self {
            pkcs1_der: Zeroizing::new(value.full.to_vec()),
            form,
            public_key: PublicKey::from_rsa_numbers(modulus.content, public_exponent.content),
        })
    }

    /// The structure the key came in.
    #[must_use]
    pub fn form(&self) -> KeyForm {
        self.form
    }

    /// Always [`KeyAlgorithm::Rsa`].
    #[must_use]
    pub fn algorithm(&self) -> &KeyAlgorithm {
        self.public_key.algorithm()
    }

    /// The size of the modulus in bits.
    #[must_use]
    pub fn bits(&self) -> usize {
        self.public_key.rsa_bits().unwrap_or_default()
    }

    /// The public half.
    #[must_use]
    pub fn public_key(&self) -> &PublicKey {
        &self.public_key
    }

    /// The public half as `SubjectPublicKeyInfo` DER.
    #[must_use]
    pub fn spki_der(&self) -> &[u8] {
        self.public_key.spki_der()
    }

    /// SHA-256 over [`spki_der`](Self::spki_der), in lower-case hex.
    #[must_use]
    pub fn spki_sha256(&self) -> String {
        self.public_key.spki_sha256()
    }

    /// Whether the certificate was issued for this key: same modulus, same exponent.
    #[must_use]
    pub fn matches(&self, certificate: &Certificate) -> bool {
        self.public_key.is_same_key(certificate.public_key())
    }

    /// The key for signing with ring.
    ///
    /// # Errors
    ///
    /// [`MaterialError::KeySize`] where the key is smaller than 2048 or larger than 4096 bits, which ring does not sign with;
    /// [`MaterialError::InconsistentKey`] where its numbers do not belong together (the text was edited or damaged).
    pub fn to_rsa_key_pair(&self) -> Result<RsaKeyPair, MaterialError> {
        let bits = self.bits();
        if !(MIN_BITS..=MAX_BITS).contains(&bits) {
            return Err(MaterialError::KeySize { bits });
        }
        RsaKeyPair::from_der(&self.pkcs1_der).map_err(|_| MaterialError::InconsistentKey)
    }

    /// The key for signing with SHA-1, which may be smaller: for a counterpart that knows nothing better.
    ///
    /// # Errors
    ///
    /// [`MaterialError::Sha1KeySize`] where the key is smaller than 1024 or larger than 4096 bits; [`MaterialError::InconsistentKey`] where its numbers do not
    /// belong together.
    pub fn to_sha1_signer(&self) -> Result<Sha1Signer, MaterialError> {
        Sha1Signer::new(self)
    }

    pub(crate) fn modulus_and_private_exponent(&self) -> Option<(&[u8], &[u8])> {
        let mut walk = Walk::new(&self.pkcs1_der).take(SEQUENCE)?.inside();
        let _version = walk.take(INTEGER)?;
        let modulus = walk.take(INTEGER)?;
        let _public_exponent = walk.take(INTEGER)?;
        Some((modulus.content, walk.take(INTEGER)?.content))
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrivateKey").field("form", &self.form).field("bits", &self.bits()).finish_non_exhaustive()
    }
}

/// How many INTEGERs follow one another in a SEQUENCE of nothing else; `None` where there is anything else.
pub(crate) fn count_of_integers(value: Tlv<'_>) -> Option<usize> {
    let mut walk = value.inside();
    let mut count = 0;
    while !walk.is_empty() {
        walk.take(INTEGER)?;
        count += 1;
    }
    Some(count)
}

/// Whether an INTEGER holds exactly this small number.
pub(crate) fn is_number(value: Tlv<'_>, number: u8) -> bool {
    value.tag == INTEGER
        && !value.content.is_empty()
        && match integer::trimmed(value.content) {
            [] => number == 0,
            [byte] => *byte == number,
            _ => false,
        }
}
