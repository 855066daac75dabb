//! Cuts a JSON text into the members of its outermost object, each with the exact bytes of its value, without building anything from them.
//!
//! It is strict where a lenient reader and a strict one could see two different answers in the same bytes: the whole text must be JSON (RFC 8259),
//! no object may have the same key twice (compared after unescaping), nothing may follow, and depth is bounded.

use crate::answer::encoding::Encoding;

/// How deep objects and arrays may be nested. Alipay's answers have two levels.
pub(crate) const MAX_DEPTH: usize = 32;

/// What kind of value stands in a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ValueKind {
    Object,
    Array,
    Text,
    Number,
    Literal,
}

/// One member of an object.
#[derive(Debug)]
pub(crate) struct Member<'a> {
    /// The key, unescaped.
    pub(crate) key: String,
    /// Where the value begins in the whole text.
    pub(crate) start: usize,
    /// The value: exactly its bytes, quotes or braces included, white space around it not.
    pub(crate) value: &'a [u8],
    pub(crate) kind: ValueKind,
}

/// Why a text was not cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CutFault {
    /// Not one JSON object and nothing else. The offset in bytes where that shows.
    NotJson {
        offset: usize,
    },
    DuplicateKey,
    TooDeep,
}

/// Cuts the outermost object of `text` into its members, in their order.
pub(crate) fn cut(text: &[u8], encoding: Encoding) -> Result<Vec<Member<'_>>, CutFault> {
    let mut scanner = Scanner { text, at: 0, encoding };
    scanner.white_space();
    let members = scanner.object(0)?;
    scanner.white_space();
    if scanner.at < text.len() { Err(scanner.not_json()) } else { Ok(members) }
}

struct Scanner<'a> {
    text: &'a [u8],
    at: usize,
    encoding: Encoding,
}

