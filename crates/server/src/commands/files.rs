//! Files that the command line names, read within limits.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use vestibule::{Error, Result};
use vestibule_x509_material::MAX_TEXT_BYTES;

/// A file of at most `largest` bytes.
///
/// # Errors
/// `Configuration`, naming the file.
pub(super) fn read_limited(path: &Path, largest: usize) -> Result<Vec<u8>> {
    let named = |error: std::io::Error| Error::configuration(format!("file \"{}\": {error}", path.display()));
    let mut bytes = Vec::new();
    let limit = u64::try_from(largest).unwrap_or(u64::MAX).saturating_add(1);
    File::open(path).map_err(named)?.take(limit).read_to_end(&mut bytes).map_err(named)?;
    if bytes.len() > largest {
        return Err(Error::configuration(format!("file \"{}\" is larger than {} KiB", path.display(), largest / 1024)));
    }
    Ok(bytes)
}

/// The text of a file that may hold certificates or keys. Files that are no text are read too: DER as it comes out of tools, UTF-16 as Windows editors
/// write it.
///
/// # Errors
/// `Configuration`, naming the file.
pub(super) fn read_text(path: &Path) -> Result<String> {
    let bytes = read_limited(path, MAX_TEXT_BYTES)?;
    Ok(match bytes.as_slice() {
        [0x30, 0x80..=0x84, ..] => STANDARD.encode(&bytes),
        [0xFF, 0xFE, text @ ..] => from_utf16(text, u16::from_le_bytes),
        [0xFE, 0xFF, text @ ..] => from_utf16(text, u16::from_be_bytes),
        // Without the byte order mark. Certificates and keys are ASCII, so one byte of each pair is NUL.
        [1..=255, 0, 1..=255, 0, ..] => from_utf16(&bytes, u16::from_le_bytes),
        [0, 1..=255, 0, 1..=255, ..] => from_utf16(&bytes, u16::from_be_bytes),
        _ => String::from_utf8_lossy(&bytes).into_owned(),
    })
}

fn from_utf16(text: &[u8], word: fn([u8; 2]) -> u16) -> String {
    let words: Vec<u16> = text.chunks_exact(2).filter_map(|pair| Some(word(pair.try_into().ok()?))).collect();
    String::from_utf16_lossy(&words)
}
