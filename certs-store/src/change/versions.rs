//! Versions: staged, switched to, rolled back to, removed.
//!
//! A version that is staged is read by every sign-in and may verify an answer already; switching makes it the one that signs, and retires the one that did. A
//! retired version goes on verifying until it is removed. The number of a version is never given to another one of the record, whatever becomes of it, so
//! nobody can take one for the other; its Private key field is sealed for that number and moves between the tables as it is.

use std::fmt;

use vestibule_database::{MASK, StoreError, is_sealed};
use vestibule_oauth_provider::{Secret, VersionState};

use super::plan::{Active, Plan, next_number, no_version, retired_at};
use super::{Edit, Operation};
use crate::field::{Column, Content};
use crate::grant;
use crate::judge::{ends, judge};
use crate::private_key::readable;
use crate::resolve::X509;
use crate::row::{CertRow, Version};
use crate::store::check_display_name;
use crate::{CertStore, CertView, NewCert, findings};

/// A version to be staged.
#[derive(Clone)]
pub struct NewVersion {
    /// The Certificate field.
    pub certificate: String,
    /// The Private key field. The mask `***` keeps that of the active version.
    pub private_key: Option<Secret>,
}

/// What becomes of a version that is staged already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhenStaged {
    /// It stays, and nothing else is staged.
    Refuse,
    /// It goes.
    Replace,
}

/// Which retired version becomes the active one again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RollBack {
    /// The one that was the active one last.
    Last,
    /// The one of this number.
    To(i64),
}

impl CertStore {
    /// Judges the record and puts its content in the place of the active version of the record of the same owner and name, at once; the former content retires.
    /// The record's id stays. Where the content is the same there is no new version.
    ///
    /// # Errors
    /// As [`CertStore::save`]; [`StoreError::NotFound`]; [`StoreError::Changed`], when `revision` is not the record's any more, or somebody else replaced it
    /// at the same moment.
    pub async fn replace(&self, cert: NewCert, revision: Option<i64>, by: &str) -> Result<CertView, StoreError> {
        let edit = Edit { revision, ..Edit::of(&cert.owner, &cert.name, by) };
        self.change(&edit, Operation::Replace(&cert)).await
    }

    /// Judges a version and stages it.
    ///
    /// # Errors
    /// [`StoreError::Refused`], naming record, field, what was found and what belongs there, or that a version is staged already; [`StoreError::NotFound`];
    /// [`StoreError::Unreadable`], when the private key that is to be kept does not open; [`StoreError::Changed`]; [`StoreError::Database`].
    pub async fn stage(&self, edit: &Edit<'_>, version: NewVersion, when: WhenStaged) -> Result<CertView, StoreError> {
        self.change(edit, Operation::Stage(&version, when)).await
    }

    /// Throws the staged version away.
    ///
    /// # Errors
    /// [`StoreError::Refused`], when none is staged; [`StoreError::NotFound`]; [`StoreError::Changed`]; [`StoreError::Database`].
    pub async fn unstage(&self, edit: &Edit<'_>) -> Result<CertView, StoreError> {
        self.change(edit, Operation::Unstage).await
    }

    /// Makes the staged version the active one; the active one retires.
    ///
    /// # Errors
    /// [`StoreError::Refused`], when none is staged, or [`CertStore::check_next`] finds that no sign-in would work with it; [`StoreError::NotFound`];
    /// [`StoreError::Changed`], when somebody else was faster; [`StoreError::Database`].
    pub async fn switch(&self, edit: &Edit<'_>) -> Result<CertView, StoreError> {
        self.change(edit, Operation::Switch).await
    }

    /// Makes a retired version the active one again; the active one retires.
    ///
    /// # Errors
    /// [`StoreError::Refused`], when there is none, or its content cannot be meant; [`StoreError::Unreadable`], when it does not open;
    /// [`StoreError::NotFound`]; [`StoreError::Changed`]; [`StoreError::Database`].
    pub async fn roll_back(&self, edit: &Edit<'_>, to: RollBack) -> Result<CertView, StoreError> {
        self.change(edit, Operation::RollBack(to)).await
    }

