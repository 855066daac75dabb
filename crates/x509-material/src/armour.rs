//! From a text to the bytes in it: PEM lines, base64, and all that happens to them on the way through forms, JSON and mail programs.
//!
//! RFC 7468 is the format; what is accepted here is wider, since people paste: any line width, no line breaks at all, the two characters `\n` in place of one,
//! indentation, blocks glued together on one line, text around the blocks, no PEM lines at all. What is *not* accepted is guessing: a line that is nearly a PEM
//! line, a character that is nearly base64, are errors with their place.
//!
//! All of it is linear in the length of the text.

mod pem_line;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

use self::pem_line::{PemLine, is_dash, pem_lines};
use crate::error::{MaterialError, PemWord, Position};

/// Last bits that no byte uses may be set: some encoders do it.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// A text with fewer base64 characters in a row than this is words, not data.
const SHORTEST_RUN: usize = 40;

/// What stands between a BEGIN and an END line, or a text without such lines.
pub(crate) struct Block<'a> {
    /// Where it starts in the text, in bytes.
    pub(crate) start: usize,
    body_start: usize,
    body: &'a str,
    /// The block with its BEGIN and END lines.
    whole: &'a str,
    form: Form,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Pem,
    Bare,
}

/// The bytes of a block.
pub(crate) enum Data {
    /// Decoded base64.
    Bytes(Zeroizing<Vec<u8>>),
    /// A body encrypted in the old OpenSSL way (RFC 1421 headers `Proc-Type: 4,ENCRYPTED`).
    EncryptedByHeader,
}

/// Finds the blocks of a text, at least one.
pub(crate) fn blocks(text: &str) -> Result<Vec<Block<'_>>, MaterialError> {
    // A NUL is never part of a text; usually the file was UTF-16.
    if let Some(offset) = text.find('\0') {
        return Err(invalid_character(text, offset, '\0'));
    }
    let lines = pem_lines(text)?;
    if lines.is_empty() {
        let bare = text.strip_prefix('\u{feff}').unwrap_or(text);
        judge_bare(bare)?;
        let body_start = text.len() - bare.len();
        return Ok(vec![Block { start: 0, body_start, body: bare, whole: bare, form: Form::Bare }]);
    }

    let mut blocks = Vec::new();
    let mut open: Option<&PemLine> = None;
    let mut previous: Option<&PemLine> = None;
    for line in &lines {
        let at = || Position::of(text, line.start);
        match (line.word, open) {
            (PemWord::Begin, None) => open = Some(line),
            (PemWord::End, Some(begin)) => {
                let body = text.get(begin.end..line.start).unwrap_or_default();
                let whole = text.get(begin.start..line.end).unwrap_or_default();
                blocks.push(Block { start: begin.start, body_start: begin.end, body, whole, form: Form::Pem });
                open = None;
            }
            (PemWord::Begin, Some(begin)) => {
                let between = text.get(begin.end..line.start).unwrap_or_default();
                return Err(if is_blank(between) {
                    MaterialError::DoubledPemLine { word: line.word, at: at() }
                } else {
                    MaterialError::MissingEnd { at: Position::of(text, begin.start) }
                });
            }
            (PemWord::End, None) => {
                let between = previous.and_then(|previous| text.get(previous.end..line.start));
                return Err(if between.is_some_and(is_blank) {
                    MaterialError::DoubledPemLine { word: line.word, at: at() }
                } else {
                    MaterialError::MissingBegin { at: at() }
                });
            }
        }
        previous = Some(line);
    }
    match open {
        Some(begin) => Err(MaterialError::MissingEnd { at: Position::of(text, begin.start) }),
        None => Ok(blocks),
    }
}

impl Block<'_> {
    /// Decodes the block. `text` is the whole text, for places in errors.
    pub(crate) fn decode(&self, text: &str) -> Result<Data, MaterialError> {
        if let Some(certificate) = self.well_formed_certificate() {
            return Ok(Data::Bytes(Zeroizing::new(certificate)));
        }
        let mut body = self.body;
        let mut offset = self.body_start;
        if body.contains("Proc-Type:") {
            if body.contains("ENCRYPTED") {
                return Ok(Data::EncryptedByHeader);
            }
            // RFC 1421 section 4.4: headers end at an empty line.
            if let Some(end) = ["\n\n", "\r\n\r\n", "\r\r"].iter().filter_map(|blank| body.find(blank)).min() {
                body = body.get(end..).unwrap_or_default();
                offset += end;
            }
        }
        let symbols = symbols(body).map_err(|(index, c)| {
            if c == '-' && self.form == Form::Pem {
                MaterialError::MalformedPemLine { at: Position::of(text, offset + index) }
            } else {
                invalid_character(text, offset + index, c)
            }
        })?;
        if symbols.is_empty() {
            return Err(MaterialError::Empty);
        }
        // A character that stands alone after groups of four carries no byte. Decode what is there: its DER says better what is missing.
        let alone = symbols.len() % 4 == 1;
        let whole = symbols.get(..symbols.len() - usize::from(alone)).unwrap_or_default();
        let bytes = BASE64.decode(whole).map(Zeroizing::new).map_err(|_| MaterialError::InvalidBase64)?;
        match crate::der::announced_length(&bytes) {
            Some(announced) if alone && announced <= bytes.len() => Err(MaterialError::InvalidBase64),
            None if alone => Err(MaterialError::InvalidBase64),
            _ => Ok(Data::Bytes(bytes)),
        }
    }
}

