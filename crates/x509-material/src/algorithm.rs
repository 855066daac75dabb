//! Names of key and signature algorithms.

use std::fmt;

use crate::der::{NULL, OBJECT_IDENTIFIER, SEQUENCE, Tlv, dotted_oid};

pub(crate) const RSA_ENCRYPTION: &str = "1.2.840.113549.1.1.1";
const RSASSA_PSS: &str = "1.2.840.113549.1.1.10";
const EC_PUBLIC_KEY: &str = "1.2.840.10045.2.1";
const SM2_CURVE: &str = "1.2.156.10197.1.301";

/// The algorithm a key is for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyAlgorithm {
    /// `rsaEncryption` (RFC 8017 appendix A.1): the one this crate can use.
    Rsa,
    /// An RSA key that may only be used with RSASSA-PSS.
    RsaPss,
    /// An elliptic curve key; the curve by its usual name, or its OID, or `None` where the parameters do not name one.
    Ec {
        /// For example `P-256`.
        curve: Option<String>,
    },
    /// An elliptic curve key on SM2's curve (GB/T 32918).
    Sm2,
    /// Ed25519 (RFC 8410).
    Ed25519,
    /// Ed448 (RFC 8410).
    Ed448,
    /// DSA.
    Dsa,
    /// Anything else, by its OID.
    Other(String),
}

impl KeyAlgorithm {
    /// What an `AlgorithmIdentifier` (RFC 5280 section 4.1.1.2) names. Parameters that are illegal are passed over.
    pub(crate) fn read(identifier: Tlv<'_>) -> Option<Self> {
        let mut walk = identifier.inside();
        let oid = dotted_oid(walk.take(OBJECT_IDENTIFIER)?.content)?;
        Some(match oid.as_str() {
            RSA_ENCRYPTION => Self::Rsa,
            RSASSA_PSS => Self::RsaPss,
            EC_PUBLIC_KEY => Self::ec(walk.take(OBJECT_IDENTIFIER)),
            "1.3.101.112" => Self::Ed25519,
            "1.3.101.113" => Self::Ed448,
            "1.2.840.10040.4.1" => Self::Dsa,
            _ => Self::Other(oid),
        })
    }

    /// An elliptic curve key on the curve that this OBJECT IDENTIFIER names.
    pub(crate) fn ec(curve: Option<Tlv<'_>>) -> Self {
        let Some(oid) = curve.and_then(|curve| dotted_oid(curve.content)) else { return Self::Ec { curve: None } };
        let name = match oid.as_str() {
            SM2_CURVE => return Self::Sm2,
            "1.2.840.10045.3.1.7" => "P-256",
            "1.3.132.0.34" => "P-384",
            "1.3.132.0.35" => "P-521",
            "1.3.132.0.10" => "secp256k1",
            other => other,
        };
        Self::Ec { curve: Some(name.to_owned()) }
    }
}

impl fmt::Display for KeyAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rsa => f.write_str("RSA"),
            Self::RsaPss => f.write_str("RSA-PSS"),
            Self::Ec { curve: Some(curve) } => write!(f, "EC {curve}"),
            Self::Ec { curve: None } => f.write_str("EC"),
            Self::Sm2 => f.write_str("SM2"),
            Self::Ed25519 => f.write_str("Ed25519"),
            Self::Ed448 => f.write_str("Ed448"),
            Self::Dsa => f.write_str("DSA"),
            Self::Other(oid) => f.write_str(oid),
        }
    }
}

/// The algorithm with which a certificate was signed, as its outer `signatureAlgorithm` names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignatureAlgorithm {
    oid: String,
}

impl SignatureAlgorithm {
    pub(crate) fn read(identifier: Tlv<'_>) -> Option<Self> {
        let oid = dotted_oid(identifier.inside().take(OBJECT_IDENTIFIER)?.content)?;
        Some(Self { oid })
    }

    /// The OID, dotted: `1.2.840.113549.1.1.11`.
    #[must_use]
    pub fn oid(&self) -> &str {
        &self.oid
    }

    /// The usual name (`sha256WithRSAEncryption`), or the OID where there is none.
    #[must_use]
    pub fn name(&self) -> &str {
        match self.oid.as_str() {
            "1.2.840.113549.1.1.2" => "md2WithRSAEncryption",
            "1.2.840.113549.1.1.4" => "md5WithRSAEncryption",
            "1.2.840.113549.1.1.5" => "sha1WithRSAEncryption",
            RSASSA_PSS => "rsassaPss",
            "1.2.840.113549.1.1.11" => "sha256WithRSAEncryption",
            "1.2.840.113549.1.1.12" => "sha384WithRSAEncryption",
            "1.2.840.113549.1.1.13" => "sha512WithRSAEncryption",
            "1.2.840.113549.1.1.14" => "sha224WithRSAEncryption",
            "1.2.840.10045.4.1" => "ecdsa-with-SHA1",
            "1.2.840.10045.4.3.1" => "ecdsa-with-SHA224",
            "1.2.840.10045.4.3.2" => "ecdsa-with-SHA256",
            "1.2.840.10045.4.3.3" => "ecdsa-with-SHA384",
            "1.2.840.10045.4.3.4" => "ecdsa-with-SHA512",
            "1.3.101.112" => "Ed25519",
            "1.3.101.113" => "Ed448",
            "1.2.156.10197.1.501" => "SM2-with-SM3",
            oid => oid,
        }
    }
}

impl fmt::Display for SignatureAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Whether this is an `AlgorithmIdentifier` in shape: a SEQUENCE that starts with an OBJECT IDENTIFIER.
pub(crate) fn is_identifier(value: Tlv<'_>) -> bool {
    value.tag == SEQUENCE && value.inside().take(OBJECT_IDENTIFIER).is_some()
}

/// `rsaEncryption` with NULL parameters, as DER content of an `AlgorithmIdentifier`.
pub(crate) fn rsa_identifier() -> Vec<u8> {
    const RSA_ENCRYPTION_DER: [u8; 9] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
    let mut content = crate::der::encode(OBJECT_IDENTIFIER, &RSA_ENCRYPTION_DER);
    content.extend(crate::der::encode(NULL, &[]));
    crate::der::encode(SEQUENCE, &content)
}
