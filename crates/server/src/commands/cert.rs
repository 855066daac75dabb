//! `vestibule cert`.

mod add;
mod list;
mod record;
mod show;
mod versions;

use std::io::Write;

use vestibule::certs_store::Edit;
use vestibule::{Result, RowKind};

use super::inspect::{self, Format};
use super::{Desk, history, split_name};
use crate::cli::{Cert, CertChange};
use crate::options::Options;
use crate::providers;
use crate::storage::Absent;

/// Does it.
///
/// # Errors
/// For the person at the terminal: what is wrong, where, and the remedy.
pub async fn run(command: Cert, options: &Options, out: &mut (dyn Write + Send)) -> Result<()> {
    if let Cert::Inspect { files, json } = &command {
        let format = if *json { Format::Json } else { Format::Text };
        return inspect::inspect(files, format, &providers::registry()?, out);
    }
    // Where there is nothing, nothing can be changed.
    let absent = match &command {
        Cert::Add(add) if !add.replace => Absent::Make,
        _ => Absent::Refuse,
    };
    let desk = Desk::open(options, absent).await?;
    match command {
        Cert::Add(add) => add::add(&desk, add, out).await,
        Cert::List(list) => list::list(&desk, &list, out).await,
        Cert::Show { record, json } => show::show(&desk, &record, format(json), out).await,
        Cert::Stage(stage) => versions::stage(&desk, &stage, out).await,
        Cert::Check { record, json } => versions::check(&desk, &record, format(json), out).await,
        Cert::Switch(change) => versions::switch(&desk, &change, out).await,
        Cert::RollBack { change, to } => versions::roll_back(&desk, &change, to, out).await,
        Cert::Unstage(change) => versions::unstage(&desk, &change, out).await,
        Cert::RemoveVersion { change, number } => versions::remove_version(&desk, &change, number, out).await,
        Cert::Share(share) => record::share(&desk, &share, out).await,
        Cert::Rename { change, new_name } => record::rename(&desk, &change, &new_name, out).await,
        Cert::Delete(change) => record::delete(&desk, &change, out).await,
        Cert::History { record, part } => history::history(&desk, RowKind::Cert, &record, &part, out).await,
        Cert::Inspect { .. } => Ok(()),
    }
}

fn format(json: bool) -> Format {
    if json { Format::Json } else { Format::Text }
}

/// The record that is changed, and by whom.
fn edit<'a>(desk: &'a Desk, change: &'a CertChange) -> Result<Edit<'a>> {
    let (owner, name) = split_name(&change.record)?;
    Ok(Edit { revision: change.revision, ..Edit::of(owner, name, &desk.by) })
}
