//! `vestibule cert list`.

use std::io::Write;

use vestibule::certs_store::{CertFilter, CertSummary, Sort};
use vestibule::{Result, unix_seconds};

use super::super::Desk;
use super::super::answer::{cannot_write, date, named, write_json, write_part};
use super::show::who_signs;
use crate::cli::{CertList, CertSort};

const DAY: i64 = 24 * 60 * 60;

/// Lists records, a line each.
///
/// # Errors
/// `Unavailable` or `Internal`, when the database fails.
pub(super) async fn list(desk: &Desk, list: &CertList, out: &mut dyn Write) -> Result<()> {
    let now = i64::try_from(unix_seconds(desk.vestibule.services().clock.now())).unwrap_or(i64::MAX);
    let within = list.ends_within.map(|days| now.saturating_add(i64::from(days) * DAY));
    let filter = CertFilter {
        owner: list.owner.clone(),
        name_contains: list.contains.clone(),
        ends_before: list.ends_before.or(within),
    };
    let sort = match list.sort {
        CertSort::Name => Sort::Name,
        CertSort::NotAfter => Sort::NotAfter,
        CertSort::Updated => Sort::Updated,
    };
    let certs = desk.vestibule.certs().list(&filter, sort, list.direction.order(), list.part.page()?).await?;
    if list.part.json {
        return write_json(out, &certs);
    }
    for cert in &certs.items {
        write_line(out, cert).map_err(cannot_write)?;
    }
    write_part(out, &certs, &list.part).map_err(cannot_write)
}

fn write_line(out: &mut dyn Write, cert: &CertSummary) -> std::io::Result<()> {
    let ends = cert.not_after.map_or_else(|| "no end known".to_owned(), |time| format!("until {}", date(time)));
    let next = if cert.has_next { ", another is staged" } else { "" };
    let shared = who_signs(&cert.sharing);
    writeln!(out, "{}  version {}, {ends}{next}; key for {shared}", named(&cert.owner, &cert.name), cert.version)
}