    /// Removes a version that is staged or retired.
    ///
    /// # Errors
    /// [`StoreError::Refused`], when it is the active one or there is none of that number; [`StoreError::NotFound`]; [`StoreError::Changed`];
    /// [`StoreError::Database`].
    pub async fn remove_version(&self, edit: &Edit<'_>, number: i64) -> Result<CertView, StoreError> {
        self.change(edit, Operation::RemoveVersion(number)).await
    }

    pub(super) async fn plan_replace(&self, row: &CertRow, cert: &NewCert) -> Result<Option<Plan>, StoreError> {
        check_display_name(cert.record(), &cert.display_name)?;
        let private_key = self.given_or_kept(row, cert.private_key.as_ref()).await?;
        let judged = judge(cert.record(), &cert.certificate, private_key.as_ref())?;
        let shown = if cert.display_name.is_empty() { &cert.name } else { &cert.display_name };
        let display_name = (*shown != row.head.display_name).then(|| cert.display_name.clone());
        let sharing = match &cert.sharing {
            Some(sharing) if *sharing != row.grant => Some(grant::write(cert.record(), sharing)?),
            _ => None,
        };
        let plan = Plan { display_name, sharing, ..Plan::new("replace") };
        if self.is_active(row, &cert.certificate, private_key.as_ref()).await {
            return Ok((plan.display_name.is_some() || plan.sharing.is_some()).then_some(plan));
        }
        let number = next_number(row)?;
        let sealed = self.sealed(row.version(number)?, private_key.as_ref())?;
        let active = Active { number, content: Content::new(&cert.certificate, sealed), not_after: judged.not_after };
        Ok(Some(Plan { active: Some(active), comes: self.retiring(row)?, ..plan.about(number) }))
    }

    pub(super) async fn plan_stage(
        &self,
        row: &CertRow,
        version: &NewVersion,
        when: WhenStaged,
    ) -> Result<Plan, StoreError> {
        let record = row.record();
        let private_key = self.given_or_kept(row, version.private_key.as_ref()).await?;
        let judged = judge(record, &version.certificate, private_key.as_ref())?;
        let goes = match (row.next(), when) {
            (Some(staged), WhenStaged::Refuse) => {
                return Err(StoreError::Refused(format!(
                    "{record}: version {} is staged already; switch to it, or throw it away",
                    staged.number
                )));
            }
            (staged, WhenStaged::Refuse | WhenStaged::Replace) => staged.cloned().into_iter().collect(),
        };
        let number = next_number(row)?;
        let sealed = self.sealed(row.version(number)?, private_key.as_ref())?;
        let staged = Version {
            number,
            state: VersionState::Next,
            content: Content::new(&version.certificate, sealed),
            not_after: judged.not_after,
            since: self.now(),
        };
        Ok(Plan { goes, comes: vec![staged], ..Plan::new("stage").about(number) })
    }

    pub(super) async fn plan_switch(&self, row: &CertRow) -> Result<Plan, StoreError> {
        let next = row.next().ok_or_else(|| nothing_staged(row))?;
        let view = CertView::of(row, &self.keyring).await;
        if let Some(fault) = findings::of_next(row, &view, self.now()).into_iter().find(findings::is_fatal) {
            return Err(StoreError::Refused(fault.message));
        }
        let opened = row.version(next.number)?.open(&next.content.private_key, &self.keyring).await?;
        let certificate = readable(row.record(), &next.content.certificate, Column::Certificate)?;
        judge(row.record(), certificate.expose(), opened.as_ref())?;
        self.plan_active(row, next, "switch")
    }

    pub(super) async fn plan_roll_back(&self, row: &CertRow, to: RollBack) -> Result<Plan, StoreError> {
        let record = row.record();
        let retired = |version: &&Version| version.state == VersionState::Retired;
        let version = match to {
            RollBack::Last => row.last_retired().ok_or_else(|| {
                StoreError::Refused(format!("{record}: has no retired version to roll back to; replace its content"))
            })?,
            RollBack::To(number) => {
                let found = row.others.iter().filter(retired).find(|version| version.number == number);
                found.ok_or_else(|| no_version(record, number))?
            }
        };
        let opened = row.version(version.number)?.open(&version.content.private_key, &self.keyring).await?;
        let certificate = readable(record, &version.content.certificate, Column::Certificate)?;
        judge(record, certificate.expose(), opened.as_ref())?;
        self.plan_active(row, version, "roll_back")
    }

