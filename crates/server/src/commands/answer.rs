//! How answers are written: lines for people, JSON for programs.

use std::io::Write;

use jiff::Timestamp;
use serde::Serialize;
use vestibule::{Error, Finding, Paged, Result, Severity};

use crate::cli::Part;

/// A text that stands in a row, on one line of a terminal. Anybody with SQL may have written it: it moves no cursor and begins no line.
pub(super) fn shown(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { char::REPLACEMENT_CHARACTER } else { letter }).collect()
}

/// `owner/name` of a row.
pub(super) fn named(owner: &str, name: &str) -> String {
    format!("{}/{}", shown(owner), shown(name))
}

/// How many there are of something: `1 provider row`, `2 provider rows`.
pub(super) fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

/// Unix seconds as a date that people and programs read.
pub(super) fn date(seconds: i64) -> String {
    Timestamp::from_second(seconds).map_or_else(|_| seconds.to_string(), |time| time.to_string())
}

/// The last line of a list: how much of it was shown.
pub(super) fn write_part<T>(out: &mut dyn Write, list: &Paged<T>, part: &Part) -> std::io::Result<()> {
    let size = u64::from(part.page_size);
    let pages = list.total.div_ceil(size).max(1);
    writeln!(out, "{} of {}, page {} of {pages}", list.items.len(), list.total, part.page)
}

/// A line for each finding.
pub(super) fn write_findings(out: &mut dyn Write, findings: &[Finding]) -> std::io::Result<()> {
    for finding in findings {
        let severity = match finding.severity {
            Severity::Fatal => "FATAL   ",
            Severity::Warning => "warning ",
            Severity::Note => "note    ",
        };
        writeln!(out, "  {severity}{}", shown(&finding.message))?;
    }
    Ok(())
}

/// Whether one of them is fatal.
pub(super) fn is_fatal(findings: &[Finding]) -> bool {
    findings.iter().any(|finding| finding.severity == Severity::Fatal)
}

/// A finding for programs.
#[derive(Serialize)]
pub(super) struct FindingView<'a> {
    severity: &'static str,
    message: &'a str,
}

/// Findings for programs.
pub(super) fn for_programs(findings: &[Finding]) -> Vec<FindingView<'_>> {
    let views = findings.iter().map(|finding| FindingView {
        severity: match finding.severity {
            Severity::Fatal => "fatal",
            Severity::Warning => "warning",
            Severity::Note => "note",
        },
        message: &finding.message,
    });
    views.collect()
}

pub(super) fn write_json(out: &mut dyn Write, value: &impl Serialize) -> Result<()> {
    serde_json::to_writer_pretty(&mut *out, value)
        .map_err(|error| Error::internal("the answer cannot be written").caused_by(error))?;
    writeln!(out).map_err(cannot_write)
}

pub(super) fn cannot_write(error: std::io::Error) -> Error {
    Error::internal("the answer cannot be written").caused_by(error)
}
