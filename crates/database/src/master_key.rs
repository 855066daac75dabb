//! The key that all sealed values of an installation hang on.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::Path;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use ring::hkdf;
use vestibule_oauth_provider::{Random, Secret};
use zeroize::Zeroizing;

use crate::seal::derive;
use crate::{DbError, file};

const BYTES: usize = 32;
/// A key file holds one line; whatever is longer is no key file.
const LONGEST_FILE: u64 = 4 * 1024;

const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

/// 32 bytes that nobody else has, wiped from memory when dropped.
#[derive(Clone)]
#[expect(missing_debug_implementations, reason = "it is the secret of all secrets")]
pub struct MasterKey(Zeroizing<[u8; BYTES]>);

/// Where a key file came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyOrigin {
    /// It was there.
    Found,
    /// It was made just now. Whoever runs the installation should be told to keep a copy apart from the database: without it nothing sealed can be
    /// opened again.
    Made,
}

impl MasterKey {
    /// Reads 64 hex digits, or the base64 of 32 bytes (either alphabet, with or without padding). White space around it is ignored.
    ///
    /// # Errors
    /// [`DbError::MasterKey`], saying how to make one. The text is not repeated.
    pub fn from_text(text: &Secret) -> Result<Self, DbError> {
        let text = text.expose().trim();
        let mut key = Self(Zeroizing::new([0; BYTES]));
        if hex::decode_to_slice(text, key.0.as_mut_slice()).is_ok() {
            return Ok(key);
        }
        let decoded = Zeroizing::new(STANDARD.decode(text).or_else(|_| URL_SAFE.decode(text)).unwrap_or_default());
        if decoded.len() != BYTES {
            let found = match text.len() {
                0 => "it is empty",
                64 => "it has 64 characters and not all of them are hex digits",
                _ => "it is neither",
            };
            return Err(DbError::MasterKey(format!(
                "expected 64 hex digits or the base64 of 32 bytes, and {found}; `openssl rand -hex 32` makes one"
            )));
        }
        key.0.copy_from_slice(&decoded);
        Ok(key)
    }

    /// Reads a key file: what [`MasterKey::from_text`] takes, in one line. A file that others than its owner may read is reported to the log.
    ///
    /// # Errors
    /// [`DbError::File`] when it cannot be read, [`DbError::MasterKey`] when it holds no key.
    pub fn read_file(path: &Path) -> Result<Self, DbError> {
        let text = read_text(path).map_err(failed("read the master key file", path))?;
        file::report_open_to_others(path);
        Self::from_text(&text).map_err(|error| match error {
            DbError::MasterKey(said) => DbError::MasterKey(format!("file \"{}\": {said}", path.display())),
            other => other,
        })
    }

    /// Reads the key file, or makes it, for its owner only, when there is none. Of several that start at the same time one makes it and all get the
    /// same key; a start that is cut off leaves no half key.
    ///
    /// Blocks the thread while another starter is at it, without a time limit (unlike [`Database::open`](crate::Database::open)): that one only writes
    /// a line, and if it hangs, so does this call.
    ///
    /// # Errors
    /// As [`MasterKey::read_file`]; [`DbError::Random`].
    pub fn read_or_create(path: &Path, random: &dyn Random) -> Result<(Self, KeyOrigin), DbError> {
        let _lock = file::lock(path)?;
        let exists = path.try_exists().map_err(failed("look for the master key file", path))?;
        if exists {
            return Ok((Self::read_file(path)?, KeyOrigin::Found));
        }
        let mut key = Self(Zeroizing::new([0; BYTES]));
        random.fill(key.0.as_mut_slice()).map_err(DbError::Random)?;
        write_whole(path, &key).map_err(failed("write the master key file", path))?;
        Ok((key, KeyOrigin::Made))
    }

    /// The name of this key in sealed values: 16 hex digits that say nothing about it.
    pub(crate) fn id(&self) -> String {
        let mut id = [0; 8];
        // Eight bytes are always given.
        let _ = derive(self, &[], &[b"vestibule master key id"], &mut id);
        hex::encode(id)
    }

    /// The key's pseudorandom key for one salt (RFC 5869 section 2.2).
    pub(crate) fn extract(&self, salt: &[u8]) -> hkdf::Prk {
        hkdf::Salt::new(hkdf::HKDF_SHA256, salt).extract(self.0.as_slice())
    }
}

fn failed<'a>(what: &'static str, path: &'a Path) -> impl Fn(io::Error) -> DbError + 'a {
    move |source| DbError::File { what, path: path.to_owned(), source }
}

fn read_text(path: &Path) -> io::Result<Secret> {
    let mut text = Zeroizing::new(String::with_capacity(256));
    File::open(path)?.take(LONGEST_FILE).read_to_string(&mut text)?;
    Ok(Secret::new(text.as_str()))
}

/// Writes the file beside its place and moves it there when it is whole and on disk. The caller holds the lock and saw that there is none.
fn write_whole(path: &Path, key: &MasterKey) -> io::Result<()> {
    let unfinished = file::beside(path, ".new");
    match fs::remove_file(&unfinished) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        // What a start that was cut off left behind; nobody used it.
        _ => {}
    }
    let mut file = file::create_owner_only(&unfinished)?;
    let mut line = Zeroizing::new([0; 2 * BYTES + 1]);
    if let Some((newline, digits)) = line.split_last_mut() {
        hex::encode_to_slice(key.0.as_slice(), digits).map_err(io::Error::other)?;
        *newline = b'\n';
    }
    file.write_all(line.as_slice())?;
    file.sync_all()?;
    fs::rename(&unfinished, path)?;
    sync_folder(path)
}

#[cfg(unix)]
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_path: &Path) -> io::Result<()> {
    Ok(())
}
