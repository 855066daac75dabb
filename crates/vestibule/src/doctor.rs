//! What is wrong in an installation, or will be: every provider row checked, every cert record read, nothing sent over the network.

use std::time::SystemTime;

use jiff::Timestamp;
use serde::Serialize;
use vestibule_certs_store::{CertFilter, CertSummary, CertUsers as _, CertView, RowName, Sort as CertSort};
use vestibule_database::{Order, Page, Paged, StoreError, unix_time};
use vestibule_oauth_provider::{Finding, Result, Severity, VersionState};
use vestibule_provider_store::{ProviderFilter, ProviderSummary, Sort as ProviderSort};

use crate::Vestibule;

/// How many rows are asked for at once.
const BATCH: u32 = 500;
/// From how many days before its end a certificate is spoken of, and how.
const NOTICES: [(i64, &str); 3] = [
    (7, "renew it now"),
    (30, "renew it, stage the new one as the record's next version, and switch before that day"),
    (60, "plan its renewal"),
];
/// How many provider rows are named that hang on a record; the rest are counted.
const NAMED: usize = 10;
const DAY: i64 = 24 * 60 * 60;

/// What was looked at, and what was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diagnosis {
    /// What kind of row it is.
    pub what: Examined,
    /// Whose row it is.
    pub owner: String,
    /// Its name.
    pub name: String,
    /// The findings, the worst first; none, when all is well.
    #[serde(serialize_with = "findings")]
    pub findings: Vec<Finding>,
}

/// A kind of row that is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Examined {
    /// A cert record.
    Cert,
    /// A provider row.
    Provider,
}

impl Diagnosis {
    fn new(what: Examined, owner: String, name: String, mut findings: Vec<Finding>) -> Self {
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        Self { what, owner, name, findings }
    }

    /// How bad the worst of it is.
    pub fn severity(&self) -> Option<Severity> {
        self.findings.first().map(|finding| finding.severity)
    }
}

impl Vestibule {
    /// Looks at every provider row and every cert record, and tells `report` of each, with how many were looked at and how many there are.
    ///
    /// # Errors
    /// `Unavailable` or `Internal`, when the store fails; what is wrong with a row is a finding.
    pub async fn examine_all(&self, mut report: impl FnMut(Diagnosis, Progress)) -> Result<()> {
        let mut progress = Progress::default();
        // Rows that plain SQL wrote a moment ago count, too.
        self.providers().examine().await?;
        let first = Page::new(BATCH, 0)?;
        let (mut providers, mut certs) = (self.provider_page(first).await?, self.cert_page(first).await?);
        progress.total = providers.total + certs.total;
        let mut page = first;
        while !providers.items.is_empty() {
            for row in providers.items {
                progress.done += 1;
                if let Some(diagnosis) = unless_deleted(self.examine_provider(&row.owner, &row.name).await)? {
                    report(diagnosis, progress);
                }
            }
            page = page.next();
            providers = self.provider_page(page).await?;
        }
        page = first;
        while !certs.items.is_empty() {
            for row in certs.items {
                progress.done += 1;
                if let Some(diagnosis) = unless_deleted(self.examine_cert(&row.owner, &row.name).await)? {
                    report(diagnosis, progress);
                }
            }
            page = page.next();
            certs = self.cert_page(page).await?;
        }
        Ok(())
    }

    async fn provider_page(&self, page: Page) -> Result<Paged<ProviderSummary>> {
        let all = ProviderFilter::default();
        Ok(self.providers().list(&all, ProviderSort::Name, Order::Ascending, page).await?)
    }

    async fn cert_page(&self, page: Page) -> Result<Paged<CertSummary>> {
        Ok(self.certs().list(&CertFilter::default(), CertSort::Name, Order::Ascending, page).await?)
    }

    /// Looks at one provider row.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Database`].
    pub async fn examine_provider(&self, owner: &str, name: &str) -> Result<Diagnosis, StoreError> {
        let view = self.providers().get(owner, name).await?;
        let mut findings = match self.providers().open(owner, name).await {
            Ok(row) => self.check(&row).await,
            Err(StoreError::Unreadable(said)) => vec![Finding::fatal(said)],
            Err(error) => return Err(error),
        };
        if !view.enabled {
            // What would stop a sign-in stops none.
            findings = findings.into_iter().map(not_yet_fatal).collect();
            findings.push(Finding::note("is disabled: nobody signs in with it"));
        }
        Ok(Diagnosis::new(Examined::Provider, view.owner, view.name, findings))
    }

