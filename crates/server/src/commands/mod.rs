//! What the command line does, a file for each noun.

mod answer;
pub mod cert;
pub mod demo;
pub mod doctor;
pub mod export;
mod files;
pub mod history;
pub mod import;
pub mod inspect;
pub mod keys;
mod passphrase;
mod progress;
pub mod provider;

use std::io::Write;

use vestibule::{Error, KeySource, Result, Vestibule};

use self::answer::{cannot_write, write_json};
use crate::options::Options;
use crate::server;
use crate::storage::{Absent, Storage};

/// The mask that stores show for a secret, and take for "what is stored".
const AS_IT_IS: &str = "***";

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
