//! Signing with SHA-1, and with keys of 1024 bits: for counterparts that accept nothing better.
//!
//! ring makes no such signature (`docs/decisions/2026-11-22-sha1-signing.md`), so the one exponentiation is made here: RSASSA-PKCS1-v1_5 (RFC 8017 section
//! 8.2.1) with the digest of ring and the constant-time arithmetic of `crypto-bigint`, without the Chinese remainder theorem, whose faults give the
//! primes away. No signature leaves before ring has verified it.

use std::fmt;

use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams};
use crypto_bigint::{BoxedUint, Odd};
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use ring::signature::{RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY, UnparsedPublicKey};
use zeroize::{Zeroize as _, Zeroizing};

use crate::error::MaterialError;
use crate::integer;
use crate::private_key::PrivateKey;

/// The smallest key that signs, in bits.
const MIN_BITS: usize = 1024;
/// The largest key that signs, in bits.
const MAX_BITS: usize = 4096;

/// What stands before a SHA-1 digest in a signature: the DER of `DigestInfo` up to the digest (RFC 8017 section 9.2, note 1).
const DIGEST_INFO: [u8; 15] =
    [0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a, 0x05, 0x00, 0x04, 0x14];

/// A private key, ready to sign with PKCS#1 v1.5 and SHA-1. SHA-1 is broken where somebody else chooses what is signed: only for a counterpart that
/// knows nothing else, and only when a person has asked for it.
pub struct Sha1Signer {
    modulus: BoxedMontyParams,
    modulus_bytes: usize,
    private_exponent: BoxedUint,
    public_key_der: Vec<u8>,
}

impl Sha1Signer {
    /// The signer of a key, tried out once.
    pub(crate) fn new(key: &PrivateKey) -> Result<Self, MaterialError> {
        let bits = key.bits();
        if !(MIN_BITS..=MAX_BITS).contains(&bits) {
            return Err(MaterialError::Sha1KeySize { bits });
        }
        let signer = Self::assemble(key, bits).ok_or(MaterialError::InconsistentKey)?;
        signer.sign(b"")?;
        Ok(signer)
    }

    fn assemble(key: &PrivateKey, bits: usize) -> Option<Self> {
        let (modulus, private_exponent) = key.modulus_and_private_exponent()?;
        let precision = u32::try_from(bits).ok()?;
        let number = |bytes| BoxedUint::from_be_slice(integer::trimmed(bytes), precision).ok();
        let odd = Option::<Odd<BoxedUint>>::from(Odd::new(number(modulus)?))?;
        Some(Self {
            modulus: BoxedMontyParams::new_vartime(odd),
            modulus_bytes: bits.div_ceil(8),
            private_exponent: number(private_exponent)?,
            public_key_der: key.public_key().rsa_pkcs1_der()?.to_vec(),
        })
    }

    /// The signature over `message`.
    ///
    /// # Errors
    ///
    /// [`MaterialError::InconsistentKey`] where the signature is not one of this key: its numbers do not belong together, or the calculation was disturbed.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, MaterialError> {
        let signature = self.power(message).ok_or(MaterialError::InconsistentKey)?;
        UnparsedPublicKey::new(&RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY, &self.public_key_der)
            .verify(message, &signature)
            .map_err(|_| MaterialError::InconsistentKey)?;
        Ok(signature.to_vec())
    }

    /// The padded digest to the power of the private exponent. What is wrong in it must not be seen by anybody.
    fn power(&self, message: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let padded = BoxedUint::from_be_slice(&self.padded(message), self.modulus.bits_precision()).ok()?;
        let power = BoxedMontyForm::new(padded, &self.modulus).pow(&self.private_exponent).retrieve();
        let bytes = power.to_be_bytes();
        // The number may have whole words more than the modulus has bytes.
        let zeros = bytes.len().checked_sub(self.modulus_bytes)?;
        Some(Zeroizing::new(bytes.get(zeros..)?.to_vec()))
    }

    /// EMSA-PKCS1-v1_5 (RFC 8017 section 9.2): 00 01, at least eight FF, 00, `DigestInfo`.
    fn padded(&self, message: &[u8]) -> Vec<u8> {
        let digest = digest(&SHA1_FOR_LEGACY_USE_ONLY, message);
        let tail = [DIGEST_INFO.as_slice(), digest.as_ref()].concat();
        let mut padded = vec![0xff; self.modulus_bytes.saturating_sub(tail.len() + 1)];
        for (byte, first) in padded.iter_mut().zip([0, 1]) {
            *byte = first;
        }
        padded.push(0);
        padded.extend(tail);
        padded
    }
}

impl Drop for Sha1Signer {
    fn drop(&mut self) {
        self.private_exponent.zeroize();
    }
}

impl fmt::Debug for Sha1Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sha1Signer").field("bits", &self.modulus.bits_precision()).finish_non_exhaustive()
    }
}
