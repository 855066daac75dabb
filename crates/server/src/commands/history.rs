//! `vestibule cert history` and `vestibule provider history`: who changed what, and when.

use std::io::Write;

use vestibule::{ChangeView, ChangesOf, Error, Result, RowKind, StoreError, changes};

use super::answer::{cannot_write, date, named, shown, write_json, write_part};
use super::{Desk, split_name};
use crate::cli::Part;

/// Lists the changes of a row, a line each, the newest first: under all names that it had. Of a row that is gone, those that were made under the name.
///
/// # Errors
/// `Configuration`, when there is no such row and never was; `Unavailable` or `Internal`, when the database fails.
pub async fn history(desk: &Desk, what: RowKind, row: &str, part: &Part, out: &mut dyn Write) -> Result<()> {
    let (owner, name) = split_name(row)?;
    let id = match what {
        RowKind::Cert => desk.vestibule.certs().get(owner, name).await.map(|view| view.id),
        RowKind::Provider => desk.vestibule.providers().get(owner, name).await.map(|view| view.id),
    };
    let database = desk.vestibule.database();
    let list = match &id {
        Ok(id) => changes(database, ChangesOf::Row(id), part.page()?).await?,
        Err(StoreError::NotFound(_)) => changes(database, ChangesOf::Name { what, owner, name }, part.page()?).await?,
        Err(_) => return id.map(drop).map_err(Error::from),
    };
    if list.total == 0 {
        // One that plain SQL inserted has none.
        id?;
    }
    if part.json {
        return write_json(out, &list);
    }
    for change in &list.items {
        write_change(out, change, (owner, name)).map_err(cannot_write)?;
    }
    write_part(out, &list, part).map_err(cannot_write)
}

fn write_change(out: &mut dyn Write, change: &ChangeView, asked: (&str, &str)) -> std::io::Result<()> {
    let ChangeView { at, actor, action, owner, name, version, detail, .. } = change;
    write!(out, "{}  {}", date(*at), shown(action))?;
    if let Some(version) = version {
        write!(out, "  version {version}")?;
    }
    write!(out, "  by {}", shown(actor))?;
    if !detail.is_empty() {
        write!(out, "  {}", shown(detail))?;
    }
    if (owner.as_str(), name.as_str()) != asked {
        write!(out, "  as {}", named(owner, name))?;
    }
    writeln!(out)
}
