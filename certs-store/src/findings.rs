//! What would become of sign-ins if the staged version were the active one.

use vestibule_database::StoreError;
use vestibule_oauth_provider::{Finding, Severity};

use crate::change::nothing_staged;
use crate::row::CertRow;
use crate::view::{CertificateView, FieldView, VersionView};
use crate::{CertStore, CertView};

/// A staged version, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct NextCheck {
    /// The revision of the record that was checked.
    pub revision: i64,
    /// The staged version.
    pub next: VersionView,
    /// What is wrong with it, or good to know, the worst first. With a fatal one [`CertStore::switch`] does not switch.
    pub findings: Vec<Finding>,
}

impl CertStore {
    /// Checks the staged version of a record against the active one: whether it can be read and its two fields belong together, whether it is the same kind of
    /// material, whether it is valid now, and about whom it is. Nothing is written.
    ///
    /// # Errors
    /// [`StoreError::Refused`], when no version is staged; [`StoreError::NotFound`]; [`StoreError::Database`].
    pub async fn check_next(&self, owner: &str, name: &str) -> Result<NextCheck, StoreError> {
        let row = CertRow::find(&self.database, owner, name).await?;
        let view = CertView::of(&row, &self.keyring).await;
        let findings = of_next(&row, &view, self.now());
        let next =
            view.versions.into_iter().find(|version| version.state == "next").ok_or_else(|| nothing_staged(&row))?;
        Ok(NextCheck { revision: row.revision, next, findings })
    }
}

pub(crate) fn is_fatal(finding: &Finding) -> bool {
    finding.severity == Severity::Fatal
}

/// The findings about the staged version, the worst first; none when none is staged.
pub(crate) fn of_next(row: &CertRow, active: &CertView, now: i64) -> Vec<Finding> {
    let Some(next) = active.versions.iter().find(|version| version.state == "next") else { return Vec::new() };
    let about = format!("{}, version {}", row.record(), next.number);
    let mut findings = Vec::new();
    for (label, field) in [("Certificate", &next.certificate), ("Private key", &next.private_key)] {
        if let Some(error) = &field.error {
            findings.push(Finding::fatal(format!("{about}, field {label}: {error}")));
        }
    }
    kinds(&about, active, next, &mut findings);
    if let Some(certificate) = next.certificate.certificates.first() {
        pair(&about, certificate, next, &mut findings);
        dates(&about, certificate, active, now, &mut findings);
        subject(&about, certificate, active, &mut findings);
    }
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    findings
}

/// What stands in a field, as coarse as it matters: a certificate and a bundle serve the same purpose.
fn shape(field: &FieldView) -> &'static str {
    match field.kind {
        "empty" => "nothing",
        "certificate" | "bundle" => "certificates",
        "private_key" => "a private key",
        _ => "something else",
    }
}

fn kinds(about: &str, active: &CertView, next: &VersionView, findings: &mut Vec<Finding>) {
    for (label, now, then) in [
        ("Certificate", &active.certificate, &next.certificate),
        ("Private key", &active.private_key, &next.private_key),
    ] {
        let (now, then) = (shape(now), shape(then));
        // What cannot be read now may well be replaced.
        if then != "something else" && now != "something else" && now != then {
            findings.push(Finding::fatal(format!(
                "{about}, field {label}: holds {then}, and that of the active version {now}; stage the same kind, or replace the record's content"
            )));
        }
    }
}

fn pair(about: &str, certificate: &CertificateView, next: &VersionView, findings: &mut Vec<Finding>) {
    if next.private_key.key.as_ref().is_some_and(|key| key.spki_sha256 != certificate.spki_sha256) {
        findings.push(Finding::fatal(format!(
            "{about}: the private key is not the one of the certificate; stage the certificate that was issued for this key"
        )));
    }
}

fn dates(about: &str, certificate: &CertificateView, active: &CertView, now: i64, findings: &mut Vec<Finding>) {
    if certificate.not_before.is_some_and(|begins| begins > now) {
        findings.push(Finding::fatal(format!("{about}: is not valid yet; switch when it is")));
    }
    if certificate.not_after.is_some_and(|ends| ends < now) {
        findings.push(Finding::fatal(format!(
            "{about}: is not valid any more; stage the certificate that was issued after it"
        )));
    }
    let active_ends = active.certificate.certificates.first().and_then(|certificate| certificate.not_after);
    if certificate.not_after.zip(active_ends).is_some_and(|(then, now)| then < now) {
        findings.push(Finding::warning(format!(
            "{about}: ends before the active version does; was an old certificate staged?"
        )));
    }
}

fn subject(about: &str, certificate: &CertificateView, active: &CertView, findings: &mut Vec<Finding>) {
    let Some(current) = active.certificate.certificates.first() else { return };
    if current == certificate {
        findings.push(Finding::warning(format!("{about}: has the certificate that is the active one's already")));
        return;
    }
    if current.subject != certificate.subject {
        let shown = |text: &str| text.chars().take(200).collect::<String>();
        findings.push(Finding::warning(format!(
            "{about}: is about \"{}\", and the active version about \"{}\"; is it of the same application?",
            shown(&certificate.subject),
            shown(&current.subject)
        )));
    }
    if current.spki_sha256 == certificate.spki_sha256 {
        findings.push(Finding::note(format!("{about}: has the key of the active version")));
    }
}
