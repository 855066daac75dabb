//! Public keys: the facts about one, whether it came alone or in a certificate.

use std::fmt;

use ring::digest::{SHA256, digest};

use crate::algorithm::{KeyAlgorithm, is_identifier, rsa_identifier};
use crate::der::{BIT_STRING, INTEGER, SEQUENCE, Tlv, Walk, encode};
use crate::integer;

/// A public key as a `SubjectPublicKeyInfo` (RFC 5280 section 4.1.2.7).
///
/// Read leniently: an algorithm or parameters nobody knows still give a key with a fingerprint.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey {
    spki_der: Vec<u8>,
    algorithm: KeyAlgorithm,
    rsa: Option<RsaPublic>,
}

/// The two numbers of an RSA public key, without leading zeros.
#[derive(Clone, PartialEq, Eq)]
struct RsaPublic {
    modulus: Vec<u8>,
    exponent: Vec<u8>,
    pkcs1_der: Vec<u8>,
}

impl PublicKey {
    /// Reads a `SubjectPublicKeyInfo`. Only its outer shape must be right.
    pub(crate) fn from_spki(spki: Tlv<'_>) -> Option<Self> {
        let mut walk = spki.inside();
        let identifier = walk.take(SEQUENCE)?;
        let algorithm = KeyAlgorithm::read(identifier)?;
        let key = walk.take(BIT_STRING)?;
        let rsa = match algorithm {
            // The first byte of a BIT STRING counts its unused bits.
            KeyAlgorithm::Rsa | KeyAlgorithm::RsaPss => {
                key.content.split_first().and_then(|(_, key)| RsaPublic::read(key))
            }
            _ => None,
        };
        Some(Self { spki_der: spki.full.to_vec(), algorithm, rsa })
    }

    /// What is left to say of a key whose `SubjectPublicKeyInfo` has no readable shape.
    pub(crate) fn unreadable(spki: Tlv<'_>) -> Self {
        Self {
            spki_der: spki.full.to_vec(),
            algorithm: KeyAlgorithm::Other("an unreadable algorithm".to_owned()),
            rsa: None,
        }
    }

    /// Reads an `RSAPublicKey` (RFC 8017 appendix A.1.1). Diffie-Hellman parameters have the same shape; an odd exponent of at most 64 bits tells them apart.
    pub(crate) fn from_pkcs1(der: &[u8]) -> Option<Self> {
        let rsa = RsaPublic::read(der)?;
        let plausible = integer::bits(&rsa.modulus) >= 256
            && integer::bits(&rsa.exponent) <= 64
            && rsa.exponent.last().is_some_and(|byte| byte & 1 == 1);
        plausible.then(|| Self::of_rsa(rsa))
    }

    /// The public half of an RSA private key.
    pub(crate) fn from_rsa_numbers(modulus: &[u8], exponent: &[u8]) -> Self {
        Self::of_rsa(RsaPublic::new(modulus, exponent))
    }

    fn of_rsa(rsa: RsaPublic) -> Self {
        let mut bits = vec![0];
        bits.extend_from_slice(&rsa.pkcs1_der);
        let mut content = rsa_identifier();
        content.extend(encode(BIT_STRING, &bits));
        Self { spki_der: encode(SEQUENCE, &content), algorithm: KeyAlgorithm::Rsa, rsa: Some(rsa) }
    }

    /// The algorithm the key is for.
    #[must_use]
    pub fn algorithm(&self) -> &KeyAlgorithm {
        &self.algorithm
    }

    /// The size of the modulus in bits, for RSA and RSA-PSS keys.
    #[must_use]
    pub fn rsa_bits(&self) -> Option<usize> {
        self.rsa.as_ref().map(|rsa| integer::bits(&rsa.modulus))
    }

    /// The `SubjectPublicKeyInfo` as DER: the bytes as they stood, or made where the key came as PKCS#1.
    #[must_use]
    pub fn spki_der(&self) -> &[u8] {
        &self.spki_der
    }

    /// SHA-256 over [`spki_der`](Self::spki_der), in lower-case hex: the key's fingerprint.
    #[must_use]
    pub fn spki_sha256(&self) -> String {
        hex::encode(digest(&SHA256, &self.spki_der))
    }

    /// The key as `RSAPublicKey` DER (RFC 8017 appendix A.1.1), the form that `ring::signature::UnparsedPublicKey` takes. `None` unless the key is
    /// [`KeyAlgorithm::Rsa`]: an RSA-PSS key must not verify PKCS#1 v1.5 signatures.
    #[must_use]
    pub fn rsa_pkcs1_der(&self) -> Option<&[u8]> {
        match (&self.algorithm, &self.rsa) {
            (KeyAlgorithm::Rsa, Some(rsa)) => Some(&rsa.pkcs1_der),
            _ => None,
        }
    }

    /// Whether both are the same RSA key (modulus and exponent), however each was encoded. Keys of other algorithms are the same when their bytes are.
    #[must_use]
    pub fn is_same_key(&self, other: &Self) -> bool {
        match (&self.rsa, &other.rsa) {
            (Some(one), Some(two)) => one.modulus == two.modulus && one.exponent == two.exponent,
            _ => self.spki_der == other.spki_der,
        }
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PublicKey")
            .field("algorithm", &self.algorithm)
            .field("rsa_bits", &self.rsa_bits())
            .field("spki_sha256", &self.spki_sha256())
            .finish()
    }
}

impl RsaPublic {
    fn read(der: &[u8]) -> Option<Self> {
        let mut outer = Walk::new(der);
        let mut walk = outer.take(SEQUENCE)?.inside();
        let modulus = walk.take(INTEGER)?;
        let exponent = walk.take(INTEGER)?;
        (outer.is_empty() && walk.is_empty()).then(|| Self::new(modulus.content, exponent.content))
    }

    /// The DER is made anew, so that superfluous zeros in the original do not make two keys of one.
    fn new(modulus: &[u8], exponent: &[u8]) -> Self {
        let (modulus, exponent) = (integer::trimmed(modulus), integer::trimmed(exponent));
        let mut content = encode_unsigned(modulus);
        content.extend(encode_unsigned(exponent));
        Self { modulus: modulus.to_vec(), exponent: exponent.to_vec(), pkcs1_der: encode(SEQUENCE, &content) }
    }
}

/// An INTEGER must not look negative: a zero byte goes before a set top bit, and stands for zero.
fn encode_unsigned(trimmed: &[u8]) -> Vec<u8> {
    let mut content = Vec::with_capacity(trimmed.len() + 1);
    if trimmed.first().is_none_or(|byte| byte & 0x80 != 0) {
        content.push(0);
    }
    content.extend_from_slice(trimmed);
    encode(INTEGER, &content)
}

/// Whether this is a `SubjectPublicKeyInfo` in shape.
pub(crate) fn is_spki(value: Tlv<'_>) -> bool {
    let mut walk = value.inside();
    value.tag == SEQUENCE
        && walk.take(SEQUENCE).is_some_and(is_identifier)
        && walk.take(BIT_STRING).is_some()
        && walk.is_empty()
}
