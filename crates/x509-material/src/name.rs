//! Distinguished names: the values exactly as they stand in the certificate, and a form to show.

use std::fmt;

use crate::der::{OBJECT_IDENTIFIER, SEQUENCE, SET, Tlv, dotted_oid};

const COMMON_NAME: &str = "2.5.4.3";

const UTF8_STRING: u8 = 0x0c;
const NUMERIC_STRING: u8 = 0x12;
const PRINTABLE_STRING: u8 = 0x13;
const TELETEX_STRING: u8 = 0x14;
const IA5_STRING: u8 = 0x16;
const VISIBLE_STRING: u8 = 0x1a;
const GENERAL_STRING: u8 = 0x1b;
const UNIVERSAL_STRING: u8 = 0x1c;
const BMP_STRING: u8 = 0x1e;

/// A distinguished name (RFC 5280 section 4.1.2.4): relative distinguished names in the order of the DER, the most general one first.
///
/// `Display` is for people: the most specific part first, `, ` between the parts, values decoded by their string type, control characters and characters
/// that change the direction of text made visible. It is no canonical form; whoever hashes a name takes the raw values.
#[derive(Clone, PartialEq, Eq)]
pub struct Name {
    der: Vec<u8>,
    rdns: Vec<Rdn>,
}

/// A relative distinguished name: usually one attribute, in the order of the DER where there are several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rdn {
    attributes: Vec<Attribute>,
}

/// An attribute of a name: its type and its value, the value exactly as it stands in the certificate.
#[derive(Clone, PartialEq, Eq)]
pub struct Attribute {
    oid: String,
    value_der: Vec<u8>,
    value_start: usize,
}

impl Name {
    pub(crate) fn read(value: Tlv<'_>) -> Option<Self> {
        let mut rdns = Vec::new();
        let mut walk = value.inside();
        while !walk.is_empty() {
            rdns.push(Rdn::read(walk.take(SET)?)?);
        }
        Some(Self { der: value.full.to_vec(), rdns })
    }

    /// The whole name as DER, as it stands in the certificate.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The relative distinguished names in the order of the DER. None for an empty name.
    #[must_use]
    pub fn rdns(&self) -> &[Rdn] {
        &self.rdns
    }

    /// The most specific common name, decoded.
    #[must_use]
    pub fn common_name(&self) -> Option<String> {
        self.rdns.iter().rev().flat_map(Rdn::attributes).find(|attribute| attribute.oid == COMMON_NAME)?.text()
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, rdn) in self.rdns.iter().rev().enumerate() {
            if index > 0 {
                f.write_str(", ")?;
            }
            for (index, attribute) in rdn.attributes.iter().enumerate() {
                if index > 0 {
                    f.write_str(" + ")?;
                }
                write!(f, "{attribute}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Name({self})")
    }
}

impl Rdn {
    fn read(value: Tlv<'_>) -> Option<Self> {
        let mut attributes = Vec::new();
        let mut walk = value.inside();
        while !walk.is_empty() {
            attributes.push(Attribute::read(walk.take(SEQUENCE)?)?);
        }
        Some(Self { attributes })
    }

    /// The attributes in the order of the DER.
    #[must_use]
    pub fn attributes(&self) -> &[Attribute] {
        &self.attributes
    }
}

impl Attribute {
    fn read(value: Tlv<'_>) -> Option<Self> {
        let mut walk = value.inside();
        let oid = dotted_oid(walk.take(OBJECT_IDENTIFIER)?.content)?;
        let value = walk.any()?;
        let value_start = value.full.len() - value.content.len();
        walk.is_empty().then(|| Self { oid, value_der: value.full.to_vec(), value_start })
    }

    /// The attribute's type, dotted: `2.5.4.3`.
    #[must_use]
    pub fn oid(&self) -> &str {
        &self.oid
    }

    /// The tag of the value: `0x0c` for a `UTF8String`, `0x13` for a `PrintableString`, …
    #[must_use]
    pub fn value_tag(&self) -> u8 {
        self.value_der.first().copied().unwrap_or_default()
    }

    /// The content bytes of the value.
    #[must_use]
    pub fn value(&self) -> &[u8] {
        self.value_der.get(self.value_start..).unwrap_or_default()
    }

    /// Tag, length and content of the value.
    #[must_use]
    pub fn value_der(&self) -> &[u8] {
        &self.value_der
    }

    /// The value as text, decoded by its string type; `None` where it is no string. Bytes that are illegal in that type become U+FFFD.
    #[must_use]
    pub fn text(&self) -> Option<String> {
        let bytes = self.value();
        match self.value_tag() {
            UTF8_STRING | NUMERIC_STRING | PRINTABLE_STRING | IA5_STRING | VISIBLE_STRING | GENERAL_STRING => {
                Some(String::from_utf8_lossy(bytes).into_owned())
            }
            // Issuers that still write TeletexString mean Latin-1.
            TELETEX_STRING => Some(bytes.iter().map(|byte| char::from(*byte)).collect()),
            BMP_STRING => {
                let (units, _) = bytes.as_chunks::<2>();
                let units = units.iter().map(|unit| u16::from_be_bytes(*unit));
                Some(char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect())
            }
            UNIVERSAL_STRING => {
                let (units, _) = bytes.as_chunks::<4>();
                let units = units.iter().map(|unit| u32::from_be_bytes(*unit));
                Some(units.map(|unit| char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER)).collect())
            }
            _ => None,
        }
    }

    /// The short name of the type (RFC 4514 section 3 and what OpenSSL prints for others).
    fn keyword(&self) -> Option<&'static str> {
        Some(match self.oid.as_str() {
            COMMON_NAME => "CN",
            "2.5.4.4" => "SN",
            "2.5.4.5" => "serialNumber",
            "2.5.4.6" => "C",
            "2.5.4.7" => "L",
            "2.5.4.8" => "ST",
            "2.5.4.9" => "STREET",
            "2.5.4.10" => "O",
            "2.5.4.11" => "OU",
            "2.5.4.12" => "title",
            "2.5.4.15" => "businessCategory",
            "2.5.4.17" => "postalCode",
            "2.5.4.42" => "GN",
            "2.5.4.97" => "organizationIdentifier",
            "0.9.2342.19200300.100.1.1" => "UID",
            "0.9.2342.19200300.100.1.25" => "DC",
            "1.2.840.113549.1.9.1" => "emailAddress",
            _ => return None,
        })
    }
}

impl fmt::Display for Attribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}=", self.keyword().unwrap_or(&self.oid))?;
        let Some(text) = self.text() else { return write!(f, "#{}", hex::encode(&self.value_der)) };
        for c in text.chars() {
            match c {
                ',' | '+' | '"' | '\\' | '<' | '>' | ';' => write!(f, "\\{c}")?,
                c if c.is_control() || changes_direction(c) => write!(f, "{}", c.escape_unicode())?,
                c => write!(f, "{c}")?,
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Attribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// Characters that let a name read differently from what it is, and line separators.
fn changes_direction(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}
