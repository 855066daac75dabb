//! Values that only this installation can open, and only where they were put.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::{digest, hkdf};
use vestibule_oauth_provider::{Random, Secret};
use zeroize::Zeroizing;

use crate::{DbError, MasterKey};

/// What every sealed value begins with. The tables' indices know it too.
const MARK: &str = "vsealed:";
/// The format of this page.
const FORMAT: &str = "1";
const SALT: usize = 32;
const PLACE: usize = 32;
const KEY: usize = 32;
const KEY_ID_DIGITS: usize = 16;

/// What is shown instead of a secret. A store that is given it back keeps the secret it has.
pub const MASK: &str = "***";

/// Whether a stored text claims to be sealed. A clear text that does is not taken for clear.
pub fn is_sealed(text: &str) -> bool {
    text.starts_with(MARK)
}

/// What every value begins with that the key of that id sealed, and no other value.
pub fn sealed_prefix(key_id: &str) -> String {
    format!("{MARK}{FORMAT}:{key_id}:")
}

/// The ids of the keys that the sealed values in a text were sealed with, in their order. Nothing is opened, and a text may look like one.
pub fn key_ids_in(text: &str) -> impl Iterator<Item = &str> {
    text.split(MARK).skip(1).filter_map(|rest| read_parts(rest).map(|(key_id, _)| key_id))
}

/// The key id and the body of what follows the mark.
fn read_parts(rest: &str) -> Option<(&str, &str)> {
    let (key_id, body) = rest.strip_prefix(FORMAT)?.strip_prefix(':')?.split_once(':')?;
    let is_id = key_id.len() == KEY_ID_DIGITS && key_id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    is_id.then_some((key_id, body))
}

/// Where a sealed value stands. It opens nowhere else.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The table.
    pub table: &'a str,
    /// Whose row it is; empty where rows are nobody's.
    pub owner: &'a str,
    /// What never changes about the row: the bytes of its UUID, or of its digest.
    pub row: &'a [u8],
    /// The version of the row's content.
    pub version: i64,
    /// The column, and the path in it where it holds several values: `config.clientSecret`.
    pub column: &'a str,
}

impl Place<'_> {
    fn digest(&self) -> digest::Digest {
        let mut context = digest::Context::new(&digest::SHA256);
        context.update(b"vestibule sealed value 1");
        // With their lengths, so that no two places read the same.
        let version = self.version.to_be_bytes();
        for part in [self.table.as_bytes(), self.owner.as_bytes(), self.row, &version, self.column.as_bytes()] {
            context.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            context.update(part);
        }
        context.finish()
    }
}

/// Why a sealed value does not open. No message holds any part of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// It was sealed with a key that is not here.
    #[error(
        "is sealed with the master key \"{sealed_with}\", and this installation has {}; start it with the master key it had before as well, or enter the value again",
        in_quotes(have)
    )]
    UnknownKey {
        /// The id of the key that is missing.
        sealed_with: String,
        /// The ids of the keys that are here; the first one seals.
        have: Vec<String>,
    },
    /// It is intact, and was sealed for another place.
    #[error("was sealed for another owner, row, version or column and moved here; enter the value again in the clear")]
    WrongPlace,
    /// It was changed, cut off, or is no sealed value at all.
    #[error("begins like a sealed value and is damaged, or never was one; enter the value again in the clear")]
    Damaged,
}

/// A sealed value, taken apart.
pub(crate) struct Sealed<'a> {
    /// The id of the key that it was sealed with.
    pub(crate) key_id: &'a str,
    body: &'a str,
}

impl<'a> Sealed<'a> {
    /// Reads its parts; nothing is opened.
    pub(crate) fn read(text: &'a str) -> Result<Self, SealError> {
        let parts = text.strip_prefix(MARK).and_then(read_parts);
        parts.map(|(key_id, body)| Self { key_id, body }).ok_or(SealError::Damaged)
    }

    /// Opens it with the key whose id it has.
    pub(crate) fn open(&self, key: &MasterKey, place: &Place<'_>) -> Result<Secret, SealError> {
        let mut body = Zeroizing::new(URL_SAFE_NO_PAD.decode(self.body).map_err(|_| SealError::Damaged)?);
        let (salt, rest) = body.split_at_mut_checked(SALT).ok_or(SealError::Damaged)?;
        let (carried, content) = rest.split_at_mut_checked(PLACE).ok_or(SealError::Damaged)?;
        let (cipher, nonce) = subkey(key, salt).ok_or(SealError::Damaged)?;
        // The carried digest is authenticated first; then it can be believed.
        let clear = cipher.open_in_place(nonce, Aad::from(&*carried), content).map_err(|_| SealError::Damaged)?;
        if *carried != *place.digest().as_ref() {
            return Err(SealError::WrongPlace);
        }
        let clear = std::str::from_utf8(clear).map_err(|_| SealError::Damaged)?;
        Ok(Secret::new(clear))
    }
}

/// Seals `clear` for `place` with `key`, whose id is `key_id`.
pub(crate) fn seal(
    key: &MasterKey,
    key_id: &str,
    clear: &Secret,
    place: &Place<'_>,
    random: &dyn Random,
) -> Result<String, DbError> {
    let refused = || DbError::MasterKey("the cipher refused to seal a value".to_owned());
    let mut salt = [0; SALT];
    random.fill(&mut salt).map_err(DbError::Random)?;
    let place = place.digest();
    let (cipher, nonce) = subkey(key, &salt).ok_or_else(refused)?;

    // Room for the tag, so that the clear text is not copied when the buffer grows.
    let mut content = Zeroizing::new(Vec::with_capacity(clear.expose().len() + AES_256_GCM.tag_len()));
    content.extend_from_slice(clear.expose().as_bytes());
    cipher.seal_in_place_append_tag(nonce, Aad::from(place.as_ref()), &mut *content).map_err(|_| refused())?;
    let body = [&salt[..], place.as_ref(), &content].concat();
    Ok(sealed_prefix(key_id) + &URL_SAFE_NO_PAD.encode(body))
}

fn in_quotes(ids: &[String]) -> String {
    ids.iter().map(|id| format!("\"{id}\"")).collect::<Vec<_>>().join(", ")
}

/// The key and nonce of one value. The salt is random and used once, and so are they.
fn subkey(key: &MasterKey, salt: &[u8]) -> Option<(LessSafeKey, Nonce)> {
    let mut material = Zeroizing::new([0; KEY + NONCE_LEN]);
    derive(key, salt, &[b"vestibule sealed value 1"], material.as_mut_slice())?;
    let (key, nonce) = material.split_at_checked(KEY)?;
    let key = UnboundKey::new(&AES_256_GCM, key).ok()?;
    Some((LessSafeKey::new(key), Nonce::try_assume_unique_for_key(nonce).ok()?))
}

/// HKDF-SHA256 (RFC 5869). Nothing, when `output` is longer than the 255 blocks that it can give.
pub(crate) fn derive(key: &MasterKey, salt: &[u8], info: &[&[u8]], output: &mut [u8]) -> Option<()> {
    struct Length(usize);
    impl hkdf::KeyType for Length {
        fn len(&self) -> usize {
            self.0
        }
    }
    key.extract(salt).expand(info, Length(output.len())).and_then(|material| material.fill(output)).ok()
}
