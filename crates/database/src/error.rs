//! What goes wrong in storage.

use std::error::Error as StdError;
use std::io;
use std::path::PathBuf;

use vestibule_oauth_provider::Error;

use crate::said::Said;

/// The database could not be opened or did not answer. No message holds a URL, which may hold a password, or a value.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DbError {
    /// The URL is not one of ours.
    #[error("database url: {0}")]
    Url(String),
    /// A file could not be made, read or locked.
    #[error("cannot {what} \"{}\"", path.display())]
    File {
        /// What was tried.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The file is something else.
    #[error("\"{}\" is no SQLite database; move it away, or name another file in the database url", path.display())]
    NotADatabase {
        /// The file.
        path: PathBuf,
    },
    /// Another process keeps the lock.
    #[error("another process has been holding the lock \"{}\" for {seconds} seconds; it is migrating the database, or it hangs", path.display())]
    Locked {
        /// The lock file.
        path: PathBuf,
        /// How long we waited.
        seconds: u64,
    },
    /// Another process keeps the lock in the database.
    #[error("another process has been migrating the database for {seconds} seconds, or it hangs")]
    LockedByOther {
        /// How long we waited.
        seconds: u64,
    },
    /// The tables were made by a newer program.
    #[error(
        "the database has schema version {found}, and this program knows versions up to {known}; start the newer program, or restore the backup from before the upgrade"
    )]
    NewerSchema {
        /// The version found.
        found: i64,
        /// The newest that we know.
        known: i64,
    },
    /// A master key cannot be used.
    #[error("master key: {0}")]
    MasterKey(String),
    /// The random source gave nothing.
    #[error("no random bytes")]
    Random(#[source] Error),
    /// There is a row of that key already. What the driver says of it may hold values, and is not kept.
    #[error("there is such a row already")]
    AlreadyThere,
    /// The database does not answer, is busy, or undid a statement in favour of another. The same again may work in a moment.
    #[error("the database does not answer at the moment")]
    Unavailable(#[source] Box<dyn StdError + Send + Sync>),
    /// The database failed, or a statement did.
    #[error("the database failed")]
    Failed(#[source] Box<dyn StdError + Send + Sync>),
}

impl DbError {
    pub(crate) fn took_too_long() -> Self {
        Self::Unavailable(Said::new("it did not answer a statement in time").into())
    }

    #[cfg(any(feature = "postgres", feature = "mysql"))]
    pub(crate) fn unreadable_url(scheme: &str, port: u16) -> Self {
        Self::Url(format!(
            "it cannot be read; write \"{scheme}://user:password@host:{port}/name\", and percent-encode what is special in user and password"
        ))
    }

    #[cfg(any(feature = "postgres", feature = "mysql"))]
    pub(crate) fn unknown_parameter(name: &str, known: &[&str]) -> Self {
        let is_plain =
            name.len() <= 30 && name.chars().all(|letter| letter.is_ascii_lowercase() || "-_".contains(letter));
        let name = if is_plain { name } else { "…" };
        Self::Url(format!("the parameter \"{name}\" is not known; known: {}", known.join(", ")))
    }

    #[cfg(any(feature = "postgres", feature = "mysql"))]
    pub(crate) fn url_without_name(scheme: &str) -> Self {
        Self::Url(format!(
            "it names no database; write its name at the end, as in \"{scheme}://user:password@host/vestibule\""
        ))
    }
}

impl From<DbError> for Error {
    fn from(error: DbError) -> Self {
        let message = error.to_string();
        match error {
            DbError::Url(_) | DbError::NotADatabase { .. } | DbError::NewerSchema { .. } | DbError::MasterKey(_) => {
                Self::configuration(message)
            }
            DbError::File { source, .. } => Self::configuration(message).caused_by(source),
            DbError::Unavailable(source) => Self::unavailable(message).caused_by(source),
            DbError::Failed(source) => Self::internal(message).caused_by(source),
            DbError::AlreadyThere => Self::internal(message),
            DbError::Random(source) => Self::internal(message).caused_by(source),
            DbError::Locked { .. } | DbError::LockedByOther { .. } => Self::internal(message),
        }
    }
}

/// What a store of rows answers instead of what it was asked for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// There is no such row.
    #[error("there is no {0}")]
    NotFound(String),
    /// There is a row of that name already.
    #[error("{0} exists already; replace it, or choose another name")]
    AlreadyExists(String),
    /// Somebody else changed the row since it was read. Nothing was written.
    #[error("{0} was changed by somebody else at the same moment; look at it again, then repeat")]
    Changed(String),
    /// What was to be saved is not good. Nothing was written. The message names record, field and remedy.
    #[error("{0}")]
    Refused(String),
    /// Other rows name it. Nothing was written.
    #[error("{record} is used by {}; point them at another, or delete them first", named(users, *count))]
    InUse {
        /// What is used, as messages call it.
        record: String,
        /// The first of the rows that use it: `"owner/name"`.
        users: Vec<String>,
        /// How many use it in all.
        count: usize,
    },
    /// What is stored cannot be read. The message names record, field and remedy.
    #[error("{0}")]
    Unreadable(String),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DbError),
}

fn named(users: &[String], count: usize) -> String {
    let (users, more) = (users.join(", "), count.saturating_sub(users.len()));
    if more == 0 { users } else { format!("{users} and {more} more ({count} in all)") }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Database(error) => error.into(),
            refused => Self::configuration(refused.to_string()),
        }
    }
}
