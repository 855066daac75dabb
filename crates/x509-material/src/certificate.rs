//! The lenient reader of certificates: facts to show and to compute with, nothing to trust.

use std::fmt;
use std::time::SystemTime;

use crate::algorithm::SignatureAlgorithm;
use crate::der::{BIT_STRING, CONTEXT_0, INTEGER, SEQUENCE, Tlv, Walk};
use crate::name::Name;
use crate::public_key::PublicKey;
use crate::{integer, time};

/// The longest serial number that is read, in bytes. RFC 5280 section 4.1.2.2 allows 20. The decimal form costs quadratic time, and whoever may write a
/// cert record could make every click compute it for dozens of certificates.
const MAX_SERIAL_BYTES: usize = 64;

/// An X.509 certificate, read leniently.
///
/// Whatever has a readable to-be-signed part is read: keys and parameters nobody knows, extensions of any kind, negative or oddly encoded serial numbers,
/// empty issuers, versions 1 to 3. So nothing here says that the certificate is sound; that is [`verify_chain`](crate::verify_chain)'s to say.
#[derive(Clone, PartialEq, Eq)]
pub struct Certificate {
    der: Vec<u8>,
    tbs_der: Vec<u8>,
    serial: Vec<u8>,
    signature_algorithm: SignatureAlgorithm,
    issuer: Name,
    not_before: Option<SystemTime>,
    not_after: Option<SystemTime>,
    subject: Name,
    public_key: PublicKey,
}

impl Certificate {
    /// Reads a `Certificate` (RFC 5280 section 4.1) as far as the public key; what follows in the to-be-signed part is not looked at.
    pub(crate) fn read(value: Tlv<'_>) -> Option<Self> {
        let mut outer = value.inside();
        let tbs = outer.take(SEQUENCE)?;
        let signature_algorithm = SignatureAlgorithm::read(outer.take(SEQUENCE)?)?;
        outer.take(BIT_STRING)?;

        let mut walk = tbs.inside();
        walk.take(CONTEXT_0);
        let serial = walk.take(INTEGER)?.content;
        if serial.is_empty() || serial.len() > MAX_SERIAL_BYTES {
            return None;
        }
        walk.take(SEQUENCE)?;
        let issuer = Name::read(walk.take(SEQUENCE)?)?;
        let mut validity = walk.take(SEQUENCE)?.inside();
        let subject = Name::read(walk.take(SEQUENCE)?)?;
        let spki = walk.take(SEQUENCE)?;
        Some(Self {
            der: value.full.to_vec(),
            tbs_der: tbs.full.to_vec(),
            serial: serial.to_vec(),
            signature_algorithm,
            issuer,
            not_before: validity.any().and_then(time::read),
            not_after: validity.any().and_then(time::read),
            subject,
            public_key: PublicKey::from_spki(spki).unwrap_or_else(|| PublicKey::unreadable(spki)),
        })
    }

    /// Reads one certificate from DER, without any armour. `None` where it is none, or where bytes follow it.
    #[must_use]
    pub fn from_der(der: &[u8]) -> Option<Self> {
        let mut walk = Walk::new(der);
        let value = walk.take(SEQUENCE)?;
        if walk.is_empty() { Self::read(value) } else { None }
    }

    /// The certificate as it stood.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The part that the issuer signed.
    pub(crate) fn tbs_der(&self) -> &[u8] {
        &self.tbs_der
    }

    /// Who issued it.
    #[must_use]
    pub fn issuer(&self) -> &Name {
        &self.issuer
    }

    /// Whom it is about.
    #[must_use]
    pub fn subject(&self) -> &Name {
        &self.subject
    }

    /// The subject's most specific common name, decoded.
    #[must_use]
    pub fn common_name(&self) -> Option<String> {
        self.subject.common_name()
    }

    /// The serial number in decimal, with `-` where it is negative: what Java's `getSerialNumber().toString()` gives.
    #[must_use]
    pub fn serial_decimal(&self) -> String {
        integer::signed_decimal(&self.serial)
    }

    /// The first moment of validity; `None` where it cannot be read.
    #[must_use]
    pub fn not_before(&self) -> Option<SystemTime> {
        self.not_before
    }

    /// The last moment of validity; `None` where it cannot be read.
    #[must_use]
    pub fn not_after(&self) -> Option<SystemTime> {
        self.not_after
    }

    /// The algorithm the issuer signed with, as the outer field names it.
    #[must_use]
    pub fn signature_algorithm(&self) -> &SignatureAlgorithm {
        &self.signature_algorithm
    }

    /// The subject's key.
    #[must_use]
    pub fn public_key(&self) -> &PublicKey {
        &self.public_key
    }

    /// The certificate as RFC 7468 writes it: 64 columns, LF.
    #[must_use]
    pub fn to_pem(&self) -> String {
        let config = pem::EncodeConfig::new().set_line_ending(pem::LineEnding::LF);
        pem::encode_config(&pem::Pem::new("CERTIFICATE", self.der()), config)
    }

    /// Whether issuer and subject are the same name, byte for byte: what a root looks like. Says nothing about who signed it.
    #[must_use]
    pub fn is_self_issued(&self) -> bool {
        self.issuer.der() == self.subject.der()
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate")
            .field("subject", &self.subject)
            .field("issuer", &self.issuer)
            .field("serial", &self.serial_decimal())
            .finish_non_exhaustive()
    }
}
