//! Where an installation keeps its rows, and the master keys that open what is sealed in them.

mod patience;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use vestibule::{
    Database, Error, ErrorKind, KeyCommand, KeyFile, KeyOrigin, KeySource, Keyring, Result, Secret, SystemClock,
    SystemRandom, describe_url,
};

pub use self::patience::Patience;
use crate::options::Options;

/// Where the master keys may stand in the environment. It is no command-line option: other users of a machine can read those.
const MASTER_KEY: &str = "VESTIBULE_MASTER_KEY";

/// The embedded database's file in the data folder.
const DATABASE: &str = "vestibule.db";

/// The embedded installation's master keys in the data folder.
const KEY_FILE: &str = "master.key";

/// An installation's database, opened, and its master keys.
#[derive(Debug)]
pub struct Storage {
    /// The database.
    pub database: Database,
    /// What opens the values that are sealed in it.
    pub keyring: Keyring,
    /// Where the keys of that came from.
    pub key_source: KeySource,
    /// The database for people: the absolute path of its file, or server and name. No password is in it.
    pub place: String,
}

/// What is done where there is no installation yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Absent {
    /// Folder, database and master key are made.
    Make,
    /// Nothing is made: in a wrong folder there is nothing to look at, and a second installation there would only hide the mistake.
    Refuse,
}

impl Storage {
    /// Opens what `options` name.
    ///
    /// # Errors
    /// `Configuration` or `Internal`, naming the file or the server; `Unavailable`, when the database does not answer.
    pub async fn open(options: &Options, absent: Absent) -> Result<Self> {
        Self::open_patiently(options, absent, Patience::NONE).await
    }

    /// The same, waiting for a database that does not answer: whoever starts a server beside its database does not know which is ready first.
    ///
    /// # Errors
    /// As [`Storage::open`].
    pub async fn open_patiently(options: &Options, absent: Absent, patience: Patience) -> Result<Self> {
        let url = match &options.database {
            Some(url) => {
                if absent == Absent::Refuse {
                    refuse_absent_database(url)?;
                }
                url.clone()
            }
            None => {
                match absent {
                    Absent::Make => make_private_folder(options.data_dir())?,
                    Absent::Refuse => refuse_absent_installation(options.data_dir())?,
                }
                embedded(options.data_dir())
            }
        };
        let key_source = key_source(options).await?;
        let keyring = load(&key_source).await?;
        let place = describe_url(&url);
        let database = patience.wait(async || Box::pin(open_database(&url, &place)).await).await?;
        Ok(Self { database, keyring, key_source, place })
    }

    /// Makes an installation in `folder`, with a key of its own; both are gone when the folder is.
    ///
    /// # Errors
    /// `Internal`, when there is no database to be made there, or no random bytes.
    pub async fn throwaway(folder: &Path) -> Result<Self> {
        let url = embedded(folder);
        let key_file = folder.join(KEY_FILE);
        KeyFile::at(&key_file).make_if_absent(&SystemRandom::new()).await?;
        let key_source = KeySource::File(key_file);
        let keyring = load(&key_source).await?;
        Ok(Self { database: Database::open(&url).await?, keyring, key_source, place: describe_url(&url) })
    }
}

/// Says of a database that cannot be had which one it is.
async fn open_database(url: &str, place: &str) -> Result<Database> {
    let opened = Database::open(url).await.map_err(Error::from);
    opened.map_err(|error| match error.kind() {
        ErrorKind::Unavailable | ErrorKind::Internal => error.within(format!("database \"{place}\"")),
        _ => error,
    })
}

fn embedded(folder: &Path) -> String {
    format!("sqlite:{}", folder.join(DATABASE).display())
}

/// The file that a database URL names; none for a database in memory, and for a URL that the database will refuse.
fn file_of(url: &str) -> Option<&Path> {
    let rest = url.strip_prefix("sqlite:")?;
    let path = rest.strip_prefix("//").unwrap_or(rest);
    (path != ":memory:").then_some(Path::new(path))
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

fn refuse_absent_installation(folder: &Path) -> Result<()> {
    if folder.join(DATABASE).exists() {
        return Ok(());
    }
    let folder = absolute(folder);
    Err(Error::configuration(format!(
        "there is no installation in \"{}\"; name the server's folder with --data-dir or VESTIBULE_DATA_DIR",
        folder.display()
    )))
}

fn refuse_absent_database(url: &str) -> Result<()> {
    match file_of(url) {
        Some(file) if !file.exists() => Err(Error::configuration(format!(
            "there is no database \"{}\"; name the server's with --database or VESTIBULE_DATABASE",
            absolute(file).display()
        ))),
        _ => Ok(()),
    }
}

async fn load(source: &KeySource) -> Result<Keyring> {
    Keyring::load(source.clone(), Arc::new(SystemClock)).await.map_err(|error| match source {
        KeySource::Text(_) => Error::from(error).within(MASTER_KEY),
        _ => error.into(),
    })
}

/// Where the master keys come from. Where nobody said that, they are in a file of the data folder, which is made on the first start.
async fn key_source(options: &Options) -> Result<KeySource> {
    if let Ok(text) = std::env::var(MASTER_KEY) {
        return Ok(KeySource::Text(Secret::new(text)));
    }
    match (&options.master_key_command, &options.master_key_file) {
        (Some(_), Some(_)) => {
            return Err(Error::configuration(
                "the master keys come from --master-key-command or from --master-key-file, and both are given; give one of them",
            ));
        }
        (Some(command), None) => {
            let command =
                KeyCommand::parse(command).map_err(|error| Error::from(error).within("--master-key-command"))?;
            return Ok(KeySource::Command(command));
        }
        (None, Some(path)) => return Ok(KeySource::File(path.clone())),
        (None, None) => {}
    }
    if options.database.is_some() {
        return Err(Error::configuration(format!(
            "a database of your own needs a master key of your own: set {MASTER_KEY}, --master-key-file or --master-key-command to \
             give 32 random bytes, for example the output of `openssl rand -base64 32`"
        )));
    }
    let folder = absolute(options.data_dir());
    let path = folder.join(KEY_FILE);
    let database = folder.join(DATABASE);
    if database.exists() && !path.exists() {
        // A new key would open nothing that is sealed in there.
        return Err(Error::configuration(format!(
            "there is a database \"{}\" and no master key \"{}\" to open what is sealed in it: put the key file back, or set \
             {MASTER_KEY} to what it held; to begin anew, move the database away",
            database.display(),
            path.display()
        )));
    }
    if KeyFile::at(&path).make_if_absent(&SystemRandom::new()).await? == KeyOrigin::Made {
        tracing::warn!(
            path = %path.display(),
            "made a master key, readable by its owner only. It seals private keys and secrets in the database: a copy of the \
             database alone, such as a dump or a backup, does not reveal them. It does not protect against somebody who can read \
             this file too. Back it up apart from the database, or set {MASTER_KEY} instead; without it sealed values are lost"
        );
    }
    Ok(KeySource::File(path))
}

fn make_private_folder(folder: &Path) -> Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(|error| {
        let remedy = "--data-dir takes a folder that can be made or written to";
        Error::configuration(format!("data folder \"{}\": {remedy}", folder.display())).caused_by(error)
    })
}
