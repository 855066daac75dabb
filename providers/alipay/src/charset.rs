//! In which bytes requests are written and signed, and answers expected: <https://opendocs.alipay.com/common/02kf5q>.

use std::borrow::Cow;
use std::fmt;

use encoding_rs::GBK;
use vestibule_oauth_provider::{Error, Result};

use crate::config::given;

/// `charset`, of requests and answers alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Charset {
    /// UTF-8.
    #[default]
    Utf8,
    /// GBK.
    Gbk,
    /// GB2312: fewer characters than GBK, in the same bytes.
    Gb2312,
}

impl Charset {
    /// As the row has it; UTF-8 unless given. Logto's rows say `utf8`.
    ///
    /// # Errors
    /// `Configuration`, when it is none.
    pub(crate) fn read(text: Option<&str>) -> Result<Self> {
        let Some(text) = given(text) else { return Ok(Self::default()) };
        match text.to_ascii_lowercase().as_str() {
            "utf-8" | "utf8" => Ok(Self::Utf8),
            "gbk" => Ok(Self::Gbk),
            "gb2312" => Ok(Self::Gb2312),
            _ => Err(Error::configuration(
                "\"charset\" is none of Alipay's: expected \"utf-8\", \"gbk\" or \"gb2312\"; \"utf-8\" has every character",
            )),
        }
    }

    /// The name as it is sent.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Utf8 => "utf-8",
            Self::Gbk => "gbk",
            Self::Gb2312 => "gb2312",
        }
    }

    /// The bytes of `text`; nothing where it has a character that this charset has not. What would be sent in its place would be signed, too, and be something
    /// else.
    #[must_use]
    pub fn encode(self, text: &str) -> Option<Cow<'_, [u8]>> {
        if self == Self::Utf8 {
            return Some(Cow::Borrowed(text.as_bytes()));
        }
        // Encoders disagree on it (0x80 here, 0xA2E3 at Alipay), and GB2312 has none.
        if text.contains('€') {
            return None;
        }
        let (bytes, _, had_unmappables) = GBK.encode(text);
        let has_all = !had_unmappables && (self == Self::Gbk || is_gb2312(&bytes));
        has_all.then_some(bytes)
    }
}

/// Whether two-byte characters of GBK are those that GB2312 has: both bytes from 0xA1 on, lead bytes to 0xF7.
fn is_gb2312(bytes: &[u8]) -> bool {
    let mut rest = bytes.iter();
    while let Some(lead) = rest.next() {
        if lead.is_ascii() {
            continue;
        }
        let trail = rest.next().copied().unwrap_or_default();
        if !(0xa1..=0xf7).contains(lead) || !(0xa1..=0xfe).contains(&trail) {
            return false;
        }
    }
    true
}

impl fmt::Display for Charset {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_in_every_spelling_and_sent_in_one() {
        for (text, sent) in
            [("utf-8", "utf-8"), ("utf8", "utf-8"), ("UTF-8", "utf-8"), ("GBK", "gbk"), ("gb2312", "gb2312")]
        {
            assert_eq!(Charset::read(Some(text)).unwrap().as_str(), sent);
        }
        assert_eq!(Charset::read(None).unwrap(), Charset::Utf8);
        for text in ["gb18030", "big5", "utf-16"] {
            assert!(Charset::read(Some(text)).unwrap_err().message().contains("\"gb2312\""), "{text}");
        }
    }

    #[test]
    fn what_a_charset_does_not_have_is_not_written() {
        let bytes = |charset: Charset, text| charset.encode(text).map(|bytes| hex::encode(&bytes));
        assert_eq!(bytes(Charset::Gbk, "a=张三囧").unwrap(), "613dd5c5c8fd87e5");
        assert_eq!(bytes(Charset::Gb2312, "a=张三").unwrap(), "613dd5c5c8fd");
        assert_eq!(bytes(Charset::Utf8, "𠮷").unwrap(), "f0a0aeb7");
        for (charset, text) in [
            (Charset::Gbk, "𠮷"),
            (Charset::Gbk, "😀"),
            (Charset::Gbk, "€"),
            (Charset::Gb2312, "囧"),
            (Charset::Gb2312, "張"),
            (Charset::Gb2312, "𠮷"),
        ] {
            assert_eq!(bytes(charset, text), None, "{charset} {text}");
        }
    }
}
