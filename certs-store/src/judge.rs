//! What may stand in a record's fields.

use std::fmt;

use vestibule_database::{Record, StoreError, unix_time};
use vestibule_oauth_provider::Secret;
use vestibule_x509_material::{Certificate, Kind, Material, PrivateKey};

const CERTIFICATE_WANTED: &str = "one certificate or a bundle, the content of a .crt or .pem file";
const KEY_WANTED: &str = "the certificate's private key (PKCS#8 or PKCS#1, without a passphrase), or certificates such as a root bundle, or nothing";

/// What judging finds out and saving keeps.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Judged {
    /// When the first certificate of the Certificate field ends, in Unix seconds.
    pub(crate) not_after: Option<i64>,
}

/// Judges both fields together.
///
/// # Errors
/// [`StoreError::Refused`], naming record, field, what was found, what belongs there.
pub(crate) fn judge(record: Record<'_>, certificate: &str, private_key: Option<&Secret>) -> Result<Judged, StoreError> {
    let private_key = private_key.map(Secret::expose).filter(|text| !text.trim().is_empty());
    let certificate = Some(certificate).filter(|text| !text.trim().is_empty());
    if certificate.is_none() && private_key.is_none() {
        return Err(refusal(record, "Certificate", "is empty, and so is the Private key field", CERTIFICATE_WANTED));
    }
    let certificates = match certificate {
        Some(text) => certificates(record, text)?,
        None => Vec::new(),
    };
    if let Some(text) = private_key {
        judge_private_key(record, text, &certificates)?;
    }
    let not_after = certificates.first().and_then(Certificate::not_after);
    Ok(Judged { not_after: not_after.map(unix_time) })
}

/// When the first certificate of a Certificate field ends, in Unix seconds; nothing where none can be read.
pub(crate) fn ends(certificate: &str) -> Option<i64> {
    Material::read(certificate).ok()?.certificates().first()?.not_after().map(unix_time)
}

fn certificates(record: Record<'_>, text: &str) -> Result<Vec<Certificate>, StoreError> {
    let refuse = |found: &dyn fmt::Display| refusal(record, "Certificate", found, CERTIFICATE_WANTED);
    let material = Material::read(text).map_err(|error| refuse(&error))?;
    match material.kind() {
        Kind::Certificate | Kind::Bundle { .. } => Ok(material.certificates().to_vec()),
        Kind::PrivateKey => Err(refuse(
            &"holds an RSA private key; it belongs into the Private key field (were the two fields swapped?)",
        )),
        kind @ Kind::CertificateAndPrivateKey { .. } => Err(refuse(&format!(
            "holds {kind}; leave the certificates here and put the private key into the Private key field"
        ))),
        kind => Err(refuse(&format!("holds {kind}"))),
    }
}

fn judge_private_key(record: Record<'_>, text: &str, certificates: &[Certificate]) -> Result<(), StoreError> {
    let refuse = |found: &dyn fmt::Display| refusal(record, "Private key", found, KEY_WANTED);
    let material = Material::read(text).map_err(|error| refuse(&error))?;
    match material.kind() {
        Kind::Certificate | Kind::Bundle { .. } => return Ok(()),
        kind @ Kind::CertificateAndPrivateKey { .. } => {
            return Err(refuse(&format!(
                "holds {kind}; leave the private key here and put the certificates into the Certificate field"
            )));
        }
        kind @ Kind::PublicKey => return Err(refuse(&format!("holds {kind}"))),
        // The others are keys, and those that cannot be used say why below.
        _ => {}
    }
    let key = material.private_key().map_err(|error| refuse(&error))?;
    key.to_rsa_key_pair().map_err(|error| refuse(&error))?;
    judge_pair(record, key, certificates)
}

fn judge_pair(record: Record<'_>, key: &PrivateKey, certificates: &[Certificate]) -> Result<(), StoreError> {
    let Some(first) = certificates.first() else { return Ok(()) };
    if key.matches(first) {
        return Ok(());
    }
    let found = if certificates.iter().any(|certificate| key.matches(certificate)) {
        "belongs to a certificate of the Certificate field that is not its first; put that certificate first".to_owned()
    } else {
        let name: String = first.subject().to_string().chars().take(200).collect();
        format!(
            "holds a private key that is not the one of the certificate \"{name}\" in the Certificate field; put there the certificate that was issued for \
             this key, or here the key with which it was requested"
        )
    };
    Err(refusal(record, "Private key", found, KEY_WANTED))
}

fn refusal(record: Record<'_>, field: &str, found: impl fmt::Display, wanted: &str) -> StoreError {
    StoreError::Refused(format!("{record}, field {field}: {found} (expected: {wanted})"))
}
