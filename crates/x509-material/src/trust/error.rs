//! Why a certificate is not trusted.

use std::time::SystemTime;

use super::{MAX_INTERMEDIATES, MAX_SIGNATURE_CHECKS};
use crate::certificate::Certificate;
use crate::time;

/// Why a certificate is not trusted. `certificate` and `issuer` are subjects, shortened where they are very long.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChainError {
    /// There is no root to chain to.
    #[error("none of the root certificates is self-issued, so there is nothing to trust; the root bundle is needed")]
    NoRoots,

    /// Parsed leniently, but not by the rules.
    #[error("the certificate \"{certificate}\" breaks the rules of X.509 ({reason})")]
    Malformed {
        /// Which certificate.
        certificate: String,
        /// What is wrong with it.
        reason: &'static str,
    },

    /// After its last day.
    #[error("the certificate \"{certificate}\" expired on {}; renew it", time::written(*.not_after))]
    Expired {
        /// Which certificate.
        certificate: String,
        /// Its last moment.
        not_after: SystemTime,
    },

    /// Before its first day.
    #[error("the certificate \"{certificate}\" is not valid before {}; is the clock right?", time::written(*.not_before))]
    NotYetValid {
        /// Which certificate.
        certificate: String,
        /// Its first moment.
        not_before: SystemTime,
    },

    /// Nobody of that name among intermediates and roots.
    #[error(
        "the issuer of \"{certificate}\" is \"{issuer}\", and no certificate of that name is among the intermediate and root certificates; add it, or use the root certificates that belong to this certificate"
    )]
    NoIssuer {
        /// Which certificate.
        certificate: String,
        /// The issuer it names.
        issuer: String,
    },

    /// The issuer's key did not make the signature.
    #[error(
        "the signature on \"{certificate}\" was not made by the key of \"{issuer}\" that is here: same name, another key; the certificate is forged, damaged, or from another CA of that name"
    )]
    SignatureMismatch {
        /// Which certificate.
        certificate: String,
        /// Who should have signed it.
        issuer: String,
    },

    /// A signature algorithm that is not accepted.
    #[error(
        "the certificate \"{certificate}\" is signed with {algorithm}; only RSA with SHA-256, SHA-384 or SHA-512 is accepted"
    )]
    UnsupportedSignature {
        /// Which certificate.
        certificate: String,
        /// Its algorithm.
        algorithm: String,
    },

    /// An issuer whose key cannot verify an RSA signature.
    #[error(
        "the certificate \"{certificate}\" has a key that cannot verify an RSA signature ({key}); RSA of 2048 to 8192 bits is needed"
    )]
    UnsupportedKey {
        /// The issuer's certificate.
        certificate: String,
        /// What key it has.
        key: String,
    },

    /// A CA's own certificate where one for an end entity belongs.
    #[error(
        "the certificate \"{certificate}\" is a certificate authority's own; the one that was issued by it is needed, and must come first"
    )]
    LeafIsCa {
        /// Which certificate.
        certificate: String,
    },

    /// An issuer that may not issue.
    #[error("the certificate \"{certificate}\" may not issue certificates ({reason})")]
    NotCa {
        /// The issuer's certificate.
        certificate: String,
        /// Which field says so.
        reason: &'static str,
    },

    /// More intermediates below an issuer than it allows.
    #[error(
        "the certificate \"{certificate}\" allows {allowed} intermediate certificates below it, and there are more"
    )]
    PathTooLong {
        /// The issuer's certificate.
        certificate: String,
        /// Its `pathLenConstraint`.
        allowed: u8,
    },

    /// An extension that must be understood, and is not.
    #[error("the certificate \"{certificate}\" has the critical extension {oid}, which is not understood here")]
    UnknownCriticalExtension {
        /// Which certificate.
        certificate: String,
        /// The extension.
        oid: String,
    },

    /// No root within reach.
    #[error("more than {MAX_INTERMEDIATES} certificates stand between \"{certificate}\" and a root")]
    TooDeep {
        /// The leaf.
        certificate: String,
    },

    /// The search was given up.
    #[error("too many certificates of the same name: gave up after {MAX_SIGNATURE_CHECKS} signatures")]
    TooManyChecks,
}

/// A certificate's subject, for a message.
pub(super) fn name_of(certificate: &Certificate) -> String {
    shortened(&certificate.subject().to_string())
}

/// A name may have any length; a message may not.
pub(super) fn shortened(name: &str) -> String {
    const LONGEST: usize = 200;
    match name.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", name.get(..end).unwrap_or_default()),
        None => name.to_owned(),
    }
}
