//! Where master keys come from.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use vestibule_oauth_provider::Secret;

use crate::keys::{KeyCommand, file, text};
use crate::{DbError, MasterKey};

/// How long after a file was read it is not read again, unless it was changed.
const FILE_REST: Duration = Duration::from_secs(1);
/// How long after a command was run it is not run again.
const COMMAND_REST: Duration = Duration::from_secs(30);

/// Where master keys come from. All have the same form: keys (64 hex digits, or the base64 of 32 bytes) separated by white space or commas, the one
/// that seals first; in each line, what follows a `#` is a comment. Its `Debug` shows no key.
#[derive(Clone)]
#[non_exhaustive]
pub enum KeySource {
    /// A text that does not change, such as a variable of the environment.
    Text(Secret),
    /// A file.
    File(PathBuf),
    /// What a command prints.
    Command(KeyCommand),
}

/// By what a file is seen to have been changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stamp {
    modified: Option<SystemTime>,
    length: u64,
    inode: u64,
}

impl KeySource {
    /// The keys that it has.
    ///
    /// # Errors
    /// [`DbError::File`], [`DbError::MasterKey`]: none, too many, or something that is no key.
    pub(crate) async fn read(&self) -> Result<Vec<MasterKey>, DbError> {
        match self {
            Self::Text(secret) => text::read(secret),
            Self::File(path) => file::read_bounded(path).await,
            Self::Command(command) => {
                text::read(&command.run().await?).map_err(|error| text::within(error, &command.to_string()))
            }
        }
    }

    /// Warns of a file that others than its owner may read.
    pub(crate) fn report_open_to_others(&self) {
        if let Self::File(path) = self {
            crate::file::report_open_to_others(path);
        }
    }

    /// Whether it may have other keys than before.
    pub(crate) fn can_change(&self) -> bool {
        match self {
            Self::Text(_) => false,
            // A pipe is empty after its first reader, and a second one may wait for ever.
            Self::File(path) => path.metadata().map_or(true, |found| found.is_file()),
            Self::Command(_) => true,
        }
    }

    /// How long it is left in peace after it was asked.
    pub(crate) fn rest(&self) -> Duration {
        match self {
            Self::Text(_) | Self::File(_) => FILE_REST,
            Self::Command(_) => COMMAND_REST,
        }
    }

    /// What a file looks like from outside.
    pub(crate) fn stamp(&self) -> Option<Stamp> {
        match self {
            Self::File(path) => Stamp::of(path),
            Self::Text(_) | Self::Command(_) => None,
        }
    }
}

impl Stamp {
    fn of(path: &Path) -> Option<Self> {
        let found = path.metadata().ok()?;
        #[cfg(unix)]
        let inode = std::os::unix::fs::MetadataExt::ino(&found);
        #[cfg(not(unix))]
        let inode = 0;
        Some(Self { modified: found.modified().ok(), length: found.len(), inode })
    }
}

impl fmt::Debug for KeySource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(_) => formatter.write_str("Text(..)"),
            Self::File(path) => formatter.debug_tuple("File").field(path).finish(),
            Self::Command(command) => formatter.debug_tuple("Command").field(command).finish(),
        }
    }
}
