//! Which bytes an answer is made of.
//!
//! It comes in the charset of the request, as a rule. The gateway falls back to GBK at times, also when UTF-8 was asked for (smartwalle/alipay #257). Only the
//! bytes and the row decide, never a header: nobody has signed that.

use std::borrow::Cow;

use encoding_rs::GB18030;

use crate::charset::Charset;

/// The encoding of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    Utf8,
    /// GBK and GB2312 are read as GB18030, which contains them; real nicknames use it.
    Gb18030,
}

impl Encoding {
    /// The encoding of an answer to a request in this charset.
    pub(crate) fn of(bytes: &[u8], charset: Charset) -> Self {
        let is_utf8 = || std::str::from_utf8(bytes).is_ok();
        let asked = match charset {
            Charset::Utf8 => Self::Utf8,
            Charset::Gbk | Charset::Gb2312 => Self::Gb18030,
        };
        match asked {
            Self::Utf8 if is_utf8() => Self::Utf8,
            // What can be read as it was asked for is read so: 隆 in GBK would be a character of UTF-8 as well.
            Self::Gb18030 if Self::Gb18030.decode(bytes).is_none() && is_utf8() => Self::Utf8,
            Self::Utf8 | Self::Gb18030 => Self::Gb18030,
        }
    }

    /// The text, or nothing where bytes are illegal in this encoding.
    pub(crate) fn decode(self, bytes: &[u8]) -> Option<Cow<'_, str>> {
        match self {
            Self::Utf8 => std::str::from_utf8(bytes).ok().map(Cow::Borrowed),
            Self::Gb18030 => GB18030.decode_without_bom_handling_and_without_replacement(bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8], charset: Charset) -> String {
        Encoding::of(bytes, charset).decode(bytes).unwrap().into_owned()
    }

    #[test]
    fn bytes_that_could_be_either_are_read_as_was_asked() {
        let long = b"\xc2\xa1";
        for charset in [Charset::Gbk, Charset::Gb2312] {
            assert_eq!(read(long, charset), "隆");
            assert_eq!(read(b"\xd5\xc5\xc8\xfd\x81\\", charset), "张三乗");
        }
        assert_eq!(read(long, Charset::Utf8), "¡");
        assert_eq!(read("张三".as_bytes(), Charset::Utf8), "张三");
    }

    #[test]
    fn bytes_that_can_only_be_the_other_are_read_so() {
        assert_eq!(read(b"\xd5\xc5\xc8\xfd", Charset::Utf8), "张三");
        assert_eq!(read("{\"张\":1}".as_bytes(), Charset::Gbk), "{\"张\":1}");
        assert_eq!(Encoding::of(b"\xff", Charset::Gbk).decode(b"\xff"), None);
        assert_eq!(Encoding::of(b"\xff", Charset::Utf8).decode(b"\xff"), None);
    }
}
