//! The charsets of requests and answers, as Java has them, in which the real gateway is written.

use std::borrow::Cow;

use encoding_rs::GBK;

/// `charset`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Charset {
    /// `utf-8`, also called `utf8`.
    #[default]
    Utf8,
    /// `gbk`: one byte or two for each character. What the gateway speaks when nobody has told it anything else.
    Gbk,
    /// `gb2312`: the smaller set from which GBK was made, with the same bytes.
    Gb2312,
}

impl Charset {
    /// The word in requests and in `Content-Type`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Utf8 => "utf-8",
            Self::Gbk => "gbk",
            Self::Gb2312 => "gb2312",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "utf-8" | "utf8" => Some(Self::Utf8),
            "gbk" => Some(Self::Gbk),
            "gb2312" => Some(Self::Gb2312),
            _ => None,
        }
    }

    /// The bytes of a text; `?` for each character that the charset does not have.
    #[must_use]
    pub fn encode(self, text: &str) -> Vec<u8> {
        if self == Self::Utf8 {
            return text.as_bytes().to_vec();
        }
        let mut bytes = Vec::with_capacity(text.len());
        let mut letter = [0; 4];
        for character in text.chars() {
            bytes.extend(self.of_character(character.encode_utf8(&mut letter)).as_deref().unwrap_or(b"?"));
        }
        bytes
    }

    /// The text, or nothing where bytes are none of this charset.
    pub(crate) fn decode(self, bytes: &[u8]) -> Option<String> {
        if self == Self::Utf8 {
            return String::from_utf8(bytes.to_vec()).ok();
        }
        let text = GBK.decode_without_bom_handling_and_without_replacement(bytes)?;
        // That decoder reads GB18030, which has more: what does not come back is none of ours.
        (self.encode(&text) == bytes).then(|| text.into_owned())
    }

    fn of_character(self, character: &str) -> Option<Cow<'_, [u8]>> {
        // Java's place for it; browsers write 0x80.
        if character == "€" {
            return (self == Self::Gbk).then_some(Cow::Borrowed(&[0xa2, 0xe3]));
        }
        let (bytes, _, has_none) = GBK.encode(character);
        let has = match bytes.as_ref() {
            _ if has_none => false,
            [_] => true,
            [lead, trail] => self == Self::Gbk || (0xa1..=0xf7).contains(lead) && (0xa1..=0xfe).contains(trail),
            _ => false,
        };
        has.then(|| Cow::Owned(bytes.into_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes by Java 17: `"张三囧𠮷€".getBytes(charset)`.
    #[test]
    fn each_character_has_the_bytes_of_java() {
        for (charset, expected) in [
            (Charset::Gbk, "d5c5c8fd87e53fa2e3"),
            (Charset::Gb2312, "d5c5c8fd3f3f3f"),
            (Charset::Utf8, "e5bca0e4b889e59ba7f0a0aeb7e282ac"),
        ] {
            assert_eq!(hex::encode(charset.encode("张三囧𠮷€")), expected, "{charset:?}");
        }
    }

    #[test]
    fn only_bytes_of_the_charset_are_read() {
        assert_eq!(Charset::Gbk.decode(b"\xd5\xc5\xc8\xfd\x81\\\x87\xe5\xa2\xe3").as_deref(), Some("张三乗囧€"));
        assert_eq!(Charset::Gb2312.decode(b"\xd5\xc5\xc8\xfd").as_deref(), Some("张三"));
        for (charset, bytes) in [
            (Charset::Gb2312, b"\x87\xe5".as_slice()),
            (Charset::Gbk, b"\x80"),
            (Charset::Gbk, b"\xd5"),
            (Charset::Gbk, b"\x81\x30\x81\x30"),
            (Charset::Utf8, b"\xd5\xc5"),
        ] {
            assert_eq!(charset.decode(bytes), None, "{charset:?}");
        }
    }

    #[test]
    fn names_are_read_in_every_spelling_that_clients_use() {
        for (name, charset) in [
            ("utf-8", Some(Charset::Utf8)),
            ("UTF8", Some(Charset::Utf8)),
            ("GBK", Some(Charset::Gbk)),
            ("gb2312", Some(Charset::Gb2312)),
            ("gb18030", None),
            ("", None),
        ] {
            assert_eq!(Charset::named(name), charset, "{name}");
        }
    }
}
