//! The texts of `tests/data`, and ways to spoil them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use vestibule_x509_material::{Certificate, Material};

/// The text of a file in `tests/data`.
pub(crate) fn text(file: &str) -> String {
    let path = format!("{}/tests/data/{file}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

pub(crate) fn read(file: &str) -> Material {
    Material::read(&text(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

pub(crate) fn certificate(file: &str) -> Certificate {
    read(file).first_certificate().unwrap().clone()
}

/// The DER of the only block, by another PEM reader.
pub(crate) fn der(file: &str) -> Vec<u8> {
    pem::parse(text(file)).unwrap().into_contents()
}

pub(crate) fn pem_of(label: &str, der: &[u8], columns: usize) -> String {
    let base64 = STANDARD.encode(der);
    let lines: Vec<&str> = base64.as_bytes().chunks(columns).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

pub(crate) fn base64_of(der: &[u8]) -> String {
    STANDARD.encode(der)
}

/// A DER value.
pub(crate) fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut der = vec![tag];
    match content.len() {
        short @ 0..=127 => der.push(u8::try_from(short).unwrap()),
        long => {
            der.push(0x83);
            der.extend(&u32::try_from(long).unwrap().to_be_bytes()[1..]);
        }
    }
    der.extend(content);
    der
}

pub(crate) fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    tlv(0x30, &parts.concat())
}

/// The parts of a certificate that nobody signed; the tests change what they are about.
pub(crate) struct Exotic {
    pub(crate) version: Option<Vec<u8>>,
    pub(crate) serial: Vec<u8>,
    pub(crate) signature_oid: Vec<u8>,
    pub(crate) issuer: Vec<u8>,
    pub(crate) validity: Vec<u8>,
    pub(crate) subject: Vec<u8>,
    pub(crate) spki: Vec<u8>,
    pub(crate) after_spki: Vec<u8>,
}

impl Default for Exotic {
    fn default() -> Self {
        let name = sequence(&[&rdn(&[attribute(&[0x55, 4, 3], 0x0c, "exotic".as_bytes())])]);
        Self {
            version: Some(tlv(0xa0, &[2, 1, 2])),
            serial: tlv(2, &[1]),
            signature_oid: vec![0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11],
            issuer: name.clone(),
            validity: sequence(&[&tlv(0x17, b"200101000000Z"), &tlv(0x17, b"300101000000Z")]),
            subject: name,
            spki: sequence(&[&sequence(&[&tlv(6, &[0x2b, 0x65, 0x70])]), &tlv(3, &[0, 1, 2, 3])]),
            after_spki: Vec::new(),
        }
    }
}

impl Exotic {
    pub(crate) fn der(&self) -> Vec<u8> {
        let algorithm = sequence(&[&tlv(6, &self.signature_oid)]);
        let tbs = sequence(&[
            self.version.as_deref().unwrap_or_default(),
            &self.serial,
            &algorithm,
            &self.issuer,
            &self.validity,
            &self.subject,
            &self.spki,
            &self.after_spki,
        ]);
        sequence(&[&tbs, &algorithm, &tlv(3, &[0, 1, 2, 3])])
    }

    pub(crate) fn read(&self) -> Certificate {
        let text = base64_of(&self.der());
        Material::read(&text).unwrap().first_certificate().unwrap().clone()
    }
}

pub(crate) fn attribute(oid: &[u8], tag: u8, value: &[u8]) -> Vec<u8> {
    sequence(&[&tlv(6, oid), &tlv(tag, value)])
}

pub(crate) fn rdn(attributes: &[Vec<u8>]) -> Vec<u8> {
    tlv(0x31, &attributes.concat())
}
