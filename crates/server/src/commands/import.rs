//! `vestibule import`.

use std::io::Write;

use serde::Serialize;
use vestibule::{Error, Result};
use vestibule_transfer::{
    Applied, Import, NotApplied, Outcome, Plan, PlannedRow, RowKind, Source, Told, TransferError,
};

use super::export::installation;
use super::passphrase::{self, Purpose};
use super::progress::Shown;
use super::{Desk, cannot_write, write_json};
use crate::cli::Import as Asked;

/// Shows what a file would change and, when that is asked for, changes it.
///
/// # Errors
/// `Configuration`, when the file cannot be read as a whole, when rows of it are refused (the others are taken in), or when rows are others than when they were
/// shown. `Unavailable` or `Internal`, when the database fails: the same again takes in the rest.
pub async fn import(desk: &Desk, asked: &Asked, out: &mut (dyn Write + Send)) -> Result<()> {
    let installation = installation(&desk.vestibule);
    let told = Told::new(asked.set.iter().map(String::as_str), desk.vestibule.registry())?;
    let mut import = Import::new(Source::Path(asked.file.clone())).told(told);
    let mut shown = Shown::new("compared");
    // Whether a passphrase is needed, the file tells.
    let first = match &asked.passphrase_file {
        None => installation.plan(&import, &mut |progress| shown.show(progress)).await,
        Some(_) => Err(TransferError::Passphrase(String::new())),
    };
    let plan = match first {
        Err(TransferError::Passphrase(said)) => {
            let passphrase = passphrase::find(asked.passphrase_file.as_deref(), Purpose::Open)?;
            let remedy = || Error::configuration(format!("{said}: {}", passphrase::remedy()));
            import = import.with_passphrase(passphrase.ok_or_else(remedy)?);
            installation.plan(&import, &mut |progress| shown.show(progress)).await?
        }
        plan => plan?,
    };
    drop(shown);
    let applied = if asked.apply {
        let mut shown = Shown::new("taken in");
        Some(installation.apply(&import, &plan, &desk.by, &mut |progress| shown.show(progress)).await?)
    } else {
        None
    };
    if asked.json {
        write_json(out, &Answer { plan: &plan, applied: applied.as_ref() })?;
    } else {
        say(&plan, applied.as_ref(), out).map_err(cannot_write)?;
        if applied.is_some() {
            desk.say_where(out)?;
        }
    }
    let refused = plan.refused().count();
    let left = applied.map_or(0, |applied| applied.not_applied.len());
    match refused + left {
        0 => Ok(()),
        count => {
            Err(Error::configuration(format!("{count} rows of the file are not taken in; what stands above says why")))
        }
    }
}

/// The answer for programs.
#[derive(Serialize)]
struct Answer<'a> {
    plan: &'a Plan,
    applied: Option<&'a Applied>,
}

fn say(plan: &Plan, applied: Option<&Applied>, out: &mut dyn Write) -> std::io::Result<()> {
    let mut unchanged = 0;
    for row in &plan.rows {
        let name = name(row);
        match &row.outcome {
            Outcome::New => writeln!(out, "new        {name}")?,
            Outcome::Changed { fields } => writeln!(out, "changed    {name}: {}", fields.join(", "))?,
            Outcome::Refused { why } => writeln!(out, "refused    {name}: {why}")?,
            Outcome::Unchanged => {
                unchanged += 1;
                continue;
            }
        }
        for note in &row.notes {
            writeln!(out, "             {note}")?;
        }
    }
    for (what, count) in &plan.passed_over {
        writeln!(out, "passed over {count}: {what}")?;
    }
    writeln!(out, "{unchanged} rows are as they are in the file, {} would change", plan.changes())?;
    let Some(Applied { new, changed, not_applied }) = applied else {
        if plan.changes() > 0 {
            writeln!(out, "nothing was changed; --apply does it")?;
        }
        return Ok(());
    };
    for NotApplied { kind, owner, name, why } in not_applied {
        writeln!(out, "left       {} {owner}/{name}: {why}", word(*kind))?;
    }
    writeln!(out, "{new} rows added, {changed} changed")
}

fn name(row: &PlannedRow) -> String {
    let PlannedRow { kind, position, owner, name, .. } = row;
    let list = match kind {
        RowKind::Cert => "certs",
        RowKind::Provider => "providers",
    };
    match owner.is_empty() && name.is_empty() {
        true => format!("{list}[{position}]"),
        false => format!("{} {owner}/{name}", word(*kind)),
    }
}

fn word(kind: RowKind) -> &'static str {
    match kind {
        RowKind::Cert => "cert record",
        RowKind::Provider => "provider row",
    }
}
