//! Master keys: what each seals, a new one, and taking a former one out.

use std::collections::BTreeMap;
use std::io::{IsTerminal as _, Write};
use std::path::Path;

use vestibule::{Error, KeyFile, KeySource, Resealed, ResealingProgress, Result, SystemRandom};

use super::{Desk, cannot_write};

/// After how long nobody can need a former key any more for a sign-in: ten minutes for the sign-in, and the time in which the last server learns the new key.
const WAIT: &str = "eleven minutes";

/// When a rotation begins with a new key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NewKey {
    /// Unless an earlier rotation is unfinished.
    UnlessUnfinished,
    /// In any case.
    Always,
}

/// Lists the keys, a line each: those that are here, the one that seals first, then those that are missed.
///
/// # Errors
/// `Unavailable` or `Internal`, when the database fails.
pub async fn list(desk: &Desk, out: &mut dyn Write) -> Result<()> {
    let mut counts = desk.vestibule.sealed_with().await?;
    for (index, key) in desk.vestibule.keyring().key_ids().into_iter().enumerate() {
        let count = counts.remove(&key).unwrap_or_default();
        let role = if index == 0 { "seals" } else { "opens" };
        writeln!(out, "{key}  {role}, {count} stored values").map_err(cannot_write)?;
    }
    for (key, count) in counts {
        writeln!(out, "{key}  is not here, {count} stored values that nobody can open").map_err(cannot_write)?;
    }
    Ok(())
}

/// Seals everything anew with a new key, or with the one that an unfinished rotation began with.
///
/// # Errors
/// `Configuration`, when there is no other key to seal with, or when something could not be sealed anew; the rest was. `Unavailable` or `Internal`, when the
/// database or the key file fails.
pub async fn rotate(desk: &Desk, new_key: NewKey, out: &mut (dyn Write + Send)) -> Result<()> {
    let (vestibule, keyring) = (&desk.vestibule, desk.vestibule.keyring());
    let counts = vestibule.sealed_with().await?;
    let is_unfinished = keyring.key_ids().iter().skip(1).any(|former| counts.contains_key(former));
    match &desk.key_source {
        KeySource::File(path) if new_key == NewKey::Always || !is_unfinished => {
            let added = KeyFile::at(path).add_key(&SystemRandom::new()).await?;
            keyring.reload().await?;
            let shown = path.display();
            writeln!(
                out,
                "{added}  is new in \"{shown}\" and seals from now on; keep a copy of that file apart from the database"
            )
            .map_err(cannot_write)?;
        }
        KeySource::File(_) => {
            let first = keyring.key_id();
            writeln!(out, "{first}  seals; the rotation to it goes on").map_err(cannot_write)?;
        }
        _ if keyring.key_ids().len() < 2 => return Err(no_key_file("put a new key before the one that it has")),
        _ => {}
    }
    let mut shown = Progress::default();
    let resealed = vestibule.reseal(&mut |progress| shown.show(progress)).await?;
    say(&resealed, out).map_err(cannot_write)?;
    if !resealed.failed.is_empty() || resealed.changed > 0 {
        return Err(Error::configuration(
            "not everything is sealed with the first key; what stands above was left as it was. Correct it, or add the key that is missing to \
             the others and run `vestibule keys rotate` again; `vestibule keys list` shows what is left",
        ));
    }
    for former in keyring.key_ids().iter().skip(1) {
        writeln!(out, "{former}  opens; in {WAIT} nobody needs it, then `vestibule keys remove {former}`")
            .map_err(cannot_write)?;
    }
    Ok(())
}

fn say(resealed: &Resealed, out: &mut dyn Write) -> std::io::Result<()> {
    for failed in &resealed.failed {
        writeln!(out, "{failed}")?;
    }
    if resealed.others > 0 {
        writeln!(out, "{} more could not be opened", resealed.others)?;
    }
    if resealed.changed > 0 {
        writeln!(out, "{} rows were changed by somebody else again and again", resealed.changed)?;
    }
    writeln!(out, "{} rows sealed anew", resealed.rows)
}

/// Takes a key out of the key file.
///
/// # Errors
/// `Configuration`, when it is not there, when it is the one that seals, or when something is sealed with it.
pub async fn remove(desk: &Desk, key: &str, out: &mut dyn Write) -> Result<()> {
    let KeySource::File(path) = &desk.key_source else {
        return Err(no_key_file("take the key out of it"));
    };
    refuse_in_use(desk, key, &desk.vestibule.sealed_with().await?, path)?;
    KeyFile::at(path).remove_key(key).await?;
    let shown = path.display();
    writeln!(
        out,
        "{key}  was taken out of \"{shown}\"; whoever began to sign in before the last rotation, less than {WAIT} ago, begins again. \
         Backups of the database from before it need that key still"
    )
    .map_err(cannot_write)
}

fn refuse_in_use(desk: &Desk, key: &str, counts: &BTreeMap<String, u64>, path: &Path) -> Result<()> {
    let keys = desk.vestibule.keyring().key_ids();
    if !keys.iter().any(|known| known == key) {
        let known = keys.join(", ");
        let shown = path.display();
        return Err(Error::configuration(format!("there is no master key {key:?} in \"{shown}\"; there are: {known}")));
    }
    if keys.first().is_some_and(|first| first == key) {
        return Err(Error::configuration(format!(
            "\"{key}\" is the master key that seals; `vestibule keys rotate` puts another one in its place, then it can be removed"
        )));
    }
    match counts.get(key) {
        Some(count) => Err(Error::configuration(format!(
            "{count} stored values are sealed with \"{key}\"; `vestibule keys rotate` seals them anew, then it can be removed"
        ))),
        None => Ok(()),
    }
}

fn no_key_file(todo: &str) -> Error {
    Error::configuration(format!(
        "the master keys come from VESTIBULE_MASTER_KEY or from a command, where nothing can be changed from here: {todo}, for every server, then run \
         this again"
    ))
}

/// How far a pass is, for the person at the terminal: one line that is written over, or one for each tenth.
#[derive(Default)]
struct Progress {
    tenth: Option<(&'static str, u64)>,
}

impl Progress {
    fn show(&mut self, ResealingProgress { what, done, total }: ResealingProgress) {
        if total == 0 {
            return;
        }
        let tenth = Some((what, done.saturating_mul(10) / total));
        let mut stderr = std::io::stderr();
        // Nobody is worse off when this cannot be written.
        let _ = if stderr.is_terminal() {
            let end = if done >= total { "\n" } else { "" };
            write!(stderr, "\r{what}: {done} of {total}{end}")
        } else if tenth != self.tenth {
            writeln!(stderr, "{what}: {done} of {total}")
        } else {
            Ok(())
        };
        self.tenth = tenth;
    }
}
