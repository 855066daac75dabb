//! The numbers of an RSA key, for what the crypto library does not do: signatures with SHA-1, and small keys at all.
//!
//! The time that this takes depends on the key. That is no harm here: whatever a simulator signs with, its tests print.

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use num_bigint::BigUint;
use x509_parser::asn1_rs::{Any, FromDer};

/// `DigestInfo` of SHA-1 before the digest: RFC 8017, section 9.2, note 1.
const SHA1_DIGEST_INFO: &[u8] = b"\x30\x21\x30\x09\x06\x05\x2b\x0e\x03\x02\x1a\x05\x00\x04\x14";

/// The identifier of `rsaEncryption`, encoded.
const RSA_ENCRYPTION: &[u8] = b"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00";

#[derive(Debug)]
pub(super) struct Numbers {
    modulus: BigUint,
    public_exponent: BigUint,
    private_exponent: BigUint,
}

impl Numbers {
    /// The numbers in a PKCS#8 key (RFC 5208, section 5; RFC 8017, appendix A.1.2).
    pub(super) fn of_pkcs8(der: &[u8]) -> Option<Self> {
        let [_version, _algorithm, key] = members(value(der)?)?;
        let [_version, modulus, public_exponent, private_exponent] = members(value(key)?)?;
        let number = BigUint::from_bytes_be;
        Some(Self {
            modulus: number(modulus),
            public_exponent: number(public_exponent),
            private_exponent: number(private_exponent),
        })
    }

    pub(super) fn bits(&self) -> u64 {
        self.modulus.bits()
    }

    /// PKCS#1 v1.5 with SHA-1: RFC 8017, section 8.2.1.
    pub(super) fn sign_sha1(&self, message: &[u8]) -> Option<Vec<u8>> {
        let length = usize::try_from(self.bits().div_ceil(8)).ok()?;
        let digest = digest(&SHA1_FOR_LEGACY_USE_ONLY, message);
        let filling = length.checked_sub(3 + SHA1_DIGEST_INFO.len() + digest.as_ref().len())?;
        let padded = [&[0, 1], vec![0xff; filling].as_slice(), &[0], SHA1_DIGEST_INFO, digest.as_ref()].concat();
        let power = BigUint::from_bytes_be(&padded).modpow(&self.private_exponent, &self.modulus).to_bytes_be();
        let mut signature = vec![0; length.checked_sub(power.len())?];
        signature.extend(power);
        Some(signature)
    }

    /// `RSAPublicKey`: RFC 8017, appendix A.1.1.
    pub(super) fn public_key(&self) -> Vec<u8> {
        encoded(0x30, &[integer(&self.modulus), integer(&self.public_exponent)].concat())
    }

    /// `SubjectPublicKeyInfo`: RFC 5280, section 4.1.
    pub(super) fn public_key_info(&self) -> Vec<u8> {
        let bits = encoded(0x03, &[&[0], self.public_key().as_slice()].concat());
        encoded(0x30, &[RSA_ENCRYPTION, &bits].concat())
    }
}

/// The content of the value with which the bytes begin.
fn value(der: &[u8]) -> Option<&[u8]> {
    Some(Any::from_der(der).ok()?.1.data)
}

/// The contents of the first values of a sequence.
fn members<const COUNT: usize>(mut content: &[u8]) -> Option<[&[u8]; COUNT]> {
    let mut members = [[].as_slice(); COUNT];
    for member in &mut members {
        let (rest, value) = Any::from_der(content).ok()?;
        (content, *member) = (rest, value.data);
    }
    Some(members)
}

fn integer(number: &BigUint) -> Vec<u8> {
    let mut bytes = number.to_bytes_be();
    if bytes.first().is_some_and(|first| *first >= 0x80) {
        bytes.insert(0, 0);
    }
    encoded(0x02, &bytes)
}

fn encoded(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut length: Vec<u8> = content.len().to_be_bytes().into_iter().skip_while(|byte| *byte == 0).collect();
    if content.len() >= 0x80 {
        length.insert(0, 0x80 | u8::try_from(length.len()).unwrap_or_default());
    } else {
        length.resize(1, 0);
    }
    [&[tag], length.as_slice(), content].concat()
}