    /// Looks at one cert record: whether it can be opened, when it ends and who hangs on it, and whether its staged version is good.
    ///
    /// # Errors
    /// As [`Vestibule::examine_provider`].
    pub async fn examine_cert(&self, owner: &str, name: &str) -> Result<Diagnosis, StoreError> {
        let view = self.certs().get(owner, name).await?;
        let users = self.providers().users_of(owner, name, self.shared_owner()).await?;
        let mut findings = unreadable(&view);
        findings.extend(ends(&view, &users, self.services().clock.now()));
        if users.is_empty() {
            findings.push(Finding::note("no provider row uses it"));
        }
        if view.versions.iter().any(|version| version.state == VersionState::Next.as_str()) {
            match self.certs().check_next(owner, name).await {
                Ok(check) => findings.extend(check.findings.into_iter().map(not_yet_fatal)),
                // Somebody switched, or unstaged it, at this moment.
                Err(StoreError::Refused(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Diagnosis::new(Examined::Cert, view.owner, view.name, findings))
    }
}

/// How far an examination is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// How many rows and records were looked at.
    pub done: u64,
    /// How many there were at the beginning.
    pub total: u64,
}

/// A row that is deleted while all are looked at is no fault.
fn unless_deleted(diagnosis: Result<Diagnosis, StoreError>) -> Result<Option<Diagnosis>> {
    match diagnosis {
        Ok(diagnosis) => Ok(Some(diagnosis)),
        Err(StoreError::NotFound(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// What would stop a switch to the staged version, or sign-ins with a row that is disabled, stops no sign-in.
fn not_yet_fatal(finding: Finding) -> Finding {
    match finding.severity {
        Severity::Fatal => Finding::warning(finding.message),
        Severity::Warning | Severity::Note => finding,
    }
}

fn unreadable(view: &CertView) -> Vec<Finding> {
    let fields = [&view.certificate, &view.private_key];
    fields.into_iter().filter_map(|field| field.error.as_ref()).map(Finding::fatal).collect()
}

/// What is to be said of the day on which the record's certificate ends.
fn ends(view: &CertView, users: &[RowName], now: SystemTime) -> Option<Finding> {
    let end = view.certificate.certificates.first()?.not_after?;
    let left = end - unix_time(now);
    let day = day(end);
    if left < 0 {
        let said = format!("its certificate expired on {day}; renew it{}", hanging_on(users));
        return Some(if users.is_empty() { Finding::warning(said) } else { Finding::fatal(said) });
    }
    let days = left / DAY;
    let (_, advice) = NOTICES.iter().find(|(within, _)| days < *within)?;
    Some(Finding::warning(format!("its certificate expires on {day}, in {days} days; {advice}{}", hanging_on(users))))
}

/// A day as messages write it.
fn day(seconds: i64) -> String {
    Timestamp::from_second(seconds)
        .map_or_else(|_| "a day outside the calendar".to_owned(), |time| time.strftime("%Y-%m-%d").to_string())
}

fn hanging_on(users: &[RowName]) -> String {
    if users.is_empty() {
        return String::new();
    }
    let mut said = users.iter().take(NAMED).map(ToString::to_string).collect::<Vec<_>>().join(", ");
    if users.len() > NAMED {
        said.push_str(&format!(" and {} more", users.len() - NAMED));
    }
    format!(". Sign-ins with {said} hang on it")
}

fn findings<S: serde::Serializer>(findings: &[Finding], serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Shown<'a> {
        severity: &'static str,
        message: &'a str,
    }
    serializer.collect_seq(findings.iter().map(|finding| Shown {
        severity: match finding.severity {
            Severity::Fatal => "fatal",
            Severity::Warning => "warning",
            Severity::Note => "note",
        },
        message: &finding.message,
    }))
}
