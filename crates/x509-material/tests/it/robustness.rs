//! No text makes the reader panic or work for long.

use std::fmt::Write as _;

use vestibule_x509_material::{MAX_TEXT_BYTES, Material};

use crate::samples::{Exotic, attribute, base64_of, der, pem_of, rdn, sequence, text, tlv};

/// Reads, and then asks everything there is to ask.
fn exercise(text: &str) {
    match Material::read(text) {
        Err(error) => assert!(error.to_string().len() < 600, "{error}"),
        Ok(material) => {
            let mut seen = format!("{} {material:?}", material.kind());
            for certificate in material.certificates() {
                write!(
                    seen,
                    "{} {:?} {}",
                    certificate.serial_decimal(),
                    certificate.common_name(),
                    certificate.subject()
                )
                .unwrap();
                write!(seen, "{} {}", certificate.signature_algorithm(), certificate.public_key().spki_sha256())
                    .unwrap();
            }
            if let Ok(key) = material.private_key() {
                write!(seen, "{:?}", key.to_rsa_key_pair().is_ok()).unwrap();
            }
            assert!(!seen.is_empty());
        }
    }
}

const SAMPLES: [&str; 12] = [
    "leaf.crt",
    "root.crt",
    "leaf.pkcs8.pem",
    "leaf.pkcs1.pem",
    "leaf.spki.pem",
    "leaf.pkcs1_public.pem",
    "leaf.encrypted.pem",
    "leaf.encrypted_traditional.pem",
    "ec.sec1.pem",
    "request.csr",
    "leaf.p7b.pem",
    "leaf.p12.base64",
];

/// xorshift: the same numbers in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % bound as u64).unwrap()
    }
}

#[test]
fn every_prefix_of_every_sample_is_read_or_refused() {
    for file in SAMPLES {
        let text = text(file);
        for end in 0..text.len() {
            exercise(&text[..end]);
        }
    }
}

#[test]
fn every_prefix_of_the_der_of_every_sample_is_read_or_refused() {
    for file in ["leaf.crt", "leaf.pkcs8.pem", "leaf.pkcs1.pem", "leaf.spki.pem", "request.csr", "ed25519.pkcs8.pem"] {
        let der = der(file);
        for end in 0..der.len() {
            assert!(Material::read(&pem_of("X", &der[..end], 64)).is_err(), "{file} {end}");
        }
    }
}

#[test]
fn changed_characters_are_read_or_refused() {
    const INSTEAD: [char; 16] =
        ['\0', '-', '=', '\\', 'n', '\n', '\r', ' ', 'A', '/', '"', '—', '\u{feff}', 'B', 'E', '：'];
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    for file in SAMPLES {
        let text: Vec<char> = text(file).chars().collect();
        for _ in 0..600 {
            let mut changed = text.clone();
            let at = numbers.below(changed.len());
            changed[at] = INSTEAD[numbers.below(INSTEAD.len())];
            exercise(&changed.into_iter().collect::<String>());
        }
    }
}

#[test]
fn changed_bytes_of_the_der_are_read_or_refused() {
    let mut numbers = Numbers(0x2545_f491_4f6c_dd1d);
    let exotic = Exotic::default().der();
    let samples =
        ["leaf.crt", "leaf.pkcs8.pem", "leaf.pkcs1.pem", "leaf.spki.pem", "request.csr", "leaf.encrypted.pem"];
    for der in samples.iter().map(|file| der(file)).chain([exotic]) {
        // Headers are where it matters: each of the first bytes takes each value of a spread.
        for at in 0..der.len().min(80) {
            for value in (0..=255_u8).step_by(5) {
                let mut changed = der.clone();
                changed[at] = value;
                exercise(&base64_of(&changed));
            }
        }
        for _ in 0..600 {
            let mut changed = der.clone();
            let at = numbers.below(changed.len());
            changed[at] = u8::try_from(numbers.below(256)).unwrap();
            exercise(&base64_of(&changed));
        }
    }
}

/// Each would take minutes if anything in the reader were quadratic in the length of the text.
#[test]
fn the_longest_texts_are_dealt_with_at_once() {
    let fill = |part: &str| part.repeat(MAX_TEXT_BYTES / part.len());
    for part in [
        "-",
        "\\",
        "\\n",
        "=",
        "A",
        "\n",
        "\r",
        " ",
        "é",
        "BEGIN ",
        "END ",
        "-----BEGIN ",
        "-----BEGIN X-----",
        "-----END X-----",
        "-----BEGIN X----------END X-----",
        "----------BEGIN",
        "- END KEY",
        "BEGIN CERTIFICATE ",
        "-----BEGIN X-----MIIA-----END X-----\n",
        "Proc-Type:\n\n",
    ] {
        exercise(&fill(part));
        exercise(&format!(
            "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----",
            fill(part).get(..MAX_TEXT_BYTES - 80).unwrap_or_default()
        ));
    }
    let most = MAX_TEXT_BYTES / 4 * 3 - 600;
    let name = sequence(&[&rdn(&vec![attribute(&[0x2a, 3], 4, &[1]); most / 12])]);
    exercise(&base64_of(&Exotic { subject: name, ..Exotic::default() }.der()));
    let empty_rdns = tlv(0x30, &[0x31, 0].repeat(most / 2));
    exercise(&base64_of(&Exotic { issuer: empty_rdns, ..Exotic::default() }.der()));
    let long_oid = sequence(&[&rdn(&[attribute(&vec![0xff; most - 100], 4, &[1])])]);
    exercise(&base64_of(&Exotic { issuer: long_oid, ..Exotic::default() }.der()));
    exercise(&base64_of(&Exotic { serial: tlv(2, &vec![0x7f; most]), ..Exotic::default() }.der()));
    exercise(&base64_of(&Exotic { serial: tlv(2, &[0x7f; 64]), ..Exotic::default() }.der()));
    exercise(&base64_of(&tlv(0x30, &[2, 1, 0].repeat(most / 3))));
    exercise(&base64_of(&[0x30, 0x80].repeat(most / 2)));
}
