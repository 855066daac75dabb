//! `vestibule cert stage`, `check`, `switch`, `roll-back`, `unstage` and `remove-version`.

use std::io::Write;

use serde::Serialize;
use vestibule::certs_store::{CertView, NewVersion, NextCheck, RollBack, VersionView, WhenStaged};
use vestibule::{Error, Result, Secret};

use super::super::answer::{
    FindingView, cannot_write, date, for_programs, is_fatal, named, shown, write_findings, write_json,
};
use super::super::files::read_text;
use super::super::inspect::Format;
use super::super::{AS_IT_IS, Desk, split_name};
use super::edit;
use super::show::write_view;
use crate::cli::{CertChange, CertStage};

/// Judges and stages a version of the files that the command line names, and says what would become of sign-ins with it.
///
/// # Errors
/// `Configuration`, naming the file, or the record, the field and what belongs there.
pub(super) async fn stage(desk: &Desk, stage: &CertStage, out: &mut dyn Write) -> Result<()> {
    let private_key = match &stage.private_key {
        Some(path) => Secret::new(read_text(path)?),
        None => Secret::new(AS_IT_IS),
    };
    let version = NewVersion { certificate: read_text(&stage.certificate)?, private_key: Some(private_key) };
    let when = if stage.replace_staged { WhenStaged::Replace } else { WhenStaged::Refuse };
    let edit = edit(desk, &stage.change)?;
    desk.vestibule.certs().stage(&edit, version, when).await?;
    let check = desk.vestibule.certs().check_next(edit.owner, edit.name).await?;
    write_check(out, &stage.change.record, &check).map_err(cannot_write)?;
    let advice = if is_fatal(&check.findings) {
        "it is staged, and cannot be switched to; correct what stands above, or `vestibule cert unstage`".to_owned()
    } else {
        format!("nothing signs with it yet; `vestibule cert switch {}` makes it the active one", stage.change.record)
    };
    writeln!(out, "{advice}").map_err(cannot_write)?;
    desk.say_where(out)
}

/// Says what would become of sign-ins with the staged version.
///
/// # Errors
/// `Configuration`, when there is no such record, when none is staged, and, after it was shown, when sign-ins would break.
pub(super) async fn check(desk: &Desk, record: &str, format: Format, out: &mut dyn Write) -> Result<()> {
    let (owner, name) = split_name(record)?;
    let check = desk.vestibule.certs().check_next(owner, name).await?;
    match format {
        Format::Json => write_json(out, &CheckView::of(&check))?,
        Format::Text => write_check(out, record, &check).map_err(cannot_write)?,
    }
    refuse_fatal(record, &check)
}

/// A check for programs.
#[derive(Serialize)]
struct CheckView<'a> {
    revision: i64,
    next: &'a VersionView,
    findings: Vec<FindingView<'a>>,
}

impl<'a> CheckView<'a> {
    fn of(check: &'a NextCheck) -> Self {
        Self { revision: check.revision, next: &check.next, findings: for_programs(&check.findings) }
    }
}

fn write_check(out: &mut dyn Write, record: &str, check: &NextCheck) -> std::io::Result<()> {
    let NextCheck { revision, next, findings, .. } = check;
    writeln!(out, "{}  version {} is staged, revision {revision}", shown(record), next.number)?;
    writeln!(out, "  {}", line(&next.certificate.description, next.not_after))?;
    write_findings(out, findings)
}

fn refuse_fatal(record: &str, check: &NextCheck) -> Result<()> {
    if !is_fatal(&check.findings) {
        return Ok(());
    }
    Err(Error::configuration(format!(
        "nobody could sign in with the staged version of \"{record}\"; stage another with --replace-staged, or `vestibule cert unstage`"
    )))
}

/// Makes the staged version the active one, if nobody's sign-in breaks by it, and says what signs and verifies then.
///
/// # Errors
/// `Configuration`, when there is no such record, when none is staged, when sign-ins would break, and when somebody changed the record meanwhile.
pub(super) async fn switch(desk: &Desk, change: &CertChange, out: &mut dyn Write) -> Result<()> {
    let mut edit = edit(desk, change)?;
    let check = desk.vestibule.certs().check_next(edit.owner, edit.name).await?;
    write_findings(out, &check.findings).map_err(cannot_write)?;
    refuse_fatal(&change.record, &check)?;
    // What was checked is what is switched to.
    edit.revision.get_or_insert(check.revision);
    let view = desk.vestibule.certs().switch(&edit).await?;
    say_what_holds(desk, &view, out)
}

/// Makes a retired version the active one again.
///
/// # Errors
/// `Configuration`, when there is no such record or version, and when somebody changed the record meanwhile.
pub(super) async fn roll_back(desk: &Desk, change: &CertChange, to: Option<i64>, out: &mut dyn Write) -> Result<()> {
    let to = to.map_or(RollBack::Last, RollBack::To);
    let view = desk.vestibule.certs().roll_back(&edit(desk, change)?, to).await?;
    say_what_holds(desk, &view, out)
}

/// Throws the staged version away.
///
/// # Errors
/// `Configuration`, when there is no such record, or none is staged.
pub(super) async fn unstage(desk: &Desk, change: &CertChange, out: &mut dyn Write) -> Result<()> {
    let view = desk.vestibule.certs().unstage(&edit(desk, change)?).await?;
    write_view(out, &view).map_err(cannot_write)?;
    desk.say_where(out)
}

/// Removes a version that is staged or retired.
///
/// # Errors
/// `Configuration`, when there is no such record or version, or it is the active one.
pub(super) async fn remove_version(desk: &Desk, change: &CertChange, number: i64, out: &mut dyn Write) -> Result<()> {
    let view = desk.vestibule.certs().remove_version(&edit(desk, change)?, number).await?;
    write_view(out, &view).map_err(cannot_write)?;
    desk.say_where(out)
}

/// What signs and what verifies, after it became another.
fn say_what_holds(desk: &Desk, cert: &CertView, out: &mut dyn Write) -> Result<()> {
    write_what_holds(out, cert).map_err(cannot_write)?;
    desk.say_where(out)
}

fn write_what_holds(out: &mut dyn Write, cert: &CertView) -> std::io::Result<()> {
    let does = if cert.private_key.key.is_some() { "signs, and verifies" } else { "verifies" };
    writeln!(out, "{}, revision {}", named(&cert.owner, &cert.name), cert.revision)?;
    let active = line(&cert.certificate.description, cert.not_after);
    writeln!(out, "  version {} is the active one: it {does}  {active}", cert.version)?;
    for version in &cert.versions {
        let says = match version.state {
            "next" => "is staged: what names it is verified already",
            _ => "is retired: what names it is verified until it ends, or until it is removed",
        };
        writeln!(
            out,
            "  version {} {says}  {}",
            version.number,
            line(&version.certificate.description, version.not_after)
        )?;
    }
    writeln!(out, "every server on this database uses it at its next sign-in; nothing has to be restarted")
}

fn line(description: &str, not_after: Option<i64>) -> String {
    let ends = not_after.map_or_else(String::new, |time| format!(", until {}", date(time)));
    format!("({description}{ends})")
}
