//! The keys that verify: the active certificate's, and those of versions beside it.

use std::time::SystemTime;

use ring::signature::UnparsedPublicKey;
use vestibule_oauth_provider::VersionState;
use vestibule_x509_material::{Certificate, PublicKey};

use crate::serial_number::cert_sn;
use crate::sign_type::SignType;

/// An RSA key as PKCS#1 has it, large enough for its sign type and of at most 8192 bits.
#[derive(Clone)]
pub(crate) struct Key {
    pkcs1_der: Vec<u8>,
    sign_type: SignType,
}

impl Key {
    pub(crate) fn new(key: &PublicKey, sign_type: SignType) -> Option<Self> {
        let supported = key.rsa_bits().is_some_and(|bits| (sign_type.smallest_key()..=8192).contains(&bits));
        if supported { Some(Self { pkcs1_der: key.rsa_pkcs1_der()?.to_vec(), sign_type }) } else { None }
    }

    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(self.sign_type.verification(), &self.pkcs1_der).verify(message, signature).is_ok()
    }
}

/// A version of Alipay's certificate that is not the active one and verifies what names it, from its first to its last second.
#[derive(Clone)]
pub struct OtherVersion {
    key: Key,
    cert_sn: String,
    state: VersionState,
    from: SystemTime,
    until: SystemTime,
}

/// With which version an answer was verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignedWith {
    /// The active one's key.
    Active,
    /// Another one's, which the answer names.
    Version(VersionState),
}

impl OtherVersion {
    /// The version with this certificate. `None` when its key is not an RSA key, too small for the sign type or larger than 8192 bits, or its dates are
    /// unreadable.
    #[must_use]
    pub fn new(certificate: &Certificate, state: VersionState, sign_type: SignType) -> Option<Self> {
        Some(Self {
            key: Key::new(certificate.public_key(), sign_type)?,
            cert_sn: cert_sn(certificate),
            state,
            from: certificate.not_before()?,
            until: certificate.not_after()?,
        })
    }

    pub(crate) fn key(&self) -> &Key {
        &self.key
    }

    pub(crate) fn cert_sn(&self) -> &str {
        &self.cert_sn
    }

    pub(crate) fn state(&self) -> VersionState {
        self.state
    }

    pub(crate) fn holds(&self, now: SystemTime) -> bool {
        (self.from..=self.until).contains(&now)
    }
}

impl std::fmt::Debug for OtherVersion {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("OtherVersion")
            .field("cert_sn", &self.cert_sn)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}