    fn plan_active(&self, row: &CertRow, version: &Version, action: &'static str) -> Result<Plan, StoreError> {
        let content = self.moved(row, version.number, &version.content)?;
        let not_after = version.content.certificate.text().and_then(|text| ends(text.expose()));
        let detail = format!("was version {}", row.head.version);
        Ok(Plan {
            goes: vec![version.clone()],
            comes: self.retiring(row)?,
            active: Some(Active { number: version.number, content, not_after }),
            detail,
            ..Plan::new(action).about(version.number)
        })
    }

    /// The active version as a retired one; nothing when it cannot be read, or is empty, and so can verify nothing.
    pub(super) fn retiring(&self, row: &CertRow) -> Result<Vec<Version>, StoreError> {
        let text = row.active.certificate.text();
        let is_empty = row.active.certificate.size == 0 && row.active.private_key.size <= 0;
        if !row.active.is_readable() || is_empty {
            return Ok(Vec::new());
        }
        let number = row.head.version;
        Ok(vec![Version {
            number,
            state: VersionState::Retired,
            content: self.moved(row, number, &row.active)?,
            not_after: text.and_then(|text| ends(text.expose())),
            since: retired_at(row, self.now()),
        }])
    }

    /// Content as it is stored elsewhere: what is sealed stays as it is, what is clear is sealed on the way.
    fn moved(&self, row: &CertRow, number: i64, content: &Content) -> Result<Content, StoreError> {
        let text = readable(row.record(), &content.private_key, Column::PrivateKey)?;
        let certificate = readable(row.record(), &content.certificate, Column::Certificate)?;
        let private_key = if is_sealed(text.expose()) {
            Some(text.expose().to_owned())
        } else {
            self.sealed_as_it_stands(row.version(number)?, text)?
        };
        Ok(Content::new(certificate.expose(), private_key))
    }

    /// The private key that is given; that of the active version, where the mask is.
    async fn given_or_kept(&self, row: &CertRow, given: Option<&Secret>) -> Result<Option<Secret>, StoreError> {
        match given {
            Some(given) if given.expose() == MASK => {
                row.version(row.head.version)?.open(&row.active.private_key, &self.keyring).await
            }
            given => Ok(given.cloned()),
        }
    }

    /// Whether this is what the active version has.
    async fn is_active(&self, row: &CertRow, certificate: &str, private_key: Option<&Secret>) -> bool {
        let same_certificate = row.active.certificate.text().is_some_and(|text| text.expose() == certificate);
        let Ok(version) = row.version(row.head.version) else { return false };
        if !same_certificate || row.head.kind != X509 {
            return false;
        }
        let given = private_key.map(Secret::expose).filter(|text| !text.trim().is_empty()).unwrap_or_default();
        match version.open(&row.active.private_key, &self.keyring).await {
            Ok(opened) => opened.map_or(given.is_empty(), |opened| opened.same_as(given)),
            Err(_) => false,
        }
    }
}

pub(super) fn plan_unstage(row: &CertRow) -> Result<Plan, StoreError> {
    let next = row.next().ok_or_else(|| nothing_staged(row))?;
    Ok(Plan { goes: vec![next.clone()], ..Plan::new("unstage").about(next.number) })
}

pub(super) fn plan_remove(row: &CertRow, number: i64) -> Result<Plan, StoreError> {
    let record = row.record();
    if number == row.head.version {
        return Err(StoreError::Refused(format!(
            "{record}: version {number} is the active one; switch to another, or delete the record"
        )));
    }
    let found = row.others.iter().find(|version| version.number == number);
    let version = found.ok_or_else(|| no_version(record, number))?;
    let detail = version.state.as_str().to_owned();
    Ok(Plan { goes: vec![version.clone()], detail, ..Plan::new("remove_version").about(number) })
}

pub(crate) fn nothing_staged(row: &CertRow) -> StoreError {
    StoreError::Refused(format!("{}: has no staged version; stage one first", row.record()))
}

impl fmt::Debug for NewVersion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("NewVersion(..)")
    }
}
