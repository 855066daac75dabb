//! A walk over DER that asks for as little as possible.
//!
//! The lenient reader must get through structures whose leaves are unknown or illegal, so this reads tags and lengths and hands out bytes; it never judges
//! a value it was not asked about. Lengths need not be minimal (X.690 section 10.1 is not enforced). Nothing here recurses.

pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const BIT_STRING: u8 = 0x03;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const NULL: u8 = 0x05;
pub(crate) const OBJECT_IDENTIFIER: u8 = 0x06;
pub(crate) const UTC_TIME: u8 = 0x17;
pub(crate) const GENERALIZED_TIME: u8 = 0x18;
pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const SET: u8 = 0x31;
/// `[0]`, constructed: the version of a certificate, the parameters of a SEC1 key.
pub(crate) const CONTEXT_0: u8 = 0xa0;

/// One value with its tag.
#[derive(Clone, Copy)]
pub(crate) struct Tlv<'a> {
    pub(crate) tag: u8,
    /// The value bytes.
    pub(crate) content: &'a [u8],
    /// Tag, length and value bytes as they stand.
    pub(crate) full: &'a [u8],
}

impl<'a> Tlv<'a> {
    /// A walk over what is inside this value.
    pub(crate) fn inside(self) -> Walk<'a> {
        Walk { rest: self.content }
    }
}

/// How many bytes the value at the start of `der` announces, header included; `None` where the header itself is cut off or is not one of DER's (a
/// high tag number, an indefinite length, a length of more than four bytes).
pub(crate) fn announced_length(der: &[u8]) -> Option<usize> {
    header(der).map(|(_, header, content)| header + content)
}

/// Tag, length of the header, length of the content.
fn header(der: &[u8]) -> Option<(u8, usize, usize)> {
    let (&tag, rest) = der.split_first()?;
    if tag & 0x1f == 0x1f {
        return None;
    }
    let (&first, rest) = rest.split_first()?;
    if first < 0x80 {
        return Some((tag, 2, usize::from(first)));
    }
    let count = usize::from(first & 0x7f);
    if count == 0 || count > 4 {
        return None;
    }
    let length = rest.get(..count)?.iter().fold(0_u64, |length, byte| length << 8 | u64::from(*byte));
    Some((tag, 2 + count, usize::try_from(length).ok()?))
}

/// A walk over values that follow one another.
#[derive(Clone)]
pub(crate) struct Walk<'a> {
    rest: &'a [u8],
}

impl<'a> Walk<'a> {
    pub(crate) fn new(der: &'a [u8]) -> Self {
        Self { rest: der }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next value, whatever it is.
    pub(crate) fn any(&mut self) -> Option<Tlv<'a>> {
        let (tag, header, length) = header(self.rest)?;
        let end = header.checked_add(length)?;
        let full = self.rest.get(..end)?;
        let content = full.get(header..)?;
        self.rest = self.rest.get(end..)?;
        Some(Tlv { tag, content, full })
    }

    /// The next value, if it has this tag; otherwise the walk stays where it is.
    pub(crate) fn take(&mut self, tag: u8) -> Option<Tlv<'a>> {
        if self.rest.first() != Some(&tag) {
            return None;
        }
        self.any()
    }
}

/// An object identifier as dotted decimal (X.690 section 8.19). Arcs of more than 128 bits are not read.
pub(crate) fn dotted_oid(content: &[u8]) -> Option<String> {
    use std::fmt::Write as _;

    let mut dotted = String::new();
    let mut arc = 0_u128;
    let mut within_arc = false;
    for byte in content {
        arc = arc.checked_mul(128)?.checked_add(u128::from(byte & 0x7f))?;
        within_arc = byte & 0x80 != 0;
        if within_arc {
            continue;
        }
        let written = if dotted.is_empty() {
            let root = (arc / 40).min(2);
            write!(dotted, "{root}.{}", arc - root * 40)
        } else {
            write!(dotted, ".{arc}")
        };
        written.ok()?;
        arc = 0;
    }
    (!dotted.is_empty() && !within_arc).then_some(dotted)
}

/// Wraps content in a tag and a minimal length.
pub(crate) fn encode(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut der = Vec::with_capacity(content.len() + 6);
    der.push(tag);
    match u8::try_from(content.len()) {
        Ok(short) if short < 0x80 => der.push(short),
        _ => {
            let bytes = content.len().to_be_bytes();
            let bytes: Vec<u8> = bytes.into_iter().skip_while(|byte| *byte == 0).collect();
            der.push(0x80 | u8::try_from(bytes.len()).unwrap_or(u8::MAX));
            der.extend(bytes);
        }
    }
    der.extend_from_slice(content);
    der
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn object_identifiers_become_dotted_text() {
        for (der, dotted) in [
            ("2a864886f70d01010b", Some("1.2.840.113549.1.1.11")),
            ("550403", Some("2.5.4.3")),
            ("883703", Some("2.999.3")),
            ("2a811ccf55018375", Some("1.2.156.10197.1.501")),
            ("", None),
            ("2a86", None),
            ("2affffffffffffffffffffffffffffffffffffffffff7f", None),
        ] {
            let der = hex::decode(der).unwrap_or_default();
            assert_eq!(dotted_oid(&der).as_deref(), dotted);
        }
    }

    #[test]
    fn lengths_are_written_minimally() {
        for length in [0, 1, 127, 128, 255, 256, 65_535, 65_536] {
            let der = encode(OCTET_STRING, &vec![7; length]);
            assert_eq!(announced_length(&der), Some(der.len()));
            let mut walk = Walk::new(&der);
            assert_eq!(walk.take(OCTET_STRING).map(|value| value.content.len()), Some(length));
            assert!(walk.is_empty());
        }
        assert_eq!(encode(NULL, &[]), [5, 0]);
        assert_eq!(encode(OCTET_STRING, &[0; 128]).get(..3), Some(&[4, 0x81, 128][..]));
    }

    #[test]
    fn a_length_beyond_the_end_yields_nothing() {
        for der in [&[0x30_u8][..], &[0x30, 0x80], &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff], &[0x1f, 1, 0], &[0x30, 5, 1]]
        {
            assert!(Walk::new(der).any().is_none());
        }
    }
}
