//! `vestibule cert share`, `rename` and `delete`.

use std::io::Write;

use vestibule::certs_store::CertUsers as _;
use vestibule::{KeyGrant, Owners, Result};

use super::super::Desk;
use super::super::answer::{cannot_write, counted, named};
use super::edit;
use super::show::write_view;
use crate::cli::{CertChange, CertShare};

/// Says for whom and towards which hosts the private key signs.
///
/// # Errors
/// `Configuration`, when there is no such record, or naming what is no owner or no host.
pub(super) async fn share(desk: &Desk, share: &CertShare, out: &mut dyn Write) -> Result<()> {
    let owners = if share.with.every_owner { Owners::All } else { Owners::Listed(share.with.owners.clone()) };
    let grant = KeyGrant { owners, hosts: share.hosts.clone() };
    let view = desk.vestibule.certs().set_sharing(&edit(desk, &share.change)?, &grant).await?;
    write_view(out, &view).map_err(cannot_write)?;
    desk.say_where(out)
}

/// Gives a record another name, in every row that names it as well.
///
/// # Errors
/// `Configuration`, when there is no such record, or one of the new name.
pub(super) async fn rename(desk: &Desk, change: &CertChange, new_name: &str, out: &mut dyn Write) -> Result<()> {
    let edit = edit(desk, change)?;
    let view = desk.vestibule.certs().rename(&edit, new_name).await?;
    let shared_owner = desk.vestibule.shared_owner();
    let users = desk.vestibule.providers().users_of(&view.owner, &view.name, shared_owner).await?;
    let (was, is) = (named(edit.owner, edit.name), named(&view.owner, &view.name));
    let users = counted(users.len(), "provider row");
    writeln!(out, "{was} is {is}, also in {users}").map_err(cannot_write)?;
    desk.say_where(out)
}

/// Deletes a record with all its versions.
///
/// # Errors
/// `Configuration`, when there is no such record, or rows use it: they are named.
pub(super) async fn delete(desk: &Desk, change: &CertChange, out: &mut dyn Write) -> Result<()> {
    let edit = edit(desk, change)?;
    desk.vestibule.certs().delete(&edit).await?;
    writeln!(out, "{} is deleted, with all its versions", named(edit.owner, edit.name)).map_err(cannot_write)?;
    desk.say_where(out)
}
