//! A file with the master keys, that can be written to.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::sync::oneshot;
use vestibule_oauth_provider::{Random, Secret};
use zeroize::Zeroizing;

use crate::keys::text;
use crate::{DbError, MasterKey, file};

/// How long the reading of a file may take. One on a network, or a pipe, may never answer.
const LONGEST_READ: Duration = Duration::from_secs(10);

/// A file with master keys, one a line, the one that seals first. What it is written to holds the keys of the old file or of the one that replaces
/// it, never less; a lock beside it lets one writer at a time.
#[derive(Debug, Clone)]
pub struct KeyFile {
    path: PathBuf,
}

/// Where a key file came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyOrigin {
    /// It was there.
    Found,
    /// It was made just now. Whoever runs the installation should be told to keep a copy apart from the database: without it nothing sealed can be
    /// opened again.
    Made,
}

impl KeyFile {
    /// The file of that name.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Makes it, for its owner only, with one key, when there is none. Of several that start at the same time one makes it; a start that is cut off
    /// leaves no half key.
    ///
    /// # Errors
    /// [`DbError::File`], [`DbError::Random`]; [`DbError::Locked`] when another writer has been at it for a minute.
    pub async fn make_if_absent(&self, random: &dyn Random) -> Result<KeyOrigin, DbError> {
        if self.path.try_exists().is_ok_and(|exists| exists) {
            return Ok(KeyOrigin::Found);
        }
        let _lock = file::lock_async(&self.path).await?;
        make_unless_there(&self.path, random)
    }

    /// Puts a fresh key before all others, and says its id. Other lines, comments too, stay as they are; so do the file's owner and mode.
    ///
    /// # Errors
    /// As [`KeyFile::make_if_absent`]; the file is then as it was.
    pub async fn add_key(&self, random: &dyn Random) -> Result<String, DbError> {
        let key = MasterKey::random(random)?;
        let line = key.to_line();
        self.rewrite(|found| {
            let mut text = Zeroizing::new(String::with_capacity(line.len() + found.len()));
            text.push_str(&line);
            text.push_str(found.trim_start_matches(text::BYTE_ORDER_MARK));
            text
        })
        .await?;
        Ok(key.id())
    }

    /// Takes the key of that id out, and says whether it was there. Everything else stays as it is.
    ///
    /// # Errors
    /// As [`KeyFile::add_key`]; [`DbError::MasterKey`] when it is the only key.
    pub async fn remove_key(&self, id: &str) -> Result<bool, DbError> {
        let is_it = |word: &str| MasterKey::parse(word).is_ok_and(|key| key.id() == id);
        let mut is_removed = false;
        self.rewrite(|found| {
            let mut text = Zeroizing::new(String::with_capacity(found.len() + 1));
            for line in found.trim_start_matches(text::BYTE_ORDER_MARK).lines() {
                if !text::keys_of(line).any(is_it) {
                    text.push_str(line);
                    text.push('\n');
                    continue;
                }
                is_removed = true;
                // What else stands in the line: other keys. The comment may be about this one, and goes with it.
                for other in text::keys_of(line).filter(|word| !is_it(word)) {
                    text.push_str(other);
                    text.push('\n');
                }
            }
            text
        })
        .await?;
        Ok(is_removed)
    }

    /// Replaces the text of the file, if what it becomes is a key file still.
    async fn rewrite(&self, change: impl FnOnce(&str) -> Zeroizing<String>) -> Result<(), DbError> {
        // Where a link leads: to put a file in the place of the link would part it from the others that lead there.
        let path = self.path.canonicalize().map_err(failed("find the master key file", &self.path))?;
        let _lock = file::lock_async(&path).await?;
        let found = read_text(&path)?;
        let changed = change(found.expose());
        if changed.as_str() == found.expose() {
            return Ok(());
        }
        text::read(&text::from_bytes(changed.as_bytes())?).map_err(|error| in_file(error, &path))?;
        let metadata = path.metadata().map_err(failed("look at the master key file", &path))?;
        replace(&path, changed.as_bytes(), Some(&metadata)).map_err(failed("replace the master key file", &path))
    }
}

