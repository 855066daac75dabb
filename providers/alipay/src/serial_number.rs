//! Alipay's serial numbers of certificates: `app_cert_sn`, `alipay_cert_sn`, `alipay_root_cert_sn`.
//!
//! A serial number is the MD5, in lower-case hex, of the issuer's name and the certificate's serial in decimal. Alipay computes it in Java, so the name is
//! written exactly as Java's `X500Principal.getName()` (its RFC 2253 form) writes it, oddities included: this has been compared with Java for names of every
//! kind. Source: <https://opendocs.alipay.com/common/057k53> and the official Java SDK's `AntCertificationUtil`.

use md5::{Digest as _, Md5};
use vestibule_x509_material::{Attribute, Certificate, Name};

/// Signature algorithms of which the OID begins so belong to RSA (RFC 8017 appendix C); those that follow SM2 or ECDSA do not count for the root bundle.
const RSA_ALGORITHMS: &str = "1.2.840.113549.1.1";

/// The serial number of a certificate. For a file of several, the first certificate's is the one that Alipay means.
#[must_use]
pub fn cert_sn(certificate: &Certificate) -> String {
    hex::encode(Md5::digest(hashed_text(certificate)))
}

/// The serial number of a root bundle: those of all certificates with an RSA signature, in the order of the file, joined with `_`. `None` where there is none.
#[must_use]
pub fn root_sn(certificates: &[Certificate]) -> Option<String> {
    let numbers: Vec<String> = certificates
        .iter()
        .filter(|certificate| certificate.signature_algorithm().oid().starts_with(RSA_ALGORITHMS))
        .map(cert_sn)
        .collect();
    if numbers.is_empty() { None } else { Some(numbers.join("_")) }
}

/// What is hashed: the place to look when a serial number is not the expected one.
#[must_use]
pub fn hashed_text(certificate: &Certificate) -> String {
    let mut text = java_name(certificate.issuer());
    text.push_str(&certificate.serial_decimal());
    text
}

/// The RDNs in reverse, joined with `,`; several values of one RDN in their order, joined with `+`.
fn java_name(name: &Name) -> String {
    let rdns: Vec<String> = name
        .rdns()
        .iter()
        .rev()
        .map(|rdn| rdn.attributes().iter().map(java_attribute).collect::<Vec<_>>().join("+"))
        .collect();
    rdns.join(",")
}

fn java_attribute(attribute: &Attribute) -> String {
    let hex = || format!("#{}", hex::encode(attribute.value_der()));
    match keyword(attribute.oid()) {
        // Whatever the type of the string, Java reads its bytes as UTF-8: a BMPString becomes what it becomes.
        Some(keyword) if is_string(attribute.value_tag()) => {
            format!("{keyword}={}", escaped(&String::from_utf8_lossy(attribute.value())))
        }
        Some(keyword) => format!("{keyword}={}", hex()),
        None => format!("{}={}", attribute.oid(), hex()),
    }
}

/// The types for which RFC 2253 has a name; all others are written as OIDs.
fn keyword(oid: &str) -> Option<&'static str> {
    Some(match oid {
        "2.5.4.3" => "CN",
        "2.5.4.6" => "C",
        "2.5.4.7" => "L",
        "2.5.4.8" => "ST",
        "2.5.4.9" => "STREET",
        "2.5.4.10" => "O",
        "2.5.4.11" => "OU",
        "0.9.2342.19200300.100.1.25" => "DC",
        "0.9.2342.19200300.100.1.1" => "UID",
        _ => return None,
    })
}

/// `PrintableString`, `UTF8String`, `T61String`, `IA5String`, `GeneralString`, `BMPString`; Java writes the other string types in hex.
fn is_string(tag: u8) -> bool {
    matches!(tag, 0x13 | 0x0c | 0x14 | 0x16 | 0x1b | 0x1e)
}

/// A backslash before each character that has a meaning, wherever it stands, and before every space at either end.
fn escaped(value: &str) -> String {
    let inner = value.trim_matches(' ');
    let leading = value.len() - value.trim_start_matches(' ').len();
    let trailing = if inner.is_empty() { 0 } else { value.len() - leading - inner.len() };
    let mut text = "\\ ".repeat(leading);
    for character in inner.chars() {
        match character {
            ',' | '=' | '+' | '<' | '>' | '#' | ';' | '"' | '\\' => text.extend(['\\', character]),
            '\0' => text.push_str("\\00"),
            _ => text.push(character),
        }
    }
    text.push_str(&"\\ ".repeat(trailing));
    text
}

#[cfg(test)]
mod tests {
    use vestibule_x509_material::Material;

    use super::*;

    #[test]
    fn values_are_escaped_as_java_does() {
        for (value, written) in [
            ("Ant", "Ant"),
            ("A, B+C \"q\" \\ <x>;y=z#", "A\\, B\\+C \\\"q\\\" \\\\ \\<x\\>\\;y\\=z\\#"),
            ("  a  b  ", "\\ \\ a  b\\ \\ "),
            (" ", "\\ "),
            ("   ", "\\ \\ \\ "),
            ("", ""),
            ("a\0b\n", "a\\00b\n"),
        ] {
            assert_eq!(escaped(value), written);
        }
    }

    /// Made with OpenSSL: `DC`, `OU` and `CN` in one RDN, an e-mail address, a serial number that is negative.
    #[test]
    fn an_issuer_with_unusual_parts_gives_the_text_that_java_hashes() {
        let material = Material::read(include_str!("../tests/data/unusual_issuer.crt")).unwrap();
        let certificate = material.first_certificate().unwrap();
        assert_eq!(hashed_text(certificate), "1.2.840.113549.1.9.1=#16056140622e63,CN=X\\, Y+OU=支付,DC=ant,C=CN-5");
        let expected = include_str!("../tests/data/unusual_issuer.sn").trim();
        assert_eq!(cert_sn(certificate), expected);
        assert_eq!(root_sn(material.certificates()).as_deref(), Some(expected));
    }

    #[test]
    fn a_bundle_without_rsa_signatures_has_no_number() {
        let material = Material::read(include_str!("../tests/data/elliptic.crt")).unwrap();
        assert_eq!(root_sn(material.certificates()), None);
        assert_eq!(cert_sn(material.first_certificate().unwrap()).len(), 32);
    }
}
