//! `vestibule provider enable`, `disable`, `rename` and `delete`.

use std::io::Write;

use vestibule::{Error, Result};

use super::super::answer::{cannot_write, is_fatal, named, write_findings};
use super::super::{Desk, split_name};
use super::show::{callback_url, check};

/// Lets people sign in with a row, if they can.
///
/// # Errors
/// `Configuration`, when there is none, or when nobody could sign in with it.
pub(super) async fn enable(desk: &Desk, row: &str, out: &mut dyn Write) -> Result<()> {
    let (owner, name) = split_name(row)?;
    let findings = check(desk, owner, name).await?;
    write_findings(out, &findings).map_err(cannot_write)?;
    if is_fatal(&findings) {
        return Err(Error::configuration(format!(
            "nobody could sign in with \"{owner}/{name}\", so it was not enabled; mend what stands above"
        )));
    }
    Ok(desk.vestibule.providers().enable(owner, name, &desk.by).await?)
}

/// Lets nobody sign in with a row.
///
/// # Errors
/// `Configuration`, when there is none.
pub(super) async fn disable(desk: &Desk, row: &str) -> Result<()> {
    let (owner, name) = split_name(row)?;
    Ok(desk.vestibule.providers().disable(owner, name, &desk.by).await?)
}

/// Gives a row another name, and says which callback URL it has by that.
///
/// # Errors
/// `Configuration`, when there is none, or one of the new name.
pub(super) async fn rename(desk: &Desk, row: &str, new_name: &str, out: &mut dyn Write) -> Result<()> {
    let (owner, name) = split_name(row)?;
    desk.vestibule.providers().rename(owner, name, new_name, &desk.by).await?;
    let (was, is) = (named(owner, name), named(owner, new_name));
    let callback = callback_url(desk, owner, new_name);
    writeln!(out, "{was} is {is}; accounts that were linked through it stay").map_err(cannot_write)?;
    writeln!(out, "  callback URL  {callback}").map_err(cannot_write)?;
    writeln!(out, "                register it at the upstream: until then, nobody signs in with it; sign-ins under way begin again")
        .map_err(cannot_write)?;
    desk.say_where(out)
}

/// Deletes a row.
///
/// # Errors
/// `Configuration`, when there is none.
pub(super) async fn delete(desk: &Desk, row: &str, out: &mut dyn Write) -> Result<()> {
    let (owner, name) = split_name(row)?;
    desk.vestibule.providers().delete(owner, name, &desk.by).await?;
    writeln!(out, "{} is deleted; a row that is added under its name is another", named(owner, name))
        .map_err(cannot_write)?;
    desk.say_where(out)
}
