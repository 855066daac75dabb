//! What the command line does, a file for each noun.

pub mod cert;
pub mod demo;
pub mod inspect;
pub mod provider;

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;

use jiff::Timestamp;
use serde::Serialize;
use vestibule::{Error, Result};

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