impl Block<'_> {
    /// What is public and well formed is the library's to read. It does not wipe what it held in between, so keys never come this way; and it does not
    /// say what is wrong with a block, so damaged ones do not either.
    fn well_formed_certificate(&self) -> Option<Vec<u8>> {
        if self.form == Form::Bare || !self.whole.starts_with("-----BEGIN CERTIFICATE-----") {
            return None;
        }
        pem::parse(self.whole).ok().map(pem::Pem::into_contents).filter(|der| !der.is_empty())
    }
}

/// The base64 characters of a body, without padding and white space, or the first character that is neither and its offset.
fn symbols(body: &str) -> Result<Zeroizing<Vec<u8>>, (usize, char)> {
    // The capacity is enough from the start: growing would leave copies of a key in freed memory.
    let mut symbols = Zeroizing::new(Vec::with_capacity(body.len()));
    let mut padding = None;
    let mut chars = body.char_indices().peekable();
    while let Some((index, c)) = chars.next() {
        match c {
            _ if is_space(c) => {}
            '\\' => {
                // `\n`, `\r`, and `\\n` where a text was escaped twice.
                while chars.next_if(|(_, next)| *next == '\\').is_some() {}
                chars.next_if(|(_, next)| matches!(next, 'n' | 'r')).ok_or((index, c))?;
            }
            '=' => padding = padding.or(Some(index)),
            _ if is_base64(c) => match (padding, u8::try_from(c)) {
                (None, Ok(symbol)) => symbols.push(symbol),
                (Some(index), _) => return Err((index, '=')),
                (None, Err(_)) => return Err((index, c)),
            },
            _ => return Err((index, c)),
        }
    }
    Ok(symbols)
}

/// Whether a text without PEM lines can be base64 at all; otherwise, what it seems to be.
fn judge_bare(text: &str) -> Result<(), MaterialError> {
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return Err(MaterialError::Empty);
    }
    let run = longest_run(trimmed);
    if run < SHORTEST_RUN * 2 && is_file_path(trimmed) {
        return Err(MaterialError::FilePath);
    }
    // DER starts with a SEQUENCE of more than 255 bytes, or of 128 to 255: in base64, `MII` or `MIG`, `MIH`. Narrow columns make short runs.
    let der_start = ["MII", "MIG", "MIH"].iter().any(|start| trimmed.starts_with(start));
    if run >= SHORTEST_RUN || der_start {
        return Ok(());
    }
    Err(if trimmed.len() < 200 { MaterialError::Placeholder } else { MaterialError::NotRecognised })
}

fn longest_run(text: &str) -> usize {
    text.split(|c| !is_base64(c)).map(str::len).max().unwrap_or(0)
}

fn is_file_path(text: &str) -> bool {
    const ENDINGS: [&str; 12] =
        [".pem", ".crt", ".cer", ".der", ".key", ".txt", ".csr", ".p12", ".pfx", ".jks", ".p7b", ".p8"];
    if text.len() > 1024 || text.contains(['\n', '\r']) {
        return false;
    }
    let lower = text.to_ascii_lowercase();
    let mut chars = text.chars();
    let drive = chars.next().is_some_and(|c| c.is_ascii_alphabetic())
        && chars.next() == Some(':')
        && matches!(chars.next(), Some('\\' | '/'));
    drive
        || ["/", "./", "../", "~/", "\\\\", "file:"].iter().any(|start| lower.starts_with(start))
        || ENDINGS.iter().any(|ending| lower.ends_with(ending))
}

/// White space, real or as the two characters `\n` and `\r`.
fn is_blank(text: &str) -> bool {
    symbols(text).is_ok_and(|symbols| symbols.is_empty()) && !text.contains('=')
}

fn is_space(c: char) -> bool {
    c.is_ascii_whitespace() || c == '\u{b}'
}

fn is_base64(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '+' | '/')
}

fn invalid_character(text: &str, offset: usize, c: char) -> MaterialError {
    let what = match c {
        '\0' => "a NUL character (was the file saved as UTF-16, or read from a fixed-size buffer?)".to_owned(),
        '\u{2018}'..='\u{201f}' | '\u{ab}' | '\u{bb}' => "a typographic quotation mark".to_owned(),
        '"' | '\'' | '`' => "a quotation mark".to_owned(),
        '=' => "an equals sign in the middle of the base64 (padding belongs at the end; are these two texts in one?)"
            .to_owned(),
        '-' | '_' => "a hyphen or underscore (base64url instead of base64?)".to_owned(),
        '\\' => "a backslash that is not part of \\n".to_owned(),
        '%' => "a percent sign (was the text URL-encoded?)".to_owned(),
        '\u{feff}' => "a byte order mark in the middle".to_owned(),
        '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{3000}' => {
            "a space that is not an ordinary one".to_owned()
        }
        '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' => {
            "an invisible character".to_owned()
        }
        c if is_dash(c) => "a typographic dash".to_owned(),
        c => format!("a character that base64 does not have (U+{:04X})", u32::from(c)),
    };
    MaterialError::InvalidCharacter { at: Position::of(text, offset), what }
}
