//! The keys that verify: the active certificate's, and those of versions beside it.

use std::time::SystemTime;

use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use vestibule_oauth_provider::VersionState;
use vestibule_x509_material::{Certificate, PublicKey};

use crate::serial_number::cert_sn;

/// An RSA key of 2048 to 8192 bits, as PKCS#1 has it.
#[derive(Clone)]
pub(crate) struct Key(Vec<u8>);

impl Key {
    pub(crate) fn new(key: &PublicKey) -> Option<Self> {
        let supported = key.rsa_bits().is_some_and(|bits| (2048..=8192).contains(&bits));
        if supported { Some(Self(key.rsa_pkcs1_der()?.to_vec())) } else { None }
    }

    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &self.0).verify(message, signature).is_ok()
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
    /// The version with this certificate. `None` when its key is not an RSA key of 2048 to 8192 bits, or its dates are unreadable.
    #[must_use]
    pub fn new(certificate: &Certificate, state: VersionState) -> Option<Self> {
        Some(Self {
            key: Key::new(certificate.public_key())?,
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
