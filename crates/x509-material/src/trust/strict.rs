//! One certificate, parsed by the rules of RFC 5280 and asked what it allows.

use std::collections::HashSet;
use std::time::SystemTime;

use ring::signature::{
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RsaParameters,
};
use x509_cert::der::{Decode as _, Encode as _};
use x509_cert::ext::pkix::{BasicConstraints, KeyUsage};

use super::error::{ChainError, name_of};
use crate::certificate::Certificate;

const BASIC_CONSTRAINTS: &str = "2.5.29.19";
const KEY_USAGE: &str = "2.5.29.15";
const SUBJECT_ALT_NAME: &str = "2.5.29.17";

/// A certificate that was parsed by the rules.
pub(super) struct Strict<'a> {
    pub(super) certificate: &'a Certificate,
    pub(super) signature: Vec<u8>,
    parameters_are_legal: bool,
    pub(super) constraints: Option<BasicConstraints>,
    key_usage: Option<KeyUsage>,
    not_before: SystemTime,
    not_after: SystemTime,
}

impl<'a> Strict<'a> {
    pub(super) fn read(certificate: &'a Certificate) -> Result<Self, ChainError> {
        let malformed = |reason| ChainError::Malformed { certificate: name_of(certificate), reason };
        let parsed =
            x509_cert::Certificate::from_der(certificate.der()).map_err(|_| malformed("it is not valid DER"))?;
        let tbs = parsed.tbs_certificate();
        if parsed.signature_algorithm() != tbs.signature() {
            return Err(malformed("it names two different signature algorithms"));
        }
        // Both readers must speak of the same bytes.
        let issuer = tbs.issuer().to_der().map_err(|_| malformed("its issuer is not valid DER"))?;
        let subject = tbs.subject().to_der().map_err(|_| malformed("its subject is not valid DER"))?;
        if issuer != certificate.issuer().der() || subject != certificate.subject().der() {
            return Err(malformed("its names are not encoded as DER"));
        }
        let signature = parsed.signature().as_bytes().ok_or_else(|| malformed("its signature has loose bits"))?;

        let mut seen = HashSet::new();
        for extension in tbs.extensions().map(Vec::as_slice).unwrap_or_default() {
            if !seen.insert(extension.extn_id) {
                return Err(malformed("it has the same extension twice"));
            }
            let oid = extension.extn_id.to_string();
            if extension.critical && ![BASIC_CONSTRAINTS, KEY_USAGE, SUBJECT_ALT_NAME].contains(&oid.as_str()) {
                return Err(ChainError::UnknownCriticalExtension { certificate: name_of(certificate), oid });
            }
        }
        let constraints = tbs.get_extension().map_err(|_| malformed("its basicConstraints cannot be read"))?;
        let key_usage = tbs.get_extension().map_err(|_| malformed("its keyUsage cannot be read"))?;
        let parameters = parsed.signature_algorithm().parameters.as_ref();
        Ok(Self {
            certificate,
            signature: signature.to_vec(),
            parameters_are_legal: parameters.is_none_or(x509_cert::der::asn1::Any::is_null),
            constraints: constraints.map(|(_, constraints)| constraints),
            key_usage: key_usage.map(|(_, usage)| usage),
            not_before: tbs.validity().not_before.to_system_time(),
            not_after: tbs.validity().not_after.to_system_time(),
        })
    }

    pub(super) fn name(&self) -> String {
        name_of(self.certificate)
    }

    pub(super) fn algorithm(&self) -> Result<&'static RsaParameters, ChainError> {
        let algorithm = self.certificate.signature_algorithm();
        match algorithm.name() {
            // RFC 4055 section 5: the parameters of these are NULL.
            _ if !self.parameters_are_legal => {}
            "sha256WithRSAEncryption" => return Ok(&RSA_PKCS1_2048_8192_SHA256),
            "sha384WithRSAEncryption" => return Ok(&RSA_PKCS1_2048_8192_SHA384),
            "sha512WithRSAEncryption" => return Ok(&RSA_PKCS1_2048_8192_SHA512),
            _ => {}
        }
        Err(ChainError::UnsupportedSignature { certificate: self.name(), algorithm: algorithm.to_string() })
    }

    /// RFC 5280 section 4.1.2.5: both ends are included.
    pub(super) fn check_dates(&self, at: SystemTime) -> Result<(), ChainError> {
        if at < self.not_before {
            return Err(ChainError::NotYetValid { certificate: self.name(), not_before: self.not_before });
        }
        if at > self.not_after {
            return Err(ChainError::Expired { certificate: self.name(), not_after: self.not_after });
        }
        Ok(())
    }

    /// What an issuer's own extensions allow, given the path below it (RFC 5280 section 6.1.4, steps l to n).
    pub(super) fn check_issuing(&self, below: &[&Strict<'_>]) -> Result<(), ChainError> {
        if self.key_usage.as_ref().is_some_and(|usage| !usage.key_cert_sign()) {
            return Err(ChainError::NotCa { certificate: self.name(), reason: "its keyUsage has no keyCertSign" });
        }
        let Some(allowed) = self.constraints.as_ref().and_then(|constraints| constraints.path_len_constraint) else {
            return Ok(());
        };
        let intermediates = below.iter().skip(1).filter(|strict| !strict.certificate.is_self_issued()).count();
        if intermediates > usize::from(allowed) {
            return Err(ChainError::PathTooLong { certificate: self.name(), allowed });
        }
        Ok(())
    }
}
