//! What the command line does, a file for each noun.

pub mod cert;
pub mod demo;
pub mod export;
pub mod import;
pub mod inspect;
pub mod keys;
mod passphrase;
mod progress;
pub mod provider;

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde::Serialize;
use vestibule::{Error, KeySource, Result, Vestibule};
use vestibule_x509_material::MAX_TEXT_BYTES;

use crate::options::Options;
use crate::server;
use crate::storage::{Absent, Storage};

/// An installation on which a command works that serves nothing.
#[derive(Debug)]
pub struct Desk {
    /// The installation.
    pub vestibule: Vestibule,
    /// Where it is stored, for people.
    pub place: String,
    /// Where its master keys come from.
    pub key_source: KeySource,
    /// Who works here, as the history has it.
    pub by: String,
    /// What has to be said after a callback URL.
    pub callback_note: &'static str,
}

impl Desk {
    /// Opens the installation that `options` describe.
    ///
    /// # Errors
    /// `Configuration` or `Internal`, naming what is wrong.
    pub async fn open(options: &Options, absent: Absent) -> Result<Self> {
        let public_url = options.public_url(options.listen())?;
        let storage = Storage::open(options, absent).await?;
        let (place, key_source) = (storage.place.clone(), storage.key_source.clone());
        let callback_note = match options.public_url {
            Some(_) => "",
            None => " (from --listen; give --public-url as the server has it)",
        };
        Ok(Self {
            vestibule: server::installation(options, &public_url, storage)?,
            place,
            key_source,
            by: actor(),
            callback_note,
        })
    }

    /// The last line of a command that stored something: whoever stands in a wrong folder sees it.
    fn say_where(&self, out: &mut dyn Write) -> Result<()> {
        writeln!(out, "stored in {}", self.place).map_err(cannot_write)
    }
}

/// Who runs a command, as far as the environment tells.
fn actor() -> String {
    let name = ["USER", "LOGNAME", "USERNAME"].into_iter().find_map(|variable| std::env::var(variable).ok());
    let name = name.filter(|name| !name.trim().is_empty()).unwrap_or_else(|| "unknown".to_owned());
    let shown: String = name.chars().take(100).flat_map(char::escape_debug).collect();
    format!("command line ({shown})")
}

/// What is said where a row of that name is there already.
fn exists_already(what: &str, owner: &str, name: &str) -> Error {
    Error::configuration(format!(
        "{what} \"{owner}/{name}\" exists already; give --replace to put this in its place, or choose another name"
    ))
}

/// `owner/name`, taken apart.
///
/// # Errors
/// `Configuration`, when it is neither.
fn split_name(text: &str) -> Result<(&str, &str)> {
    match text.split_once('/') {
        Some((owner, name)) if !owner.is_empty() && !name.is_empty() && !name.contains('/') => Ok((owner, name)),
        _ => {
            Err(Error::configuration(format!("{text:?} is not a name; expected \"owner/name\", such as \"admin/app\"")))
        }
    }
}

/// A file of at most `largest` bytes.
///
/// # Errors
/// `Configuration`, naming the file.
fn read_limited(path: &Path, largest: usize) -> Result<Vec<u8>> {
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
fn read_text(path: &Path) -> Result<String> {
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

/// Unix seconds as a date that people and programs read.
fn date(seconds: i64) -> String {
    Timestamp::from_second(seconds).map_or_else(|_| seconds.to_string(), |time| time.to_string())
}

fn write_json(out: &mut dyn Write, value: &impl Serialize) -> Result<()> {
    serde_json::to_writer_pretty(&mut *out, value)
        .map_err(|error| Error::internal("the answer cannot be written").caused_by(error))?;
    writeln!(out).map_err(cannot_write)
}

fn cannot_write(error: std::io::Error) -> Error {
    Error::internal("the answer cannot be written").caused_by(error)
}
