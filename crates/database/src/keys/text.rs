//! Master keys as text, the one that seals first.
//!
//! Keys are separated by white space or commas. In each line, what follows a `#` is a comment.

use vestibule_oauth_provider::Secret;

use crate::{DbError, MasterKey};

/// How long such a text may be; whatever is longer is something else.
pub(crate) const LONGEST: usize = 64 * 1024;
/// How many keys there may be. A rotation adds one; a ring that only ever grows is not looked after.
const MOST: usize = 100;
/// What some editors begin a file with.
pub(crate) const BYTE_ORDER_MARK: char = '\u{feff}';

/// Reads all keys. A key that is there twice counts where it is first.
///
/// # Errors
/// [`DbError::MasterKey`], saying which of several is none. The text is not repeated.
pub(crate) fn read(text: &Secret) -> Result<Vec<MasterKey>, DbError> {
    let found: Vec<&str> = text.expose().trim_start_matches(BYTE_ORDER_MARK).lines().flat_map(keys_of).collect();
    if found.len() > MOST {
        return Err(DbError::MasterKey(format!("there are {} keys, and {MOST} are the most", found.len())));
    }
    if found.len() <= 1 {
        let only = found.first().copied().unwrap_or_default();
        return Ok(vec![MasterKey::parse(only)?]);
    }
    let mut keys: Vec<MasterKey> = Vec::with_capacity(found.len());
    for (index, one) in found.iter().enumerate() {
        let key = MasterKey::parse(one).map_err(|error| within(error, &format!("key {}", index + 1)))?;
        if !keys.iter().any(|known| known.id() == key.id()) {
            keys.push(key);
        }
    }
    Ok(keys)
}

/// The text of a source, as it was read.
///
/// # Errors
/// [`DbError::MasterKey`], when it is too long or no text.
pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Secret, DbError> {
    if bytes.len() > LONGEST {
        return Err(DbError::MasterKey(format!("there are more than {} KiB, and keys are short", LONGEST / 1024)));
    }
    let text = std::str::from_utf8(bytes)
        .map_err(|_| DbError::MasterKey("it is not UTF-8 text; save it in that encoding".to_owned()))?;
    Ok(Secret::new(text))
}

/// What may be keys in one line.
pub(crate) fn keys_of(line: &str) -> impl Iterator<Item = &str> {
    let keys = line.split_once('#').map_or(line, |(keys, _)| keys);
    keys.split(|letter: char| letter.is_whitespace() || letter == ',').filter(|key| !key.is_empty())
}

/// The error, saying where it is.
pub(crate) fn within(error: DbError, place: &str) -> DbError {
    match error {
        DbError::MasterKey(said) => DbError::MasterKey(format!("{place}: {said}")),
        other => other,
    }
}
