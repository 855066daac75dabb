//! `vestibule cert inspect`: what files hold.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use jiff::Timestamp;
use serde::Serialize;
use vestibule::{About, Error, Fact, Registry, Result};
use vestibule_x509_material::{Certificate, Kind, Material};

/// What one file holds. The names are the JSON's.
#[derive(Debug, Serialize)]
struct Report {
    file: String,
    kind: Option<&'static str>,
    certificates: Vec<CertificateReport>,
    root_sn: Option<String>,
    key: Option<KeyReport>,
    error: Option<String>,
    /// What it is in words; for people.
    #[serde(skip)]
    words: String,
    /// What a vendor takes the whole text for, such as a root bundle; for people.
    #[serde(skip)]
    role: Option<String>,
}

#[derive(Debug, Serialize)]
struct CertificateReport {
    subject: String,
    issuer: String,
    serial: String,
    not_before: Option<String>,
    not_after: Option<String>,
    signature_algorithm: String,
    cert_sn: Option<String>,
    /// What a vendor takes it for; for people.
    #[serde(skip)]
    role: Option<String>,
}

#[derive(Debug, Serialize)]
struct KeyReport {
    form: Option<String>,
    algorithm: String,
    bits: Option<usize>,
    spki_sha256: Option<String>,
}

/// Looks at `files` and writes what they hold. A file that cannot be read does not stop the others.
///
/// # Errors
/// `Configuration`, after all files were reported, when one could not be read; `Internal` when `out` cannot be written.
pub fn inspect(files: &[PathBuf], format: Format, registry: &Registry, out: &mut dyn Write) -> Result<()> {
    let reports: Vec<_> = files.iter().map(|file| report(file, registry)).collect();
    match format {
        Format::Json => super::write_json(out, &reports)?,
        Format::Text => {
            for report in &reports {
                write_text(out, report).map_err(super::cannot_write)?;
            }
        }
    }
    match reports.iter().filter(|report| report.error.is_some()).count() {
        0 => Ok(()),
        unread => Err(Error::configuration(format!("{unread} of {} files could not be read", reports.len()))),
    }
}

/// How a command answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
}

fn report(path: &Path, registry: &Registry) -> Report {
    let file = path.display().to_string();
    let empty = |error| Report {
        file: file.clone(),
        kind: None,
        certificates: Vec::new(),
        root_sn: None,
        key: None,
        error,
        words: String::new(),
        role: None,
    };
    let text = match super::files::read_text(path) {
        Ok(text) => text,
        Err(error) => return empty(Some(error.to_string())),
    };
    let material = match Material::read(&text) {
        Ok(material) => material,
        Err(error) => return empty(Some(error.to_string())),
    };
    let facts: Vec<Fact> = registry.factories().flat_map(|factory| factory.describe(&text)).collect();
    let about =
        |about, name| facts.iter().find(|fact| fact.about == about && fact.name == name).map(|fact| fact.value.clone());
    let certificates = material.certificates().iter().enumerate();
    Report {
        kind: Some(material.kind().code()),
        certificates: certificates
            .map(|(index, certificate)| CertificateReport {
                cert_sn: about(About::Certificate(index), "cert_sn"),
                role: about(About::Certificate(index), "role"),
                ..of_certificate(certificate)
            })
            .collect(),
        root_sn: about(About::Text, "root_sn"),
        key: of_key(&material),
        words: material.kind().to_string(),
        role: about(About::Text, "role"),
        ..empty(None)
    }
}

fn of_certificate(certificate: &Certificate) -> CertificateReport {
    CertificateReport {
        subject: certificate.subject().to_string(),
        issuer: certificate.issuer().to_string(),
        serial: certificate.serial_decimal(),
        not_before: certificate.not_before().and_then(rfc3339),
        not_after: certificate.not_after().and_then(rfc3339),
        signature_algorithm: certificate.signature_algorithm().name().to_owned(),
        cert_sn: None,
        role: None,
    }
}

fn rfc3339(time: SystemTime) -> Option<String> {
    Timestamp::try_from(time).ok().map(|time| time.to_string())
}

fn of_key(material: &Material) -> Option<KeyReport> {
    if let Ok(key) = material.private_key() {
        return Some(KeyReport {
            form: Some(key.form().to_string()),
            algorithm: key.algorithm().to_string(),
            bits: Some(key.bits()),
            spki_sha256: Some(key.spki_sha256()),
        });
    }
    if let Ok(key) = material.public_key() {
        return Some(KeyReport {
            form: Some("spki".to_owned()),
            algorithm: key.algorithm().to_string(),
            bits: key.rsa_bits(),
            spki_sha256: Some(key.spki_sha256()),
        });
    }
    match material.kind() {
        Kind::OtherPrivateKey(algorithm) => {
            Some(KeyReport { form: None, algorithm: algorithm.to_string(), bits: None, spki_sha256: None })
        }
        Kind::EncryptedPrivateKey => Some(KeyReport {
            form: Some("encrypted".to_owned()),
            algorithm: "unknown".to_owned(),
            bits: None,
            spki_sha256: None,
        }),
        _ => None,
    }
}

fn write_text(out: &mut dyn Write, report: &Report) -> std::io::Result<()> {
    writeln!(out, "{}", report.file)?;
    if let Some(error) = &report.error {
        return writeln!(out, "  cannot be read: {error}\n");
    }
    let role = report.role.as_ref().map_or_else(String::new, |role| format!("; {role}"));
    writeln!(out, "  holds {}{role}", report.words)?;
    for (number, certificate) in report.certificates.iter().enumerate() {
        let unknown = || "unknown".to_owned();
        let role = certificate.role.as_ref().map_or_else(String::new, |role| format!(": {role}"));
        writeln!(out, "  certificate {}{role}", number + 1)?;
        writeln!(out, "    subject              {}", certificate.subject)?;
        writeln!(out, "    issuer               {}", certificate.issuer)?;
        writeln!(out, "    serial               {}", certificate.serial)?;
        let (from, to) = (certificate.not_before.clone(), certificate.not_after.clone());
        writeln!(out, "    valid                {} to {}", from.unwrap_or_else(unknown), to.unwrap_or_else(unknown))?;
        writeln!(out, "    signature algorithm  {}", certificate.signature_algorithm)?;
        if let Some(sn) = &certificate.cert_sn {
            writeln!(out, "    cert_sn              {sn}")?;
        }
    }
    // Of certificates that nobody takes for roots the number means nothing; programs get it nevertheless.
    if let (Some(root_sn), Some(_)) = (&report.root_sn, &report.role) {
        writeln!(out, "  root_sn                {root_sn}")?;
    }
    if let Some(key) = &report.key {
        let bits = key.bits.map_or_else(String::new, |bits| format!(", {bits} bits"));
        writeln!(out, "  key                    {}{bits}", key.algorithm)?;
        if let Some(form) = &key.form {
            writeln!(out, "    form                 {form}")?;
        }
        if let Some(fingerprint) = &key.spki_sha256 {
            writeln!(out, "    spki_sha256          {fingerprint}")?;
        }
    }
    writeln!(out)
}
