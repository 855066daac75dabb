//! A certificate as far as the simulator needs to know it, and the text form in which Alipay hands certificates out.

use std::time::{Duration, SystemTime};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use x509_parser::prelude::{FromDer as _, X509Certificate};

use crate::{authority::AuthorityError, serial_number};

/// One X.509 certificate.
#[derive(Clone, Debug)]
pub struct Certificate {
    der: Vec<u8>,
    sn: String,
    public_key: Vec<u8>,
    not_after: SystemTime,
}

impl Certificate {
    /// Reads a certificate.
    ///
    /// # Errors
    /// When this is no certificate.
    pub fn from_der(der: &[u8]) -> Result<Self, AuthorityError> {
        let (_, parsed) = X509Certificate::from_der(der)
            .map_err(|error| AuthorityError::new(format!("not an X.509 certificate: {error}")))?;
        let not_after = u64::try_from(parsed.validity().not_after.timestamp()).unwrap_or(0);
        Ok(Self {
            der: der.to_vec(),
            sn: serial_number::cert_sn(der)?,
            public_key: parsed.public_key().subject_public_key.data.to_vec(),
            not_after: SystemTime::UNIX_EPOCH + Duration::from_secs(not_after),
        })
    }

    /// The encoded certificate.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// Alipay's serial number of it: 32 lower-case hex digits.
    #[must_use]
    pub fn sn(&self) -> &str {
        &self.sn
    }

    /// The certificate in PEM, with lines of 76 characters as in the files of Alipay's console (RFC 7468 would say 64).
    #[must_use]
    pub fn pem(&self) -> String {
        let mut pem = String::from("-----BEGIN CERTIFICATE-----\n");
        for (position, letter) in STANDARD.encode(&self.der).chars().enumerate() {
            if position > 0 && position % 76 == 0 {
                pem.push('\n');
            }
            pem.push(letter);
        }
        pem.push_str("\n-----END CERTIFICATE-----\n");
        pem
    }

    /// Content of the public key's bit string; for RSA that is PKCS#1's `RSAPublicKey`.
    pub(crate) fn public_key(&self) -> &[u8] {
        &self.public_key
    }

    pub(crate) fn is_expired(&self, now: SystemTime) -> bool {
        now > self.not_after
    }
}

/// A certificate together with the one that issued it.
#[derive(Clone, Debug)]
pub struct IssuedCertificate {
    pub(crate) leaf: Certificate,
    pub(crate) issuer: Certificate,
}

impl IssuedCertificate {
    /// The certificate itself.
    #[must_use]
    pub fn certificate(&self) -> &Certificate {
        &self.leaf
    }

    /// The certificate alone, in PEM: the form of `appCertPublicKey.crt`.
    #[must_use]
    pub fn pem(&self) -> String {
        self.leaf.pem()
    }

    /// The certificate and its issuer, in PEM: the form of `alipayCertPublicKey.crt`.
    #[must_use]
    pub fn chain_pem(&self) -> String {
        format!("{}{}", self.leaf.pem(), self.issuer.pem())
    }
}