impl<'a> Scanner<'a> {
    fn object(&mut self, depth: usize) -> Result<Vec<Member<'a>>, CutFault> {
        if depth >= MAX_DEPTH {
            return Err(CutFault::TooDeep);
        }
        self.expect(b'{')?;
        self.white_space();
        let mut members: Vec<Member<'a>> = Vec::new();
        if self.skip(b'}') {
            return Ok(members);
        }
        loop {
            self.white_space();
            let key = self.key()?;
            self.white_space();
            self.expect(b':')?;
            self.white_space();
            let start = self.at;
            let kind = self.value(depth)?;
            members.push(Member { key, start, value: self.since(start), kind });
            self.white_space();
            if self.skip(b'}') {
                break;
            }
            self.expect(b',')?;
        }
        let mut keys: Vec<&str> = members.iter().map(|member| member.key.as_str()).collect();
        keys.sort_unstable();
        if keys.windows(2).any(|pair| pair.first() == pair.last()) {
            return Err(CutFault::DuplicateKey);
        }
        Ok(members)
    }

    fn array(&mut self, depth: usize) -> Result<(), CutFault> {
        if depth >= MAX_DEPTH {
            return Err(CutFault::TooDeep);
        }
        self.expect(b'[')?;
        self.white_space();
        if self.skip(b']') {
            return Ok(());
        }
        loop {
            self.white_space();
            self.value(depth)?;
            self.white_space();
            if self.skip(b']') {
                return Ok(());
            }
            self.expect(b',')?;
        }
    }

    /// A value inside an object or array of this depth.
    fn value(&mut self, depth: usize) -> Result<ValueKind, CutFault> {
        match self.peek() {
            Some(b'{') => self.object(depth + 1).map(|_| ValueKind::Object),
            Some(b'[') => self.array(depth + 1).map(|()| ValueKind::Array),
            Some(b'"') => self.string().map(|()| ValueKind::Text),
            Some(b'-' | b'0'..=b'9') => self.number().map(|()| ValueKind::Number),
            _ => self.literal().map(|()| ValueKind::Literal),
        }
    }

    fn key(&mut self) -> Result<String, CutFault> {
        let start = self.at;
        self.string()?;
        unescape(self.since(start), self.encoding).ok_or(CutFault::NotJson { offset: start })
    }

    fn string(&mut self) -> Result<(), CutFault> {
        self.expect(b'"')?;
        loop {
            match self.next()? {
                b'"' => return Ok(()),
                b'\\' => self.escape()?,
                0x00..=0x1f => return Err(self.not_json()),
                0x20..=0x7f => {}
                lead => match self.encoding {
                    // The whole text is known to be UTF-8, in which no byte of a longer character looks like a quote or a backslash.
                    Encoding::Utf8 => {}
                    Encoding::Gb18030 => self.rest_of_gb18030(lead)?,
                },
            }
        }
    }

    fn escape(&mut self) -> Result<(), CutFault> {
        match self.next()? {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Ok(()),
            b'u' => {
                for _ in 0..4 {
                    if !self.next()?.is_ascii_hexdigit() {
                        return Err(self.not_json());
                    }
                }
                Ok(())
            }
            _ => Err(self.not_json()),
        }
    }

    /// Steps over the bytes that belong to `lead` (GB 18030-2005): the second may look like a backslash or a brace.
    fn rest_of_gb18030(&mut self, lead: u8) -> Result<(), CutFault> {
        match lead {
            0x80 => return Ok(()),
            0xff => return Err(self.not_json()),
            _ => {}
        }
        match self.next()? {
            0x40..=0x7e | 0x80..=0xfe => Ok(()),
            b'0'..=b'9' => match (self.next()?, self.next()?) {
                (0x81..=0xfe, b'0'..=b'9') => Ok(()),
                _ => Err(self.not_json()),
            },
            _ => Err(self.not_json()),
        }
    }

    fn number(&mut self) -> Result<(), CutFault> {
        self.skip(b'-');
        if !self.skip(b'0') {
            self.digits()?;
        }
        if self.skip(b'.') {
            self.digits()?;
        }
        if self.skip(b'e') || self.skip(b'E') {
            let _signed = self.skip(b'+') || self.skip(b'-');
            self.digits()?;
        }
        Ok(())
    }

    fn digits(&mut self) -> Result<(), CutFault> {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        if self.at == start { Err(self.not_json()) } else { Ok(()) }
    }

    fn literal(&mut self) -> Result<(), CutFault> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let word: &[u8] = match rest.first() {
            Some(b't') => b"true",
            Some(b'f') => b"false",
            _ => b"null",
        };
        if !rest.starts_with(word) {
            return Err(self.not_json());
        }
        self.at += word.len();
        Ok(())
    }

    fn white_space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn next(&mut self) -> Result<u8, CutFault> {
        let byte = self.peek().ok_or_else(|| self.not_json())?;
        self.at += 1;
        Ok(byte)
    }

    fn skip(&mut self, byte: u8) -> bool {
        let there = self.peek() == Some(byte);
        if there {
            self.at += 1;
        }
        there
    }

    fn expect(&mut self, byte: u8) -> Result<(), CutFault> {
        if self.skip(byte) { Ok(()) } else { Err(self.not_json()) }
    }

    fn since(&self, start: usize) -> &'a [u8] {
        self.text.get(start..self.at).unwrap_or_default()
    }

    fn not_json(&self) -> CutFault {
        CutFault::NotJson { offset: self.at }
    }
}

