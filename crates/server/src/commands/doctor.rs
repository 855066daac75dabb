//! `vestibule doctor`: what is wrong, or will be.

use std::io::Write;

use serde::Serialize;
use vestibule::{Diagnosis, Error, Examined, Finding, Result, Severity};
use vestibule_transfer::Progress;

use super::answer::{FindingView, cannot_write, counted, for_programs, named, write_findings, write_json};
use super::progress::Shown;
use super::{Desk, split_name};
use crate::cli::Doctor;

/// What was found.
#[derive(Default)]
struct Found {
    /// About the installation as a whole.
    installation: Vec<Finding>,
    /// About rows and records; those of which there is nothing to say are there when they were asked for.
    rows: Vec<Diagnosis>,
    /// How many rows and records were looked at.
    examined: u64,
}

/// Examines what the command line names, and says what was found, the worst first.
///
/// # Errors
/// `Configuration`, when there is no such row, and, after all was said, when something fatal was found. `Unavailable` or `Internal`, when the database fails.
pub async fn doctor(desk: &Desk, doctor: &Doctor, out: &mut (dyn Write + Send)) -> Result<()> {
    let vestibule = &desk.vestibule;
    let mut found = Found::default();
    if let Some(row) = &doctor.provider {
        let (owner, name) = split_name(row)?;
        found.add(vestibule.examine_provider(owner, name).await?);
    } else if let Some(record) = &doctor.cert {
        let (owner, name) = split_name(record)?;
        found.add(vestibule.examine_cert(owner, name).await?);
    } else {
        found = everything(desk, doctor.all).await?;
    }
    found.rows.sort_by_key(|row| std::cmp::Reverse(row.severity()));
    if doctor.json {
        write_json(out, &Answer::of(&found))?;
    } else {
        write_found(out, &found).map_err(cannot_write)?;
    }
    match found.count(Severity::Fatal) {
        0 => Ok(()),
        count => Err(Error::configuration(format!("{} to be corrected", counted(count, "fatal finding")))),
    }
}

async fn everything(desk: &Desk, with_healthy: bool) -> Result<Found> {
    let mut found = Found { installation: installation(desk).await?, ..Found::default() };
    let mut shown = Shown::new("examined");
    let examine = desk.vestibule.examine_all(|diagnosis, progress| {
        shown.show(Progress { done: progress.done, total: Some(progress.total) });
        if with_healthy || !diagnosis.findings.is_empty() {
            found.rows.push(diagnosis);
        }
        found.examined += 1;
    });
    examine.await?;
    Ok(found)
}

/// What is to be said of secrets: of those that stood in the clear, and of the master keys.
async fn installation(desk: &Desk) -> Result<Vec<Finding>> {
    let vestibule = &desk.vestibule;
    let mut findings = Vec::new();
    let seen = "whoever saw the database until now, or a backup of it, may know them";
    for (count, what) in [
        (vestibule.certs().seal_clear_values().await?, "private keys"),
        (vestibule.providers().examine().await?, "provider rows' secrets"),
    ] {
        if count > 0 {
            findings.push(Finding::warning(format!("{count} {what} stood in the clear, and were sealed; {seen}")));
        }
    }
    let mut counts = vestibule.sealed_with().await?;
    for (index, key) in vestibule.keyring().key_ids().into_iter().enumerate() {
        match counts.remove(&key) {
            _ if index == 0 => {}
            Some(count) => findings.push(Finding::warning(format!(
                "{count} stored values are sealed with the former master key \"{key}\"; `vestibule keys rotate` seals them anew"
            ))),
            None => findings.push(Finding::note(format!(
                "the former master key \"{key}\" seals nothing; `vestibule keys remove {key}` takes it away, when its rotation is over for eleven minutes"
            ))),
        }
    }
    for (key, count) in counts {
        findings.push(Finding::fatal(format!(
            "{count} stored values are sealed with the master key \"{key}\", which is not here; add it behind the one that seals, or put other \
             values in their place"
        )));
    }
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    Ok(findings)
}

impl Found {
    fn add(&mut self, diagnosis: Diagnosis) {
        self.rows.push(diagnosis);
        self.examined += 1;
    }

    fn count(&self, severity: Severity) -> usize {
        let all = self.installation.iter().chain(self.rows.iter().flat_map(|row| &row.findings));
        all.filter(|finding| finding.severity == severity).count()
    }
}

fn write_found(out: &mut dyn Write, found: &Found) -> std::io::Result<()> {
    if !found.installation.is_empty() {
        writeln!(out, "installation")?;
        write_findings(out, &found.installation)?;
    }
    for row in &found.rows {
        let what = match row.what {
            Examined::Cert => "cert record",
            Examined::Provider => "provider row",
        };
        let well = if row.findings.is_empty() { "  nothing to say" } else { "" };
        writeln!(out, "{what} {}{well}", named(&row.owner, &row.name))?;
        write_findings(out, &row.findings)?;
    }
    let Answer { examined, fatal, warnings, notes, .. } = Answer::of(found);
    let counts = [counted(fatal, "fatal finding"), counted(warnings, "warning"), counted(notes, "note")].join(", ");
    writeln!(out, "{examined} provider rows and cert records examined: {counts}")
}

/// The answer for programs.
#[derive(Serialize)]
struct Answer<'a> {
    installation: Vec<FindingView<'a>>,
    rows: &'a [Diagnosis],
    examined: u64,
    fatal: usize,
    warnings: usize,
    notes: usize,
}

impl<'a> Answer<'a> {
    fn of(found: &'a Found) -> Self {
        Self {
            installation: for_programs(&found.installation),
            rows: &found.rows,
            examined: found.examined,
            fatal: found.count(Severity::Fatal),
            warnings: found.count(Severity::Warning),
            notes: found.count(Severity::Note),
        }
    }
}
