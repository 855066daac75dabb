//! Alipay's serial numbers of certificates, by the rules of the Java SDK.
//!
//! `sn = lower-case hex of md5(issuer.getName() + serial in decimal)`, where `getName()` is `X500Principal.getName()`: RFC 2253 with the habits
//! of the JDK. `app_cert_sn` and `alipay_cert_sn` are the number of the first certificate of a file; `alipay_root_cert_sn` joins the numbers of
//! those certificates of the bundle whose signature algorithm lies under `1.2.840.113549.1.1` (PKCS#1).

use x509_parser::{
    asn1_rs::{Any, Tag, ToDer as _},
    num_bigint::BigInt,
    prelude::{FromDer as _, X509Certificate},
    x509::X509Name,
};

use crate::authority::AuthorityError;

/// The serial number of a certificate (DER), as in `app_cert_sn` and `alipay_cert_sn`.
///
/// # Errors
/// When this is no certificate.
pub fn cert_sn(der: &[u8]) -> Result<String, AuthorityError> {
    Ok(sn_of(&parse(der)?))
}

/// The serial number of a root bundle (DER of each certificate, in file order), as in `alipay_root_cert_sn`. `None` when no certificate of it
/// has a PKCS#1 signature.
///
/// # Errors
/// When one of them is no certificate.
pub fn root_cert_sn<'a>(bundle: impl IntoIterator<Item = &'a [u8]>) -> Result<Option<String>, AuthorityError> {
    let mut numbers = Vec::new();
    for der in bundle {
        let certificate = parse(der)?;
        // The Java SDK compares text, not arcs: 1.2.840.113549.1.12 would count too, but no signature algorithm lies there.
        if certificate.signature_algorithm.algorithm.to_id_string().starts_with("1.2.840.113549.1.1") {
            numbers.push(sn_of(&certificate));
        }
    }
    Ok(if numbers.is_empty() { None } else { Some(numbers.join("_")) })
}

fn sn_of(certificate: &X509Certificate<'_>) -> String {
    format!("{:x}", md5::compute(hashed_text(certificate)))
}

/// What is hashed: the issuer's name and the serial number, which may be negative.
fn hashed_text(certificate: &X509Certificate<'_>) -> String {
    let serial = BigInt::from_signed_bytes_be(certificate.tbs_certificate.raw_serial());
    format!("{}{serial}", java_name(certificate.issuer()))
}

fn parse(der: &[u8]) -> Result<X509Certificate<'_>, AuthorityError> {
    match X509Certificate::from_der(der) {
        Ok((_, certificate)) => Ok(certificate),
        Err(error) => Err(AuthorityError::new(format!("not an X.509 certificate: {error}"))),
    }
}

/// Relative names in reverse order, joined by `,`; the values of one relative name in their own order, joined by `+`.
fn java_name(name: &X509Name<'_>) -> String {
    let mut relative_names: Vec<String> = name
        .iter_rdn()
        .map(|relative_name| {
            let values: Vec<String> = relative_name
                .iter()
                .map(|value| java_value(&value.attr_type().to_id_string(), value.attr_value()))
                .collect();
            values.join("+")
        })
        .collect();
    relative_names.reverse();
    relative_names.join(",")
}

fn java_value(oid: &str, value: &Any<'_>) -> String {
    let keyword = match oid {
        "2.5.4.3" => "CN",
        "2.5.4.6" => "C",
        "2.5.4.7" => "L",
        "2.5.4.8" => "ST",
        "2.5.4.9" => "STREET",
        "2.5.4.10" => "O",
        "2.5.4.11" => "OU",
        "0.9.2342.19200300.100.1.25" => "DC",
        "0.9.2342.19200300.100.1.1" => "UID",
        _ => return format!("{oid}={}", hex_form(value)),
    };
    let is_text = matches!(
        value.header.tag(),
        Tag::PrintableString | Tag::Utf8String | Tag::T61String | Tag::Ia5String | Tag::GeneralString | Tag::BmpString
    );
    if is_text {
        format!("{keyword}={}", escaped(&String::from_utf8_lossy(value.data)))
    } else {
        format!("{keyword}={}", hex_form(value))
    }
}

/// `#` and the whole value, tag and length included, in hex.
fn hex_form(value: &Any<'_>) -> String {
    match value.to_der_vec() {
        Ok(der) => format!("#{}", hex::encode(der)),
        Err(_) => String::from("#"),
    }
}

fn escaped(value: &str) -> String {
    let spaces = |text: &str| text.chars().take_while(|letter| *letter == ' ').count();
    let leading = spaces(value);
    let reversed: String = value.chars().rev().collect();
    let length = value.chars().count();
    let trailing_from = length - spaces(&reversed);
    let mut out = String::with_capacity(value.len());
    for (position, letter) in value.chars().enumerate() {
        match letter {
            ',' | '=' | '+' | '<' | '>' | '#' | ';' | '"' | '\\' => {
                out.push('\\');
                out.push(letter);
            }
            '\0' => out.push_str("\\00"),
            ' ' if position < leading || position >= trailing_from => out.push_str("\\ "),
            _ => out.push(letter),
        }
    }
    out
}

#[cfg(test)]
#[path = "serial_number_tests.rs"]
mod tests;
