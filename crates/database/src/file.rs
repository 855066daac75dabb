//! Files for their owner only, and locks beside them.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::sync::oneshot;

use crate::DbError;

/// How long a starter waits for another one.
const PATIENCE: Duration = Duration::from_secs(60);

/// Makes the file, which must not exist, readable and writable by its owner only from its first moment on.
pub(crate) fn create_owner_only(path: &Path) -> io::Result<File> {
    owner_only().create_new(true).open(path)
}

/// Makes the file for its owner only, unless it is there. One that is open to others is left so and reported.
#[cfg(feature = "sqlite")]
pub(crate) fn ensure_owner_only(path: &Path) -> io::Result<()> {
    match create_owner_only(path) {
        Ok(file) => file.sync_all(),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            report_open_to_others(path);
            Ok(())
        }
        Err(error) => Err(error),
    }
}

#[cfg(unix)]
fn owner_only() -> OpenOptions {
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut options = OpenOptions::new();
    options.read(true).write(true).mode(0o600);
    options
}

#[cfg(not(unix))]
fn owner_only() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    options
}

/// Warns when others than the owner may read or write the file.
#[cfg(unix)]
pub(crate) fn report_open_to_others(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    if let Ok(found) = path.metadata() {
        let mode = found.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            tracing::warn!(
                path = %path.display(),
                mode = format!("{mode:o}"),
                "the file holds secrets and others than its owner may open it; `chmod 600` it"
            );
        }
    }
}

#[cfg(not(unix))]
pub(crate) fn report_open_to_others(_path: &Path) {}

/// The file `<path><suffix>`.
pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Takes the lock `<path>.lock`, waiting as long as it takes; it is given back when the file is dropped or the process ends, however it ends. The file
/// stays: removing it would let two starters lock two files of the same name.
pub(crate) fn lock(path: &Path) -> Result<File, DbError> {
    let failed = |what| move |source| DbError::File { what, path: path.to_owned(), source };
    let file = owner_only().create(true).truncate(false).open(beside(path, ".lock")).map_err(|error| {
        let what = match error.kind() {
            io::ErrorKind::NotFound => "find the folder of",
            io::ErrorKind::PermissionDenied => "write, as this user, into the folder of",
            _ => "make a lock beside",
        };
        failed(what)(error)
    })?;
    file.lock().map_err(failed("lock the file beside"))?;
    Ok(file)
}

/// As [`lock`], for a minute at most.
pub(crate) async fn lock_async(path: &Path) -> Result<File, DbError> {
    let (sender, receiver) = oneshot::channel();
    let waiting_for = path.to_owned();
    // A thread of its own and not one of tokio's, which would keep the process from ending while it waits.
    std::thread::spawn(move || sender.send(lock(&waiting_for)));
    match tokio::time::timeout(PATIENCE, receiver).await {
        Ok(Ok(locked)) => locked,
        Ok(Err(_)) | Err(_) => Err(DbError::Locked { path: beside(path, ".lock"), seconds: PATIENCE.as_secs() }),
    }
}