/// The text of a JSON string, quotes included in `span`.
pub(crate) fn unescape(span: &[u8], encoding: Encoding) -> Option<String> {
    serde_json::from_str(&encoding.decode(span)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charset::Charset;

    fn spans(text: &str) -> Result<Vec<(String, String)>, CutFault> {
        let members = cut(text.as_bytes(), Encoding::Utf8)?;
        Ok(members.into_iter().map(|member| (member.key, String::from_utf8(member.value.to_vec()).unwrap())).collect())
    }

    fn pair(key: &str, value: &str) -> (String, String) {
        (key.to_owned(), value.to_owned())
    }

    #[test]
    fn values_keep_exactly_their_bytes() {
        let text = "\n{ \"a_response\" :\t{ \"x\" : [1, -2.5e+3, {}] } , \"sign\":\"q\\/\\u0041\" }\r\n";
        assert_eq!(
            spans(text).unwrap(),
            [pair("a_response", "{ \"x\" : [1, -2.5e+3, {}] }"), pair("sign", "\"q\\/\\u0041\"")]
        );
        assert_eq!(spans("{}").unwrap(), []);
    }

    #[test]
    fn braces_quotes_and_backslashes_inside_texts_do_not_cut() {
        let text = r#"{"r":{"co}de":"1{0","m\"}":"\\","n":"\\\"}"},"sign":"x"}"#;
        assert_eq!(spans(text).unwrap()[0].1, r#"{"co}de":"1{0","m\"}":"\\","n":"\\\"}"}"#);
    }

    #[test]
    fn a_key_that_stands_twice_is_refused_at_every_depth_and_in_every_spelling() {
        for text in [
            r#"{"a":1,"a":1}"#,
            r#"{"a":1,"b":2,"\u0061":3}"#,
            r#"{"r":{"user_id":"1","user_id":"2"}}"#,
            r#"{"r":[{"a":{"b":1,"\u0062":1}}]}"#,
        ] {
            assert_eq!(spans(text), Err(CutFault::DuplicateKey), "{text}");
        }
        assert!(spans(r#"{"a":{"a":{"a":1}}}"#).is_ok());
    }

    #[test]
    fn what_is_not_one_json_object_is_refused() {
        for text in [
            "",
            " ",
            "null",
            "[]",
            "\"{}\"",
            "{",
            "{}x",
            "{}{}",
            "{\"a\"}",
            "{\"a\":}",
            "{\"a\":1,}",
            "{,}",
            "{\"a\":01}",
            "{\"a\":1.}",
            "{\"a\":-}",
            "{\"a\":1e}",
            "{\"a\":nul}",
            "{\"a\":True}",
            "{\"a\":[1,]}",
            "{\"a\":\"\n\"}",
            "{\"a\":\"\\x\"}",
            "{\"a\":\"\\u12g4\"}",
            "{\"a\":\"",
            "{\"a\":\"\\",
            "{\"\\ud800\":1}",
            "{'a':1}",
            "{a:1}",
            "\u{feff}{}",
            "<html></html>",
        ] {
            assert!(matches!(spans(text), Err(CutFault::NotJson { .. })), "{text}");
        }
    }

    #[test]
    fn every_beginning_of_an_answer_is_refused() {
        let text = r#"{"r":{"a":"\u0041\n","b":[true,false,null,-1.5e-7]},"sign":"q=="}"#;
        for end in 0..text.len() {
            assert!(cut(&text.as_bytes()[..end], Encoding::Utf8).is_err(), "{end}");
        }
        assert!(spans(text).is_ok());
    }

    #[test]
    fn depth_is_bounded() {
        let nested = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        assert!(spans(&nested(MAX_DEPTH - 1)).is_ok());
        assert_eq!(spans(&nested(MAX_DEPTH)), Err(CutFault::TooDeep));
        assert_eq!(spans(&nested(100_000)), Err(CutFault::TooDeep));
    }

    #[test]
    fn second_bytes_of_gbk_that_look_like_syntax_do_not_cut() {
        // 乗, 亄, 亇 in GBK end in 0x5c, 0x7b, 0x7d; then a four-byte character of GB18030.
        let mut text = b"{\"r\":{\"nick_name\":\"\x81\\\x81{\x81}\x81\x30\x81\x30\"},\"sign\":\"x\"}".to_vec();
        assert_eq!(Encoding::of(&text, Charset::Utf8), Encoding::Gb18030);
        let members = cut(&text, Encoding::Gb18030).unwrap();
        assert_eq!(members[0].value, b"{\"nick_name\":\"\x81\\\x81{\x81}\x81\x30\x81\x30\"}");
        let node = Encoding::Gb18030.decode(members[0].value).unwrap();
        assert!(node.contains("乗亄亇"), "{node}");

        text.truncate(20);
        assert!(cut(&text, Encoding::Gb18030).is_err());
        assert!(cut(b"{\"a\":\"\xff\"}", Encoding::Gb18030).is_err());
        assert!(cut(b"{\"a\":\"\x81\"}", Encoding::Gb18030).is_err());
    }
}
