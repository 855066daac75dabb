//! Finding `-----BEGIN …-----` and `-----END …-----`, and what was meant to be one of them.

use crate::error::{MaterialError, PemWord, Position};

/// The longest label that is looked for, in bytes.
const LONGEST_LABEL: usize = 64;

/// A line like `-----BEGIN CERTIFICATE-----`, wherever on a line of the text it stands.
pub(super) struct PemLine {
    pub(super) word: PemWord,
    /// Of the first hyphen.
    pub(super) start: usize,
    /// After the last hyphen.
    pub(super) end: usize,
}

/// Finds all armour lines. Something that is nearly one is an error; a BEGIN or END in running text is not.
pub(super) fn pem_lines(text: &str) -> Result<Vec<PemLine>, MaterialError> {
    let mut lines: Vec<PemLine> = Vec::new();
    let mut from = 0;
    while let Some((word, at)) = next_word(text, from) {
        let after_word = at + word.to_string().len();
        from = after_word;
        let floor = lines.last().map_or(0, |line| line.end);
        let before = text.get(floor..at).unwrap_or_default();
        let after = text.get(after_word..).unwrap_or_default();

        let left = Hyphens::ending(before);
        let label = Label::starting(after);
        let right = Hyphens::starting(after.get(label.length..).unwrap_or_default());
        if left.ascii >= 5 && left.gap == 0 && label.proper && right.ascii >= 5 {
            let line = PemLine { word, start: at - left.ascii, end: after_word + label.length + 5 };
            from = line.end;
            lines.push(line);
        } else if (left.any || right.any) && label.names_material {
            return Err(MaterialError::MalformedPemLine { at: Position::of(text, at - left.length) });
        }
    }
    Ok(lines)
}

/// The next BEGIN or END that is a word of its own.
fn next_word(text: &str, from: usize) -> Option<(PemWord, usize)> {
    let bytes = text.as_bytes();
    let mut index = from;
    loop {
        index += bytes.get(index..)?.iter().position(|byte| matches!(byte, b'B' | b'E' | b'b' | b'e'))?;
        let rest = bytes.get(index..)?;
        let starts = |word: &[u8]| rest.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
        let word = if starts(b"BEGIN") {
            Some((PemWord::Begin, 5))
        } else if starts(b"END") {
            Some((PemWord::End, 3))
        } else {
            None
        };
        if let Some((word, length)) = word {
            let alone_before = index
                .checked_sub(1)
                .and_then(|before| bytes.get(before))
                .is_none_or(|byte| !byte.is_ascii_alphanumeric());
            let alone_after = rest.get(length).is_none_or(|byte| !byte.is_ascii_alphanumeric());
            if alone_before && alone_after {
                return Some((word, index));
            }
        }
        index += 1;
    }
}

/// A run of hyphens next to a word, perhaps with a gap of spaces between.
struct Hyphens {
    /// ASCII hyphens directly at the word.
    ascii: usize,
    /// Bytes of spaces between word and hyphens.
    gap: usize,
    /// Whether there is any hyphen or dash at all, typographic ones included.
    any: bool,
    /// Bytes of gap and run.
    length: usize,
}

impl Hyphens {
    fn ending(text: &str) -> Self {
        Self::count(text.chars().rev())
    }

    fn starting(text: &str) -> Self {
        Self::count(text.chars())
    }

    fn count(chars: impl Iterator<Item = char>) -> Self {
        let mut hyphens = Self { ascii: 0, gap: 0, any: false, length: 0 };
        for c in chars {
            match c {
                ' ' if !hyphens.any && hyphens.gap < 3 => hyphens.gap += 1,
                '-' if hyphens.ascii > 0 || !hyphens.any => {
                    hyphens.any = true;
                    hyphens.ascii += 1;
                }
                '-' => {}
                c if is_dash(c) => hyphens.any = true,
                _ => break,
            }
            hyphens.length += c.len_utf8();
        }
        if !hyphens.any {
            hyphens.length = 0;
        }
        hyphens
    }
}

/// What stands between the word and the closing hyphens.
struct Label {
    length: usize,
    /// One space and then at least one letter.
    proper: bool,
    /// Whether it speaks of certificates or keys: then a line that is nearly a PEM line was meant to be one.
    names_material: bool,
}

impl Label {
    fn starting(after: &str) -> Self {
        let length = after
            .bytes()
            .take(LONGEST_LABEL)
            .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b' ' | b'_' | b'.' | b'#' | b'/'))
            .count();
        let label = after.get(..length).unwrap_or_default();
        let words = label.strip_prefix(' ').unwrap_or_default();
        Self {
            length,
            proper: words.starts_with(|c: char| c.is_ascii_alphanumeric()) && !words.ends_with(' '),
            names_material: ["CERTIFICATE", "KEY", "X509", "REQUEST", "PARAMETERS", "PKCS"]
                .iter()
                .any(|word| words.contains(word)),
        }
    }
}

/// Dashes that word processors put in place of hyphens.
pub(super) fn is_dash(c: char) -> bool {
    matches!(c, '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{fe58}' | '\u{fe63}' | '\u{ff0d}')
}
