//! `vestibule export`.

use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::Arc;

use tempfile::NamedTempFile;
use vestibule::{Error, Result, Vestibule};
use vestibule_transfer::{Exported, Installation, Secrets};

use super::passphrase::{self, Purpose};
use super::progress::Shown;
use super::{Desk, cannot_write};
use crate::cli::{Export, SecretsInFile};

/// Writes all rows into the file that the command line names, or to `out`.
///
/// # Errors
/// `Configuration`, when there is no passphrase to seal with, the file is there already or cannot be written, or a row cannot be read: the others are in the
/// file. `Unavailable` or `Internal`, when the database fails: then there is no file.
pub async fn export(desk: &Desk, export: &Export, out: &mut (dyn Write + Send)) -> Result<()> {
    let secrets = secrets(export)?;
    let installation = installation(&desk.vestibule);
    let mut shown = Shown::new("exported");
    let exported = if export.output == Path::new("-") {
        installation.export(&secrets, out, &mut |progress| shown.show(progress)).await?
    } else {
        into_file(&installation, &secrets, &export.output, &mut shown).await?
    };
    drop(shown);
    say(&exported, &export.output).map_err(cannot_write)?;
    match exported.left_behind.len() {
        0 => Ok(()),
        count => Err(Error::configuration(format!(
            "{count} rows cannot be read and are not in the file; correct them and export again"
        ))),
    }
}

/// The installation, for moving its rows.
pub(super) fn installation(vestibule: &Vestibule) -> Installation {
    Installation {
        certs: (**vestibule.certs()).clone(),
        providers: (**vestibule.providers()).clone(),
        registry: Arc::clone(vestibule.registry()),
        clock: Arc::clone(&vestibule.services().clock),
        random: Arc::clone(&vestibule.services().random),
    }
}

fn secrets(export: &Export) -> Result<Secrets> {
    match export.secrets {
        SecretsInFile::LeftOut => Ok(Secrets::LeftOut),
        SecretsInFile::Sealed => {
            let passphrase = passphrase::find(export.passphrase_file.as_deref(), Purpose::Seal)?;
            passphrase.map(Secrets::Sealed).ok_or_else(|| {
                let remedy = passphrase::remedy();
                Error::configuration(format!(
                    "there is no passphrase to seal secrets with; {remedy}, or --secrets left-out"
                ))
            })
        }
    }
}

/// A file for its owner only, which is there as a whole or not at all.
async fn into_file(installation: &Installation, secrets: &Secrets, path: &Path, shown: &mut Shown) -> Result<Exported> {
    let named = |error: std::io::Error| Error::configuration(format!("file \"{}\": {error}", path.display()));
    if path.try_exists().map_err(named)? {
        return Err(Error::configuration(format!("file \"{}\" is there already; name another one", path.display())));
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = NamedTempFile::new_in(folder).map_err(named)?;
    let exported = {
        let mut out = BufWriter::new(file.as_file_mut());
        installation.export(secrets, &mut out, &mut |progress| shown.show(progress)).await?
    };
    file.as_file().sync_all().map_err(named)?;
    file.persist_noclobber(path).map_err(|error| named(error.error))?;
    Ok(exported)
}

/// To standard error: standard output may be the file.
fn say(exported: &Exported, path: &Path) -> std::io::Result<()> {
    let mut stderr = std::io::stderr();
    for row in &exported.left_behind {
        writeln!(stderr, "not exported: {row}")?;
    }
    let Exported { certs, providers, .. } = exported;
    writeln!(stderr, "{certs} cert records and {providers} provider rows exported to \"{}\"", path.display())
}