/// All keys of a file.
pub(crate) fn read(path: &Path) -> Result<Vec<MasterKey>, DbError> {
    let text = read_text(path)?;
    text::read(&text).map_err(|error| in_file(error, path))
}

/// As [`read`], for ten seconds at most.
pub(crate) async fn read_bounded(path: &Path) -> Result<Vec<MasterKey>, DbError> {
    let (sender, receiver) = oneshot::channel();
    let file = path.to_owned();
    // A thread of its own and not one of tokio's, which would keep the process from ending while it waits.
    std::thread::spawn(move || sender.send(read(&file)));
    match tokio::time::timeout(LONGEST_READ, receiver).await {
        Ok(Ok(keys)) => keys,
        Ok(Err(_)) | Err(_) => Err(failed("read the master key file", path)(io::ErrorKind::TimedOut.into())),
    }
}

/// Makes the file unless it is there. The caller holds the lock.
pub(crate) fn make_unless_there(path: &Path, random: &dyn Random) -> Result<KeyOrigin, DbError> {
    if path.try_exists().map_err(failed("look for the master key file", path))? {
        return Ok(KeyOrigin::Found);
    }
    let line = MasterKey::random(random)?.to_line();
    replace(path, line.as_bytes(), None).map_err(failed("write the master key file", path))?;
    Ok(KeyOrigin::Made)
}

fn failed<'a>(what: &'static str, path: &'a Path) -> impl Fn(io::Error) -> DbError + 'a {
    move |source| DbError::File { what, path: path.to_owned(), source }
}

fn in_file(error: DbError, path: &Path) -> DbError {
    text::within(error, &format!("file \"{}\"", path.display()))
}

fn read_text(path: &Path) -> Result<Secret, DbError> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(text::LONGEST + 1));
    let limit = u64::try_from(text::LONGEST).unwrap_or(u64::MAX).saturating_add(1);
    File::open(path)
        .and_then(|file| file.take(limit).read_to_end(&mut bytes))
        .map_err(failed("read the master key file", path))?;
    text::from_bytes(&bytes).map_err(|error| in_file(error, path))
}

/// Writes the file beside its place and moves it there when it is whole and on disk; `like` is the file whose owner and mode it gets. The caller
/// holds the lock.
fn replace(path: &Path, text: &[u8], like: Option<&fs::Metadata>) -> io::Result<()> {
    let unfinished = file::beside(path, ".new");
    match fs::remove_file(&unfinished) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        // What a writer that was cut off left behind; nobody used it.
        _ => {}
    }
    let mut file = file::create_owner_only(&unfinished)?;
    let written = (|| {
        if let Some(like) = like {
            make_like(&file, like)?;
        }
        file.write_all(text)?;
        file.sync_all()?;
        fs::rename(&unfinished, path)
    })();
    if let Err(error) = written {
        // It may hold a key that is nowhere else; nobody is to find it there.
        let _ = fs::remove_file(&unfinished);
        return Err(error);
    }
    sync_folder(path)
}

/// Gives `file` the owner and mode of another: who could read that one, and nobody else, has to read this one.
#[cfg(unix)]
fn make_like(file: &File, other: &fs::Metadata) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt as _, fchown};
    let own = file.metadata()?;
    if (own.uid(), own.gid()) != (other.uid(), other.gid()) {
        fchown(file, Some(other.uid()), Some(other.gid())).map_err(|error| {
            io::Error::new(
                error.kind(),
                "it belongs to another user, who would no longer read it; do this as that user",
            )
        })?;
    }
    file.set_permissions(other.permissions())
}

#[cfg(not(unix))]
fn make_like(_file: &File, _other: &fs::Metadata) -> io::Result<()> {
    Ok(())
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
