//! `vestibule provider`.

mod add;
mod change;
mod list;
mod show;

use std::io::Write;

use vestibule::{Result, RowKind};

use super::inspect::Format;
use super::{Desk, history};
use crate::cli::Provider;
use crate::options::Options;
use crate::storage::Absent;

/// Does it.
///
/// # Errors
/// For the person at the terminal: what is wrong, where, and the remedy.
pub async fn run(command: Provider, options: &Options, out: &mut (dyn Write + Send)) -> Result<()> {
    // Where there is nothing, nothing can be changed.
    let absent = match &command {
        Provider::Add(add) if !add.replace => Absent::Make,
        _ => Absent::Refuse,
    };
    let desk = Desk::open(options, absent).await?;
    match command {
        Provider::Add(add) => add::add(&desk, add, out).await,
        Provider::List(list) => list::list(&desk, &list, out).await,
        Provider::Show { row, json } => {
            let format = if json { Format::Json } else { Format::Text };
            show::show(&desk, &row, format, out).await
        }
        Provider::Enable { row } => change::enable(&desk, &row, out).await,
        Provider::Disable { row } => change::disable(&desk, &row).await,
        Provider::Rename { row, new_name } => change::rename(&desk, &row, &new_name, out).await,
        Provider::Delete { row } => change::delete(&desk, &row, out).await,
        Provider::History { row, part } => history::history(&desk, RowKind::Provider, &row, &part, out).await,
    }
}
