//! What DER bytes are, by their structure.

use crate::algorithm::{KeyAlgorithm, is_identifier};
use crate::certificate::Certificate;
use crate::der::{
    BIT_STRING, CONTEXT_0, GENERALIZED_TIME, INTEGER, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE, Tlv, UTC_TIME, Walk,
    announced_length, dotted_oid,
};
use crate::error::MaterialError;
use crate::private_key::{KeyForm, PrivateKey, count_of_integers, is_number};
use crate::public_key::{PublicKey, is_spki};

/// What a block holds.
pub(crate) enum Content {
    Certificate(Box<Certificate>),
    PrivateKey(PrivateKey),
    OtherPrivateKey(KeyAlgorithm),
    EncryptedPrivateKey,
    PublicKey(PublicKey),
    /// The block that `openssl ecparam -genkey` writes before a key; says nothing of its own.
    EcParameters,
}

const JAVA_KEY_STORE: [u8; 4] = [0xfe, 0xed, 0xfe, 0xed];
const JCE_KEY_STORE: [u8; 4] = [0xce, 0xce, 0xce, 0xce];
const OPENSSH_PRIVATE_KEY: &[u8] = b"openssh-key-v1\0";
const OPENSSH_PUBLIC_KEY: &[u8] = b"\0\0\0\x07ssh-rsa";

impl Content {
    pub(crate) fn of(bytes: &[u8]) -> Result<Self, MaterialError> {
        if bytes.starts_with(&JAVA_KEY_STORE) || bytes.starts_with(&JCE_KEY_STORE) {
            return Err(MaterialError::JavaKeyStore);
        }
        if bytes.starts_with(OPENSSH_PRIVATE_KEY) || bytes.starts_with(OPENSSH_PUBLIC_KEY) {
            return Err(MaterialError::OpenSshKey);
        }
        if !matches!(bytes.first(), Some(&(SEQUENCE | OBJECT_IDENTIFIER))) {
            return Err(MaterialError::NotRecognised);
        }
        let Some(announced) = announced_length(bytes) else { return Err(MaterialError::UnknownDer) };
        let present = bytes.len();
        if announced > present {
            return Err(MaterialError::Truncated { announced, present });
        }
        if announced < present {
            return Err(MaterialError::TrailingBytes { extra: present - announced });
        }
        let Some(value) = Walk::new(bytes).any() else { return Err(MaterialError::UnknownDer) };
        if value.tag == OBJECT_IDENTIFIER {
            return Ok(Self::EcParameters);
        }
        match Certificate::read(value) {
            Some(certificate) => Ok(Self::Certificate(Box::new(certificate))),
            None => Self::of_other(value),
        }
    }

    fn of_other(value: Tlv<'_>) -> Result<Self, MaterialError> {
        let mut walk = value.inside();
        let (Some(first), Some(second)) = (walk.any(), walk.any()) else { return Err(MaterialError::UnknownDer) };
        let third = walk.any();
        match (first.tag, second.tag) {
            (INTEGER, SEQUENCE) if is_number(first, 3) => Err(MaterialError::Pkcs12),
            (INTEGER, SEQUENCE) => Self::of_private_key_info(second, third),
            (INTEGER, OCTET_STRING) if is_number(first, 1) => Ok(Self::OtherPrivateKey(sec1_algorithm(third))),
            (INTEGER, INTEGER) => Self::of_numbers(value),
            (SEQUENCE, BIT_STRING) if is_spki(value) => {
                PublicKey::from_spki(value).map(Self::PublicKey).ok_or(MaterialError::UnknownDer)
            }
            (SEQUENCE, OCTET_STRING) if is_identifier(first) && third.is_none() => Ok(Self::EncryptedPrivateKey),
            (SEQUENCE, SEQUENCE) if is_signing_request(first) => Err(MaterialError::CertificateSigningRequest),
            (SEQUENCE, SEQUENCE) if is_revocation_list(first) => Err(MaterialError::CertificateRevocationList),
            (OBJECT_IDENTIFIER, CONTEXT_0)
                if dotted_oid(first.content).is_some_and(|oid| oid.starts_with("1.2.840.113549.1.7.")) =>
            {
                Err(MaterialError::Pkcs7)
            }
            _ => Err(MaterialError::UnknownDer),
        }
    }

    /// `PrivateKeyInfo` after its version (RFC 5208 section 5).
    fn of_private_key_info(identifier: Tlv<'_>, key: Option<Tlv<'_>>) -> Result<Self, MaterialError> {
        let (Some(algorithm), Some(key)) = (KeyAlgorithm::read(identifier), key) else {
            return Err(MaterialError::UnknownDer);
        };
        if key.tag != OCTET_STRING {
            return Err(MaterialError::UnknownDer);
        }
        if algorithm != KeyAlgorithm::Rsa {
            return Ok(Self::OtherPrivateKey(algorithm));
        }
        let mut inner = key.inside();
        let rsa = inner.take(SEQUENCE).and_then(|value| PrivateKey::from_pkcs1(value, KeyForm::Pkcs8));
        match rsa {
            Some(rsa) if inner.is_empty() => Ok(Self::PrivateKey(rsa)),
            _ => Err(MaterialError::DamagedPrivateKey),
        }
    }

    /// A SEQUENCE that starts with two INTEGERs: the keys of the days before PKCS#8 tell themselves apart by how many there are.
    fn of_numbers(value: Tlv<'_>) -> Result<Self, MaterialError> {
        match count_of_integers(value) {
            Some(2) => PublicKey::from_pkcs1(value.full).map(Self::PublicKey).ok_or(MaterialError::UnknownDer),
            Some(6) => Ok(Self::OtherPrivateKey(KeyAlgorithm::Dsa)),
            Some(9) => PrivateKey::from_pkcs1(value, KeyForm::Pkcs1)
                .map(Self::PrivateKey)
                .ok_or(MaterialError::DamagedPrivateKey),
            _ => Err(MaterialError::UnknownDer),
        }
    }
}

/// The curve of an `ECPrivateKey` (RFC 5915 section 3): its third field, `[0]`, where it is there.
fn sec1_algorithm(parameters: Option<Tlv<'_>>) -> KeyAlgorithm {
    KeyAlgorithm::ec(
        parameters
            .filter(|parameters| parameters.tag == CONTEXT_0)
            .and_then(|parameters| parameters.inside().take(OBJECT_IDENTIFIER)),
    )
}

/// `CertificationRequestInfo` (RFC 2986 section 4.1): version, subject, key.
fn is_signing_request(info: Tlv<'_>) -> bool {
    let mut walk = info.inside();
    walk.take(INTEGER).is_some() && walk.take(SEQUENCE).is_some() && walk.take(SEQUENCE).is_some_and(is_spki)
}

/// `TBSCertList` (RFC 5280 section 5.1): perhaps a version, then algorithm, issuer and a time.
fn is_revocation_list(list: Tlv<'_>) -> bool {
    let mut walk = list.inside();
    walk.take(INTEGER);
    walk.take(SEQUENCE).is_some_and(is_identifier)
        && walk.take(SEQUENCE).is_some()
        && walk.any().is_some_and(|value| matches!(value.tag, UTC_TIME | GENERALIZED_TIME))
}
