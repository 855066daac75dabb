//! Where the passphrase of a file comes from: a file, the environment, or the person at the terminal. Never an argument: other users of a machine can read a
//! command line.

use std::io::IsTerminal as _;
use std::path::Path;

use vestibule::{Error, Result};
use vestibule_transfer::Passphrase;

use super::files::read_limited;

/// The variable that may hold it.
const VARIABLE: &str = "VESTIBULE_PASSPHRASE";
/// The most that a file with a passphrase holds, in bytes.
const LONGEST: usize = 4096;

/// What the passphrase is wanted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To seal: whoever types it types it twice.
    Seal,
    /// To open.
    Open,
}

/// The passphrase; nothing, when nobody gave one and there is nobody to ask.
///
/// # Errors
/// `Configuration`, naming where it came from and what is wrong with it.
pub(super) fn find(file: Option<&Path>, purpose: Purpose) -> Result<Option<Passphrase>> {
    if let Some(file) = file {
        let bytes = read_limited(file, LONGEST)?;
        let shown = file.display();
        let text = String::from_utf8(bytes).map_err(|_| {
            Error::configuration(format!("file \"{shown}\": is not UTF-8 text; write the passphrase there"))
        })?;
        let passphrase = Passphrase::new(&text);
        return passphrase.map(Some).map_err(|error| Error::configuration(format!("file \"{shown}\": {error}")));
    }
    if let Ok(text) = std::env::var(VARIABLE) {
        let passphrase = Passphrase::new(&text);
        return passphrase.map(Some).map_err(|error| Error::configuration(format!("{VARIABLE}: {error}")));
    }
    if !std::io::stdin().is_terminal() {
        return Ok(None);
    }
    let text = asked("Passphrase of the file: ")?;
    if purpose == Purpose::Seal && asked("The same again: ")? != text {
        return Err(Error::configuration("the two passphrases are not the same; begin again"));
    }
    Ok(Some(Passphrase::new(&text)?))
}

fn asked(prompt: &str) -> Result<String> {
    rpassword::prompt_password(prompt).map_err(|error| {
        Error::configuration(format!("the passphrase cannot be read from the terminal: {error}; {}", remedy()))
    })
}

/// What to do where nobody can be asked.
pub(super) fn remedy() -> String {
    format!("give --passphrase-file, or set {VARIABLE}")
}
