//! `vestibule provider show`: a row as people and programs see it.

use std::io::Write;

use serde::Serialize;
use vestibule::provider_store::ProviderView;
use vestibule::{Error, Finding, Result, StoreError};

use super::super::answer::{
    FindingView, cannot_write, date, for_programs, is_fatal, named, shown, write_findings, write_json,
};
use super::super::inspect::Format;
use super::super::{Desk, split_name};

/// A row for programs.
#[derive(Serialize)]
struct Shown<'a> {
    #[serde(flatten)]
    view: &'a ProviderView,
    callback_url: Option<String>,
    findings: Vec<FindingView<'a>>,
}

/// Shows a row with its findings and the callback URL to register.
///
/// # Errors
/// `Configuration`, when there is none, and, after it was shown, when nobody can sign in with it.
pub(super) async fn show(desk: &Desk, row: &str, format: Format, out: &mut dyn Write) -> Result<()> {
    let (owner, name) = split_name(row)?;
    let view = desk.vestibule.providers().get(owner, name).await?;
    let findings = check(desk, owner, name).await?;
    match format {
        Format::Json => {
            let callback_url = desk.vestibule.logins().callback_url(owner, name).ok().map(String::from);
            write_json(out, &Shown { view: &view, callback_url, findings: for_programs(&findings) })?;
        }
        Format::Text => write_row(desk, &view, &findings, out).map_err(cannot_write)?,
    }
    if is_fatal(&findings) {
        let said = format!("nobody can sign in with \"{owner}/{name}\"; mend what stands above");
        return Err(Error::configuration(said));
    }
    Ok(())
}

/// The findings of a stored row.
///
/// # Errors
/// `Configuration`, when there is none; `Unavailable` or `Internal`, when the database fails.
pub(super) async fn check(desk: &Desk, owner: &str, name: &str) -> Result<Vec<Finding>> {
    match desk.vestibule.providers().open(owner, name).await {
        Ok(row) => Ok(desk.vestibule.check(&row).await),
        Err(StoreError::Unreadable(said)) => Ok(vec![Finding::fatal(said)]),
        Err(error) => Err(error.into()),
    }
}

/// The address that the upstream has to know, for people.
pub(super) fn callback_url(desk: &Desk, owner: &str, name: &str) -> String {
    let url = desk.vestibule.logins().callback_url(owner, name);
    url.map_or_else(|error| error.report(), |url| format!("{url}{}", desk.callback_note))
}

/// A row for people.
pub(super) fn write_row(
    desk: &Desk,
    row: &ProviderView,
    findings: &[Finding],
    out: &mut dyn Write,
) -> std::io::Result<()> {
    writeln!(out, "{}", named(&row.owner, &row.name))?;
    writeln!(out, "  id            {}", shown(&row.id))?;
    writeln!(out, "  display name  {}", shown(&row.display_name))?;
    writeln!(out, "  category      {}", shown(&row.category))?;
    writeln!(out, "  type          {}", shown(&row.kind))?;
    writeln!(out, "  enabled       {}", if row.enabled { "yes" } else { "no" })?;
    writeln!(out, "  version       {}", row.version)?;
    writeln!(out, "  created       {}", date(row.created_at))?;
    writeln!(out, "  updated       {}", date(row.updated_at))?;
    writeln!(out, "  config        {}", row.config)?;
    if let Some(error) = &row.error {
        writeln!(out, "                {}", shown(error))?;
    }
    writeln!(out, "  callback URL  {}", callback_url(desk, &row.owner, &row.name))?;
    writeln!(out, "                register it at the upstream")?;
    write_findings(out, findings)
}
